"""Prepared TFDS folders, written here byte by byte, and the real Omniglot."""

import io
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('tensorflow_datasets')

from array_record.python.array_record_module import (
  ArrayRecordReader,
  ArrayRecordWriter,
)
from tensorflow_datasets.proto import tf_example_pb2, tf_feature_pb2

from lasium_jax.data.tfds import read_tfds

ROOT = pathlib.Path(__file__).parents[2]
REAL = ROOT.parent / 'shared' / 'data' / 'tfds'
SIZE = 8
FEATURES = 'tensorflow_datasets.core.features.'
IMAGE = {
  'pythonClassName': FEATURES + 'image_feature.Image',
  'image': {'dtype': 'uint8', 'shape': {'dimensions': ['-1', '-1', '1']}},
}
NUMBER = {
  'pythonClassName': FEATURES + 'tensor_feature.Tensor',
  'tensor': {'dtype': 'int64', 'encoding': 'none', 'shape': {}},
}


def classes(number):
  return {
    'pythonClassName': FEATURES + 'class_label_feature.ClassLabel',
    'classLabel': {'numClasses': str(number)},
  }


def png(pixels, mode=None):
  image = Image.fromarray(pixels)
  file = io.BytesIO()
  (image.convert(mode) if mode else image).save(file, 'PNG')
  return file.getvalue()


def noise(number, size=SIZE):
  """A gray picture that tells its number."""
  rng = np.random.default_rng(number)
  return rng.integers(0, 256, (size, size), dtype=np.uint8)


def write_shard(path, examples):
  writer = ArrayRecordWriter(str(path), 'group_size:1')
  for image, label in examples:
    values = {
      'image': tf_feature_pb2.Feature(
        bytes_list=tf_feature_pb2.BytesList(value=[image])
      ),
      'label': tf_feature_pb2.Feature(
        int64_list=tf_feature_pb2.Int64List(value=[label])
      ),
    }
    example = tf_example_pb2.Example(
      features=tf_feature_pb2.Features(feature=values)
    )
    writer.write(example.SerializeToString())
  writer.close()


def prepare(
  data_dir, shards, *, version='1.0.0', names='abc', features=None, label=None
):
  """Writes data set 'toy' as TFDS would, and returns its folder."""
  folder = data_dir / 'toy' / version
  folder.mkdir(parents=True)
  for i, examples in enumerate(shards):
    name = f'toy-train.array_record-{i:05}-of-{len(shards):05}'
    write_shard(folder / name, examples)
  features = features or {
    'image': IMAGE,
    'label': label or classes(len(names)),
  }
  config = {
    'pythonClassName': FEATURES + 'features_dict.FeaturesDict',
    'featuresDict': {'features': features},
  }
  (folder / 'features.json').write_text(json.dumps(config))
  (folder / 'label.labels.txt').write_text('\n'.join(names) + '\n')
  split = {
    'name': 'train',
    'numBytes': '1',
    'shardLengths': [str(len(examples)) for examples in shards],
    'filepathTemplate': '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}',
  }
  info = {
    'name': 'toy',
    'version': version,
    'fileFormat': 'array_record',
    'splits': [split],
  }
  (folder / 'dataset_info.json').write_text(json.dumps(info))
  return folder


EXAMPLES = [(png(noise(i)), i % 3) for i in range(12)]
SHARDS = [EXAMPLES[:7], EXAMPLES[7:]]


@pytest.fixture
def read(tmp_path):
  def run(split='train', **options):
    defaults = {
      'data_dir': tmp_path / 'data',
      'cache_dir': tmp_path / 'cache',
      'size': SIZE,
      'channels': 1,
    }
    return read_tfds('toy', split, **(defaults | options))

  return run


@pytest.fixture
def data_dir(tmp_path):
  return tmp_path / 'data'


def expect(error, read, *parts, **options):
  with pytest.raises(error) as caught:
    read(**options)
  for part in parts:
    assert str(part) in str(caught.value)


# What is read.


def test_every_image_comes_back_under_its_class(read, data_dir):
  prepare(data_dir, SHARDS)
  dataset = read()
  order = [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]
  assert dataset.images.dtype == np.uint8
  np.testing.assert_array_equal(
    dataset.images, np.stack([noise(i) for i in order])[..., None]
  )
  np.testing.assert_array_equal(dataset.labels, np.repeat([0, 1, 2], 4))
  assert dataset.class_names == ('a', 'b', 'c')


def test_classes_without_an_image_are_left_out(read, data_dir):
  examples = [(png(noise(i)), label) for i, label in enumerate([3, 1, 3])]
  prepare(data_dir, [examples], names='abcde')
  dataset = read()
  assert dataset.class_names == ('b', 'd')
  np.testing.assert_array_equal(dataset.labels, [0, 1, 1])
  np.testing.assert_array_equal(dataset.images[0, ..., 0], noise(1))


@pytest.mark.parametrize('invert', [False, True])
def test_one_bit_images_become_0_and_255(read, data_dir, invert):
  bits = noise(0) > 127
  prepare(data_dir, [[(png(bits), 0)]])
  assert Image.open(io.BytesIO(png(bits))).mode == '1'
  image = read(invert=invert).images[0, ..., 0]
  np.testing.assert_array_equal(image, np.where(bits ^ invert, 255, 0))


def test_colors_come_back_or_turn_gray(read, data_dir):
  pixels = np.stack([noise(i) for i in range(3)], -1)
  prepare(data_dir, [[(png(pixels), 0)]])
  np.testing.assert_array_equal(read(channels=3).images[0], pixels)
  gray = pixels @ [0.299, 0.587, 0.114]
  np.testing.assert_allclose(read().images[0, ..., 0], gray, atol=1)


def test_resizing_does_not_alias(read, data_dir):
  board = np.indices((32, 32)).sum(0) % 2 * np.uint8(255)
  prepare(data_dir, [[(png(board.astype(np.uint8)), 0)]])
  inner = read().images[0, 1:-1, 1:-1]
  assert inner.min() > 110
  assert inner.max() < 145


def test_the_newest_version_is_read(read, data_dir):
  for number, version in enumerate(['9.0.0', '10.0.0', '2.11.0']):
    prepare(data_dir, [[(png(noise(number)), 0)]], version=version)
  np.testing.assert_array_equal(read().images[0, ..., 0], noise(1))


def test_a_prepared_set_needs_no_download(read, data_dir, monkeypatch):
  prepare(data_dir, SHARDS)
  monkeypatch.setitem(sys.modules, 'tensorflow', None)
  assert len(read(download=True).images) == len(EXAMPLES)


def test_reading_does_not_import_tensorflow(tmp_path, data_dir):
  prepare(data_dir, SHARDS)
  fake = tmp_path / 'site' / 'tensorflow'
  fake.mkdir(parents=True)
  (fake / '__init__.py').write_text('raise SystemExit("was imported")')
  program = (
    'import sys\n'
    'from lasium_jax.data.tfds import read_tfds\n'
    f'read_tfds("toy", "train", data_dir={str(data_dir)!r}, size=8,\n'
    f'  cache_dir={str(tmp_path / "cache")!r}, channels=1)\n'
    'assert "tensorflow" not in sys.modules\n'
  )
  path = os.pathsep.join([str(fake.parent), str(ROOT)])
  result = subprocess.run(
    [sys.executable, '-c', program],
    env=os.environ | {'PYTHONPATH': path},
    capture_output=True,
    text=True,
    timeout=120,
    check=False,
  )
  assert result.returncode == 0, result.stderr
  assert not result.stderr  # No advice about packages that are not needed.


# The cache.


def test_the_cache_is_used_until_the_source_changes(read, data_dir, tmp_path):
  folder = prepare(data_dir, SHARDS)
  first = read()
  assert len(list((tmp_path / 'cache').iterdir())) == 1
  np.testing.assert_array_equal(read().images, first.images)
  assert len(list((tmp_path / 'cache').iterdir())) == 1

  shard = next(folder.glob('toy-train*-00001-of-*'))
  before = shard.stat()
  write_shard(shard, [(image, 0) for image, _ in SHARDS[1]])
  assert shard.stat().st_size == before.st_size
  os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
  assert (read().labels == 0).sum() > (first.labels == 0).sum()


@pytest.mark.parametrize(
  'options', [{'invert': True}, {'size': 4}, {'channels': 3}]
)
def test_the_cache_tells_settings_apart(read, data_dir, options):
  prepare(data_dir, SHARDS)
  plain = read()
  other = read(**options)
  assert not np.array_equal(plain.images, other.images)
  np.testing.assert_array_equal(read().images, plain.images)


# What cannot be read.


@pytest.mark.parametrize('exists', [False, True])
def test_missing_data_names_the_flags(read, data_dir, exists):
  if exists:
    data_dir.mkdir()
  expect(FileNotFoundError, read, data_dir, '--data_dir', '--download')


def test_download_without_tensorflow_says_what_to_install(read, monkeypatch):
  monkeypatch.setitem(sys.modules, 'tensorflow', None)
  expect(ImportError, read, 'pip install tensorflow', download=True)


def test_without_tfds_says_what_to_install(read, data_dir, monkeypatch):
  prepare(data_dir, SHARDS)
  monkeypatch.setitem(sys.modules, 'tensorflow_datasets', None)
  expect(ImportError, read, "pip install 'lasium_jax[tfds]'")


@pytest.mark.parametrize('name', ['dataset_info.json', 'features.json'])
def test_half_prepared_without_a_description(read, data_dir, name):
  prepare(data_dir, SHARDS, version='1.0.0')
  folder = prepare(data_dir, SHARDS, version='2.0.0')
  (folder / name).unlink()
  expect(FileNotFoundError, read, folder, name, 'half prepared')


@pytest.mark.parametrize('name', ['dataset_info.json', 'features.json'])
@pytest.mark.parametrize('keep', [0, 20])
def test_half_written_description(read, data_dir, name, keep):
  folder = prepare(data_dir, SHARDS)
  (folder / name).write_text((folder / name).read_text()[:keep])
  expect(ValueError, read, folder, 'half prepared')


@pytest.mark.parametrize('shard', [0, 1])
def test_missing_shard(read, data_dir, shard):
  folder = prepare(data_dir, SHARDS)
  path = sorted(folder.glob('toy-train*'))[shard]
  path.unlink()
  expect(ValueError, read, folder, path.name)


@pytest.mark.parametrize('keep', [0, 1000, 65536, 65600, 70000, 130000])
def test_truncated_shard(read, data_dir, keep):
  folder = prepare(data_dir, SHARDS)
  path = sorted(folder.glob('toy-train*'))[1]
  assert path.stat().st_size > keep
  os.truncate(path, keep)
  expect(ValueError, read, folder, 'half prepared')


def test_flipped_bytes_are_noticed_or_harmless(read, data_dir, tmp_path):
  folder = prepare(data_dir, SHARDS)
  good = read()
  path = sorted(folder.glob('toy-train*'))[0]
  content = path.read_bytes()
  used = np.flatnonzero(np.frombuffer(content, np.uint8))
  noticed = 0
  places = np.random.default_rng(0).choice(used, 40, replace=False)
  for place in places:
    damaged = bytearray(content)
    damaged[place] ^= 0xFF
    path.write_bytes(damaged)
    try:
      images = read(cache_dir=tmp_path / f'{place}').images
    except ValueError as error:
      assert str(folder) in str(error)
      noticed += 1
    else:
      np.testing.assert_array_equal(images, good.images)
  assert noticed > 30


@pytest.mark.parametrize('missing', [-1, 1])
def test_shards_hold_what_the_description_says(read, data_dir, missing):
  folder = prepare(data_dir, SHARDS)
  path = sorted(folder.glob('toy-train*'))[1]
  write_shard(path, EXAMPLES[7 + missing :])
  expect(ValueError, read, folder, path.name, 5 - missing, 5)


def test_other_file_formats_are_refused(read, data_dir):
  folder = prepare(data_dir, SHARDS)
  info = folder / 'dataset_info.json'
  info.write_text(info.read_text().replace('"array_record"', '"tfrecord"'))
  expect(ValueError, read, folder, 'array_record')


def test_empty_split(read, data_dir):
  folder = prepare(data_dir, [])
  expect(ValueError, read, folder)


@pytest.mark.parametrize(
  'image',
  [
    b'',
    b'no image',
    png(noise(5))[:70],
    png(noise(5).astype(np.uint16) * 256),
    # The pixels' chunk seems shorter; Pillow raises SyntaxError for the next.
    png(noise(5, 99))[:33] + b'\0\0\x10\0' + png(noise(5, 99))[37:],
  ],
  ids=['empty', 'text', 'truncated', '16-bit', 'broken'],
)
def test_an_image_that_does_not_decode_is_named(read, data_dir, image):
  examples = [*EXAMPLES[:5], (image, 2), *EXAMPLES[6:]]
  folder = prepare(data_dir, [examples[:3], examples[3:]])
  expect(ValueError, read, folder, 'Image 5 ', 'does not decode')


def test_mixed_sizes_are_both_named(read, data_dir):
  examples = [*EXAMPLES[:4], (png(noise(0, 9)[:, :7]), 0)]
  prepare(data_dir, [examples])
  expect(ValueError, read, 'image 0 is 8x8', 'image 4 is 7x9')


def test_unknown_split(read, data_dir):
  prepare(data_dir, SHARDS)
  expect(ValueError, read, "'validation'", "['train']", split='validation')


def test_no_label(read, data_dir):
  features = {'image': IMAGE, 'number': NUMBER}
  prepare(data_dir, SHARDS, features=features)
  expect(ValueError, read, 'no label', "['image', 'number']")


def test_a_label_that_is_no_class(read, data_dir):
  prepare(data_dir, SHARDS, label=NUMBER)
  expect(ValueError, read, 'label of toy is no class')


@pytest.mark.parametrize('label', [-1, 3])
def test_a_label_of_no_class(read, data_dir, label):
  folder = prepare(data_dir, [[*EXAMPLES, (png(noise(0)), label)]])
  expect(ValueError, read, folder, f'example 12 has label {label}')


# The real Omniglot.

needs_omniglot = pytest.mark.skipif(
  not (REAL / 'omniglot').exists(), reason=f'no Omniglot in {REAL}'
)


@pytest.fixture(scope='module')
def omniglot(tmp_path_factory):
  cache_dir = tmp_path_factory.mktemp('cache')

  def read(split):
    return read_tfds(
      'omniglot',
      split,
      data_dir=REAL,
      cache_dir=cache_dir,
      size=28,
      channels=1,
      invert=True,
    )

  return {split: read(split) for split in ('train', 'test')}


@needs_omniglot
def test_omniglot_is_whole(omniglot):
  names = [n for d in omniglot.values() for n in d.class_names]
  assert len(names) == len(set(names)) == 1623
  assert [len(d.class_names) for d in omniglot.values()] == [964, 659]
  assert len({name.rpartition('_')[0] for name in names}) == 50
  assert 'Greek_0' in names
  for dataset in omniglot.values():
    assert dataset.shape == (28, 28, 1)
    assert (np.bincount(dataset.labels) == 20).all()
    assert (np.diff(dataset.labels) >= 0).all()


@needs_omniglot
def test_omniglot_is_light_ink_on_black_with_soft_edges(omniglot):
  images = omniglot['test'].images
  assert images.dtype == np.uint8
  assert np.median(images) == 0
  assert (images == 0).mean() > 0.6
  assert images.max(axis=(1, 2, 3)).min() > 100
  assert ((images > 20) & (images < 235)).mean() > 0.05


@needs_omniglot
def test_omniglot_drawings_are_those_of_tfds(omniglot):
  """Against records parsed and shrunk in another way, a class at a time."""
  folder = REAL / 'omniglot' / '3.0.0'
  names = (folder / 'label.labels.txt').read_text().split()
  reader = ArrayRecordReader(
    str(folder / 'omniglot-test.array_record-00000-of-00001')
  )
  by_name = {}
  for record in reader.read_all():
    feature = tf_example_pb2.Example.FromString(record).features.feature
    name = names[feature['label'].int64_list.value[0]]
    by_name.setdefault(name, []).append(feature['image'].bytes_list.value[0])
  dataset = omniglot['test']
  for name in sorted(by_name)[::60]:
    label = dataset.class_names.index(name)
    drawings = dataset.images[dataset.labels == label][..., 0]
    assert len(drawings) == len(by_name[name])
    for drawing, file in zip(drawings, by_name[name], strict=True):
      ink = ~np.asarray(Image.open(io.BytesIO(file)).convert('1'))
      fine = np.kron(ink, np.ones((4, 4)))
      expected = 255 * fine.reshape(28, 15, 28, 15).mean((1, 3))
      assert np.corrcoef(drawing.ravel(), expected.ravel())[0, 1] > 0.95
      assert abs(drawing.mean() - expected.mean()) < 4
