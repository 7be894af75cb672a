"""Sharing work between devices: the results of one device, to rounding.

Functions take a `Mesh` from `mesh`, or None where one device works alone. It
may span several hosts that have called `jax.distributed.initialize`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from lasium_jax.cores import cpu_cores
from lasium_jax.types import Array

T = TypeVar('T')
AXIS = 'devices'


def cores_as_devices(count: int | None = None) -> None:
  """Has JAX count the CPU as `count` devices: as one a core, by default.

  Tasks are small. Cores that have tasks of their own finish 1.5 times as many
  as cores that share every operation (docs/performance.md). Other backends are
  as they were.

  Args:
    count: of devices.

  Raises:
    RuntimeError: if JAX has computed something before.
  """
  jax.config.update('jax_num_cpu_devices', count or cpu_cores())


def mesh(num_devices: int) -> Mesh | None:
  """The first devices of all hosts, in one row; None for one alone.

  Raises:
    ValueError: if there are fewer, or if they leave a host without work.
  """
  devices = jax.devices()
  hosts = jax.process_count()
  if len(devices) < num_devices:
    raise ValueError(
      f'{num_devices} devices are asked for, and JAX sees {len(devices)} '
      f'({devices[0].platform}, {hosts} processes).'
    )
  if hosts > 1 and len(devices) != num_devices:
    raise ValueError(
      f'{hosts} processes have {len(devices)} devices: ask for all of them, '
      f'not for {num_devices}.'
    )
  if num_devices == 1:
    return None
  return jax.make_mesh(
    (num_devices,),
    (AXIS,),
    axis_types=(AxisType.Auto,),
    devices=devices[:num_devices],
  )


def replicate(mesh: Mesh | None, tree: T) -> T:
  """A copy of `tree` on every device; it must be the same on every host."""
  if mesh is None:
    return tree
  return jax.device_put(tree, NamedSharding(mesh, P()))


def split_batch(mesh: Mesh | None, tree: T) -> T:
  """Has XLA share the leading axis out, and whatever is computed from it.

  For losses of whole batches, such as the mode-seeking one, and normalization
  by the moments of whole batches. Inside jit; the axis must be divisible.
  """
  if mesh is None:
    return tree
  return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, P(AXIS)))


def mean_over_devices(mesh: Mesh | None) -> Callable[..., Any]:
  """How `meta.meta_step` shares its tasks out, its `over_devices`.

  Args:
    mesh: the devices, or None.

  Returns:
    `(fn, batch, shared) -> mean`: the average of `fn(batch, shared)`, itself an
    average over the leading axis of the pytree `batch`, of which each device
    has an equal share. `shared` is the same for all.
  """

  def average(fn: Callable[[Any, Any], T], batch: Any, shared: Any) -> T:
    if mesh is None:
      return fn(batch, shared)
    return jax.shard_map(
      lambda batch, shared: jax.lax.pmean(fn(batch, shared), AXIS),
      mesh=mesh,
      in_specs=(P(AXIS), P()),
      out_specs=P(),
      check_vma=False,
    )(batch, shared)

  return average


def map_over_devices(
  mesh: Mesh | None,
  fn: Callable[[Array, Any], Array],
  batch: Array,
  shared: Any,
) -> Array:
  """`fn(batch, shared)`, where row i of it depends on row i of batch alone.

  Args:
    mesh: the devices, or None.
    fn: `([n, ...], shared) -> [n, ...]` for any n.
    batch: `[n, ...]`, of any length; repeated rows make it divisible.
    shared: a pytree that is the same for all rows.

  Returns:
    The same on every device.
  """
  if mesh is None:
    return fn(batch, shared)
  rows = len(batch)
  padded = batch[jnp.arange(rows + -rows % mesh.size) % rows]
  results = jax.shard_map(
    fn, mesh=mesh, in_specs=(P(AXIS), P()), out_specs=P(AXIS), check_vma=False
  )(padded, shared)
  # Gathered, so that every host can read it.
  everywhere = NamedSharding(mesh, P())
  return jax.lax.with_sharding_constraint(results, everywhere)[:rows]
