"""What is refused of a run of COLA before its data are read."""

from experiments.components.data import image_shape
from experiments.run.config import Settings, require

# What draws images of a class, and the setting that says of how many classes.
CLASSES = {'cola': 'clusters', 'glo': 'classes', 'cgan_pd': 'classes'}
# These keep a code of each image, and must not have one twice in a batch.
WITH_CODES = ('cola', 'glo')


def class_count(section: Settings) -> int:
  """How many classes the generator of a section draws images of."""
  return int(section[CLASSES[section['name']]])


def check_own_clusters(settings: Settings) -> None:
  """That the run has one set of clusters, and a generator of its own."""
  require(settings, 'seeds', settings['seeds'] == 1, '1: its clusters are one')
  elsewhere = settings['generator_training']['workdir']
  wanted = "'', as clusters of this run are none that another run has learned"
  require(settings, 'generator_training.workdir', not elsewhere, wanted)


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
    size = min(size, classes * settings['small_sample']['shots'])
  wanted = (
    f'a divisor of {size}, the images of a batch of the generator '
    '(config.generator_training.batch_size)'
  )
  require(settings, 'devices', size % devices == 0, wanted)
  if 'critic_steps' in section:
    wanted = f'at most {size}, config.generator_training.batch_size'
    enough = section['critic_steps'] <= size
    require(settings, 'generator.critic_steps', enough, wanted)
