"""A run's settings: the config as plain nested dicts, from its start on."""

from collections.abc import Mapping
from typing import Any

Config = Any  # A ConfigDict, as ml_collections' flags make it.
Settings = Mapping[str, Any]  # The same as nested dicts.


class BadConfig(ValueError):
  """A setting that cannot work; the message says what would."""


def flatten(tree: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
  """`{'a': {'b': 1}}` as `{'a.b': 1}`, lists as they are."""
  leaves: dict[str, Any] = {}
  for name, value in tree.items():
    if isinstance(value, Mapping):
      leaves |= flatten(value, f'{prefix}{name}.')
    else:
      leaves[f'{prefix}{name}'] = value
  return leaves


def get(settings: Settings, field: str) -> Any:
  """The value of a field such as 'latents.alpha'."""
  value: Any = settings
  for name in field.split('.'):
    value = value[name]
  return value


def replaced(settings: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
  """The settings with other values of some fields.

  Args:
    settings: of a run.
    values: by field, such as `{'latents.alpha': 0.4}`; tracers too.

  Returns:
    A copy.
  """
  changed = dict(settings)
  for field, value in values.items():
    section, _, name = field.partition('.')
    changed[section] = {**changed[section], name: value}
  return changed


def require(settings: Settings, field: str, holds: bool, wanted: str) -> None:
  """Raises `BadConfig` unless a field is what it must be beside others."""
  if not holds:
    raise BadConfig(
      f'config.{field} is {get(settings, field)!r}; it must be {wanted}.'
    )


def require_same(
  settings: Settings, section: str, names: tuple[str, ...]
) -> None:
  """Raises `BadConfig` unless a section's images are as those of `data`.

  Args:
    settings: of the run.
    section: of other images.
    names: the fields that must be the same.
  """
  for name in names:
    value = settings['data'][name]
    same = settings[section][name] == value
    require(
      settings, f'{section}.{name}', same, f'config.data.{name}, {value!r}'
    )


def require_shared(settings: Settings, field: str) -> None:
  """Raises `BadConfig` unless devices share a field's batch evenly."""
  devices = settings['devices'] or 1
  require(
    settings,
    field,
    get(settings, field) % devices == 0,
    f'a multiple of config.devices, {devices}',
  )


def require_filled(settings: Settings, field: str, images: int) -> None:
  """Raises `BadConfig` unless a field's batch has no more than all images."""
  size = get(settings, field)
  if images < size:
    raise BadConfig(
      f'config.{field} is {size}, and there are only {images} training images: '
      'lower it, or add images.'
    )


def run_name(settings: Settings) -> str:
  """What stands behind `--config=`, such as 'configs/a.py:ro-vae-maml'."""
  return f'{settings["file"]}:{settings["name"]}'
