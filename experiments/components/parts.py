"""Sections of a config into parts, by the tables of this folder."""

import inspect
from collections.abc import Container, Mapping
from typing import Any

from experiments.run.config import BadConfig, Settings
from lasium_jax.models.build import checked, settings_of
from lasium_jax.settings import Part, check

Sections = Mapping[str, Mapping[str, Part] | Part]


def make(
  table: Mapping[str, Part], section: Settings, /, **available: Any
) -> Any:
  """What a section names, made of its settings and of what else it needs.

  Args:
    table: parts by name.
    section: `name`, and the part's settings.
    **available: by name, whatever a part of the table may need besides; each
      is given what its function has parameters for.

  Returns:
    What the part makes.

  Raises:
    BadConfig: if the run has not what the part needs.
  """
  part = table[section['name']]
  return make_part(part, settings_of(section), **available)


def make_part(part: Part, settings: Settings, /, **available: Any) -> Any:
  """The same for a part that is not chosen by name."""
  check_needs(part, available)
  given = {name: available[name] for name in needs(part)}
  return part.make(**given, **settings)


def needs(part: Part) -> tuple[str, ...]:
  """What a part is given by the program, by name: all but its settings."""
  parameters = inspect.signature(part.make).parameters.values()
  positional = [
    parameter.name
    for parameter in parameters
    if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
  ]
  return *positional, *part.given


def check_needs(part: Part, available: Container[str]) -> None:
  """Raises `BadConfig` if a part needs what is not available."""
  lacking = [name for name in needs(part) if name not in available]
  if lacking:
    raise BadConfig(
      f'{part.make.__name__} needs {" and ".join(lacking)}, which this run has '
      'not.'
    )


def check_sections(settings: Settings, sections: Sections) -> None:
  """Sees that every section of a config is one function's keyword arguments.

  Args:
    settings: of a run.
    sections: by name, a part, or a table that the section's `name` picks from.
      A run has those that it has a use for; `sweep` is every run's.

  Raises:
    BadSetting: if a setting is unknown, missing or out of bounds.
    BadConfig: if a section is none of these.
  """
  for name, section in settings.items():
    if name == 'sweep' or not isinstance(section, Mapping):
      continue
    if name not in sections:
      raise BadConfig(f'There is no use for config.{name} here.')
    parts = sections[name]
    if isinstance(parts, Part):
      check(parts, section, f'config.{name}')
    else:
      checked(parts, section, f'config.{name}')
