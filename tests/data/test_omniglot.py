"""Divisions of Omniglot, followed image by image."""

import pytest

from lasium_jax.data.omniglot import (
  background_split,
  first_characters_split,
  vinyals_split,
)
from tests.data.test_splits import NAMES, WHOLE, check, contents, make

# Of the 20 evaluation alphabets, how many characters each has.
EVALUATION = {
  **{'Angelic': 20, 'Atemayar_Qelisayer': 26, 'Atlantean': 26},
  **{'Aurek-Besh': 26, 'Avesta': 26, 'Ge_ez': 26, 'Glagolitic': 45},
  **{'Gurmukhi': 45, 'Kannada': 41, 'Keble': 26, 'Malayalam': 47},
  **{'Manipuri': 40, 'Mongolian': 30, 'Old_Church_Slavonic_(Cyrillic)': 45},
  **{'Oriya': 46, 'Syriac_(Serto)': 23, 'Sylheti': 28, 'Tengwar': 25},
  **{'Tibetan': 42, 'ULOG': 26},
}


OMNIGLOT = make(
  ['Greek_10', 'Greek_2', 'Greek_0', 'N_Ko_1', 'N_Ko_0', 'N_Ko_3', 'N_Ko_2']
)


def test_background_split_holds_out_validation():
  evaluation = make([f'unseen {i}' for i in range(4)], seed=3)
  result = background_split(WHOLE, evaluation, validation=6, seed=0)
  assert [len(d.class_names) for d in result] == [14, 6, 4]
  names = result.train.class_names + result.validation.class_names
  assert sorted(names) == sorted(NAMES)
  assert contents(result.test) == contents(evaluation)
  whole = contents(WHOLE)
  for dataset in result[:2]:
    check(dataset)
    assert contents(dataset).items() <= whole.items()


def test_background_split_shares_no_class():
  evaluation = make(['unseen', 'class 3', 'class 11'])
  with pytest.raises(ValueError, match="'class 11'"):
    background_split(WHOLE, evaluation, validation=2, seed=0)


@pytest.mark.parametrize('validation', [-1, 21])
def test_background_split_of_too_few(validation):
  with pytest.raises(ValueError, match=f'{validation} validation'):
    background_split(WHOLE, make(['unseen']), validation=validation, seed=0)


def test_vinyals_judge_by_the_last_423():
  """By the lists of Snell et al.: the last four of Gurmukhi, and 12 more."""
  names = [f'{a}_{i}' for a, n in EVALUATION.items() for i in range(n)]
  evaluation = make(names, 1)
  background = make([f'Latin_{i}' for i in range(964)], 1, seed=1)
  result = vinyals_split(background, evaluation, validation=172, seed=0)
  assert [len(d.class_names) for d in result] == [1_028, 172, 423]
  after = list(EVALUATION)[list(EVALUATION).index('Gurmukhi') + 1 :]
  assert result.test.class_names == (
    *(f'Gurmukhi_{i}' for i in range(41, 45)),
    *(f'{a}_{i}' for a in after for i in range(EVALUATION[a])),
  )
  whole = contents(background) | contents(evaluation)
  parts = [contents(dataset) for dataset in result]
  assert parts[0] | parts[1] | parts[2] == whole
  for dataset in result:
    check(dataset)


def test_vinyals_go_by_alphabets_and_numbers():
  """Whatever the order of the classes is, and 10 comes after 2."""
  background = make(['Latin_0'])
  result = vinyals_split(background, OMNIGLOT, validation=0, seed=0, test=5)
  assert set(result.train.class_names) == {'Latin_0', 'Greek_0', 'Greek_2'}
  assert set(result.test.class_names) == {
    *('Greek_10', 'N_Ko_0', 'N_Ko_1', 'N_Ko_2', 'N_Ko_3'),
  }


@pytest.mark.parametrize(
  'background,evaluation,said',
  [
    (['Greek_0'], ['Greek_0', 'Greek_1'], "'Greek_0' is a background class"),
    (['Latin_0'], ['Greek_0', 'alpha'], "'alpha' is not named by an alphabet"),
    (['Latin_0'], ['Greek_0'], '1 evaluation characters .* only 1'),
  ],
)
def test_vinyals_needs_omniglot(background, evaluation, said):
  with pytest.raises(ValueError, match=said):
    vinyals_split(
      make(background), make(evaluation), validation=0, seed=0, test=1
    )


def test_the_first_characters_of_each_alphabet_are_apart():
  """By their numbers, in which 10 comes after 2."""
  result = first_characters_split(OMNIGLOT, 2, validation=1, seed=0)
  whole = contents(OMNIGLOT)
  assert set(result.test.class_names) == {
    *('Greek_0', 'Greek_2', 'N_Ko_0', 'N_Ko_1'),
  }
  others = result.train.class_names + result.validation.class_names
  assert sorted(others) == ['Greek_10', 'N_Ko_2', 'N_Ko_3']
  assert len(result.validation.class_names) == 1
  for dataset in result:
    check(dataset)
    for name, images in contents(dataset).items():
      assert images == whole[name]


@pytest.mark.parametrize(
  'names,asked,said',
  [
    (['Greek_0', 'alpha'], (1, 0), "'alpha' is not named by an alphabet"),
    (['Greek_0', 'Greek_1'], (2, 0), "'Greek_' has 2 characters"),
    (['Greek_0', 'Greek_1'], (1, 2), '2 validation classes .* of the 1 '),
  ],
)
def test_alphabets_that_cannot_be_split(names, asked, said):
  test, validation = asked
  with pytest.raises(ValueError, match=said):
    first_characters_split(make(names), test, validation=validation, seed=0)
