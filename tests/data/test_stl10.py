"""STL-10's files in small: which byte is which pixel, and what is not whole."""

import numpy as np
import pytest
from published import BIRDS, write_stl10

from experiments.components.images import stl10
from experiments.run.config import BadConfig
from experiments.run.run import Places
from lasium_jax.data import ImageForm, read_stl10

FULL = ImageForm(96, 3)
SIZES = (2, 1, 3)


@pytest.fixture
def folder(tmp_path):
  return tmp_path / 'stl10_binary'


@pytest.fixture
def read(folder, tmp_path):
  def make(form=FULL, **options):
    return read_stl10(folder, form, cache_dir=tmp_path / 'cache', **options)

  return make


def test_pixels_are_where_they_were_and_classes_together(folder, read):
  written, labels = write_stl10(folder, SIZES)
  for _ in range(2):  # The second time from the cache.
    dataset = read()
    assert dataset.class_names == BIRDS
    assert dataset.labels.tolist() == [0, 0, 1, 2, 2, 2]
    assert dataset.labels.dtype == np.int32
    expected = [written[labels == label] for label in (1, 2, 3)]
    np.testing.assert_array_equal(dataset.images, np.concatenate(expected))
    assert dataset.images.dtype == np.uint8


def test_one_image_by_its_bytes(folder, read):
  """Byte 96 of an image is the top of its second column, in red."""
  write_stl10(folder, (1, 1, 1))
  data = np.zeros((3, 27_648), np.uint8)
  data[:, 96], data[:, 9_216 + 1], data[:, 2 * 9_216] = 250, 240, 230
  (folder / 'train_X.bin').write_bytes(data.tobytes())
  image = read().images[0].astype(int)
  assert image[0, 1].tolist() == [250, 0, 0]  # Row 0, column 1.
  assert image[1, 0].tolist() == [0, 240, 0]
  assert image[0, 0].tolist() == [0, 0, 230]
  assert image.sum() == 250 + 240 + 230


def test_images_of_half_the_size(folder, read):
  """Squares of 8x8 pixels of one color become squares of 4x4 of nearly it."""
  written, labels = write_stl10(folder, (1, 1, 1))
  colors = written[np.argsort(labels), 4::8, 4::8].astype(int)
  images = read(ImageForm(48, 3)).images
  assert images.shape == (3, 48, 48, 3)
  means = images.reshape(3, 12, 4, 12, 4, 3).mean((2, 4))
  assert np.abs(means - colors).mean() < 5  # Of other squares it would be 85.
  gray = read(ImageForm(48, 1))
  dark = read(ImageForm(48, 1, invert=True))
  np.testing.assert_array_equal(255 - gray.images, dark.images)


def test_splits_do_not_take_each_others_place(folder, read):
  write_stl10(folder, SIZES)
  tested, _ = write_stl10(folder, (1, 1, 2), split='test')
  assert len(read().images) == 6
  test = read(split='test')
  assert test.labels.tolist() == [0, 1, 2, 2]
  assert {x.tobytes() for x in test.images} == {x.tobytes() for x in tested}


def test_other_files_are_read_anew(folder, read):
  write_stl10(folder, SIZES)
  read()
  written, labels = write_stl10(folder, (1, 2, 1))
  np.testing.assert_array_equal(
    read().images, written[np.argsort(labels, kind='stable')]
  )


def cut(name, end):
  def change(folder):
    path = folder / name
    path.write_bytes(path.read_bytes()[:end])

  return change


def labeled(values):
  return lambda folder: (folder / 'train_y.bin').write_bytes(bytes(values))


BROKEN = {
  'torn image': (
    cut('train_X.bin', -1),
    r'train_X\.bin has 5 images of 27,648 bytes and 27,647 bytes of another, '
    r'and train_y\.bin has 6 labels',
  ),
  'an image less': (cut('train_X.bin', -27_648), 'has 5 images .* 6 labels'),
  'a label less': (labeled([1, 2, 3, 3, 3]), 'has 6 images .* 5 labels'),
  'no image': (cut('train_X.bin', 0), 'has 0 images .* 6 labels'),
  'no label': (cut('train_y.bin', 0), 'no image of airplane, bird, car'),
  'label 0': (labeled([1, 0, 2, 3, 3, 3]), r'Label 1 .* is 0, .* 1 to 3'),
  'label 4': (labeled([1, 1, 2, 3, 3, 4]), r'Label 5 .* is 4, .* 1 to 3'),
  'a class less': (labeled([1, 1, 1, 3, 3, 3]), 'no image of bird, and'),
  'no names': (cut('class_names.txt', 0), 'Label 0 .* classes 1 to 0'),
}


@pytest.mark.parametrize('name', BROKEN)
def test_files_that_are_not_whole(folder, read, name, tmp_path):
  write_stl10(folder, SIZES)
  change, said = BROKEN[name]
  change(folder)
  with pytest.raises(ValueError, match=said):
    read()
  assert not list((tmp_path / 'cache').glob('*'))


@pytest.mark.parametrize(
  'name', ['class_names.txt', 'train_X.bin', 'train_y.bin']
)
def test_files_that_are_not_there(folder, read, name):
  write_stl10(folder, SIZES)
  (folder / name).unlink()
  with pytest.raises(FileNotFoundError, match=f'no .*{name}.*stl10_binary'):
    read()


def test_a_split_without_labels(read):
  with pytest.raises(ValueError, match="split 'unlabeled'; it has train, test"):
    read(split='unlabeled')


def test_a_run_names_the_folder_above(folder, tmp_path):
  with pytest.raises(BadConfig, match=r'`stl10_binary` is in with --data_dir'):
    stl10(Places())
  write_stl10(folder, SIZES)
  dataset = stl10(Places(tmp_path, tmp_path / 'cache'))
  assert dataset.shape == (48, 48, 3)
