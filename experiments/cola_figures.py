"""Draws a figure of COLA: of its propositions, or of a finished run.

python experiments/cola_figures.py --figure=spread --workdir=runs/scola \
  --data_dir=PREPARED_TFDS_DATA --out=figures/figure_9

writes figures/figure_9.png, and its numbers as JSON (docs/cola.md).
"""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.run import command
from experiments.run.run import Places
from experiments.systems.cola_figures import FIGURES, Request, draw


def define_flags() -> None:
  flags.DEFINE_enum('figure', None, sorted(FIGURES), 'What is drawn.')
  flags.DEFINE_string('workdir', None, 'Of a finished run, if it is of one.')
  flags.DEFINE_string('recognizer', '', 'By whose features (docs/cola.md).')
  flags.DEFINE_string('out', None, 'The files, without their endings.')
  flags.DEFINE_integer('seed', 0, 'Of what is drawn.', lower_bound=0)
  flags.DEFINE_list('spreads', '0.05,0.1,0.2,0.5,1,2', 'Of Gaussians.')
  flags.DEFINE_integer('count', 5, 'Images of a class.', lower_bound=1)
  flags.DEFINE_integer('images', 2_000, 'That are judged.', lower_bound=1)
  flags.DEFINE_integer('steps', 600, 'Of each classifier.', lower_bound=1)
  flags.DEFINE_string('data_dir', None, 'Its data, for a TFDS data set.')
  flags.DEFINE_string('cache_dir', None, 'As in the run.')


def work(given: Any) -> None:
  cache_dir = Path(given.cache_dir or Places().cache_dir)
  request = Request(
    given.workdir and Path(given.workdir),
    Places(given.data_dir and Path(given.data_dir), cache_dir),
    seed=given.seed,
    spreads=list(map(float, given.spreads)),
    columns=given.count,
    images=given.images,
    steps=given.steps,
    recognizer=given.recognizer,
  )
  print(f'Figure: {draw(given.figure, Path(given.out), request)}')


if __name__ == '__main__':
  command.start(define_flags, work, ['figure', 'out'])
