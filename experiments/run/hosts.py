"""Several hosts at one run: the first alone reads and writes its workdir.

With one process, as most runs have, every function here is what it would be
without hosts.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from lasium_jax import io

T = TypeVar('T')


def is_first() -> bool:
  return jax.process_index() == 0


@contextlib.contextmanager
def own_workdir(workdir: Path) -> Iterator[Path]:
  """The run's folder on the first host; one to be thrown away elsewhere.

  So that all hosts run the same code, and none but the first writes or prints.
  """
  if is_first():
    yield workdir
    return
  with (
    tempfile.TemporaryDirectory() as scratch,
    Path(os.devnull).open('w') as nowhere,
    contextlib.redirect_stdout(nowhere),
  ):
    yield Path(scratch)


def first_then_others(fn: Callable[[], T]) -> T:
  """Calls `fn` on the first host, and on the others when it is done there.

  What the first leaves in a cache on a shared disk is made once.
  """
  if jax.process_count() == 1:
    return fn()
  result, error = None, None
  if is_first():
    try:
      result = fn()
    except Exception as raised:  # The others must not wait for ever.
      error = raised
  failed = multihost_utils.broadcast_one_to_all(np.array(error is not None))
  if error is not None:
    raise error
  if failed:
    raise ValueError('The first process failed; its message says why.')
  return fn() if result is None else result


def of_first(value: Any) -> Any:
  """The first host's value, of JSON types, on all hosts.

  For what is read from the workdir, which the others have not: all of them
  must come to the same decision.
  """
  if jax.process_count() == 1:
    return value
  content = np.frombuffer(json.dumps(value).encode(), np.uint8)
  size = int(multihost_utils.broadcast_one_to_all(np.array(len(content))))
  own = content if is_first() else np.zeros(size, np.uint8)
  return json.loads(
    bytes(np.asarray(multihost_utils.broadcast_one_to_all(own)))
  )


def read_by_first(read: Callable[[], Any]) -> Any:
  """What the first host reads of its workdir, of JSON types, on all hosts.

  If it cannot read it, all hosts end with an error, and none waits.
  """
  return of_first(first_then_others(lambda: read() if is_first() else None))


def any_of(flag: bool) -> bool:
  """Whether `flag` is true on any host."""
  if jax.process_count() == 1:
    return flag
  return bool(multihost_utils.process_allgather(np.array(flag)).any())


def restore(folder: Path, state: Any) -> tuple[int, Any]:
  """Step and state of the first host's newest checkpoint, on all hosts.

  Args:
    folder: of the checkpoints.
    state: what they are like, and at step 0 the answer.

  Returns:
    Step and state; 0 and `state` if there is no checkpoint.
  """
  if jax.process_count() == 1:
    return io.restore(folder, state) or (0, state)
  like = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), state)
  found = io.restore(folder, like) if is_first() else None
  step, leaves = multihost_utils.broadcast_one_to_all(found or (0, like))
  if not step:
    return 0, state
  return int(step), jax.tree.map(
    lambda array, leaf: jax.device_put(np.asarray(array), leaf.sharding),
    leaves,
    state,
  )


def save(folder: Path, step: int, state: Any) -> None:
  """Writes a checkpoint, on the first host."""
  if is_first():
    io.save(folder, step, state)
