"""Groups of classes by the names of the classes."""

import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.data import Dataset, class_groups, image_set
from lasium_jax.data.splits import with_rotations


@pytest.mark.parametrize(
  ('names', 'groups'),
  [
    # As TFDS names Omniglot's characters.
    (['Greek_0', 'N_Ko_12', 'Greek_10'], ['Greek', 'N_Ko', 'Greek']),
    (
      ['Asomtavruli_(Georgian)_3', 'Mkhedruli_(Georgian)_3'],
      ['Asomtavruli_(Georgian)', 'Mkhedruli_(Georgian)'],
    ),
    (['Greek_0', 'Greek_0 rotated by 90'], ['Greek', 'Greek rotated by 90']),
    # As the files of Omniglot lie, and deeper.
    (['Greek/character01', 'N_Ko/character01'], ['Greek', 'N_Ko']),
    (['a/b/c', 'a/b/d', 'a/c/d'], ['a/b', 'a/b', 'a/c']),
    (
      ['HEBREW LETTER ALEF', 'ARABIC LETTER ALEF', 'HEBREW LETTER BET'],
      ['HEBREW', 'ARABIC', 'HEBREW'],
    ),
    # One that is named otherwise is of no group.
    (['Greek_0', 'cat'], None),
    (['cat', 'dog'], None),
    # As CIFAR-100 has them; 'can' is a control character's alias too.
    (['bottle', 'can'], None),
    (['0', '1', '2'], None),
    ([''], None),
    ([], None),
  ],
)
def test_groups_are_in_the_names(names, groups):
  assert class_groups(names) == (groups if groups is None else tuple(groups))


def of_classes(names):
  images = np.zeros((2 * len(names), 2, 2, 1), np.uint8)
  return Dataset(images, np.repeat(np.arange(len(names)), 2), tuple(names))


def test_an_image_set_numbers_its_groups():
  names = ['N_Ko_0', 'Greek_4', 'N_Ko_3', 'Latin_1', 'Greek_0']
  groups = image_set(of_classes(names)).groups
  assert groups.dtype == jnp.int32
  assert groups.tolist() == [2, 0, 2, 1, 0]
  assert image_set(of_classes(['cat', 'dog'])).groups is None


def test_turned_characters_are_alphabets_of_their_own():
  turned = with_rotations(of_classes(['Greek_0', 'Latin_0', 'Greek_1']))
  groups = image_set(turned).groups.tolist()
  assert len(groups) == 12 and len(set(groups)) == 8
  for i in range(0, 12, 3):
    assert groups[i] == groups[i + 2] != groups[i + 1]
