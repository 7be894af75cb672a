"""Writes what a finished run has trained as one folder.

For example:

python experiments/export.py --workdir=runs/ro-vae-maml --out=models/ro-vae-maml

The folder is all that `lasium_jax.FewShotClassifier.load` and
experiments/classify.py need. With --what=generator it is the generator's.
"""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.run import command
from experiments.systems.exports import KINDS, export


def define_flags() -> None:
  flags.DEFINE_string('workdir', None, 'The folder of a finished run.')
  flags.DEFINE_string('out', None, 'The folder to write, new or empty.')
  flags.DEFINE_enum('what', None, KINDS, 'What to write: its learner if any.')


def work(given: Any) -> None:
  folder = export(Path(given.workdir), Path(given.out), given.what or '')
  print(f'Model: {folder}')


if __name__ == '__main__':
  command.start(define_flags, work, ['workdir', 'out'])
