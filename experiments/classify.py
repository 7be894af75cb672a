"""Classifies pictures by a few labeled ones; writes a table and a page.

For example:

python experiments/classify.py --model=models/ro-vae-protonets \
  --support=labeled --queries=unknown --out=predictions

The support has one sub-folder a class; a model of small_sample.py knows its
classes, and has none. The queries are in one folder, or in one sub-folder a
class where the truth is known. `predictions.csv` has each file's label and the
probability of each class, `report.html` the pictures. The accuracy to expect,
which depends on --head and --transductive, is that of the model's card.
"""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.applications import folders
from experiments.run import command
from lasium_jax.models import HEADS


def define_flags() -> None:
  texts = {
    'model': 'A folder that export.py or small_sample.py wrote.',
    'support': 'Labeled pictures, one sub-folder a class, for a learner.',
    'queries': 'Pictures to classify; in sub-folders if classes are known.',
    'out': 'The folder of the results.',
  }
  for name, text in texts.items():
    flags.DEFINE_string(name, None, text)
  head = 'What classes start from; refined needs --transductive.'
  flags.DEFINE_enum('head', 'auto', HEADS, head)
  flags.DEFINE_bool('transductive', False, 'Normalize all queries together.')


def work(given: Any) -> None:
  model, queries, out = map(Path, (given.model, given.queries, given.out))
  support = Path(given.support) if given.support else None
  manner = {'head': given.head, 'transductive': given.transductive}
  done = folders.classify(model, support, queries, out, **manner)
  print('\n'.join(done.account))
  print(f'Predictions: {done.table}\nReport: {done.page}')


if __name__ == '__main__':
  command.start(define_flags, work, ['model', 'queries', 'out'])
