"""Settings that a config leaves to the image size.

A config file is read before flags change its fields, so it cannot look at
`config.data.size` itself. It says None instead, and `resolved` fills that in
when the flags are known. A run records what was filled in.
"""

from typing import Any

from experiments.components.tasks import TASKS, augment_of
from experiments.run.config import Config
from lasium_jax.settings import pick

# Up to here the networks are those of 28x28, beyond those of 84x84: four
# unpadded blocks with pooling leave nothing of images that are smaller.
LARGEST_SMALL = 44
# Blocks at full size cost most, so larger images are halved more often, and
# with fewer channels while they are large. A step costs about the same.
LARGEST_MEDIUM = 96


def resolved(config: Config) -> Config:
  """A copy of a config in which nothing is left to the image size.

  Args:
    config: with `data.size` and `data.channels` as they will be used. Of the
      fields that `by_size` names, those that are None are filled in.

  Returns:
    The copy; it is locked if `config` is.
  """
  config = config.copy_and_resolve_references()
  if 'augment' in config and config.augment.views is None:
    # Photographs; UMTRA would otherwise have nothing to tell apart, and rounds
    # of clustering would learn from images as they are.
    reads = pick(TASKS, config.tasks.name, 'config.tasks.name').reads
    photographs = (
      config.data.channels == 3 or reads == 'images' or 'clustering' in config
    )
    unseen = {'augment': config.augment.to_dict() | {'views': False}}
    asked = augment_of(unseen, 'augment')
    config.augment.views = photographs and asked is None
  for field, value in by_size(config.data.size, config.data.channels).items():
    section, name = field.split('.')
    own = config.get(section, {})
    if name in own and own[name] is None:
      own[name] = value
  return config


def by_size(size: int, channels: int) -> dict[str, Any]:
  """The field's defaults for images of a size, as in the papers where they say.

  Args:
    size: side in pixels.
    channels: 1 or 3.

  Returns:
    Values by the config's fields.
  """
  small = size <= LARGEST_SMALL
  filters, halvings = _vae_blocks(size)
  # Pixels of photographs need smaller steps than ink on paper.
  rate = 0.4 if small and channels == 1 else 0.05
  return {
    'generator.filters': filters,
    'generator.halvings': halvings,
    'generator.latent_size': 20 if small and channels == 1 else 64,
    'network.filters': 64 if small else 32,
    'network.downsample': 'stride' if small else 'max_pool',
    'network.padding': 'SAME' if small else 'VALID',
    'network.head': 'mean' if small else 'flatten',
    'learner.learning_rate': rate,
  }


def _vae_blocks(size: int) -> tuple[tuple[int, ...], int]:
  """Channels of the VAE's blocks, and how many of them halve the image."""
  if size <= LARGEST_SMALL:
    return (64, 64, 64, 64), 2
  if size <= LARGEST_MEDIUM:
    return (16, 32, 64, 128), 4
  return (16, 32, 64, 128, 128), 5
