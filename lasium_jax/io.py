"""Checkpoints: pytrees to and from files, without pickles.

A checkpoint is a folder named by its step:

    00000100/
      manifest.json  the step, the leaves' names, dtypes and shapes, sha256s
      state/         the leaves by name, as Orbax stores them

It is written as `00000100.tmp` and renamed when it is whole, so a process may
be killed at any moment. One that is replaced is `00000100.old` until the new
one has its name.
"""

import contextlib
import hashlib
import json
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_logger = logging.getLogger(__name__)

_Leaves = dict[str, np.ndarray]


class Checkpoint(NamedTuple):
  """A restored state, and the step it was saved at."""

  step: int
  state: Any


def save(directory: Path, step: int, state: Any, *, keep: int = 2) -> Path:
  """Writes `state` as a checkpoint, and deletes older ones when it is whole.

  Args:
    directory: of a run's checkpoints; made if there is none. One process at a
      time may save there.
    step: at least 0. A checkpoint of the same step is replaced.
    state: a pytree of arrays or numbers; typed random keys as their key data.
    keep: how many to keep, this one included. Those of later steps are left
      and not counted: they are damaged where a run has passed over them.

  Returns:
    The checkpoint's folder.

  Raises:
    OSError: if it cannot be written; earlier checkpoints are as they were.
    TypeError: if a leaf is not made of numbers.
    ValueError: if `step` or `keep` is too small.
  """
  if step < 0 or keep < 1:
    raise ValueError(f'Need step >= 0 and keep >= 1, not {step} and {keep}.')
  leaves = _host_leaves(state)
  directory = Path(directory)
  final = directory / f'{step:08d}'
  unfinished = final.with_suffix('.tmp')
  with _quiet_orbax() as orbax:
    try:
      directory.mkdir(parents=True, exist_ok=True)
      # What saves that were killed have left.
      for leftover in directory.glob('[0-9]*.tmp'):
        shutil.rmtree(leftover, ignore_errors=True)
      _write(orbax, unfinished, int(step), leaves)
      _publish(unfinished, final)
      _delete_older(final, keep)
    except Exception as error:  # Orbax's are of many types on a full disk.
      shutil.rmtree(unfinished, ignore_errors=True)
      raise OSError(
        f'Cannot save a checkpoint in {directory}: {_reason(error)}. See that '
        'the disk has room and that this is a folder you may write to. Earlier '
        'checkpoints are as they were; run again to resume.'
      ) from error
  return final


def restore(directory: Path, like: Any) -> Checkpoint | None:
  """Reads the newest checkpoint that is whole.

  One that is damaged is named in a warning and passed over.

  Args:
    directory: of a run's checkpoints; need not exist.
    like: a pytree of arrays or `jax.ShapeDtypeStruct` with the structure, the
      shapes and the dtypes to restore. A leaf goes where its counterpart is
      committed; it is a NumPy array if that is no JAX array or struct.

  Returns:
    The step and the state, bit for bit as saved, or None if there is none.

  Raises:
    ValueError: if the checkpoint is whole but differs from `like` in a leaf's
      name, shape or dtype.
  """
  checkpoints = _checkpoints(Path(directory))
  if not checkpoints:
    return None
  with _quiet_orbax() as orbax:
    for path in checkpoints:
      try:
        step, leaves = _read(orbax, path)
      except Exception as error:  # Damage shows in more ways than can be named.
        _logger.warning('Skipping checkpoint %s: %s', path, _reason(error))
      else:
        return Checkpoint(step, _unflatten(path, like, leaves))
  return None


@contextlib.contextmanager
def _quiet_orbax() -> Iterator[Any]:
  """The module, imported late as it takes long, with its logging held back."""
  import orbax.checkpoint as orbax

  logger = logging.getLogger('absl')
  level = logger.level
  logger.setLevel(logging.CRITICAL + 1)  # What it logs as errors it raises too.
  try:
    yield orbax
  finally:
    logger.setLevel(level)


def _reason(error: Exception) -> str:
  """The first line of an error, with its type and without internals."""
  line = str(error).partition('\n')[0].partition(' [tensorstore_spec')[0]
  return f'{type(error).__name__}: {line}'.rstrip('. ')


def _named(tree: Any) -> dict[str, Any]:
  leaves = jax.tree_util.tree_leaves_with_path(tree)
  return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


def _host_leaves(state: Any) -> _Leaves:
  """The leaves by name, in host memory."""
  leaves = {k: np.asarray(v) for k, v in _named(jax.device_get(state)).items()}
  for name, leaf in leaves.items():
    numeric = jnp.issubdtype(leaf.dtype, jnp.number) or leaf.dtype == np.bool_
    if not (numeric and leaf.dtype.isnative):
      raise TypeError(
        f'Leaf {name!r} is of dtype {leaf.dtype}; only numbers can be saved.'
      )
  return leaves


def _manifest(
  step: int, files: dict[str, str], leaves: _Leaves
) -> dict[str, Any]:
  """What a checkpoint is; the last sha256 covers all else and the bytes."""
  specs = [[k, v.dtype.name, list(v.shape)] for k, v in leaves.items()]
  manifest = {'step': step, 'files': files, 'leaves': specs}
  digest = hashlib.sha256(json.dumps(manifest).encode())
  for leaf in leaves.values():
    digest.update(leaf.tobytes())
  return manifest | {'sha256': digest.hexdigest()}


def _write(orbax: Any, path: Path, step: int, leaves: _Leaves) -> None:
  path.mkdir()
  # Failing in the middle of a write, Orbax prints errors besides raising one.
  needed = sum(leaf.nbytes for leaf in leaves.values()) + 2**20
  free = shutil.disk_usage(path).free
  if free < needed:
    raise OSError(f'it needs {needed:,} bytes and {free:,} are free')
  stored = {k: v for k, v in leaves.items() if v.size}  # Orbax takes no others.
  if stored:
    with _checkpointer(orbax, use_compression=False) as checkpointer:
      checkpointer.save((path / 'state').absolute(), stored)
  manifest = json.dumps(_manifest(step, _digests(path), leaves), indent=1)
  (path / 'manifest.json').write_text(manifest)


def _checkpointer(orbax: Any, **options: Any) -> Any:
  """Orbax's, of this process alone: it waits for no other host."""
  host = jax.process_index()
  alone = orbax.options.MultiprocessingOptions(
    primary_host=host,
    active_processes={host} if jax.process_count() > 1 else None,
    barrier_sync_key_prefix=f'host-{host}',
  )
  handler = orbax.PyTreeCheckpointHandler(
    multiprocessing_options=alone, **options
  )
  return orbax.Checkpointer(handler, multiprocessing_options=alone)


def _digests(path: Path) -> dict[str, str]:
  """The sha256 of every file of Orbax's."""
  digests = {}
  for name in sorted(p for p in path.glob('state/**/*') if p.is_file()):
    with name.open('rb') as file:
      digest = hashlib.file_digest(file, 'sha256')
    digests[name.relative_to(path).as_posix()] = digest.hexdigest()
  return digests


def _read(orbax: Any, path: Path) -> tuple[int, _Leaves]:
  """The step and the leaves; raises anything at all if they are damaged."""
  manifest = json.loads((path / 'manifest.json').read_text())
  files = _digests(path)
  # Reading damaged files, Orbax prints errors besides raising one.
  for name in manifest['files'] | files:
    if files.get(name) != manifest['files'].get(name):
      raise ValueError(f'{name} does not match its sha256 in the manifest')
  stored = [name for name, _, shape in manifest['leaves'] if 0 not in shape]
  as_numpy = orbax.RestoreArgs(restore_type=np.ndarray)
  leaves = {}
  if stored:
    with _checkpointer(orbax) as checkpointer:
      leaves = checkpointer.restore(
        (path / 'state').absolute(),
        restore_args=dict.fromkeys(stored, as_numpy),
      )
  leaves = {
    name: np.zeros(shape, dtype) if 0 in shape else leaves[name]
    for name, dtype, shape in manifest['leaves']
  }
  if _manifest(manifest['step'], files, leaves) != manifest:
    raise ValueError('the leaves do not match their sha256 in the manifest')
  return manifest['step'], leaves


def _unflatten(path: Path, like: Any, leaves: _Leaves) -> Any:
  expected = _named(like)
  for name in [*expected, *leaves]:
    here, there = _spec(expected, name), _spec(leaves, name)
    if here != there:
      raise ValueError(
        f'The checkpoint {path} is of another configuration: leaf {name!r} is '
        f'{there} there and {here} here. Use the configuration it was saved '
        'with, or another directory.'
      )
  arrays = [_place(leaves[name], leaf) for name, leaf in expected.items()]
  return jax.tree.unflatten(jax.tree.structure(like), arrays)


def _spec(leaves: dict[str, Any], name: str) -> str:
  """A leaf in words, such as `float32[3, 4]`."""
  if name not in leaves:
    return 'absent'
  leaf = leaves[name]
  leaf = leaf if hasattr(leaf, 'dtype') else np.asarray(leaf)
  return f'{leaf.dtype}{list(leaf.shape)}'


def _place(array: np.ndarray, like: Any) -> Any:
  if not isinstance(like, jax.Array | jax.ShapeDtypeStruct):
    return array
  # An uncommitted array stays so: jit compiles again for a committed one.
  committed = getattr(like, 'committed', True)
  return jax.device_put(array, like.sharding if committed else None)


def _checkpoints(directory: Path) -> list[Path]:
  """The finished checkpoints, newest first."""
  paths = directory.iterdir() if directory.is_dir() else ()
  checkpoints = [p for p in paths if re.fullmatch(r'\d+(\.old)?', p.name)]
  return sorted(
    checkpoints, key=lambda p: (int(p.stem), not p.suffix), reverse=True
  )


def _publish(unfinished: Path, final: Path) -> None:
  """Gives a checkpoint its name; at no time is there neither old nor new."""
  if final.exists():
    old = final.with_suffix('.old')
    _delete(old)
    final.rename(old)
  unfinished.rename(final)


def _delete_older(final: Path, keep: int) -> None:
  """Deletes what `final` replaces, and all but `keep` up to its step."""
  checkpoints = [
    path
    for path in _checkpoints(final.parent)
    if int(path.stem) <= int(final.stem)
  ]
  newest = [path for path in checkpoints if not path.suffix][:keep]
  for path in checkpoints:
    if path not in newest:
      _delete(path)


def _delete(path: Path) -> None:
  """Deletes a checkpoint, hidden first so that it is never seen in part."""
  if path.exists():
    hidden = path.rename(path.with_name(path.name + '.tmp'))
    shutil.rmtree(hidden, ignore_errors=True)
