"""Splits, followed image by image: each pixel block tells where it is from."""

from pathlib import Path

import numpy as np
import pytest

from lasium_jax.data import image_set
from lasium_jax.data.cifar_fs import cifar_fs_split
from lasium_jax.data.dataset import Dataset, Splits, select_classes
from lasium_jax.data.splits import (
  concatenate,
  divided,
  few_of_each,
  named_split,
  random_split,
  with_rotations,
)


def make(names, counts=3, seed=0):
  """Random images; no two are alike, so they can be told by their pixels."""
  counts = np.broadcast_to(counts, len(names))
  rng = np.random.default_rng(seed)
  images = rng.integers(0, 256, (counts.sum(), 5, 5, 1), dtype=np.uint8)
  labels = np.repeat(np.arange(len(names), dtype=np.int32), counts)
  return Dataset(images, labels, tuple(names))


def contents(dataset):
  """`{class name: [image bytes, in order]}`."""
  result = {name: [] for name in dataset.class_names}
  for image, label in zip(dataset.images, dataset.labels, strict=True):
    result[dataset.class_names[label]].append(image.tobytes())
  return result


def check(dataset):
  """What the docstring of Dataset promises."""
  assert dataset.images.dtype == np.uint8
  assert dataset.labels.dtype == np.int32
  assert len(dataset.images) == len(dataset.labels)
  assert len(set(dataset.class_names)) == len(dataset.class_names)
  assert (np.diff(dataset.labels) >= 0).all()
  assert set(dataset.labels) == set(range(len(dataset.class_names)))


NAMES = [f'class {i}' for i in range(20)]
WHOLE = make(NAMES, np.arange(20) % 4 + 1)


@pytest.mark.parametrize(
  ('share', 'first'),
  # Rounded, but neither nothing nor all of a class.
  [(0.5, [1, 2, 10]), (0.2, [1, 1, 4]), (0.0, [1, 1, 1]), (1.0, [1, 3, 19])],
)
def test_images_of_each_class_are_divided(share, first):
  whole = make('abc', [2, 4, 20])
  parts = divided(whole, share, seed=0)
  for part in parts:
    check(part)
    assert part.class_names == whole.class_names
  assert np.bincount(parts[0].labels).tolist() == first
  for name, images in contents(whole).items():
    halves = [contents(part)[name] for part in parts]
    assert sorted(halves[0] + halves[1]) == sorted(images)


def test_a_division_is_random_and_of_its_seed():
  whole = make('abc', 30)
  firsts = [
    [image.tobytes() for image in divided(whole, 0.5, seed=seed)[0].images]
    for seed in (0, 0, 1, 2)
  ]
  assert firsts[0] == firsts[1]
  assert len({tuple(first) for first in firsts}) == 3
  # Not the first of each class: a set of 90 images has its middle at 44.5.
  order = [image.tobytes() for image in whole.images]
  chosen = [order.index(image) % 30 for first in firsts for image in first]
  assert abs(np.mean(chosen) - 14.5) < 3


def test_a_few_images_of_each_class():
  whole = make('abc', [4, 5, 20])
  few, others = few_of_each(whole, 3, seed=0)
  for part in (few, others):
    check(part)
    assert part.class_names == whole.class_names
  assert np.bincount(few.labels).tolist() == [3, 3, 3]
  for name, images in contents(whole).items():
    parts = [contents(part)[name] for part in (few, others)]
    assert sorted(parts[0] + parts[1]) == sorted(images)
  again, another = (few_of_each(whole, 3, seed=seed)[0] for seed in (0, 1))
  np.testing.assert_array_equal(again.images, few.images)
  assert (another.images != few.images).any()
  with pytest.raises(ValueError, match=r"class 'a' has 4: none would"):
    few_of_each(whole, 4, seed=0)


def test_none_of_the_smallest_class_need_be_left():
  whole = make('abc', [4, 5, 20])
  few, others = few_of_each(whole, 4, seed=0, spare=False)
  assert np.bincount(few.labels).tolist() == [4, 4, 4]
  assert np.bincount(others.labels).tolist() == [0, 1, 16]
  assert contents(few)['a'] == contents(whole)['a']
  for name, images in contents(whole).items():
    left = contents(others).get(name, [])
    assert sorted(contents(few)[name] + left) == sorted(images)
  with pytest.raises(ValueError, match=r"class 'a' has 4\. Ask for fewer"):
    few_of_each(whole, 5, seed=0, spare=False)


def test_a_class_of_one_image_is_not_divided():
  with pytest.raises(ValueError, match=r"Class 'b' has 1 images"):
    divided(make('abc', [2, 1, 2]), 0.5, seed=0)


def test_random_split_deals_out_classes():
  result = random_split(WHOLE, 12, 3, 5, seed=0)
  assert isinstance(result, Splits)
  assert [len(d.class_names) for d in result] == [12, 3, 5]
  names = [name for dataset in result for name in dataset.class_names]
  assert sorted(names) == sorted(NAMES)
  assert names != NAMES
  whole = contents(WHOLE)
  for dataset in result:
    check(dataset)
    for name, images in contents(dataset).items():
      assert images == whole[name]


def test_random_split_need_not_use_all():
  result = random_split(WHOLE, 3, 2, 1, seed=0)
  names = [name for dataset in result for name in dataset.class_names]
  assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize('sizes', [(20, 0, 0), (0, 20, 0), (18, 0, 2)])
def test_a_split_may_be_empty(sizes):
  result = random_split(WHOLE, *sizes, seed=0)
  for dataset, size in zip(result, sizes, strict=True):
    check(dataset)
    assert len(dataset.class_names) == size
    assert dataset.shape == (5, 5, 1)


def test_the_seed_decides():
  first, again, other = (
    random_split(WHOLE, 12, 3, 5, seed=seed) for seed in (0, 0, 1)
  )
  for a, b in zip(first, again, strict=True):
    assert a.class_names == b.class_names
    np.testing.assert_array_equal(a.images, b.images)
  assert set(first.test.class_names) != set(other.test.class_names)


def test_every_class_can_fall_into_every_split():
  where = {name: set() for name in NAMES}
  for seed in range(60):
    for split, dataset in (
      random_split(WHOLE, 8, 6, 6, seed=seed)._asdict().items()
    ):
      for name in dataset.class_names:
        where[name].add(split)
  assert all(len(splits) == 3 for splits in where.values())


@pytest.mark.parametrize('sizes', [(21, 0, 0), (12, 4, 5), (0, 0, 21)])
def test_too_many_classes(sizes):
  with pytest.raises(ValueError, match='only 20'):
    random_split(WHOLE, *sizes, seed=0)


def test_negative_sizes():
  with pytest.raises(ValueError, match='-1'):
    random_split(WHOLE, 12, -1, 5, seed=0)


def test_concatenate_merges_equal_names():
  a = make(['x', 'y'], [30, 40], seed=1)
  b = make(['w', 'y', 'z'], [1, 50, 20], seed=2)
  result = concatenate([a, b])
  check(result)
  assert result.class_names == ('w', 'x', 'y', 'z')
  of_a, of_b = contents(a), contents(b)
  assert contents(result) == {
    'w': of_b['w'],
    'x': of_a['x'],
    'y': of_a['y'] + of_b['y'],
    'z': of_b['z'],
  }


def test_rotations_are_classes_of_their_own():
  result = with_rotations(WHOLE)
  check(result)
  assert len(result.class_names) == 4 * len(NAMES)
  assert len(result.images) == 4 * len(WHOLE.images)
  turned = contents(result)
  for i, name in enumerate(NAMES):
    of_class = WHOLE.images[WHOLE.labels == i]
    for k in range(4):
      expected = [np.rot90(image, k).tobytes() for image in of_class]
      assert turned[f'{name} rotated by {90 * k}' if k else name] == expected


def test_rotations_turn_against_the_clock():
  image = np.zeros((3, 3, 1), np.uint8)
  image[0, 2] = 255  # At the top right.
  result = with_rotations(
    Dataset(image[None], np.zeros(1, np.int32), ('corner',))
  )
  lit = [tuple(np.argwhere(image[..., 0])[0]) for image in result.images]
  assert lit == [(0, 2), (0, 0), (2, 0), (2, 2)]


def test_select_classes_in_the_order_given():
  result = select_classes(WHOLE, np.array([7, 2]))
  check(result)
  assert result.class_names == ('class 7', 'class 2')
  whole = contents(WHOLE)
  assert contents(result) == {n: whole[n] for n in result.class_names}


def test_image_set_says_where_each_class_is():
  result = image_set(WHOLE)
  assert result.images.dtype == np.uint8
  np.testing.assert_array_equal(result.images, WHOLE.images)
  assert result.starts.dtype == result.counts.dtype == np.int32
  assert sum(result.counts) == len(WHOLE.images)
  for i, (start, count) in enumerate(
    zip(result.starts, result.counts, strict=True)
  ):
    np.testing.assert_array_equal(
      np.flatnonzero(WHOLE.labels == i), np.arange(start, start + count)
    )


def test_image_set_of_nothing():
  result = image_set(select_classes(WHOLE, np.array([], int)))
  assert result.images.shape == (0, 5, 5, 1)
  assert result.starts.shape == result.counts.shape == (0,)


def test_named_classes_are_held_out():
  whole = make(['whale', 'bed', 'crab', 'poppy', 'lamp'], [1, 4, 2, 3, 2])
  result = named_split(whole, validation=['lamp'], test=['poppy', 'bed'])
  assert [part.class_names for part in result] == [
    ('whale', 'crab'),
    ('lamp',),
    ('bed', 'poppy'),
  ]
  for dataset in result:
    check(dataset)
    for name, images in contents(dataset).items():
      assert images == contents(whole)[name]


@pytest.mark.parametrize(
  'validation,test,said',
  [
    (
      ['cat'],
      ['dog', 'bed'],
      "2 of the classes .* such as 'cat'; it has bed, crab",
    ),
    (['bed'], ['crab', 'bed'], "'bed' is held out for validation and for"),
    (['bed'], ['crab'], 'All classes are held out'),
  ],
)
def test_names_that_cannot_be_held_out(validation, test, said):
  with pytest.raises(ValueError, match=said):
    named_split(make(['bed', 'crab']), validation, test)


def test_cifar_fs_has_classes_of_all_kinds_in_each_part():
  """Its 64, 16 and 20 classes, of CIFAR-100's names as TFDS has them."""
  names = Path(__file__).with_name('cifar100.labels.txt').read_text().split()
  assert len(set(names)) == 100
  parts = cifar_fs_split(make(names, 1))
  assert [len(part.class_names) for part in parts] == [64, 16, 20]
  assert {'whale', 'worm', 'rocket'} <= set(parts.test.class_names)
  assert {'sea', 'lamp'} <= set(parts.validation.class_names)
  assert {'apple', 'dolphin', 'girl'} <= set(parts.train.class_names)
