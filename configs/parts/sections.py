"""Sections: each has the keyword arguments of one function."""

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from lasium_jax.settings import Part, parameters


def section(part: Part, **values: Any) -> ConfigDict:
  """A function's keyword arguments, with its defaults.

  Args:
    part: of a table, or `Part(function)`.
    **values: in place of defaults; a setting without one must be here.

  Returns:
    The section. A None is left for flags, or for the run, to fill in.

  Raises:
    TypeError: if the function has no such setting, or one has no value.
  """
  known = parameters(part)
  unknown = values.keys() - known.keys()
  if unknown:
    raise TypeError(
      f'{part.make.__name__} has no {", ".join(sorted(unknown))}.'
    )
  config = ConfigDict()
  for name, parameter in known.items():
    value = values.get(name, parameter.default)
    if value is parameter.empty:
      raise TypeError(f'{part.make.__name__} needs a value of {name}.')
    config[name] = _kept(value, parameter.annotation)
  return config


def named(table: Mapping[str, Part], name: str, **values: Any) -> ConfigDict:
  """The section of a part that a table has by name."""
  config = ConfigDict({'name': name})
  config.update(section(table[name], **values))
  return config


def left_open(config: ConfigDict, part: Part, *names: str) -> None:
  """Leaves settings of a section to the image size (components/by_size.py)."""
  known = parameters(part)
  for name in names:
    del config[name]
    config[name] = _kept(None, known[name].annotation)


def follow(config: ConfigDict, other: ConfigDict, *names: str) -> None:
  """Makes settings of a section those of another: a flag for one sets both."""
  for name in names:
    config[name] = other.get_ref(name)


def _kept(value: Any, annotation: Any) -> Any:
  """What a ConfigDict is to hold: of a None the type that a flag may give."""
  return placeholder(_kind(annotation)) if value is None else value


def _kind(annotation: Any) -> Any:
  origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    return _kind(arguments[0])
  if origin in (typing.Union, types.UnionType):
    return _kind(next(a for a in arguments if a is not types.NoneType))
  if origin in (Sequence, tuple):
    return tuple
  if origin is Literal:
    return type(arguments[0])
  return annotation
