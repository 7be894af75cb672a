"""Draws a figure of the interpolative paper, of finished runs side by side.

For example, figure 6:

python experiments/interpolative_figures.py --figure=paths \
  --workdirs=runs/autoencoder,runs/interpolative \
  --data_dir=PREPARED_TFDS_DATA --out=figures/figure_6

writes figures/figure_6.png, and figures/figure_6.json with the numbers of what
is drawn. docs/interpolative.md names the runs of each figure.
"""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.run import command
from experiments.run.run import Places
from experiments.systems.interpolative_figures import NAMES, draw


def define_flags() -> None:
  flags.DEFINE_enum('figure', None, NAMES, 'What is drawn.')
  flags.DEFINE_list('workdirs', None, 'Of runs that are trained, with commas.')
  flags.DEFINE_string('out', None, 'The files, without their endings.')
  flags.DEFINE_integer('count', 8, 'Images, pairs or classes.', lower_bound=1)
  flags.DEFINE_integer('seed', 0, 'Of the choice of images.', lower_bound=0)
  flags.DEFINE_string('data_dir', None, 'Their data, for a TFDS data set.')
  flags.DEFINE_string('cache_dir', None, 'As in the runs.')


def work(given: Any) -> None:
  data_dir = given.data_dir and Path(given.data_dir)
  places = Places(data_dir, Path(given.cache_dir or Places().cache_dir))
  png = draw(
    given.figure,
    list(map(Path, given.workdirs)),
    places,
    Path(given.out),
    count=given.count,
    seed=given.seed,
  )
  print(f'Figure: {png}')


if __name__ == '__main__':
  command.start(define_flags, work, ['figure', 'workdirs', 'out'])
