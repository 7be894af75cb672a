"""What is compiled of a recipe, once for images of a shape."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax

from lasium_jax import models
from lasium_jax.fitting import FitFn, fitter
from lasium_jax.small_sample.recipe import Recipe, Shape, parts
from lasium_jax.types import Array, Params


class Programs(NamedTuple):
  """What is compiled once for images of a shape, and so many classes.

  Attributes:
    fit: trains a classifier.
    fit_generator: trains its generator, or None.
    draw: `(key, params, y [n]) -> x [n, H, W, C]`, an image of each class by
      the generator, or None.
  """

  fit: FitFn
  fit_generator: FitFn | None
  draw: Any


@functools.lru_cache(maxsize=32)
def programs(recipe: Recipe, shape: Shape, classes: int) -> Programs:
  """The programs of a recipe for images `(H, W, C)` of so many classes."""
  made = parts(recipe, shape, classes)
  fit = fitter(made.learning)
  if made.drawing is None:
    return Programs(fit, None, None)
  model = made.drawing.model
  sample_class = model.sample_class
  assert sample_class is not None

  def draw(key: Array, params: Params, y: Array) -> Array:
    return model.decode(params, sample_class(key, params, y))

  return Programs(fit, fitter(made.drawing.learning), jax.jit(draw))


def built(card: Mapping[str, Any]) -> str:
  """What the program of a classifier depends on of its card."""
  fields = {name: card[name] for name in ('architecture', 'image')}
  return json.dumps(fields, sort_keys=True)


@functools.lru_cache(maxsize=32)
def classifier(built: str) -> Callable[..., Any]:
  """`(params, x) -> logits`, compiled, of what `built` returned."""
  classify = models.classifier(json.loads(built))
  return jax.jit(lambda params, x: classify(params, x).logits)
