"""Prepared TensorFlow Datasets, read without TensorFlow.

The only place that imports tensorflow_datasets.
"""

import contextlib
import hashlib
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lasium_jax.data.cache import cached
from lasium_jax.data.dataset import Dataset


def read_tfds(
  name: str,
  split: str,
  *,
  data_dir: str | Path,
  cache_dir: str | Path,
  size: int,
  channels: int,
  invert: bool = False,
  download: bool = False,
) -> Dataset:
  """Reads one split of an image classification data set.

  Args:
    name: TFDS's name, such as 'omniglot'; it must have `image` and `label`.
    split: TFDS's name of the split.
    data_dir: TFDS's `data_dir`, prepared in the array_record format.
    cache_dir: where the resized arrays are kept for the next time.
    size: side of the square images returned; resized with antialiasing.
    channels: 1 (gray) or 3.
    invert: for dark ink on white paper, so that ink becomes 255.
    download: whether to download and prepare what is missing, which needs
      TensorFlow and the network.

  Returns:
    The split, sorted by class; classes without an image are left out.

  Raises:
    FileNotFoundError: if the data set, or a file of it, is not in `data_dir`.
    ImportError: if tensorflow_datasets, or for a download TensorFlow, is
      missing.
    ValueError: if the data set has no images and labels or no such split, is
      incomplete, mixes image sizes, or an image does not decode.
  """
  builder = _builder(name, Path(data_dir), download)
  _check_features(name, builder, split)
  polarity = 'inverted' if invert else 'plain'
  fingerprint = _fingerprint(Path(builder.data_dir))
  return cached(
    Path(cache_dir),
    f'{name}-{split}-{size}x{size}x{channels}-{polarity}-{fingerprint}',
    lambda: _read(builder, split, size, channels, invert),
  )


def _tfds() -> Any:
  try:
    import tensorflow_datasets as tfds
  except ImportError as error:
    raise ImportError(
      'Reading this data set needs tensorflow_datasets: '
      "pip install 'lasium_jax[tfds]'"
    ) from error
  return tfds


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
  """Holds back what TFDS tells through absl, but for warnings."""
  logger = logging.getLogger('absl')
  level = logger.level
  logger.setLevel(max(level, logging.WARNING))
  try:
    yield
  finally:
    logger.setLevel(level)


def _builder(name: str, data_dir: Path, download: bool) -> Any:
  tfds = _tfds()
  folder = _newest(data_dir / name)
  if folder:
    return _prepared(tfds, folder)
  if not download:
    raise FileNotFoundError(
      f'No prepared data set {name!r} in {data_dir}: expected '
      f'{data_dir / name}/VERSION/dataset_info.json. Name the right folder '
      'with --data_dir, or pass --download to download and prepare it there.'
    )
  try:
    import importlib_resources  # noqa: F401
    import tensorflow  # noqa: F401
  except ImportError as error:
    raise ImportError(
      f'Preparing {name!r} needs TensorFlow (reading it afterwards does not): '
      'pip install tensorflow importlib_resources'
    ) from error
  builder = tfds.builder(
    name, data_dir=str(data_dir), file_format='array_record'
  )
  builder.download_and_prepare(file_format='array_record')
  return builder


def _newest(folder: Path) -> Path | None:
  """The subfolder of the highest version, prepared or not."""
  versions = [
    path for path in folder.glob('*') if re.fullmatch(r'\d+(\.\d+)*', path.name)
  ]
  return max(
    versions,
    key=lambda path: [int(part) for part in path.name.split('.')],
    default=None,
  )


def _prepared(tfds: Any, folder: Path) -> Any:
  way_out = (
    'It may be half prepared: remove that folder, and prepare the data set '
    'again (--download does) or name another place with --data_dir.'
  )
  for name in ('dataset_info.json', 'features.json'):
    if not (folder / name).exists():
      raise FileNotFoundError(f'{folder} has no {name}. {way_out}')
  try:
    with _quiet():
      return tfds.builder_from_directory(str(folder))
  except Exception as error:  # TFDS raises whatever its JSON parsers do.
    raise ValueError(f'{folder} cannot be read ({error}). {way_out}') from error


def _check_features(name: str, builder: Any, split: str) -> None:
  features = builder.info.features
  missing = {'image', 'label'} - set(features)
  if missing:
    raise ValueError(
      f'{name} has no {" and no ".join(sorted(missing))}; image '
      f'classification needs both. It has {sorted(features)}.'
    )
  if not hasattr(features['label'], 'int2str'):
    raise ValueError(f'The label of {name} is no class: {features["label"]}.')
  if split not in builder.info.splits:
    raise ValueError(
      f'{name} has no split {split!r}; it has {sorted(builder.info.splits)}.'
    )


def _fingerprint(folder: Path) -> str:
  """A digest of a prepared folder, which changes when its files do."""
  files = sorted(p for p in folder.iterdir() if p.is_file())
  stats = [(path.name, path.stat()) for path in files]
  entries = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
  info = (folder / 'dataset_info.json').read_bytes()
  return hashlib.sha256(repr(entries).encode() + info).hexdigest()[:12]


def _read(
  builder: Any, split: str, size: int, channels: int, invert: bool
) -> Dataset:
  where = f'{builder.data_dir} ({split})'
  files, labels = _examples(builder, split, where)
  images = _decode_all(files, where, size, channels)
  order = np.argsort(labels, kind='stable')
  present, labels = np.unique(labels[order], return_inverse=True)
  names = builder.info.features['label'].int2str
  return Dataset(
    255 - images[order] if invert else images[order],
    labels.astype(np.int32),
    tuple(names(int(label)) for label in present),
  )


def _examples(
  builder: Any, split: str, where: str
) -> tuple[list[bytes], np.ndarray]:
  """The image files and the labels, in the order in which they are stored."""
  from tqdm import tqdm

  try:
    # Undecoded: TFDS reads 1-bit images as 0 and 1 without TensorFlow.
    decoders = {'image': _tfds().decode.SkipDecoding()}
    with _quiet():
      source = builder.as_data_source(split=split, decoders=decoders)
    _check_shards(builder.info.splits[split])
    label = f'reading {builder.info.name}/{split}'
    examples = tqdm(source, label, leave=False, disable=None)
    read = [(bytes(e['image']), int(e['label'])) for e in examples]
  except Exception as error:  # Damage shows in more ways than can be named.
    raise ValueError(
      f'{where} cannot be read: {error}. It may be half prepared; prepare it '
      'again, in the array_record format.'
    ) from error
  labels = np.array([label for _, label in read])
  classes = builder.info.features['label'].num_classes
  outside = np.flatnonzero((labels < 0) | (labels >= classes))
  if len(outside):
    raise ValueError(
      f'{where}: example {outside[0]} has label {labels[outside[0]]}, and the '
      f'data set has classes 0 to {classes - 1}. Ask for a labeled split.'
    )
  return [image for image, _ in read], labels


def _check_shards(info: Any) -> None:
  """Checks that each file holds as many examples as the description says.

  TFDS believes the description, and reads the beginning of a longer file.
  """
  from array_record.python.array_record_module import ArrayRecordReader

  for path, expected in zip(info.filepaths, info.shard_lengths, strict=True):
    reader = ArrayRecordReader(str(path))
    examples = reader.num_records()
    reader.close()
    if examples != expected:
      raise ValueError(
        f'{path.name} has {examples} examples, and dataset_info.json says '
        f'{expected}'
      )


def _decode_all(
  files: list[bytes], where: str, size: int, channels: int
) -> np.ndarray:
  """`[n, size, size, channels]` uint8."""
  from PIL import Image

  images = np.empty((len(files), size, size, channels), np.uint8)
  first_size = None
  for i, data in enumerate(files):
    try:
      with Image.open(io.BytesIO(data)) as file:
        if file.mode[0] in 'IF':  # Pillow would clip them to a byte.
          raise ValueError(f'its pixels are no bytes (mode {file.mode})')
        image = file.convert('L' if channels == 1 else 'RGB')
    except Exception as error:  # Pillow raises SyntaxError for some files.
      raise ValueError(
        f'Image {i} of {where} does not decode: {error}. Prepare the data '
        'set again, or remove that example.'
      ) from error
    first_size = first_size or image.size
    if image.size != first_size:
      raise ValueError(
        f'{where} mixes image sizes: image 0 is {first_size[0]}x'
        f'{first_size[1]}, image {i} is {image.size[0]}x{image.size[1]}. '
        'Crop or resize them to one size when preparing the data set.'
      )
    resized = image.resize((size, size), Image.Resampling.LANCZOS)
    images[i] = np.asarray(resized).reshape(size, size, channels)
  return images
