"""Weights of a network by whose layers a generator's images are compared."""

from pathlib import Path

from experiments.components.data import image_shape
from experiments.run.config import BadConfig, Settings
from lasium_jax import models
from lasium_jax.models.build import make_generator
from lasium_jax.settings import Part
from lasium_jax.types import Params, Trainer

FIELD = 'config.measure.weights'
# Losses that need weights, and what they are of.
NEEDED = {
  'vgg16': 'a file of those of VGG-16, which lasium_jax/models/vgg.py is about',
  'trained_resnet32': (
    'the folder of a classifier that experiments/export.py has exported, whose '
    'network is resnet32'
  ),
}


def measure_weights(
  loss: str, channels: int, *, weights: str = ''
) -> Params | None:
  """What a loss compares images by.

  Args:
    loss: of a generator.
    channels: of its images.
    weights: of the loss `vgg16` the file of the public weights (`.npz` or
      `.safetensors`), of `trained_resnet32` the folder of an exported
      classifier; '' for losses that need none.

  Returns:
    The weights, or None where there are none.

  Raises:
    BadConfig: if they are missing or superfluous, or of another network.
    BadModel: if the file or the model is damaged.
  """
  if loss not in NEEDED:
    if weights:
      raise BadConfig(
        f'{FIELD} is {weights!r}, and config.generator.loss {loss!r} needs no '
        f"weights: let it be '', or the loss be one of {list(NEEDED)}."
      )
    return None
  if not weights:
    raise BadConfig(
      f'config.generator.loss is {loss!r}, which needs weights: name in '
      f'{FIELD} {NEEDED[loss]}.'
    )
  if loss == 'vgg16':
    return models.load_vgg16(weights)  # Of gray images, too.
  return _trained(Path(weights), channels)


def _trained(folder: Path, channels: int) -> Params:
  model = models.load_model(folder)
  network = model.card['architecture'].get('network', {})
  found = model.card['kind'], network.get('name')
  if found != ('classifier', 'resnet32'):
    raise BadConfig(
      f'{FIELD} is {str(folder)!r}, the model of a {found[0]} whose network is '
      f'{found[1]}; it must be {NEEDED["trained_resnet32"]}.'
    )
  wanted = models.image_shape(model.card)[2]
  if channels != wanted:
    raise BadConfig(
      f'{FIELD} is {str(folder)!r}, for images of {wanted} channels; those of '
      f'this run have {channels} (config.data.channels).'
    )
  return model.params


MEASURE = Part(measure_weights)


def weights_of(settings: Settings) -> Params | None:
  """What a run's generator compares images by, None where it needs nothing."""
  loss = settings['generator'].get('loss', '')
  own = settings.get('measure', {})
  return measure_weights(loss, image_shape(settings)[2], **own)


def trainer_of(settings: Settings) -> Trainer:
  """What fits a run's generator, by the weights that its loss may need."""
  weights = weights_of(settings)
  given = {} if weights is None else {'measure_weights': weights}
  shape = image_shape(settings)
  return make_generator(settings['generator'], shape, **given)[1]
