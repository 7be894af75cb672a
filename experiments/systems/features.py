"""The network in whose features made images are compared with real ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from experiments.components.apart import require_apart
from experiments.components.data import image_shape
from experiments.components.images import name_of
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.run.saved import saved_settings
from experiments.stages.distances import IN_INCEPTION, Embedding
from experiments.systems import clustered_images, recognizer
from lasium_jax import models
from lasium_jax.models.files import CARD
from lasium_jax.nets.inception import inception_features
from lasium_jax.types import Array, Classified, Params

FIELD = 'config.quality.recognizer'
# Of files that may have the weights of Inception.
_ENDINGS = ('.npz', '.safetensors')
_AT_ONCE = 16  # Images, which Inception has enlarged to 299x299.


def embedding_of(settings: Settings) -> Embedding | None:
  """What `config.quality.recognizer` names; None if that is empty.

  Args:
    settings: of the run that compares images.

  Returns:
    As of `embedding_at`.

  Raises:
    BadConfig: as `embedding_at`.
    BadModel: likewise.
    FileNotFoundError: likewise.
  """
  place = settings['quality']['recognizer']
  if not place:
    return None
  return embedding_at(place, image_shape(settings), FIELD)


def check_unseen(settings: Settings) -> None:
  """Sees that the recognizer has learned from no image that is judged.

  Args:
    settings: of a run that is judged on `config.evaluation_data`.

  Raises:
    BadConfig: if it may have, or nothing is known of what it learned from; also
      as `embedding_at`.
    BadModel: as `embedding_at`.
    FileNotFoundError: likewise.
  """
  found = embedding_of(settings)
  # Inception's weights are as they are published, whatever they have seen.
  if found is None or found.whose == IN_INCEPTION:
    return
  require_apart(
    f'{FIELD} is {settings["quality"]["recognizer"]!r}',
    found.data,
    settings['evaluation_data'],
    'config.evaluation_data',
    'Train one on other images; docs/interpolative.md has the commands.',
  )


def embedding_at(
  place: str, wanted: tuple[int, int, int], field: str
) -> Embedding:
  """The network at a place, for images of a shape.

  Args:
    place: the folder of a run or of an exported model, or a file of Inception's
      weights.
    wanted: `(H, W, C)` of the images.
    field: where the place was named, for messages.

  Returns:
    The recognizer, or what the run in that folder has found clusters by, for
    images of that shape; or Inception, for images of any size, gray or in
    color.

  Raises:
    BadConfig: if there is none in that folder, or for other images.
    BadModel: if an exported model or the file is damaged or missing.
    FileNotFoundError: if its run has not come to its end.
  """
  path = Path(place)
  if path.is_file() or (path.suffix in _ENDINGS and not path.is_dir()):
    return _inception(path)
  exported = (path / CARD).exists()
  embedding, shape = (_exported if exported else _trained)(path, field)
  if shape != wanted:
    raise BadConfig(
      f'{field} is {place!r}, whose images are {shape}; those of this run are '
      f'{wanted}. Name a recognizer of such images, or set config.data.size '
      'and channels.'
    )
  return embedding


def _inception(path: Path) -> Embedding:
  """Inception, which sees gray images as three equal channels."""

  def classify(params: Params, x: Array) -> Classified:
    features = jax.lax.map(
      lambda own: inception_features(params, own[None])[0],
      x,
      batch_size=_AT_ONCE,
    )
    return Classified(features[:, :0], features)  # It is asked for no classes.

  name = f'Inception, weights of {path.name}'
  params = models.load_inception(path)
  return Embedding(name, classify, params, IN_INCEPTION)


Found = tuple[Embedding, tuple[int, int, int]]  # With the shape of its images.


def _exported(folder: Path, field: str) -> Found:
  model = models.load_model(folder)
  card = model.card
  if card['kind'] != 'classifier':
    raise BadConfig(
      f'{field} is {str(folder)!r}, which is the model of a {card["kind"]}; it '
      'must be that of a classifier, such as experiments/recognizer.py trains.'
    )
  data = _section(card['training'].get('data'))
  name = _name(card['architecture']['network'], data)
  classify = models.classifier(card)
  embedding = Embedding(name, classify, model.params, data=data)
  return embedding, models.image_shape(card)


def _trained(folder: Path, field: str) -> Found:
  settings = saved_settings(folder, 'recognizer', 'cola', 'lasium')
  files = Record(folder, {})
  if settings['system'] != 'recognizer':
    return _clusters(settings, files, field), image_shape(settings)
  params, classes = recognizer.trained(settings, files)
  parts = recognizer.build(settings)
  classify, _ = recognizer.classifier_of(parts, classes)
  name = _name(settings['classifier'], settings['data'])
  data = settings['data']
  return Embedding(name, classify, params, data=data), image_shape(settings)


def _clusters(settings: Settings, files: Record, field: str) -> Embedding:
  """What the clusters of a run were found by, without labels."""
  if not clustered_images.are_clustered(settings):
    raise BadConfig(
      f'{field} is {str(files.workdir)!r}, a run of '
      f'experiments/{settings["system"]}.py that finds no clusters: name one '
      'of experiments/recognizer.py, or a run such as cola or cola-maml.'
    )
  classify, params = clustered_images.encoder(settings, files)
  name = f'{_name(settings["trunk"], settings["data"])}, by clusters'
  return Embedding(name, classify, params, data=settings['data'])


def _section(data: Any) -> Settings:
  """What a card says of its data; {} if that is no section, such as a text."""
  return data if isinstance(data, Mapping) and 'name' in data else {}


def _name(network: Settings, data: Settings) -> str:
  return f'{network["name"]} of {name_of(data) if data else "unknown data"}'
