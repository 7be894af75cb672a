"""The card of a model: what it says, and whether it can be believed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = 'lasium_jax model'
FORMAT_VERSION = 1

# What may be read from a file that another person made.
_MAX_SIDE = 1_024  # Pixels.
_MAX_NUMBER = 2**16  # Of anything in the architecture, such as steps.

_FIELDS: dict[str, type] = {
  'architecture': dict,
  'image': dict,
  'training': dict,
  'accuracy': list,
  'library_version': str,
  'weights_sha256': str,
}
_CHANNELS = (1, 3)


class BadModel(ValueError):
  """A folder that holds no model, or a damaged one; the message says why."""


def check_card(card: Any, path: Path) -> None:
  if not isinstance(card, dict) or card.get('format') != FORMAT:
    raise BadModel(f'{path} is not the card of a {FORMAT}.')
  version = card.get('format_version')
  if type(version) is not int or version < 1:
    raise BadModel(f'{path}: format_version is {version!r}, no number from 1.')
  if version > FORMAT_VERSION:
    raise BadModel(
      f'{path} has format version {version}, and this lasium_jax reads up to '
      f'{FORMAT_VERSION}. Install a newer one.'
    )
  if card.get('kind') not in ('learner', 'generator'):
    raise BadModel(
      f"{path}: kind is {card.get('kind')!r}; it must be 'learner' or "
      "'generator'."
    )
  for field, kind in _FIELDS.items():
    if not isinstance(card.get(field), kind):
      raise BadModel(f'{path}: {field} is missing or no {kind.__name__}.')
  _check_image(card['image'], path)
  _check_numbers(card['architecture'], 'architecture', path)


def _check_image(image: Mapping[str, Any], path: Path) -> None:
  sides = [image.get('height'), image.get('width')]
  if not all(type(s) is int and 1 <= s <= _MAX_SIDE for s in sides):
    raise BadModel(
      f'{path}: image is {sides[0]}x{sides[1]}; both must be 1 to {_MAX_SIDE}.'
    )
  if image.get('channels') not in _CHANNELS:
    raise BadModel(f'{path}: image.channels must be one of {_CHANNELS}.')
  if type(image.get('invert')) is not bool:
    raise BadModel(f'{path}: image.invert must be true or false.')


def _check_numbers(value: Any, name: str, path: Path) -> None:
  """So that no card asks for work without end."""
  if isinstance(value, dict):
    for key, item in value.items():
      _check_numbers(item, f'{name}.{key}', path)
  elif isinstance(value, list):
    for item in value:
      _check_numbers(item, name, path)
  elif isinstance(value, int | float) and not 0 <= value <= _MAX_NUMBER:
    raise BadModel(f'{path}: {name} is {value}, not in 0 to {_MAX_NUMBER}.')
