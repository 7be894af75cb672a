"""What classifiers of images by scikit-learn's conventions have in common."""

import abc
from pathlib import Path
from typing import Any

import jax
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
  check_consistent_length,
  column_or_1d,
  validate_data,
)

from lasium_jax.data.pictures import (
  as_images,
  is_pictures,
  picture_shape,
  upright_shape,
)


class ImageClassifier(ClassifierMixin, BaseEstimator):
  """Takes images, flat or not, or files of pictures; classes have any names.

  Attributes:
    classes_: `[num_classes]` the labels, sorted.
  """

  classes_: np.ndarray

  def __sklearn_tags__(self) -> Any:
    tags = super().__sklearn_tags__()
    tags.input_tags.three_d_array = True
    tags.input_tags.string = True
    tags.input_tags.positive_only = True
    return tags

  def predict(self, X: Any) -> np.ndarray:
    """The likeliest label of each image, `[n]`."""
    best = self.predict_proba(X).argmax(1)
    labels: np.ndarray = self.classes_[best]
    return labels

  @abc.abstractmethod
  def predict_proba(self, X: Any) -> np.ndarray:
    """Probabilities `[n, num_classes]`, in the order of `classes_`."""

  def _pictures(
    self, X: Any, shape: tuple[int, int, int], *, invert: bool, reset: bool
  ) -> np.ndarray:
    """Images as a model takes them.

    Args:
      X: n images.
      shape: `(H, W, C)` of the model's.
      invert: whether dark becomes 1 and light 0.
      reset: whether flat images are those that are learned from.

    Returns:
      `[n, H, W, C]` float32 in [0, 1].

    Raises:
      ValueError: if they cannot be used.
    """
    X = _on_the_host(X)
    if not is_pictures(X):
      table = validate_data(self, X, reset=reset, dtype='numeric')
      X = self._unflatten(table, shape)
    images = as_images(X, shape, invert=invert)
    if not len(images):
      raise ValueError('There are no images.')
    return images

  def _unflatten(
    self, table: np.ndarray, shape: tuple[int, int, int]
  ) -> np.ndarray:
    if table.shape[1] != np.prod(shape):
      raise ValueError(
        f'Flat images of this model have {np.prod(shape)} values '
        f'({"x".join(map(str, shape))}), not {table.shape[1]}. Images of '
        'another size must be [n, H, W] or [n, H, W, C].'
      )
    return table.reshape(-1, *shape)


def labels_of(y: Any, x: np.ndarray, classifier: Any) -> np.ndarray:
  """One label for each image, `[n]`.

  Raises:
    ValueError: if there are none, or of another number or type.
  """
  if y is None:
    raise ValueError(
      f'{type(classifier).__name__} requires y to be passed, but the target y '
      'is None'
    )
  labels: np.ndarray = column_or_1d(y, warn=True)
  check_consistent_length(x, labels)
  check_classification_targets(labels)
  return labels


def common_shape(X: Any, classifier: Any) -> tuple[int, int, int]:
  """The shape `(H, W, C)` that all of some images have.

  Raises:
    ValueError: if they are flat, have several, or are none; the message names
      the parameter `shape` of the classifier.
  """
  X, hint = _on_the_host(X), f'{type(classifier).__name__}(shape=(H, W, C))'
  if not is_pictures(X):
    raise ValueError(
      f'Images that are no [n, H, W] or [n, H, W, C] need their shape: {hint}.'
    )
  if not len(X):
    raise ValueError('There are no images.')
  if isinstance(X, np.ndarray) and X.ndim > 2:
    return _shape(X[0])
  shapes = [_shape(item) for item in X]
  for i, shape in enumerate(shapes):
    if shape != shapes[0]:
      raise ValueError(
        f'Image 0 is {shapes[0]} and image {i} is {shape}: make them of one '
        f'size, or say {hint} to have them cropped and resized.'
      )
  return shapes[0]


def _on_the_host(X: Any) -> Any:
  """JAX's array as NumPy's, and all else as it is."""
  return np.asarray(X) if isinstance(X, jax.Array) else X


def _shape(picture: Any) -> tuple[int, int, int]:
  if isinstance(picture, str | Path):
    return picture_shape(Path(picture))
  if hasattr(picture, 'getbands'):
    return upright_shape(picture)
  height, width, *channel = np.shape(picture)
  return height, width, channel[0] if channel else 1


def filled(x: np.ndarray, size: int, value: int = 0) -> np.ndarray:
  """Rows `[n, ...]`, and behind them as many of one value as `size` lacks."""
  filling = np.full_like(x, value, shape=(size - len(x), *x.shape[1:]))
  return np.concatenate([x, filling])
