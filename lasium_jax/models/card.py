"""The card of a model: what it says, and whether it can be believed.

What an architecture may say follows from the tables of
`lasium_jax.models.build`, and so from the signatures of what these name.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from lasium_jax.models.build import (
  CLASSIFIERS,
  GENERATORS,
  INVERSION,
  LEARNERS,
  NETWORKS,
  checked,
)
from lasium_jax.settings import (
  BadSetting,
  Range,
  Ways,
  check,
  check_value,
  pick,
)

FORMAT = 'lasium_jax model'
FORMAT_VERSION = 1

# What may be read from a file that another person made.
_MAX_SIDE = 1_024  # Pixels.
_MAX_NUMBER = 2**17  # The largest number in an architecture,
_MAX_DECAY = 2**31 - 1  # but for the length of a schedule, which costs nothing.
_MAX_VALUES = 64  # The most values of one setting, such as channels.

_Side = Annotated[int, Range(1, _MAX_SIDE)]
_IMAGE = {
  'height': _Side,
  'width': _Side,
  'channels': Literal[1, 3],
  'invert': bool,
}
_FIELDS: dict[str, type] = {
  'architecture': dict,
  'image': dict,
  'training': dict,
  'accuracy': list,
  'library_version': str,
  'weights_sha256': str,
}


class BadModel(ValueError):
  """A folder that holds no model, or a damaged one; the message says why."""


def check_card(card: Any, path: Path) -> None:
  """Sees that a model can be built from a card.

  Args:
    card: of JSON types.
    path: of the card, for messages.

  Raises:
    BadModel: if a field is missing, or wrong; the message names it.
  """
  form = card.get('format') if isinstance(card, dict) else None
  if form != FORMAT:
    raise BadModel(
      f'{path} is not the card of a {FORMAT}: its format is {form!r}.'
    )
  version = card.get('format_version')
  if type(version) is not int or version < 1:
    raise BadModel(f'{path}: format_version is {version!r}, no number from 1.')
  if version > FORMAT_VERSION:
    raise BadModel(
      f'{path}: format_version is {version}, and this lasium_jax reads up to '
      f'{FORMAT_VERSION}. Install a newer one.'
    )
  for field, kind in _FIELDS.items():
    if not isinstance(card.get(field), kind):
      raise BadModel(f'{path}: {field} is missing or no {kind.__name__}.')
  try:
    _check_fields(_IMAGE, card['image'], 'image')
    check_kind = pick(_ARCHITECTURES, card.get('kind'), 'kind')
    check_kind(card['architecture'], 'architecture')
    _check_size(card['architecture'], 'architecture')
    _check_names(card)
  except BadSetting as error:
    raise BadModel(f'{path}: {error}') from error


def _check_fields(
  fields: Mapping[str, Any], values: Mapping[str, Any], where: str
) -> None:
  """Sees that values are of the annotations in `fields`, and no others."""
  for name in values:
    if name not in fields:
      raise BadSetting(f'{where} has no {name!r}; it has {", ".join(fields)}.')
  for name, annotation in fields.items():
    check_value(annotation, values.get(name), f'{where}.{name}')


def _check_learner(architecture: Mapping[str, Any], where: str) -> None:
  fields = {'network': Any, 'learner': Any, 'ways': Ways}
  _check_fields(fields, architecture, where)
  checked(NETWORKS, architecture.get('network'), f'{where}.network')
  checked(LEARNERS, architecture.get('learner'), f'{where}.learner')


def _check_generator(architecture: Mapping[str, Any], where: str) -> None:
  own = dict(architecture)
  if 'inversion' in own:
    inversion, place = own.pop('inversion'), f'{where}.inversion'
    if not isinstance(inversion, dict):
      raise BadSetting(f'{place} is {inversion!r}; it must be a section.')
    check(INVERSION, inversion, place)
  checked(GENERATORS, own, where)


def _check_classifier(architecture: Mapping[str, Any], where: str) -> None:
  _check_fields({'network': Any, 'classes': Ways}, architecture, where)
  checked(CLASSIFIERS, architecture.get('network'), f'{where}.network')


def _check_names(card: Mapping[str, Any]) -> None:
  """Sees that a classifier's names, if it has some, are one for each class."""
  names = card.get('class_names')
  if names is None:
    return
  check_value(tuple[str, ...], names, 'class_names')
  classes = card['architecture'].get('classes')
  if len(set(names)) != len(names) or len(names) != classes:
    raise BadSetting(
      f'class_names has {len(set(names))} different names of {len(names)}; it '
      f'must have one for each of {classes} classes.'
    )


_ARCHITECTURES: dict[str, Callable[[Mapping[str, Any], str], None]] = {
  'learner': _check_learner,
  'generator': _check_generator,
  'classifier': _check_classifier,
}


def _check_size(value: Any, where: str) -> None:
  """So that no card asks for work without end."""
  if isinstance(value, dict):
    for key, item in value.items():
      _check_size(item, f'{where}.{key}')
  elif isinstance(value, list):
    if len(value) > _MAX_VALUES:
      raise BadSetting(
        f'{where} has {len(value)} values; {_MAX_VALUES} are the most.'
      )
    for item in value:
      _check_size(item, where)
  elif isinstance(value, int | float):
    most = _MAX_DECAY if where.endswith('.decay_steps') else _MAX_NUMBER
    if not 0 <= value <= most:
      raise BadSetting(f'{where} is {value}, not in 0 to {most}.')
