"""From a card to functions: the names that a model's file may say."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax

from lasium_jax import generators, learners
from lasium_jax.nets import conv4
from lasium_jax.types import Generator, Learner, Network, Params

NETWORKS: dict[str, Callable[..., Network]] = {'conv4': conv4}
LEARNERS: dict[str, Callable[..., Learner]] = {
  'maml': lambda network, ways, **options: learners.maml(
    network(ways), **options
  ),
  'protonets': lambda network, ways, **options: learners.protonets(
    network(None), ways=ways, **options
  ),
}
GENERATORS: dict[str, Callable[..., Any]] = {
  'vae': generators.vae,
  'msgan': generators.msgan,
}


def image_shape(card: Mapping[str, Any]) -> tuple[int, int, int]:
  """`(H, W, C)` of the images that a model takes or makes."""
  image = card['image']
  return image['height'], image['width'], image['channels']


def learner(
  card: Mapping[str, Any], *, ways: int | None = None, **changes: Any
) -> Learner:
  """The learner of a card.

  Args:
    card: a learner's.
    ways: in place of those of its training.
    **changes: keyword arguments in place of the card's, such as `steps`.

  Returns:
    The learner, for the model's parameters where `ways` is unchanged.
  """
  architecture = card['architecture']
  network = dict(architecture['network'])
  options = {**architecture['learner'], **changes}
  return LEARNERS[options.pop('name')](
    functools.partial(_network, **network),
    architecture['ways'] if ways is None else ways,
    **options,
  )


def _network(outputs: int | None, *, name: str, **options: Any) -> Network:
  return NETWORKS[name](outputs, **options)


def generator(card: Mapping[str, Any]) -> Generator:
  """The generator of a card."""
  return _generator_and_trainer(card)[0]


def _generator_and_trainer(card: Mapping[str, Any]) -> Any:
  options = dict(card['architecture'])
  return GENERATORS[options.pop('name')](image_shape(card), **options)


def shapes(card: Mapping[str, Any], *, ways: int | None = None) -> Params:
  """The shapes of a model's parameters, without making any."""
  x = jax.ShapeDtypeStruct((1, *image_shape(card)), 'float32')
  key = jax.random.key(0)
  if card['kind'] == 'learner':
    return jax.eval_shape(learner(card, ways=ways).init, key, x)
  _, trainer = _generator_and_trainer(card)
  return jax.eval_shape(trainer.init, key, x).params
