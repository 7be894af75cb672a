"""Labels on a card, which has names alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lasium_jax import models

_WHOLE = 'whole_number_labels'


def told_of_labels(labels: np.ndarray) -> dict[str, Any]:
  """What a card's `training` says of labels beside their names."""
  return {_WHOLE: labels.dtype.kind in 'iu'}


def labels_of_card(card: Mapping[str, Any], path: str | Path) -> np.ndarray:
  """The labels of a classifier that was saved.

  Args:
    card: a classifier's.
    path: of its folder, for messages.

  Returns:
    `[num_classes]` whole numbers where its labels were such, else text.

  Raises:
    BadModel: if names that are to be whole numbers are none.
  """
  count = card['architecture']['classes']
  names = np.array(card.get('class_names') or range(count), str)
  if not card['training'].get(_WHOLE):
    return names
  try:
    return names.astype(int)
  except (ValueError, OverflowError) as error:
    raise models.BadModel(
      f'{path}: class_names are no whole numbers, and its training says that '
      'they are.'
    ) from error
