"""The network in whose features made images are compared with real ones."""

from pathlib import Path

from experiments.components.data import image_shape
from experiments.components.images import name_of
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.run.saved import saved_settings
from experiments.stages.distances import Embedding
from experiments.systems import clustered_images, recognizer
from lasium_jax import models
from lasium_jax.models.files import CARD

FIELD = 'config.quality.recognizer'


def embedding_of(settings: Settings) -> Embedding | None:
  """What `config.quality.recognizer` names; None if that is empty.

  Args:
    settings: of the run that compares images.

  Returns:
    The recognizer, or what the run in that folder has found clusters by, for
    images of the run's shape.

  Raises:
    BadConfig: if there is none in that folder, or for other images.
    BadModel: if an exported model is damaged.
    FileNotFoundError: if its run has not come to its end.
  """
  place = settings['quality']['recognizer']
  if not place:
    return None
  folder = Path(place)
  exported = (folder / CARD).exists()
  embedding, shape = (_exported if exported else _trained)(folder)
  wanted = image_shape(settings)
  if shape != wanted:
    raise BadConfig(
      f'{FIELD} is {place!r}, whose images are {shape}; those of this run are '
      f'{wanted}. Name a recognizer of such images, or set config.data.size '
      'and channels.'
    )
  return embedding


Found = tuple[Embedding, tuple[int, int, int]]  # With the shape of its images.


def _exported(folder: Path) -> Found:
  model = models.load_model(folder)
  card = model.card
  if card['kind'] != 'classifier':
    raise BadConfig(
      f'{FIELD} is {str(folder)!r}, which is the model of a {card["kind"]}; it '
      'must be that of a classifier, such as experiments/recognizer.py trains.'
    )
  data = card['training'].get('data', {'name': 'unknown data'})
  name = _name(card['architecture']['network'], data)
  embedding = Embedding(name, models.classifier(card), model.params)
  return embedding, models.image_shape(card)


def _trained(folder: Path) -> Found:
  settings = saved_settings(folder, 'recognizer', 'cola', 'lasium')
  files = Record(folder, {})
  if settings['system'] != 'recognizer':
    return _clusters(settings, files), image_shape(settings)
  params, classes = recognizer.trained(settings, files)
  parts = recognizer.build(settings)
  classify, _ = recognizer.classifier_of(parts, classes)
  name = _name(settings['classifier'], settings['data'])
  return Embedding(name, classify, params), image_shape(settings)


def _clusters(settings: Settings, files: Record) -> Embedding:
  """What the clusters of a run were found by, without labels."""
  if not clustered_images.are_clustered(settings):
    raise BadConfig(
      f'{FIELD} is {str(files.workdir)!r}, a run of '
      f'experiments/{settings["system"]}.py that finds no clusters: name one '
      'of experiments/recognizer.py, or a run such as cola or cola-maml.'
    )
  classify, params = clustered_images.encoder(settings, files)
  name = f'{_name(settings["trunk"], settings["data"])}, by clusters'
  return Embedding(name, classify, params)


def _name(network: Settings, data: Settings) -> str:
  return f'{network["name"]} of {name_of(data)}'
