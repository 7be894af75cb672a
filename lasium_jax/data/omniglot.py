"""Omniglot's 1,623 characters, divided as its literature divides them."""

import re

import numpy as np

from lasium_jax.data.dataset import Dataset, Splits, select_classes
from lasium_jax.data.splits import concatenate, random_split

# Of the 659 evaluation characters, as many as Vinyals et al. judge by.
VINYALS_TEST = 423


def background_split(
  background: Dataset, evaluation: Dataset, *, validation: int, seed: int
) -> Splits:
  """The official split: whole alphabets are unseen in training.

  Args:
    background: the 964 background classes (TFDS's 'train').
    evaluation: the 659 evaluation classes (TFDS's 'test').
    validation: how many background classes to hold out for validation.
    seed: which ones.

  Returns:
    The splits.

  Raises:
    ValueError: if the two data sets share a class, or `validation` is negative
      or more than there are background classes.
  """
  _check_apart(background, evaluation)
  return _held_out(background, validation, seed)._replace(test=evaluation)


def vinyals_split(
  background: Dataset,
  evaluation: Dataset,
  *,
  validation: int,
  seed: int,
  test: int = VINYALS_TEST,
) -> Splits:
  """The division of Vinyals et al. (2016): 1,200 characters, and 423.

  In the lists that the literature goes by (those of Snell et al. 2017), the 423
  are the last of the evaluation characters, in the order of their alphabets'
  names. The 236 before them are to train on, with all background characters,
  so that one alphabet, Gurmukhi, is on both sides. Of the 1,200 the lists hold
  out 172 for validation; here the seed says which. They turn the training
  characters too (`with_rotations` in `data/splits.py`); here none is turned.

  Args:
    background: the 964 background classes (TFDS's 'train').
    evaluation: the 659 evaluation classes (TFDS's 'test'), named by their
      alphabet and a number behind it, as in `first_characters_split`.
    validation: how many classes to hold out for validation.
    seed: which ones.
    test: how many evaluation classes are judged.

  Returns:
    The splits.

  Raises:
    ValueError: if the two data sets share a class, an evaluation class has no
      such name, there are no more than `test` of them, or `validation` is
      negative or more than there are others.
  """
  _check_apart(background, evaluation)
  characters = [_character(name) for name in evaluation.class_names]
  if len(characters) <= test:
    raise ValueError(
      f'{test} evaluation characters are judged, and there are only '
      f'{len(characters)}: none would be left to train on. This division '
      "(config.data.split) is of Omniglot's 659."
    )
  order = sorted(range(len(characters)), key=characters.__getitem__)
  first, last = (
    select_classes(evaluation, np.sort(part))
    for part in (order[:-test], order[-test:])
  )
  known = concatenate([background, first])
  return _held_out(known, validation, seed)._replace(test=last)


def first_characters_split(
  dataset: Dataset, test: int, *, validation: int, seed: int
) -> Splits:
  """The first characters of every alphabet apart from the others.

  Boutin et al. (2022) test on the first 3 of each of Omniglot's 50 alphabets,
  150 classes, and train on the other 1,473: new characters of alphabets that
  are known.

  Args:
    dataset: of all classes, named by their alphabet and a number behind it, as
      TFDS names them: 'Greek_0', 'Greek_1', ...
    test: how many of each alphabet, those of the least numbers.
    validation: how many of the other classes to hold out for validation.
    seed: which ones.

  Returns:
    The splits.

  Raises:
    ValueError: if a class has no such name, an alphabet has no more characters
      than are for the test, or there are fewer others than for validation.
  """
  alphabets: dict[str, list[tuple[int, int]]] = {}
  for i, name in enumerate(dataset.class_names):
    alphabet, number = _character(name)
    alphabets.setdefault(alphabet, []).append((number, i))
  for name, characters in alphabets.items():
    if len(characters) <= test:
      raise ValueError(
        f'Alphabet {name!r} has {len(characters)} characters: with {test} for '
        'the test there would be none to train on.'
      )
  tested = sorted(
    i for one in alphabets.values() for _, i in sorted(one)[:test]
  )
  others = np.setdiff1d(np.arange(len(dataset.class_names)), tested)
  rest = select_classes(dataset, others)
  parts = _held_out(rest, validation, seed)
  return parts._replace(test=select_classes(dataset, np.array(tested)))


def _character(name: str) -> tuple[str, int]:
  """The alphabet and the number in it."""
  found = re.fullmatch(r'(.*\D)(\d+)', name)
  if found is None:
    raise ValueError(
      f'Class {name!r} is not named by an alphabet and a number, such as '
      "'Greek_0'. Split the classes in another way."
    )
  return found[1], int(found[2])


def _check_apart(background: Dataset, evaluation: Dataset) -> None:
  shared = set(background.class_names) & set(evaluation.class_names)
  if shared:
    raise ValueError(
      f'Class {min(shared)!r} is a background class and an evaluation class '
      f'too, as are {len(shared) - 1} more: none would be unseen. Split the '
      'classes at random instead.'
    )


def _held_out(known: Dataset, validation: int, seed: int) -> Splits:
  """All but the test."""
  num_classes = len(known.class_names)
  if not 0 <= validation <= num_classes:
    raise ValueError(
      f'{validation} validation classes were asked for, of the {num_classes} '
      'classes that are not for the test.'
    )
  return random_split(known, num_classes - validation, validation, 0, seed=seed)
