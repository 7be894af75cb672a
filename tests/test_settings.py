"""Settings: what a signature says a value may be, and how that is said."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest

from lasium_jax import settings
from lasium_jax.models import build
from lasium_jax.settings import (
  BadSetting,
  Count,
  NonNegative,
  Part,
  Range,
  Share,
  Ways,
  Whole,
)

NAN, INF = math.nan, math.inf

# An annotation, values that fit it, values that do not, and its words.
KINDS = [
  (int, (0, -3, np.int64(2)), (1.0, True, '1', None, [1]), 'a whole number'),
  (float, (0.5, -1, np.float32(2)), (NAN, INF, -INF, True, '1'), 'a number'),
  (float, (), (10**400, None, [0.5], np.bool_(True)), 'a number'),
  (bool, (True, False), (0, 1, 'True', None), 'True or False'),
  (str, ('', 'x'), (0, None, ['x'], b'x'), 'text'),
  (Any, (None, 3, 'x', [[]]), (), 'anything'),
  (Whole, (0, 7), (-1, 0.0, NAN, False), 'a whole number, 0 or more'),
  (Count, (1, 10**9), (0, -1, 1.5), 'a whole number, 1 or more'),
  (Ways, (2, 3), (1, 0, '5'), 'a whole number, 2 or more'),
  (NonNegative, (0, 1e-9, 3), (-1e-9, NAN, INF), 'a number, 0 or more'),
  (Share, (0, 1, 0.5), (-0.1, 1.1, NAN), 'a number, 0 to 1'),
  (Annotated[int, Range(-5, 4)], (-5, 4), (-6, 5), 'a whole number, -5 to 4'),
  (Literal['b', 'a'], ('a', 'b'), ('c', '', None, 0), "one of ['b', 'a']"),
  (Literal[1, 3], (1, 3), (2, True, 1.0, '1'), 'one of [1, 3]'),
  (
    Optional[int],  # noqa: UP045
    (None, 3),
    ('', False, 1.5),
    'a whole number, or None',
  ),
  (
    Count | None,
    (None, 1),
    (0, False, []),
    'a whole number, 1 or more, or None',
  ),
  (int | str, (1, 'x'), (None, 1.5, True), 'a whole number, or text'),
  (
    Sequence[Count],
    ([1], (1, 2), [3] * 9),
    ([], (), [0], [1, None], 1, '12', {1: 1}),
    'one or more values, each a whole number, 1 or more',
  ),
  (
    tuple[int, ...],
    ([1], (1, 2)),
    ([], [1, '2'], 1, 'ab'),
    'one or more values, each a whole number',
  ),
  (
    tuple[float, float],
    ((0, 1), [0.5, 2]),
    ((0,), (0, 1, 2), [], (0, NAN), '01', 0.5),
    '2 values (a number and a number)',
  ),
  (
    tuple[int, str],
    ((1, 'a'), [1, 'a']),
    (('a', 1), (1, None)),
    '2 values (a whole number and text)',
  ),
  (
    Sequence[tuple[int, int]] | None,
    (None, [[1, 2]], ((1, 2), (3, 4))),
    ([1, 2], [[1]], 'x'),
    'one or more values, each 2 values (a whole number and a whole number), '
    'or None',
  ),
]


@pytest.mark.parametrize(
  ('annotation', 'right', 'wrong', 'words'), KINDS, ids=lambda v: str(v)[:30]
)
def test_what_an_annotation_says(annotation, right, wrong, words):
  for value in right:
    settings.check_value(annotation, value, 'here')
  said = f'it must be {words}.'
  for value in wrong:
    with pytest.raises(BadSetting, match=re.escape(said)) as error:
      settings.check_value(annotation, value, 'here')
    assert str(error.value).startswith(f'here is {value!r};')


@pytest.mark.parametrize('annotation', [Callable[[int], int], dict, object])
def test_an_annotation_that_cannot_be_checked_is_the_programs_fault(annotation):
  with pytest.raises(TypeError, match='cannot be annotated'):
    settings.check_value(annotation, 1, 'here')
  with pytest.raises(TypeError, match='cannot be annotated'):
    settings.describe(annotation)


def sample(
  shape: tuple[int, int],
  *,
  steps: Whole = 5,
  rate: NonNegative = 0.4,
  size: 'Count',
  padded: bool = False,
) -> None:
  """`shape` and what is `given` are no settings."""


SAMPLE = Part(sample, given=('padded',))


def test_settings_are_the_keyword_only_parameters():
  assert list(settings.parameters(SAMPLE)) == ['steps', 'rate', 'size']
  assert settings.defaults(SAMPLE) == {'steps': 5, 'rate': 0.4}
  assert settings.parameters(SAMPLE)['size'].annotation == Count


def test_a_section_by_hand():
  settings.check(SAMPLE, {'size': 1}, 'config.learner')
  settings.check(SAMPLE, {'size': 1, 'steps': 0, 'rate': 0}, 'config.learner')


BAD = {
  'bound': (
    {'size': 1, 'steps': -1},
    'config.learner.steps is -1; it must be a whole number, 0 or more.',
  ),
  'type': (
    {'size': None},
    'config.learner.size is None; it must be a whole number, 1 or more.',
  ),
  'missing': (
    {'steps': 1},
    'config.learner.size is missing; it must be a whole number, 1 or more.',
  ),
  'unknown': (
    {'size': 1, 'step': 3},
    "config.learner has no 'step'; it has steps, rate, size.",
  ),
  'given': (
    {'size': 1, 'padded': True},
    "config.learner has no 'padded'; it has steps, rate, size.",
  ),
  'positional': (
    {'size': 1, 'shape': (1, 1)},
    "config.learner has no 'shape'; it has steps, rate, size.",
  ),
}


@pytest.mark.parametrize('name', BAD)
def test_a_wrong_section_is_refused_by_name(name):
  section, said = BAD[name]
  with pytest.raises(BadSetting) as error:
    settings.check(SAMPLE, section, 'config.learner')
  assert str(error.value) == said


def test_a_part_without_settings_says_so():
  with pytest.raises(BadSetting, match="'x'; it has no settings"):
    settings.check(Part(lambda: None), {'x': 1}, 'config.learner')


def test_a_choice_of_a_table():
  table = {'b': 2, 'a': 1}
  assert settings.pick(table, 'b', 'config.name') == 2
  for name in ('c', None, ['a'], {}, 1):
    with pytest.raises(BadSetting) as error:
      settings.pick(table, name, 'config.name')
    assert str(error.value) == (
      f"config.name is {name!r}; it must be one of ['a', 'b']."
    )


TABLES = {
  name: table
  for name, table in vars(build).items()
  if isinstance(table, dict)
  and table
  and all(isinstance(part, Part) for part in table.values())
}


def test_the_tables_are_found():
  assert {'NETWORKS', 'LEARNERS', 'GENERATORS'} <= set(TABLES)


@pytest.mark.parametrize(
  ('table', 'name'), [(t, n) for t in TABLES for n in TABLES[t]]
)
def test_every_part_can_be_made_by_its_defaults(table, name):
  part = TABLES[table][name]
  chosen = settings.defaults(part)
  assert chosen.keys() == settings.parameters(part).keys()
  settings.check(part, chosen, name)
  settings.check(part, {}, name)
  for setting, parameter in settings.parameters(part).items():
    assert settings.describe(parameter.annotation)
    # What fits everything would check nothing.
    with pytest.raises(BadSetting, match=f'{name}.{setting} is '):
      settings.check(part, {setting: object()}, name)
