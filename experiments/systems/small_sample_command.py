"""The flags of experiments/small_sample.py."""

from pathlib import Path
from typing import Any

from absl import flags

from experiments.systems import small_sample
from lasium_jax.data.cache import default_cache_dir
from lasium_jax.data.decode import ImageForm
from lasium_jax.models.build import CLASSIFIERS
from lasium_jax.settings import defaults
from lasium_jax.small_sample import RECIPE, TRAINING

# Settings of a recipe that are whole numbers: their least, and what they are.
NUMBERS = {
  'steps': (1, 'Of each classifier, or as the recipe; the paper has 7,800.'),
  'batch_size': (1, 'Images of such a step, or as the recipe.'),
  'width': (1, "Of the classifier's network, or 16, and of a wide one 2."),
  'depth': (10, 'Of a wide network, 10, 16, 22, 28, 34 or 40, or 16.'),
  'margin': (0, 'Pixels that images are moved at most, each way.'),
  'generator_epochs': (1, 'How often a generator sees each picture.'),
  'generator_batch': (1, 'Pictures of its step, or all if there are fewer.'),
  'generator_width': (1, "Of the generator's network."),
}


def define_flags() -> None:
  """Defines the flags, with the defaults of a recipe."""
  recipe = defaults(RECIPE)
  flags.DEFINE_string('images', None, 'Pictures, one sub-folder a class.')
  flags.DEFINE_string('workdir', None, 'The folder of this run.')
  flags.DEFINE_string('cache_dir', None, 'Where resized pictures are kept.')
  sizes = 'Side that pictures are cropped and resized to, in pixels.'
  flags.DEFINE_integer('size', 32, sizes, 8, 1_024)
  flags.DEFINE_enum('colors', 'rgb', ('rgb', 'gray'), 'What pictures are made.')
  flags.DEFINE_bool('invert', False, 'Whether pictures are dark ink on white.')
  flags.DEFINE_bool('mirror', True, 'Mirror images; characters must not be.')
  how = 'How classifiers are trained: strong is better on few photographs.'
  flags.DEFINE_enum('recipe', recipe['recipe'], list(TRAINING), how)
  generator = 'What draws more images of each class.'
  flags.DEFINE_enum('generator', 'cola', ('cola', 'none'), generator)
  networks = "What learns to classify; resnet20 is the paper's."
  flags.DEFINE_enum('network', recipe['network'], list(CLASSIFIERS), networks)
  for name, (least, text) in NUMBERS.items():
    flags.DEFINE_integer(name, recipe[name], text, least)
  rate = 'Of the classifier, the highest, or as the recipe.'
  flags.DEFINE_float('learning_rate', recipe['learning_rate'], rate, 0.0)
  share = 'Of each batch, what the generator draws.'
  flags.DEFINE_float('share', recipe['share'], share, 0.0, 1.0)
  folds = 'Of cross-validation; fewer if a class has fewer pictures.'
  flags.DEFINE_integer('folds', 5, folds, 2)
  flags.DEFINE_integer('seed', 0, 'Of what is random.', 0, 2**32 - 1)


def hint(given: Any) -> str:
  """By what other flags photographs are learned better, or ''."""
  default = given.recipe == 'paper' and given.generator == 'cola'
  if not (default and given.mirror):  # Characters are not mirrored.
    return ''
  return (
    'Hint: few photographs were learned better by --recipe=strong than by the '
    'defaults (docs/cola.md). --generator=none saves the time of generators, '
    'and costs a point of accuracy or nothing. Characters need --nomirror.'
  )


def work(given: Any) -> None:
  """Does what the flags say, and prints where the results are."""
  if said := hint(given):
    print(said, flush=True)
  recipe = {name: getattr(given, name) for name in NUMBERS}
  recipe |= {
    'recipe': given.recipe,
    'generator': None if given.generator == 'none' else given.generator,
    'network': given.network,
    'learning_rate': given.learning_rate,
    'share': given.share,
    'mirror': given.mirror,
  }
  channels = 1 if given.colors == 'gray' else 3
  done = small_sample.learn(
    Path(given.images),
    Path(given.workdir),
    recipe=recipe,
    form=ImageForm(given.size, channels, given.invert),
    most_folds=given.folds,
    seed=given.seed,
    cache_dir=Path(given.cache_dir or default_cache_dir()),
  )
  print(*done.account, f'Model: {done.model}', f'Page: {done.page}', sep='\n')
