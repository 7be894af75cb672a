"""A classifier of very small samples by scikit-learn's conventions."""

from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from lasium_jax import models, small_sample
from lasium_jax.image_classifier import (
  ImageClassifier,
  common_shape,
  filled,
  labels_of,
)
from lasium_jax.models import Model
from lasium_jax.settings import Count, Seed, check_value, parameters
from lasium_jax.small_sample.labels import labels_of_card, told_of_labels
from lasium_jax.small_sample.programs import built, classifier, programs
from lasium_jax.small_sample.recipe import Recipe, Shape
from lasium_jax.types import Array, Params, TrainingSet

# Images are classified so many at a time, the last ones filled up: one program
# for any number of them.
_AT_ONCE = 64
_GENERATOR, _CLASSIFIER, _DRAWS = range(3)  # Streams of random numbers.


class SmallSampleClassifier(ImageClassifier):
  """Learns classes from a few images each, from scratch, without a model.

  A small residual network is trained on the images, which are moved and
  mirrored, and perhaps on batches of which a part is drawn by a generator that
  was trained on the same images before (COLA, section 6). That takes minutes,
  where `FewShotClassifier` takes a moment by a model that was meta-trained on
  other images.

  Images are an array `[n, H, W]` or `[n, H, W, C]` of bytes or of floats in
  [0, 1], or a list of file names, paths, Pillow images and arrays. Those that
  are learned from have one size, unless `shape` says which size to make them;
  with it they may be flat too, `[n, H * W * C]`. Those that are classified are
  made of that size.

  Attributes:
    classes_: `[num_classes]` the labels, sorted.
    card_: what the networks are, as `lasium_jax.models.Model` has it.
    params_: of each member's network.
    generator_params_: of the generator, or None.

  Example:
    >>> import numpy as np
    >>> images = np.zeros((4, 8, 8), np.uint8)
    >>> images[2:, 2:6] = 255
    >>> classifier = lx.SmallSampleClassifier(
    ...   network='infogan', width=2, steps=20, margin=0, batch_size=4
    ... )
    >>> classifier.fit(images, ['dark', 'dark', 'bar', 'bar']).predict(images)
    array(['dark', 'dark', 'bar', 'bar'], dtype='<U4')
  """

  card_: dict[str, Any]
  params_: list[Params]
  generator_params_: Params | None

  def __init__(
    self,
    *,
    recipe: str = 'paper',
    generator: str | None = None,
    shape: Shape | None = None,
    members: int = 1,
    seed: int = 0,
    invert: bool = False,
    network: str = 'resnet20',
    width: int | None = None,
    depth: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    share: float = 0.5,
    margin: int = 4,
    mirror: bool = True,
    generator_epochs: int = 500,
    generator_batch: int = 16,
    generator_width: int = 64,
  ) -> None:
    """Sets parameters; they are checked by `fit`.

    Args:
      recipe: 'paper' or 'strong', as in `lasium_jax.small_sample.recipe`.
      generator: 'cola' trains a generator first, whose images are a part of
        each batch; sides of images must then be divisible by 4. None learns
        from the given images alone.
      shape: `(H, W, C)` that images are made, C of 1 or 3; None for the size
        that all of them have.
      members: how many networks are trained, whose probabilities are averaged.
      seed: of the first member; the others have seed + 1, seed + 2, ...
      invert: whether dark becomes 1 and light 0. Say True for ink on white.
      network: as there, as all that follow.
      width: likewise.
      depth: likewise.
      steps: likewise.
      batch_size: likewise.
      learning_rate: likewise.
      share: likewise.
      margin: likewise.
      mirror: likewise. Say False for characters.
      generator_epochs: likewise.
      generator_batch: likewise.
      generator_width: likewise.
    """
    self.recipe = recipe
    self.generator = generator
    self.shape = shape
    self.members = members
    self.seed = seed
    self.invert = invert
    self.network = network
    self.width = width
    self.depth = depth
    self.steps = steps
    self.batch_size = batch_size
    self.learning_rate = learning_rate
    self.share = share
    self.margin = margin
    self.mirror = mirror
    self.generator_epochs = generator_epochs
    self.generator_batch = generator_batch
    self.generator_width = generator_width

  @classmethod
  def load(cls, path: str | Path) -> Self:
    """A fitted classifier from a folder.

    Args:
      path: what `save`, experiments/small_sample.py or, of a classifier,
        experiments/export.py wrote. Classes without names are numbered; labels
        are text, but for whole numbers that `save` wrote.

    Returns:
      The classifier.

    Raises:
      BadModel: if the folder holds no sound model, or one of another kind.
    """
    model = models.load_model(path)
    card = model.card
    if card['kind'] != 'classifier':
      raise models.BadModel(
        f'{path} is a {card["kind"]}, and no classifier of its own classes.'
      )
    network = card['architecture']['network']
    loaded = cls(
      **{k: network[k] for k in ('width', 'depth') if k in network},
      network=network['name'],
      invert=card['image']['invert'],
    )
    loaded.classes_ = labels_of_card(card, path)
    loaded.card_, loaded.params_ = card, [model.params]
    loaded.generator_params_ = None
    return loaded

  def save(self, path: str | Path) -> Path:
    """Writes the classifier as a model that experiments/classify.py takes.

    Args:
      path: a new or empty folder.

    Returns:
      The folder.

    Raises:
      ValueError: if there are several members: a file holds one network.
      FileExistsError: if there is something in the folder.
    """
    check_is_fitted(self, 'params_')
    if len(self.params_) > 1:
      raise ValueError(
        f'A model as a file has one network, and this has {len(self.params_)}: '
        'fit with members=1 to save it.'
      )
    return models.save_model(path, Model(self.card_, self.params_[0]))

  def fit(self, X: Any, y: Any) -> Self:
    """Learns from labeled images.

    Args:
      X: n images, two or more of each class.
      y: n labels of any one type, of two classes or more.

    Returns:
      self.

    Raises:
      ValueError: if images, labels or settings cannot be used.
      FloatingPointError: if training diverges.
    """
    where = type(self).__name__
    recipe = small_sample.checked_recipe(self._settings(), where)
    check_value(Count, self.members, f'{where}.members')
    check_value(Seed, self.seed, f'{where}.seed')
    shape = self._shape_of(X)
    small_sample.check_shape(recipe, shape)
    x = self._pictures(X, shape, invert=self.invert, reset=True)
    labels = labels_of(y, x, self)
    self.classes_, y, counts = np.unique(
      labels, return_inverse=True, return_counts=True
    )
    names = [str(name) for name in self.classes_]
    small_sample.check_classes(dict(zip(names, counts.tolist(), strict=True)))
    self.card_ = small_sample.card_of(
      recipe, shape, names, invert=self.invert, seed=self.seed
    )
    self.card_['training'] |= told_of_labels(self.classes_)
    pixels = np.rint(255 * x).astype(np.uint8)
    self._train(recipe, TrainingSet(pixels, jnp.asarray(y, jnp.int32)))
    return self

  def _train(self, recipe: Recipe, data: TrainingSet) -> None:
    compiled = programs(recipe, data.images.shape[1:], len(self.classes_))
    source, self.generator_params_ = (), None
    if compiled.fit_generator:
      steps = small_sample.generator_steps(recipe, len(data.images))
      source = compiled.fit_generator(_key(self.seed, _GENERATOR), data, steps)
      self.generator_params_ = jax.device_get(source)
    fitted = (
      compiled.fit(_key(seed, _CLASSIFIER), data, recipe.steps, source)
      for seed in range(self.seed, self.seed + self.members)
    )
    self.params_ = [jax.device_get(params) for params in fitted]

  def predict_proba(self, X: Any) -> np.ndarray:
    """Probabilities `[n, num_classes]`, in the order of `classes_`."""
    check_is_fitted(self, 'params_')
    invert = self.card_['image']['invert']
    shape = models.image_shape(self.card_)
    x = self._pictures(X, shape, invert=invert, reset=False)
    classify = classifier(built(self.card_))
    means = []
    for first in range(0, len(x), _AT_ONCE):
      batch = x[first : first + _AT_ONCE]
      logits = [
        np.asarray(classify(params, filled(batch, _AT_ONCE)))[: len(batch)]
        for params in self.params_
      ]
      # In float64, so that rows add up to 1.
      means.append(softmax(np.array(logits, np.float64), axis=-1).mean(0))
    return np.concatenate(means)

  def draw(self, y: Any, *, seed: int = 0) -> np.ndarray:
    """New images of classes, by the generator.

    Args:
      y: n labels.
      seed: of the random numbers.

    Returns:
      `[n, H, W, C]` in [0, 1].

    Raises:
      ValueError: if there is no generator, or no such class.
    """
    check_is_fitted(self, 'params_')
    if self.generator_params_ is None:
      raise ValueError(
        "Nothing was trained to draw images: fit with generator='cola'."
      )
    labels = np.asarray(y)
    unknown = np.setdiff1d(labels, self.classes_)
    if len(unknown):
      raise ValueError(
        f'There is no class {unknown[0]!r}; there are {list(self.classes_)}.'
      )
    rows = jnp.asarray(np.searchsorted(self.classes_, labels), jnp.int32)
    recipe = small_sample.recipe(**self.card_['training']['recipe'])
    shape = models.image_shape(self.card_)
    draw = programs(recipe, shape, len(self.classes_)).draw
    return np.asarray(draw(_key(seed, _DRAWS), self.generator_params_, rows))

  def _settings(self) -> dict[str, Any]:
    return {
      name: getattr(self, name) for name in parameters(small_sample.RECIPE)
    }

  def _shape_of(self, X: Any) -> Shape:
    """The shape that was asked for, or that all images have."""
    if self.shape is not None:
      where = f'{type(self).__name__}.shape'
      check_value(tuple[Count, Count, Count], self.shape, where)
      height, width, channels = self.shape
      return height, width, channels
    return common_shape(X, self)


def _key(seed: int, stream: int) -> Array:
  return jax.random.fold_in(jax.random.key(seed), stream)
