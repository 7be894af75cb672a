"""Several learners in one run: seeds, and settings that are numbers.

The members of a run share its data, its generator and one compiled program.
Each is what a run of its own, with its seed and its settings, would be.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from experiments.components.checks import Config, pick
from experiments.run import streams
from lasium_jax.types import Array

# What `config.sweep` calls them, and the fields that they set.
SWEPT = {
  'sigma': ('latents.sigma',),
  'alpha': ('latents.alpha',),
  'inner_rate': ('learner.inner_rate', 'evaluation.inner_rate'),
  'meta_rate': ('meta.rate',),
}

# Loops over members: `(fn, batch) -> results`, like `jax.lax.map`.
OverMembers = Callable[[Callable[[Any], Any], Any], Any]


class Member(NamedTuple):
  """One learner: its seed, and its values of what is swept."""

  seed: int
  values: Mapping[str, float]

  def settings(self) -> dict[str, float]:
    return {'seed': self.seed, **self.values}


def label(settings: Mapping[str, float]) -> str:
  """Such as 'seed=3,alpha=0.2'."""
  return ','.join(f'{name}={value:g}' for name, value in settings.items())


def members(config: Config) -> list[Member]:
  """Every seed with every combination of the swept values."""
  swept = {name: config.sweep[name] for name in SWEPT if config.sweep[name]}
  return [
    Member(config.seed + i, dict(zip(swept, values, strict=True)))
    for values in itertools.product(*swept.values())
    for i in range(config.seeds)
  ]


def stacked_values(found: Sequence[Member]) -> dict[str, Array]:
  """The swept values by name, each `[members]`."""
  names = found[0].values
  return {n: jnp.array([float(m.values[n]) for m in found]) for n in names}


def stacked_keys(found: Sequence[Member], stream: int) -> tuple[Array, Array]:
  """`streams.training_keys` of every member: two of `[members]`."""
  keys = [streams.training_keys(member.seed, stream) for member in found]
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *keys)


def configured(config: Config, values: Mapping[str, Any]) -> Config:
  """The config of a member; inside jit its values are tracers."""
  own = config.copy_and_resolve_references()
  with own.unlocked(), own.ignore_type():
    for name, value in values.items():
      for field in SWEPT[name]:
        section, _, leaf = field.partition('.')
        own[section][leaf] = value
  return own


def over_members(config: Config) -> OverMembers:
  """One after another, or all at once."""
  options: dict[str, OverMembers] = {'map': jax.lax.map, 'vectorize': _vmap}
  options['auto'] = options[
    'map' if jax.default_backend() == 'cpu' else 'vectorize'
  ]
  return pick(options, 'over_members', config.over_members)


def _vmap(fn: Callable[[Any], Any], batch: Any) -> Any:
  return jax.vmap(fn)(batch)


def named(
  metrics: Mapping[str, ArrayLike], found: Sequence[Member]
) -> dict[str, np.ndarray]:
  """Each metric's average over members, and where they are several its own.

  Those come first, so that a NaN is laid at the member's door.
  """
  arrays = {name: np.asarray(values) for name, values in metrics.items()}
  own: dict[str, np.ndarray] = {}
  if len(found) > 1:
    own = {
      f'{name}/{label(member.settings())}': values[i]
      for name, values in arrays.items()
      for i, member in enumerate(found)
    }
  return own | {name: values.mean() for name, values in arrays.items()}
