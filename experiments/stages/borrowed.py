"""A generator that was trained before, for a run that uses it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from experiments.components.apart import division_of, require_apart
from experiments.components.data import image_shape
from experiments.components.images import name_of
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.run.saved import saved_settings
from experiments.stages import generator as training
from experiments.stages import inversion
from lasium_jax import models
from lasium_jax.models.build import image_shape as shape_of_card
from lasium_jax.models.build import make_generator
from lasium_jax.models.files import CARD
from lasium_jax.types import Generator, Params

# Whose runs have a generator with a section of its own.
LENDERS = ('interpolative', 'lasium')


class Borrowed(NamedTuple):
  """A trained generator.

  Attributes:
    model: the generator.
    params: its parameters.
    data: the section of what it learned from; empty if nobody says it.
    steps: of its training; None if nobody says it.
  """

  model: Generator
  params: Params
  data: Mapping[str, Any]
  steps: int | None


class _Found(NamedTuple):
  """What a folder has.

  Attributes:
    name: of the generator.
    model: the generator.
    shape: `(H, W, C)` of its images.
    params: its parameters.
    data: as that of `Borrowed`.
    steps: likewise.
  """

  name: str
  model: Generator
  shape: tuple[int, int, int]
  params: Params
  data: Mapping[str, Any]
  steps: int | None


def borrow(
  shape: tuple[int, int, int],
  *,
  generator: str = 'interpolative',
  folder: str = '',
) -> Borrowed:
  """Takes a generator with an encoder from where it was trained.

  Args, result and errors are those of `lend`; a generator without an encoder is
  a BadConfig too.
  """
  lent = lend(shape, generator=generator, folder=folder)
  if lent.model.encode is None:
    raise BadConfig(
      f'The generator in {folder} (config.borrowed.folder) is {generator!r}, '
      'which has no encoder: name an autoencoder, or a run that trains one by '
      'inversion, or what is exported of it.'
    )
  return lent


def lend(
  shape: tuple[int, int, int],
  *,
  generator: str = 'interpolative',
  folder: str = '',
) -> Borrowed:
  """Takes a generator of any kind from where it was trained.

  Args:
    shape: `(H, W, C)` of the images that it is to make.
    generator: its name, such as 'interpolative' or 'autoencoder'.
    folder: the workdir of a run that trained it, or what experiments/export.py
      made of one.

  Returns:
    The generator, with the encoder that the run trained to invert it, if it
    did.

  Raises:
    BadConfig: if there is none in the folder, or it is another, or makes images
      of another shape.
    BadModel: if an exported one is damaged.
    FileNotFoundError: if its training has not come to its end.
  """
  path = Path(folder)
  found = _of_model(path) if (path / CARD).is_file() else _of_run(path)
  if found.name != generator:
    raise BadConfig(
      f'config.borrowed.generator is {generator!r}, and the one in {folder} is '
      f'{found.name!r}: name another config.borrowed.folder, or set it so.'
    )
  if found.shape != shape:
    raise BadConfig(
      f'The generator in {folder} (config.borrowed.folder) makes images of '
      f'{found.shape}, and those of this run are {shape}: name one that was '
      'trained on images of that height, width and number of channels.'
    )
  return Borrowed(found.model, found.params, found.data, found.steps)


def require_unseen(
  lent: Borrowed, judged: Settings, field: str, folder: str, way_out: str
) -> None:
  """Sees that a generator has learned from no image that is judged.

  Args:
    lent: the generator.
    judged: the section of the images.
    field: of that section.
    folder: where the generator is from.
    way_out: how to have another.

  Raises:
    BadConfig: if it may have.
  """
  given = f'config.borrowed.folder is {folder!r}, a generator'
  require_apart(given, lent.data, judged, field, way_out)


def told(lent: Borrowed) -> dict[str, Any]:
  """What results say of a generator."""
  known = 'name' in lent.data
  words = {
    'generator trained on': name_of(lent.data) if known else 'not said',
    'generator division': division_of(lent.data),
    'generator steps': lent.steps,
  }
  return {name: word for name, word in words.items() if word}


def _of_model(path: Path) -> _Found:
  """An exported generator."""
  card, params = models.load_model(path)
  if card['kind'] != 'generator':
    raise BadConfig(
      f'config.borrowed.folder: {path} is a {card["kind"]}; name a generator.'
    )
  return _Found(
    card['architecture']['name'],
    models.generator(card),
    shape_of_card(card),
    params,
    card['training'].get('data', {}),
    card['training'].get('generator_training', {}).get('steps'),
  )


def _of_run(path: Path) -> _Found:
  """The generator of a finished run, and what inverts it, if it has that."""
  settings = saved_settings(path, *LENDERS)
  if 'generator' not in settings:
    raise BadConfig(
      f'config.borrowed.folder: {path} is a run without a generator.'
    )
  shape, section = image_shape(settings), settings['generator']
  model, trainer = make_generator(section, shape)
  files, how = Record(path, {}), settings['generator_training']
  params = training.trained(trainer, files, **how)
  if 'inversion' in settings:
    model, params = inversion.trained(
      files, model, params, shape, **settings['inversion']
    )
  return _Found(
    section['name'], model, shape, params, settings['data'], how['steps']
  )
