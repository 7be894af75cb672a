"""Several learners in one run: seeds, and settings that are numbers.

The members of a run share its data, its generator and one compiled program.
Each is what a run of its own, with its seed and its settings, would be.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from experiments.run import streams
from experiments.run.config import BadConfig, Settings, get
from lasium_jax.ops import xla_convolutions
from lasium_jax.types import Array

# What `config.sweep` calls the fields that it sets.
SWEPT = {
  'sigma': 'latents.sigma',
  'alpha': 'latents.alpha',
  'inner_rate': 'learner.learning_rate',
  'meta_rate': 'meta.learning_rate',
}

# Loops over members: `(fn, batch) -> results`, like `jax.lax.map`.
OverMembers = Callable[[Callable[[Any], Any], Any], Any]
Loop = Literal['auto', 'map', 'vectorize']


class Member(NamedTuple):
  """One learner: its seed, and its values of what is swept."""

  seed: int
  values: Mapping[str, float]

  def settings(self) -> dict[str, float]:
    return {'seed': self.seed, **self.values}

  def fields(self) -> dict[str, float]:
    """The swept values by the config's fields."""
    return as_fields(self.values)


def as_fields(values: Mapping[str, Any]) -> dict[str, Any]:
  """Values by the names of a sweep as values by the config's fields."""
  return {SWEPT[name]: value for name, value in values.items()}


def label(settings: Mapping[str, float]) -> str:
  """A member's settings as words, such as 'seed=3,alpha=0.2'."""
  return ','.join(f'{name}={value:g}' for name, value in settings.items())


def members(settings: Settings) -> list[Member]:
  """Every seed with every combination of the swept values."""
  swept = {name: values for name, values in settings['sweep'].items() if values}
  return [
    Member(settings['seed'] + i, dict(zip(swept, values, strict=True)))
    for values in itertools.product(*swept.values())
    for i in range(settings['seeds'])
  ]


def told_apart(members: Sequence[Member]) -> list[dict[str, float] | None]:
  """What results say of each member: nothing of one alone."""
  several = len(members) > 1
  return [member.settings() if several else None for member in members]


def check_sweep(settings: Settings) -> None:
  """Raises `BadConfig` if what is to be swept cannot be."""
  for name, values in settings['sweep'].items():
    numbers = all(isinstance(value, int | float) for value in values)
    if not numbers or len(set(values)) != len(values):
      raise BadConfig(
        f'config.sweep.{name} is {values!r}; it must be different numbers.'
      )


def sweepable(settings: Settings) -> list[str]:
  """The names of what a run with these sections can sweep."""

  def has(field: str) -> bool:
    try:
      get(settings, field)
    except KeyError:
      return False
    return True

  return [name for name, field in SWEPT.items() if has(field)]


def stacked_values(members: Sequence[Member]) -> dict[str, Array]:
  """The swept values by name, each `[members]`."""
  names = members[0].values
  return {n: jnp.array([float(m.values[n]) for m in members]) for n in names}


def stacked_keys(members: Sequence[Member], stream: int) -> tuple[Array, Array]:
  """`streams.training_keys` of every member: two of `[members]`."""
  keys = [streams.training_keys(member.seed, stream) for member in members]
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *keys)


def over_members(loop: Loop) -> OverMembers:
  """The loop over members: one after another, or all at once."""
  if loop == 'auto':
    loop = 'map' if jax.default_backend() == 'cpu' else 'vectorize'
  return _map if loop == 'map' else _vmap


def _map(fn: Callable[[Any], Any], batch: Any) -> Any:
  if len(jax.tree.leaves(batch)[0]) > 1:
    return jax.lax.map(xla_convolutions.in_loop(fn), batch)
  # In a loop gradients of convolutions are slow on a CPU.
  alone = fn(jax.tree.map(lambda leaf: leaf[0], batch))
  return jax.tree.map(lambda leaf: leaf[None], alone)


def _vmap(fn: Callable[[Any], Any], batch: Any) -> Any:
  return jax.vmap(xla_convolutions.in_loop(fn))(batch)


def named(
  metrics: Mapping[str, ArrayLike], members: Sequence[Member]
) -> dict[str, np.ndarray]:
  """Each metric's average over members, and where they are several its own.

  A member's own come first, so that an error about a NaN names the member.

  Args:
    metrics: by name, each `[members]`.
    members: in their order.
  """
  arrays = {name: np.asarray(values) for name, values in metrics.items()}
  own: dict[str, np.ndarray] = {}
  if len(members) > 1:
    own = {
      f'{name}/{label(member.settings())}': values[i]
      for name, values in arrays.items()
      for i, member in enumerate(members)
    }
  return own | {name: values.mean() for name, values in arrays.items()}
