"""CelebA's files in small: the lists' form, and which faces are read."""

import numpy as np
import pytest
from PIL import Image

from experiments.components.images import celeba, name_of
from experiments.run.config import BadConfig
from experiments.run.run import Places
from lasium_jax.data.celeba import read_celeba
from lasium_jax.data.decode import ImageForm

FORM = ImageForm(8, 3)
# A file's name, whether it is Male, whether it is Smiling, and its split.
FACES = [
  ('000001.jpg', -1, 1, 0),
  ('000002.jpg', 1, 1, 0),
  ('000003.jpg', 1, -1, 1),
  ('000004.jpg', -1, -1, 2),
  ('000005.jpg', 1, 1, 2),
]


def face(number):
  """218 rows of 178 pixels, as there: a gray level, its margins white."""
  pixels = np.full((218, 178, 3), 40 * number, np.uint8)
  # Outside the largest centered square, and whole blocks of a JPEG.
  pixels[:16] = pixels[208:] = 255
  return Image.fromarray(pixels)


@pytest.fixture
def data_dir(tmp_path):
  folder = tmp_path / 'celeba'
  (folder / 'img_align_celeba').mkdir(parents=True)
  for number, (name, *_) in enumerate(FACES, 1):
    face(number).save(folder / 'img_align_celeba' / name)
  rows = [f'{name} {male:2d} {smiling:2d}' for name, male, smiling, _ in FACES]
  lines = [str(len(FACES)), 'Male Smiling ', *rows]
  (folder / 'list_attr_celeba.txt').write_text('\n'.join(lines) + '\n')
  rows = [f'{name} {split}' for name, _, _, split in FACES]
  (folder / 'list_eval_partition.txt').write_text('\n'.join(rows) + '\n')
  return tmp_path


def numbers(dataset):
  """Which faces these are, by their gray levels."""
  means = dataset.images.reshape(len(dataset.images), -1).mean(1)
  assert np.ptp(dataset.images.reshape(len(means), -1), axis=1).max() < 10
  return np.rint(means / 40).astype(int).tolist()


@pytest.mark.parametrize(
  ('options', 'expected'),
  [
    ({}, [2, 3, 5]),
    ({'present': False}, [1, 4]),
    ({'attribute': 'Smiling'}, [1, 2, 5]),
    ({'split': 'train'}, [2]),
    ({'split': 'validation'}, [3]),
    ({'split': 'test'}, [5]),
    ({'present': False, 'split': 'test'}, [4]),
  ],
)
def test_faces_of_an_attribute(data_dir, options, expected):
  cache = data_dir / 'cache'
  for _ in range(2):  # The second time from the cache.
    dataset = read_celeba(data_dir / 'celeba', FORM, cache_dir=cache, **options)
    assert dataset.images.shape == (len(expected), 8, 8, 3)
    assert dataset.images.dtype == np.uint8
    assert numbers(dataset) == expected
    assert dataset.labels.tolist() == [0] * len(expected)
    assert dataset.labels.dtype == np.int32
    attribute = options.get('attribute', 'Male')
    name = attribute if options.get('present', True) else f'not {attribute}'
    assert dataset.class_names == (name,)
    assert isinstance(dataset.images, np.memmap)


def test_two_choices_do_not_take_each_others_place(data_dir):
  places = Places(data_dir, data_dir / 'cache')
  first = celeba(places, size=8)
  others = celeba(places, size=8, present=False)
  gray = celeba(places, size=8, channels=1)
  assert (numbers(first), numbers(others)) == ([2, 3, 5], [1, 4])
  assert gray.images.shape == (3, 8, 8, 1)
  assert len(list((data_dir / 'cache').glob('folder-*'))) == 3


def test_a_list_of_splits_is_needed_for_splits_alone(data_dir):
  folder = data_dir / 'celeba'
  (folder / 'list_eval_partition.txt').unlink()
  options = {'cache_dir': data_dir / 'cache'}
  assert numbers(read_celeba(folder, FORM, **options)) == [2, 3, 5]
  with pytest.raises(FileNotFoundError, match=r'no .*list_eval_partition\.txt'):
    read_celeba(folder, FORM, split='test', **options)


@pytest.mark.parametrize(
  ('options', 'said'),
  [
    ({'attribute': 'Bald'}, "no attribute 'Bald'; it has Male, Smiling"),
    ({'split': 'zz'}, "no split 'zz'; it has 'all', train"),
    (
      {'attribute': 'Smiling', 'split': 'validation'},
      "no faces of 'Smiling' in the split 'validation'",
    ),
  ],
)
def test_choices_that_there_are_not(data_dir, options, said):
  with pytest.raises(ValueError, match=said):
    read_celeba(
      data_dir / 'celeba', FORM, cache_dir=data_dir / 'cache', **options
    )


@pytest.mark.parametrize(
  ('change', 'said'),
  [
    (lambda lines: lines[:-1], "begins with '5'.* lists 4: it is not whole"),
    (lambda lines: [*lines[:3], '000002.jpg 1'], 'Line 4 .* has 2 columns'),
    (lambda lines: [], 'has no attribute'),
  ],
)
def test_lists_that_are_not_whole(data_dir, change, said):
  path = data_dir / 'celeba/list_attr_celeba.txt'
  path.write_text('\n'.join(change(path.read_text().splitlines())))
  with pytest.raises(ValueError, match=said):
    read_celeba(data_dir / 'celeba', FORM, cache_dir=data_dir / 'cache')


def test_faces_that_are_not_there_are_named(data_dir):
  (data_dir / 'celeba/img_align_celeba/000002.jpg').unlink()
  with pytest.raises(ValueError, match=r"1 of 3 .*'000002\.jpg'"):
    read_celeba(data_dir / 'celeba', FORM, cache_dir=data_dir / 'cache')


def test_a_folder_that_is_not_said_or_not_there(tmp_path):
  with pytest.raises(BadConfig, match='--data_dir'):
    celeba(Places())
  with pytest.raises(FileNotFoundError, match=r'list_attr_celeba\.txt'):
    celeba(Places(tmp_path, tmp_path / 'cache'))


def test_results_tell_men_from_women():
  section = {'name': 'celeba', 'attribute': 'Male', 'present': True}
  assert name_of(section) == 'celeba (Male)'
  assert name_of(section | {'present': False}) == 'celeba (not Male)'
