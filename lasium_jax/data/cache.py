"""Datasets on disk as plain arrays, verified whenever they are read."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lasium_jax.data.dataset import Dataset

_log = logging.getLogger(__name__)


def default_cache_dir() -> Path:
  """`$XDG_CACHE_HOME/lasium_jax`, or `~/.cache/lasium_jax`."""
  base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
  return Path(base) / 'lasium_jax'


def cached(
  cache_dir: Path, name: str, make: Callable[[], Dataset]
) -> Dataset:
  """Reads `name` from the cache, or makes it and writes it there.

  A damaged entry is named in a warning and made anew. If the cache cannot be
  written, that is said and the dataset is returned all the same.

  Args:
    cache_dir: the cache's folder; created where missing.
    name: the entry's; everything that the dataset depends on must be in it.
    make: reads the dataset from its source.

  Returns:
    The dataset.
  """
  folder = Path(cache_dir) / name
  if folder.exists():
    try:
      return _read(folder)
    except (OSError, ValueError, KeyError) as error:
      _log.warning('Cache %s is damaged (%s); making it anew.', folder, error)
  dataset = make()
  try:
    _write(folder, dataset)
  except OSError as error:
    _log.warning(
      'Cannot write the cache %s (%s); the next run will read the source '
      'again. Name another place with --cache_dir.',
      folder,
      error,
    )
  return dataset


def _read(folder: Path) -> Dataset:
  meta = json.loads((folder / 'meta.json').read_text())
  images = np.load(folder / 'images.npy')
  labels = np.load(folder / 'labels.npy')
  if _digest(images, labels) != meta['sha256']:
    raise ValueError('its checksum does not match')
  return Dataset(images, labels, tuple(meta['class_names']))


def _write(folder: Path, dataset: Dataset) -> None:
  folder.parent.mkdir(parents=True, exist_ok=True)
  partial = Path(tempfile.mkdtemp(prefix='.partial-', dir=folder.parent))
  try:
    np.save(partial / 'images.npy', dataset.images)
    np.save(partial / 'labels.npy', dataset.labels)
    meta = {
      'sha256': _digest(dataset.images, dataset.labels),
      'class_names': dataset.class_names,
    }
    (partial / 'meta.json').write_text(json.dumps(meta))
    if folder.exists():
      shutil.rmtree(folder)
    partial.rename(folder)
  finally:
    shutil.rmtree(partial, ignore_errors=True)


def _digest(images: np.ndarray, labels: np.ndarray) -> str:
  digest = hashlib.sha256()
  for array in (images, labels):
    digest.update(f'{array.shape} {array.dtype}'.encode())
    digest.update(np.ascontiguousarray(array).data)
  return digest.hexdigest()
