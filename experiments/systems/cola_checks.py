"""What is refused of a run of COLA before its data are read."""

from typing import Any

from experiments.components.data import image_shape
from experiments.run.config import Settings, require
from experiments.systems.clustered_images import are_clustered
from experiments.systems.code_clusters import have_clusters

# What draws images of a class, and the setting that says of how many classes.
CLASSES = {'cola': 'clusters', 'glo': 'classes', 'cgan_pd': 'classes'}
# These keep a code of each image, and must not have one twice in a batch.
WITH_CODES = ('cola', 'glo')


def class_count(section: Settings) -> int:
  """How many classes the generator of a section draws images of."""
  return int(section[CLASSES[section['name']]])


def is_unlabeled(settings: Any) -> bool:
  """Whether a run has clusters in place of classes, found before or after."""
  return are_clustered(settings) or have_clusters(settings)


def image_count(settings: Any) -> int:
  """How many images are learned from, by settings or a config.

  Where `small_sample.classes` does not say of how many classes they are, these
  are as many as the generator has.
  """
  sample, section = settings['small_sample'], settings['generator']
  return int(sample['shots'] * (sample['classes'] or class_count(section)))


def check_own_clusters(settings: Settings) -> None:
  """That the run has one set of clusters, and a generator of its own."""
  require(settings, 'seeds', settings['seeds'] == 1, '1: its clusters are one')
  elsewhere = settings['generator_training']['workdir']
  wanted = "'', as clusters of this run are none that another run has learned"
  require(settings, 'generator_training.workdir', not elsewhere, wanted)
  clusters, images = class_count(settings['generator']), image_count(settings)
  field = f'generator.{CLASSES[settings["generator"]["name"]]}'
  wanted = f'at most {images}, the images that are clustered'
  require(settings, field, clusters <= images, wanted)


def check_classes(settings: Settings, classes: int) -> None:
  """That the generator has the classes of the data, or clusters are counted.

  Args:
    settings: of the run.
    classes: of the images that are learned from.

  Raises:
    BadConfig: if it has others, or a number of clusters that is not that of the
      classes is what the number of images was taken from.
  """
  section = settings['generator']
  if class_count(section) == classes:
    return
  if is_unlabeled(settings):
    told = settings['small_sample']['classes'] > 0
    wanted = (
      f'{classes}, the classes of config.data, or as many of them, where '
      f'clusters are {class_count(section)}: steps follow from it'
    )
    require(settings, 'small_sample.classes', told, wanted)
    return
  wanted = f'{classes}, as many as config.data has, or '
  wanted += 'config.small_sample.classes'
  require(settings, f'generator.{CLASSES[section["name"]]}', False, wanted)


def check_batches(settings: Settings) -> None:
  """That a run without labels has made images alone, and no other run has."""
  name = 'made_alone' if is_unlabeled(settings) else 'generated'
  found = settings['batches']['name']
  require(settings, 'batches.name', found == name, repr(name))


def check_margin(settings: Settings) -> None:
  """That images are large enough for what is reflected about them."""
  side = image_shape(settings)[0]
  views = settings['augment']
  fits = views.get('edges') != 'reflect' or views['margin'] < side
  wanted = f'below {side}, the side of an image that is reflected'
  require(settings, 'augment.margin', fits, wanted)


def check_generator(settings: Settings) -> None:
  """That the generator can learn from such a sample."""
  section = settings['generator']
  classes = class_count(section)
  field = f'generator.{CLASSES[section["name"]]}'
  require(settings, field, classes > 1, '2 or more: the classes of the images')
  how, devices = settings['generator_training'], settings['devices'] or 1
  size = how['batch_size']
  if section['name'] in WITH_CODES:
    size = min(size, image_count(settings))
  wanted = (
    f'a divisor of {size}, the images of a batch of the generator '
    '(config.generator_training.batch_size)'
  )
  require(settings, 'devices', size % devices == 0, wanted)
  if 'critic_steps' in section:
    wanted = f'at most {size}, config.generator_training.batch_size'
    enough = section['critic_steps'] <= size
    require(settings, 'generator.critic_steps', enough, wanted)
