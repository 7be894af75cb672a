"""Writes a page on which to choose the size of a class by eye.

For example:

python experiments/explore_latents.py \
  --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml

The folder is of a run whose generator is trained. `latents.html` there has the
same anchors with in-class samples of N, RO and OC at several settings, and of
IC where anchors are of clusters; and for each a number: how often two images of
one class are more alike than two of different classes.
"""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.run import command
from experiments.run.run import Places
from experiments.systems.class_size import explore


def define_flags() -> None:
  flags.DEFINE_string('workdir', None, 'Of a run with a trained generator.')
  flags.DEFINE_string('data_dir', None, 'Its data, for a TFDS data set.')
  flags.DEFINE_string('cache_dir', None, 'As in the run.')
  flags.DEFINE_float(
    'keep',
    0.85,
    'Share of the best separation above chance that the choice must have.',
    lower_bound=0,
    upper_bound=1,
  )


def work(given: Any) -> None:
  places = Places(
    Path(given.data_dir) if given.data_dir else None,
    Path(given.cache_dir) if given.cache_dir else Places().cache_dir,
  )
  print(f'Page: {explore(Path(given.workdir), places, given.keep)}')


if __name__ == '__main__':
  command.start(define_flags, work, ['workdir'])
