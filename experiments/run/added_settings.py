"""Settings that came after the first runs, and what these did without them.

A run whose config lacks one goes on, and lends what it trained, as if it said
so. A setting belongs here only if one value of it leaves all as it was. A
section that those runs have by another name is here too.
"""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.run.config import flatten

MAPPED = ('autoencoder', 'interpolative')  # Generators that learn from maps.


class Added(NamedTuple):
  """A setting that older runs lack.

  Attributes:
    system: of the runs.
    section: of their configs.
    parts: names of the parts that have it; empty for a section of one part.
    field: of the section.
    value: by which nothing changes.
  """

  system: str
  section: str
  parts: tuple[str, ...]
  field: str
  value: Any


ADDED = (
  Added('lasium', 'clustering', (), 'turned_features', False),
  Added('lasium', 'data', ('tfds',), 'threshold', 0.0),
  Added('lasium', 'generator', ('cola', 'glo'), 'ridge', 0.0),
  Added('lasium', 'generator', MAPPED, 'shear', 0.0),
  Added('lasium', 'generator', MAPPED, 'stretch', 1.0),
  Added('lasium', 'learner', ('protonets',), 'tune_network', False),
  Added('lasium', 'learner', ('protonets',), 'head_views', False),
  Added('lasium', 'learner', ('protonets',), 'turned_features', False),
  Added('lasium', 'network', ('conv4',), 'last_filters', 0),
  Added('lasium', 'rounds', (), 'workdir', ''),
  Added('lasium', 'tasks', ('labeled',), 'augment_support', False),
  Added('lasium', 'tasks', ('labeled',), 'turned', False),
  Added('cola', 'batches', ('generated',), 'made', 0),
  Added('cola', 'batches', ('generated',), 'whole', False),
  Added('cola', 'generator', ('cola', 'glo'), 'ridge', 0.0),
  Added('cola', 'quality', (), 'draws', 1),
  Added('interpolative', 'generator', MAPPED, 'shear', 0.0),
  Added('interpolative', 'generator', MAPPED, 'stretch', 1.0),
)

# The views by which COLA's clusters are found had the name of those of rounds
# of clustering, which no run had besides.
_OLD_VIEWS, _VIEWS, _BESIDE = 'cluster_views', 'clustered_views', 'clustered'


def by_todays_names(config: Mapping[str, Any]) -> dict[str, Any]:
  """A saved config, nested or flattened, with today's names of sections.

  A config of today is as it was.
  """
  sections = {name.partition('.')[0] for name in config}
  if _BESIDE not in sections or _VIEWS in sections:
    return dict(config)

  def today(name: str) -> str:
    section, dot, field = name.partition('.')
    return f'{_VIEWS if section == _OLD_VIEWS else section}{dot}{field}'

  return {today(name): value for name, value in config.items()}


def with_added(config: Mapping[str, Any]) -> dict[str, Any]:
  """A saved config by today's names, with the settings that it lacks.

  These are the settings of `ADDED`.
  """
  full = copy.deepcopy(by_todays_names(dict(config)))
  if full.get('system') == 'cola' and 'training' in full:
    # Classifiers of clusters had none.
    full.setdefault('batches', {'name': 'made_alone', 'made': 0})
  for name, value in lacked(flatten(full)).items():
    section, _, field = name.partition('.')
    if section in full:
      full[section][field] = value
  return full


def lacked(fields: Mapping[str, Any]) -> dict[str, Any]:
  """The settings of `ADDED` that a saved config lacks, with their values.

  Args:
    fields: the saved config, flattened.

  Returns:
    Flattened settings.
  """
  return {
    f'{added.section}.{added.field}': added.value
    for added in ADDED
    if f'{added.section}.{added.field}' not in fields
    and fields.get('system') == added.system
    and (not added.parts or fields.get(f'{added.section}.name') in added.parts)
  }


def as_in_training(
  fields: Mapping[str, Any], today: Mapping[str, Any]
) -> dict[str, Any]:
  """A saved config, with what its evaluation lacks and today's config has.

  A learner is evaluated as it trains, unless its evaluation has more.

  Args:
    fields: the saved config, flattened.
    today: today's, likewise.

  Returns:
    The saved config, flattened.
  """
  full = dict(fields)
  for name, value in today.items():
    section, _, field = name.rpartition('.')
    own = f'learner.{field}'
    if section == 'evaluation_learner' and value is not None and own in full:
      full.setdefault(name, full[own])
  return full
