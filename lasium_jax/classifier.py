"""A trained few-shot learner by scikit-learn's conventions."""

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from lasium_jax import models
from lasium_jax.image_classifier import ImageClassifier, filled, labels_of
from lasium_jax.learners.head import head_for
from lasium_jax.models import Head, Model
from lasium_jax.ops.sizes import padded_size
from lasium_jax.types import Examples, Params

# Inductive queries are classified so many at a time, the last ones filled up:
# one program for any number of them, and a query's result does not depend on
# how many others there are.
_QUERIES = 64


class FewShotClassifier(ImageClassifier):
  """Learns classes from a few images each, by a meta-trained learner.

  There may be any number of classes, and of images of each, whatever the
  learner was trained with. ProtoNets compares with the mean features of each
  class, or fits a linear head from these, and the network with it if it was
  judged so. MAML's classes start from the trained head where they are as few as
  in training, else from the mean of its columns. The order of images and the
  names of classes do not matter. Each use has its own accuracy:
  `lasium_jax.models.uses` reads from a card which belongs to which.

  Images are an array `[n, H, W]` or `[n, H, W, C]` or, as scikit-learn has
  them, flat `[n, H * W * C]`, of bytes or of floats in [0, 1]; or a list of
  file names, paths, Pillow images and arrays. What is not flat may have any
  size and is made the model's. They are taken as they look: dark ink on white
  is inverted here for a model that was trained so.

  Attributes:
    classes_: `[num_classes]` the labels, sorted.
    adapted_: what the learner made of the support images.
    ways_: `[num_classes]` which of the learner's outputs each class has.
    head_: what the classes started from, 'trained' or 'mean'; 'fitted' for a
      head that was fitted from prototypes; 'refined' for prototypes that the
      queries refine; None for a learner without a head.
  """

  ways_: np.ndarray
  head_: Literal['trained', 'mean', 'fitted', 'refined'] | None
  adapted_: Any

  def __init__(
    self,
    model: str | Path | Model | None = None,
    *,
    inductive: bool = True,
    steps: int | None = None,
    invert: bool | None = None,
    head: Head = 'auto',
  ) -> None:
    """Sets parameters; nothing is read before `fit`.

    Args:
      model: a folder that experiments/export.py wrote, or what
        `lasium_jax.models.load_model` returned.
      inductive: whether a prediction is independent of the other queries. If
        False, the images that are given to `predict` together are normalized
        together, as in most published numbers.
      steps: of MAML's adaptation, of a head that is fitted from prototypes, or
        of refining these; None for the model's own.
      invert: whether dark becomes 1 and light 0; None for what the model's
        training images needed. Say False for images that are ink 1 on 0
        already.
      head: what MAML's classes start from. 'trained' is the trained head's
        columns as they are, given to the classes by the content of their
        images; there may be no more classes than in training. 'mean' is the
        mean of these columns, for any number of classes, and less accurate
        (`lasium_jax.learners.head`). 'auto' is 'trained' where the classes
        fit, else 'mean'. Of ProtoNets, 'prototypes' are the classes' mean
        features, and 'fitted' is a linear head that is fitted from them to the
        given images (`lasium_jax.learners.protonets`), in 15 steps if the model
        has no number of its own; if the model was judged so, the network is
        tuned with it (`tune_network`), and each step sees other views of the
        given images (`head_views`). With 'refined' the images that are given to
        `predict` together refine the means, in 1 step if the model has no
        number of its own, which needs inductive=False. 'auto' is what the model
        was judged with, as far as `inductive` allows it.
    """
    self.model = model
    self.inductive = inductive
    self.steps = steps
    self.invert = invert
    self.head = head

  @classmethod
  def load(cls, path: str | Path, **parameters: Any) -> Self:
    """A classifier with the model of a folder.

    Args:
      path: a folder that experiments/export.py wrote.
      **parameters: of the constructor.

    Returns:
      The classifier, to be fitted.

    Raises:
      BadModel: if the folder holds no sound model.
    """
    return cls(models.load_model(path), **parameters)

  def fit(self, X: Any, y: Any) -> Self:
    """Learns from labeled images.

    Args:
      X: n images.
      y: n labels of any one type.

    Returns:
      self.

    Raises:
      ValueError: if images or labels cannot be used.
      BadModel: if `model` names a folder without a sound model.
    """
    model = self._loaded()
    x = self._images(X, model.card, reset=True)
    self.classes_, y = np.unique(labels_of(y, x, self), return_inverse=True)
    order, self.ways_ = _by_content(x, y)
    self.head_ = self._choice(model.card).head
    ways = padded_size(len(self.classes_))
    adapt, _ = self._programs(model.card, ways)
    params = _params_for(model, ways, len(self.classes_), self.head_)
    support = _padded(x[order], self.ways_[y[order]])
    adapted = adapt(jax.random.key(0), params, support)
    self.card_ = model.card
    self.adapted_ = jax.device_get(adapted)
    return self

  def predict_proba(self, X: Any) -> np.ndarray:
    """Probabilities `[n, num_classes]`, in the order of `classes_`."""
    check_is_fitted(self)
    x = self._images(X, self.card_, reset=False)
    _, predict = self._programs(self.card_, padded_size(len(self.classes_)))
    size = _QUERIES if self.inductive else padded_size(len(x))
    adapted = jax.device_put(self.adapted_)
    logits = []
    for first in range(0, len(x), size):
      batch = x[first : first + size]
      mask = np.arange(size) < len(batch)
      answers = predict(adapted, filled(batch, size), mask)
      logits.append(np.asarray(answers)[: len(batch)])
    outputs = np.concatenate(logits)[:, : len(self.classes_)]
    # The softmax is in float64, so that rows add up to 1, and comes before the
    # classes are put in their order, which would round the sum differently.
    probabilities: np.ndarray = softmax(outputs.astype(np.float64), axis=1)
    return probabilities[:, self.ways_]

  def _loaded(self) -> Model:
    model = self.model
    if model is None:
      raise ValueError(
        'FewShotClassifier needs a model: the folder that '
        'experiments/export.py wrote.'
      )
    loaded = model if isinstance(model, Model) else models.load_model(model)
    if loaded.card['kind'] != 'learner':
      raise models.BadModel(
        f'This model is a {loaded.card["kind"]}; to learn classes from a few '
        'images, export the learner (--what=learner).'
      )
    return loaded

  def _programs(self, card: Mapping[str, Any], ways: int) -> Any:
    changes = self._choice(card).changes
    return _compiled(
      _built(card), ways, inductive=bool(self.inductive), **changes
    )

  def _choice(self, card: Mapping[str, Any]) -> models.Choice:
    return models.choose(
      card,
      self.head,
      self.steps,
      len(self.classes_),
      inductive=bool(self.inductive),
    )

  def _images(self, X: Any, card: Mapping[str, Any], *, reset: bool) -> Any:
    """`[n, H, W, C]` float32, ink 1 on 0."""
    invert = card['image']['invert'] if self.invert is None else self.invert
    shape = models.image_shape(card)
    return self._pictures(X, shape, invert=invert, reset=reset)


def _padded(x: np.ndarray, y: np.ndarray) -> Examples:
  """Examples of one of the few sizes that there are programs for."""
  size = padded_size(len(x))
  rows = filled(x, size), filled(y.astype(np.int32), size, -1)
  return Examples(*map(jnp.asarray, rows))


def _by_content(x: np.ndarray, y: np.ndarray) -> tuple[list[int], np.ndarray]:
  """An order of images and classes that comes from the pixels alone.

  So the order in which images came, and the names of classes, change no bit.

  Args:
    x: `[n, H, W, C]`.
    y: `[n]` classes.

  Returns:
    The images' order, and the rank of each class, `[num_classes]`.
  """
  contents = [image.tobytes() for image in x]
  members: dict[int, list[bytes]] = {}
  for content, class_ in sorted(zip(contents, y.tolist(), strict=True)):
    members.setdefault(class_, []).append(content)
  ranks = np.argsort(sorted(members, key=lambda class_: members[class_]))
  return sorted(range(len(x)), key=lambda i: (contents[i], ranks[y[i]])), ranks


def _params_for(
  model: Model, ways: int, classes: int, head: str | None
) -> Params:
  built, trained = _built(model.card), model.card['architecture']['ways']
  return head_for(
    model.params,
    _shapes(built, trained + 1),
    _shapes(built, ways),
    classes,
    average=head != 'trained',
  )


def _built(card: Mapping[str, Any]) -> str:
  """What programs depend on of a card."""
  fields = ('kind', 'architecture', 'image')
  return json.dumps({name: card[name] for name in fields}, sort_keys=True)


@functools.lru_cache(maxsize=256)
def _shapes(built: str, ways: int) -> Params:
  return models.shapes(json.loads(built), ways=ways)


@functools.lru_cache(maxsize=256)
def _compiled(
  built: str, ways: int, **changes: Any
) -> tuple[Callable[..., Any], Callable[..., Any]]:
  """A learner's `adapt` and `predict`, compiled once for each size."""
  learner = models.learner(json.loads(built), ways=ways, padded=True, **changes)
  return jax.jit(learner.adapt), jax.jit(learner.predict)
