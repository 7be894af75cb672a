"""Settings: the keyword-only parameters of a function, as data.

A config's section, and the architecture on a model's card, are the keyword
arguments of one function. What they may be stands in its signature and nowhere
else: names, types, choices (`Literal`), defaults, and bounds (`Annotated` with
a `Range`, of which the common ones have names here).
"""

import inspect
import math
import numbers
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

T = TypeVar('T')


class Range(NamedTuple):
  """Bounds of a number, both inclusive."""

  least: float
  most: float = math.inf


Whole = Annotated[int, Range(0)]
Count = Annotated[int, Range(1)]
Ways = Annotated[int, Range(2)]
Seed = Annotated[int, Range(0, 2**32 - 1)]
NonNegative = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]
Angle = Annotated[float, Range(0, 180)]  # In degrees, the largest either way.
Radius = Annotated[float, Range(0, 8)]  # In pixels.
Enlargement = Annotated[float, Range(1, 10)]  # The largest; 1 changes nothing.


class BadSetting(ValueError):
  """A setting that a function does not have, or cannot take."""


class Part(NamedTuple):
  """A function that a table has by name, for configs and cards to call.

  Attributes:
    make: its keyword-only parameters are settings.
    given: those that are none: the program gives them.
    reads: what the part is made of where a table's parts differ in it, such as
      'labels'.
  """

  make: Callable[..., Any]
  given: tuple[str, ...] = ()
  reads: str = ''


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


class _Form(NamedTuple):
  """A form of annotation, such as `Literal[...]`.

  Attributes:
    fits: whether a value is what the annotation with some arguments says.
    words: what the value must be.
  """

  fits: Callable[[tuple[Any, ...], Any], bool]
  words: Callable[[tuple[Any, ...]], str]


def _form(annotation: Any) -> tuple[_Form, tuple[Any, ...]]:
  """The form of an annotation, and its arguments."""
  origin = typing.get_origin(annotation)
  form = _FORMS.get(annotation if origin is None else origin)
  if form is None:
    raise TypeError(f'A setting cannot be annotated with {annotation!r}.')
  return form, typing.get_args(annotation)


def _fits(annotation: Any, value: Any) -> bool:
  form, arguments = _form(annotation)
  return form.fits(arguments, value)


def describe(annotation: Any) -> str:
  """What a value must be, in words: 'a whole number, 1 or more'."""
  form, arguments = _form(annotation)
  return form.words(arguments)


def _is_number(value: Any, kind: Any) -> bool:
  """NumPy's numbers are some too; True and False, NaN and infinity are none."""
  if not isinstance(value, kind) or isinstance(value, bool):
    return False
  try:
    return math.isfinite(value)
  except OverflowError:  # No float holds it.
    return False


def _is_bounded(arguments: tuple[Any, ...], value: Any) -> bool:
  kind, bounds = arguments[:2]
  return _fits(kind, value) and bounds.least <= value <= bounds.most


def _bounds_in_words(arguments: tuple[Any, ...]) -> str:
  kind, bounds = arguments[:2]
  most = 'or more' if bounds.most == math.inf else f'to {bounds.most:g}'
  return f'{describe(kind)}, {bounds.least:g} {most}'


def _is_option(options: tuple[Any, ...], value: Any) -> bool:
  # True is no 1.
  return any(type(value) is type(o) and value == o for o in options)


def _is_each(arguments: tuple[Any, ...], value: Any) -> bool:
  """Whether a value is one or more values of one kind."""
  if not isinstance(value, list | tuple) or not value:
    return False
  return all(_fits(arguments[0], item) for item in value)


def _is_row(arguments: tuple[Any, ...], value: Any) -> bool:
  """Whether a value is what `tuple[arguments]` says; it may be a list."""
  if arguments[-1] is Ellipsis:
    return _is_each(arguments, value)
  if not isinstance(value, list | tuple) or len(value) != len(arguments):
    return False
  return all(map(_fits, arguments, value))


def _each_in_words(arguments: tuple[Any, ...]) -> str:
  return f'one or more values, each {describe(arguments[0])}'


def _row_in_words(arguments: tuple[Any, ...]) -> str:
  if arguments[-1] is Ellipsis:
    return _each_in_words(arguments)
  kinds = ' and '.join(map(describe, arguments))
  return f'{len(arguments)} values ({kinds})'


_UNION = _Form(
  lambda kinds, value: any(_fits(kind, value) for kind in kinds),
  lambda kinds: ', or '.join(map(describe, kinds)),
)
_FORMS: dict[Any, _Form] = {
  bool: _Form(lambda _, v: isinstance(v, bool), lambda _: 'True or False'),
  int: _Form(
    lambda _, v: _is_number(v, numbers.Integral), lambda _: 'a whole number'
  ),
  float: _Form(lambda _, v: _is_number(v, numbers.Real), lambda _: 'a number'),
  str: _Form(lambda _, v: isinstance(v, str), lambda _: 'text'),
  types.NoneType: _Form(lambda _, v: v is None, lambda _: 'None'),
  Any: _Form(lambda _, v: True, lambda _: 'anything'),
  Annotated: _Form(_is_bounded, _bounds_in_words),
  Literal: _Form(_is_option, lambda options: f'one of {list(options)}'),
  typing.Union: _UNION,
  types.UnionType: _UNION,
  Sequence: _Form(_is_each, _each_in_words),
  tuple: _Form(_is_row, _row_in_words),
}
