"""Tiny ImageNet's folders in small: labels, names, and what is not whole."""

import shutil

import numpy as np
import pytest
from published import WORDS, level, write_tiny_imagenet

from experiments.components.images import tiny_imagenet
from experiments.run.config import BadConfig
from experiments.run.run import Places
from lasium_jax.data import ImageForm, read_tiny_imagenet

FORM = ImageForm(64, 3)


@pytest.fixture
def folder(tmp_path):
  folder = tmp_path / 'tiny-imagenet-200'
  write_tiny_imagenet(folder)
  return folder


@pytest.fixture
def read(folder, tmp_path):
  def make(form=FORM, **options):
    return read_tiny_imagenet(
      folder, form, cache_dir=tmp_path / 'cache', **options
    )

  return make


@pytest.mark.parametrize(('split', 'size'), [('train', 3), ('validation', 2)])
def test_each_image_is_of_its_class(read, split, size):
  for _ in range(2):  # The second time from the cache.
    dataset = read(split=split)
    assert dataset.labels.tolist() == np.repeat(range(4), size).tolist()
    assert dataset.labels.dtype == np.int32
    # In the order of wnids.txt; what two classes share does not name them.
    assert dataset.class_names == (
      *('go-kart', 'goldfish'),
      *('crane (n02012849)', 'crane (n03126707)'),
    )
    assert dataset.images.shape == (4 * size, 64, 64, 3)
    expected = [level(name, i) for name in WORDS for i in range(size)]
    levels = dataset.images.reshape(len(expected), -1)
    np.testing.assert_array_equal(np.ptp(levels, axis=1), 0)
    np.testing.assert_allclose(levels[:, 0], expected, atol=1)
    assert isinstance(dataset.images, np.memmap)


def test_form_and_split_have_arrays_of_their_own(read):
  assert read().images.shape == (12, 64, 64, 3)
  assert read(ImageForm(32, 1)).images.shape == (12, 32, 32, 1)
  assert read(split='validation').images.shape == (8, 64, 64, 3)


def test_the_other_splits_files_are_not_needed(folder, read):
  shutil.rmtree(folder / 'val')
  assert len(read().images) == 12
  with pytest.raises(FileNotFoundError, match=r'no .*val_annotations\.txt'):
    read(split='validation')


def without(name):
  def change(folder):
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()

  return change


@pytest.mark.parametrize(
  ('split', 'name', 'said'),
  [
    ('train', 'wnids.txt', r'no .*wnids\.txt'),
    ('train', 'words.txt', r'no .*words\.txt'),
    ('train', 'train', 'no folder .*train'),
    ('validation', 'val/images', 'no folder .*val/images'),
    ('validation', 'val/val_annotations.txt', r'no .*val_annotations\.txt'),
    (
      'validation',
      'val/images/val_3.JPEG',
      r'lacks 1 of the 8 images of val_annotations\.txt, such as val_3\.JPEG',
    ),
  ],
)
def test_files_that_are_not_there(folder, read, split, name, said):
  without(name)(folder)
  with pytest.raises(FileNotFoundError, match=said):
    read(split=split)


def replaced(name, old, new):
  def change(folder):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

  return change


def torn(name):
  def change(folder):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-60])

  return change


LIST = 'val/val_annotations.txt'
KART = 'n03444034'
BROKEN = {
  'a torn image': (
    'train',
    torn(f'train/{KART}/images/{KART}_1.JPEG'),
    f"1 of 12 .*'train/{KART}/images/{KART}_1.JPEG'",
  ),
  'a torn image for validation': (
    'validation',
    torn('val/images/val_2.JPEG'),
    r"1 of 8 .*'val/images/val_2\.JPEG'",
  ),
  'a class without images': (
    'train',
    without(f'train/{KART}'),
    f'no images of 1 of the 4 classes of wnids.txt, such as {KART}',
  ),
  'a list of fewer classes': (
    'train',
    replaced('wnids.txt', f'{KART}\n', ''),
    rf'train/{KART}/images/.* is in no folder .*the list is not whole',
  ),
  'images beside their folder': (
    'train',
    lambda folder: shutil.copy(
      folder / f'train/{KART}/images/{KART}_1.JPEG', folder / f'train/{KART}'
    ),
    rf'train/{KART}/{KART}_1\.JPEG is in no folder',
  ),
  'a class without words': (
    'train',
    replaced('words.txt', f'{KART}\tgo-kart\n', ''),
    f'no words for 1 of the 4 classes .*such as {KART}',
  ),
  'a label of no class': (
    'validation',
    replaced(LIST, f'val_3.JPEG\t{KART}', 'val_3.JPEG\tn00000000'),
    r"Line 4 of .* says that val_3\.JPEG is of the class 'n00000000'",
  ),
  'a torn line': (
    'validation',
    replaced(LIST, '\t32\t44\t62\n', ''),
    'Line 1 of .* has 8 columns, and 6 were expected',
  ),
  'a torn list': (
    'validation',
    lambda folder: (folder / LIST).write_text(
      ''.join((folder / LIST).read_text().splitlines(keepends=True)[:5])
    ),
    r'lists 5 of the 8 images of val/images, and not val_5\.JPEG',
  ),
}


@pytest.mark.parametrize('name', BROKEN)
def test_folders_that_are_not_whole(folder, read, name):
  split, change, said = BROKEN[name]
  change(folder)
  with pytest.raises(ValueError, match=said):
    read(split=split)


def test_the_test_has_no_labels(read):
  with pytest.raises(ValueError, match="split 'test'; it has train, validat"):
    read(split='test')


def test_a_run_names_the_folder_above(folder, tmp_path):
  with pytest.raises(BadConfig, match=r'`tiny-imagenet-200` is in with --data'):
    tiny_imagenet(Places())
  dataset = tiny_imagenet(
    Places(tmp_path, tmp_path / 'cache'), split='validation'
  )
  assert dataset.shape == (64, 64, 3)
