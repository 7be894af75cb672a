"""Makes new images of a kind never seen, from two or more of its images.

For example:

python experiments/few_shot_generation.py --model=models/interpolative \
  --images=SEEDS --out=new

Several kinds have a sub-folder each. `index.html` has the pictures beside what
was made of them; there are PNG files of each new one, and of all in one sheet.
"""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.applications import few_shot, makers
from experiments.run import command


def define_flags() -> None:
  flags.DEFINE_string('model', None, 'A generator that export.py wrote.')
  flags.DEFINE_string('images', None, 'Pictures, or a sub-folder of each kind.')
  flags.DEFINE_string('out', None, 'The folder of the results, new or empty.')
  flags.DEFINE_integer('number', 24, 'New images of a kind.', 1, 1_000)
  flags.DEFINE_enum('sampler', '', ('', *makers.SAMPLERS), makers.HELP)
  for name in makers.SETTINGS:
    flags.DEFINE_float(name, None, 'A setting of the sampler.')
  flags.DEFINE_integer('views', 0, makers.VIEWS_HELP, 0, 100)
  flags.DEFINE_integer('seed', 0, 'Of what is random.', 0, 2**32 - 1)
  flags.DEFINE_bool('invert', None, 'Whether dark is ink; None asks the card.')
  flags.DEFINE_bool('fit', False, 'Crop, resize and recolor pictures to fit.')


def work(given: Any) -> None:
  asked = {name: getattr(given, name) for name in makers.SETTINGS}
  settings = {k: value for k, value in asked.items() if value is not None}
  done = few_shot.generate(
    *map(Path, (given.model, given.images, given.out)),
    way=makers.Way(given.sampler, settings, given.views, given.invert),
    number=given.number,
    seed=given.seed,
    fit=given.fit,
  )
  print(*done.account, f'Images: {done.folder}', f'Page: {done.page}', sep='\n')


if __name__ == '__main__':
  command.start(define_flags, work, ['model', 'images', 'out'])
