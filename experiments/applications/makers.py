"""What makes new images like a few that it is given."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.components.latents import FEW_SHOT
from experiments.run.precision import jit
from lasium_jax import latents, models
from lasium_jax.models import Model
from lasium_jax.settings import check, parameters
from lasium_jax.types import Array, Generator, Params

OWN = 'own'
SAMPLERS = (*FEW_SHOT, OWN)
# The settings that some sampler has.
SETTINGS = sorted({n for part in FEW_SHOT.values() for n in parameters(part)})
ABOUT = {
  'paths': 'points on the paths between all pairs',
  'midpoints': 'the midpoints of all pairs',
  'mixtures': 'random mixtures of all',
  'differences': 'one, moved as another differs from a third',
  OWN: "the model's own way",
}
HELP = '; '.join(f'{name}: {text}' for name, text in ABOUT.items())
VIEWS_HELP = 'Random maps of each picture, which count as pictures too.'
_MADE_ANEW = (
  ' Runs of wgan-gp train an encoder for it: if this is of one, export it anew '
  'with experiments/export.py.'
)


class Way(NamedTuple):
  """How new images are made.

  Attributes:
    sampler: one of `SAMPLERS`; '' is the first of `samplers_of`.
    settings: the sampler's.
    views: as in `lasium_jax.latents.few_shot`.
    invert: whether what is dark in pictures is 1 for the model; None for what
      its card says.
  """

  sampler: str = ''
  settings: Mapping[str, Any] = {}
  views: int = 0
  invert: bool | None = None


class Maker(NamedTuple):
  """Makes images with a model.

  Images are `[n, H, W, C]` in [0, 1], as they look: where the model has them
  inverted, they are here as a person has them.

  Attributes:
    make: `(key, seeds, n) -> images`, n or, where a sampler has not as many
      different ones, fewer.
    back: `seeds -> images`, encoded and decoded; None without an encoder.
    account: sentences on how images are made.
  """

  make: Callable[[Array, np.ndarray, int], np.ndarray]
  back: Callable[[np.ndarray], np.ndarray] | None
  account: list[str]


def samplers_of(model: Model) -> list[str]:
  """Those of `SAMPLERS` that are for a model, the one by default first.

  That is mixtures, or the model's own way where it has no encoder.

  Raises:
    BadModel: if the model is no generator.
    ValueError: if there are none.
  """
  kind = model.card['kind']
  if kind != 'generator':
    raise models.BadModel(
      f'This model is a {kind}, and new images are made by a generator: export '
      'one with experiments/export.py --what=generator.'
    )
  generator = models.generator(model.card)
  known = [] if generator.encode is None else ['mixtures', *FEW_SHOT]
  known += [] if generator.sample_like is None else [OWN]
  if not known:
    name = model.card['architecture']['name']
    hint = _MADE_ANEW if name == 'wgan_gp' else ''
    raise ValueError(
      f'This model, {name}, has no encoder, nor another way to make images '
      'like those that it is shown. Train one that has, such as those of '
      f'experiments/interpolative.py.{hint}'
    )
  return [*dict.fromkeys(known)]


def maker(model: Model, way: Way) -> Maker:
  """What makes images like a few, in some way.

  Raises:
    BadModel: if the model is no generator.
    ValueError: if the way is not for it.
  """
  known = samplers_of(model)
  name = way.sampler or known[0]
  if name not in known:
    raise ValueError(
      f'The sampler {name!r} is not for this model, '
      f'{model.card["architecture"]["name"]}; it may be {", ".join(known)}.'
    )
  generator = _with_sampler(models.generator(model.card), name, way)
  params = jax.device_put(model.params)
  invert = model.card['image']['invert'] if way.invert is None else way.invert

  def look(images: Any) -> np.ndarray:
    return np.asarray(1 - images if invert else images)

  def draw(key: Array, params: Params, x: Array, n: int) -> tuple[Array, Array]:
    assert generator.sample_like is not None
    z = generator.sample_like(key, params, x, n)
    return z, generator.decode(params, z)

  def there_and_back(params: Params, x: Array) -> Array:
    assert generator.encode is not None
    return generator.decode(params, generator.encode(params, x))

  drawing, returning = jit(draw, static_argnums=3), jit(there_and_back)

  def make(key: Array, seeds: np.ndarray, n: int) -> np.ndarray:
    z, images = drawing(key, params, look(seeds), n)
    _, different = np.unique(z, axis=0, return_index=True)
    return look(images)[np.sort(different)]

  def back(seeds: np.ndarray) -> np.ndarray:
    return look(returning(params, look(seeds)))

  can_encode = generator.encode is not None
  return Maker(make, back if can_encode else None, _account(model, name, way))


def _with_sampler(generator: Generator, name: str, way: Way) -> Generator:
  """A generator whose `sample_like` is by a sampler."""
  if name == OWN:
    if way.settings or way.views:
      raise ValueError(f'The sampler {OWN!r} has neither settings nor views.')
    return generator
  check(FEW_SHOT[name], way.settings, f'The sampler {name}')
  sampler = FEW_SHOT[name].make(**way.settings)
  return latents.few_shot(generator, sampler, views=way.views)


def _account(model: Model, name: str, way: Way) -> list[str]:
  values = [f'{setting} {value:g}' for setting, value in way.settings.items()]
  details = f' ({", ".join([name, *values])})' * (name != OWN)
  views = (
    f'Each picture counts {way.views + 1} times, all but once turned, moved '
    'and scaled at random.'
  )
  labels = 'with' if model.card['training'].get('labels') else 'without'
  inverted = models.has_inversion(model.card)
  return [
    f'The model is {model.card["architecture"]["name"]}, trained {labels} '
    'labels.',
    *(['Its encoder was trained afterwards, to invert it.'] * inverted),
    f'New images are {ABOUT.get(name, name)}{details}.',
    *([views] if way.views else []),
  ]
