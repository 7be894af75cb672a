"""Settings: the keyword-only parameters of a function, as data.

A config's section, and the architecture on a model's card, are the keyword
arguments of one function. What they may be stands in its signature and nowhere
else: names, types, choices (`Literal`), defaults, and bounds (`Annotated` with
a `Range`, of which the common ones have names here).
"""

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

T = TypeVar('T')


class Range(NamedTuple):
  """Bounds of a number, both inclusive."""

  least: float
  most: float = float('inf')


Whole = Annotated[int, Range(0)]
Count = Annotated[int, Range(1)]
Ways = Annotated[int, Range(2)]
NonNegative = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]


class BadSetting(ValueError):
  """A setting that a function does not have, or cannot take."""


class Part(NamedTuple):
  """A function that a table has by name, for configs and cards to call.

  Attributes:
    make: its keyword-only parameters are settings.
    given: those that are none: the program gives them.
  """

  make: Callable[..., Any]
  given: tuple[str, ...] = ()


def parameters(part: Part) -> dict[str, inspect.Parameter]:
  """The settings of a part, in order, annotations resolved."""
  signature = inspect.signature(part.make)
  hints = typing.get_type_hints(part.make, include_extras=True)
  return {
    name: parameter.replace(annotation=hints.get(name, Any))
    for name, parameter in signature.parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY and name not in part.given
  }


def defaults(part: Part) -> dict[str, Any]:
  """The settings that have defaults, with these."""
  return {
    name: parameter.default
    for name, parameter in parameters(part).items()
    if parameter.default is not parameter.empty
  }


def check(part: Part, settings: Mapping[str, Any], where: str) -> None:
  """Sees that a part can be made by some settings.

  Args:
    part: of a table.
    settings: its keyword arguments; those that are missing have defaults.
    where: what the settings are of, such as 'config.learner'.

  Raises:
    BadSetting: if one is unknown, missing, of another type or out of bounds.
  """
  known = parameters(part)
  for name in settings:
    if name not in known:
      raise BadSetting(
        f'{where} has no {name!r}; it has {", ".join(known) or "no settings"}.'
      )
  for name, parameter in known.items():
    if name in settings:
      check_value(parameter.annotation, settings[name], f'{where}.{name}')
    elif parameter.default is parameter.empty:
      raise BadSetting(
        f'{where}.{name} is missing; it must be '
        f'{describe(parameter.annotation)}.'
      )


def pick(table: Mapping[str, T], name: Any, where: str) -> T:
  """`table[name]`.

  Raises:
    BadSetting: if there is none; the message names those that there are.
  """
  if not isinstance(name, str) or name not in table:
    raise BadSetting(f'{where} is {name!r}; it must be one of {sorted(table)}.')
  return table[name]


def check_value(annotation: Any, value: Any, where: str) -> None:
  """Raises BadSetting if a value is not what an annotation says."""
  if not _fits(annotation, value):
    raise BadSetting(
      f'{where} is {value!r}; it must be {describe(annotation)}.'
    )


def _fits(annotation: Any, value: Any) -> bool:
  origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    kind, bounds = arguments[:2]
    # Not `value < least`: NaN is wrong too.
    return _fits(kind, value) and bounds.least <= value <= bounds.most
  if origin is Literal:
    return any(value == option for option in arguments)
  if origin in (typing.Union, types.UnionType):
    return any(_fits(option, value) for option in arguments)
  if origin in (Sequence, tuple):
    return _fits_sequence(origin, arguments, value)
  if annotation is float:
    return isinstance(value, int | float) and not isinstance(value, bool)
  if annotation is int:
    return isinstance(value, int) and not isinstance(value, bool)
  if annotation is Any:
    return True
  return isinstance(value, types.NoneType if annotation is None else annotation)


def _fits_sequence(origin: Any, arguments: Any, value: Any) -> bool:
  if not isinstance(value, list | tuple):
    return False
  if origin is tuple and arguments[-1] is not Ellipsis:
    return len(value) == len(arguments) and all(map(_fits, arguments, value))
  return len(value) > 0 and all(_fits(arguments[0], item) for item in value)


_KINDS = {
  bool: 'True or False',
  int: 'a whole number',
  float: 'a number',
  str: 'text',
  types.NoneType: 'None',
  Any: 'anything',
}


def describe(annotation: Any) -> str:
  """What a value must be, in words: 'a whole number, 1 or more'."""
  origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    kind, bounds = arguments[:2]
    most = 'or more' if bounds.most == float('inf') else f'to {bounds.most:g}'
    return f'{describe(kind)}, {bounds.least:g} {most}'
  if origin is Literal:
    return f'one of {sorted(arguments)}'
  if origin in (typing.Union, types.UnionType):
    return ' or '.join(map(describe, arguments))
  if origin is tuple and arguments[-1] is not Ellipsis:
    each = ' and '.join(map(describe, arguments))
    return f'{len(arguments)} values ({each})'
  if origin in (Sequence, tuple):
    return f'one or more values, each {describe(arguments[0])}'
  return _KINDS.get(
    annotation, getattr(annotation, '__name__', str(annotation))
  )
