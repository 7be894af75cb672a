"""Whether data have groups of classes for tasks within one of them."""

from collections import Counter

from experiments.run.config import BadConfig
from lasium_jax.data import class_groups
from lasium_jax.data.dataset import Dataset


def check_groups(section: str, ways: int, split: str, dataset: Dataset) -> None:
  """Sees that tasks within groups are other tasks, and that there are some.

  Args:
    section: of the config, 'tasks' or 'evaluation', that asks for them.
    ways: classes in a task.
    split: the name of the data's part.
    dataset: that part.

  Raises:
    BadConfig: if its classes are of no groups or of one by their names, or no
      group has enough of them.
  """
  asked = f'config.{section}.within_groups is True, and'
  off = f'or set config.{section}.within_groups=False'
  groups = class_groups(dataset.class_names)
  if groups is None:
    raise BadConfig(
      f'{asked} the classes of the {split} split, such as '
      f'{dataset.class_names[0]!r}, are of no groups by their names, as '
      f"'Greek_0' and 'Greek/alpha' are: choose data that have groups, {off}."
    )
  largest, classes = Counter(groups).most_common(1)[0]
  if classes < ways:
    raise BadConfig(
      f'{asked} the largest group of classes of the {split} split, '
      f'{largest!r}, has {classes}, fewer than config.{section}.ways = {ways}. '
      'Lower that, hold out whole alphabets (of Omniglot with '
      f'config.data.split=background), {off}.'
    )
  if len(set(groups)) == 1:
    raise BadConfig(
      f'{asked} all classes of the {split} split are of one group by their '
      f'names, {largest!r}: name them by several, {off}.'
    )
