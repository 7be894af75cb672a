"""Which of a card's accuracies belongs to which use of its model.

A learner can be used in several ways that differ by some points: with the head
that it was trained with or with one of mean columns, by prototypes, with a head
that is fitted from them or by queries that refine them, and with each query by
itself (inductive) or with all queries normalized together (transductive).
"""

import typing
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from lasium_jax.models.build import has_head
from lasium_jax.settings import (
  BadSetting,
  Count,
  NonNegative,
  Share,
  Ways,
  check_value,
)


class Use(NamedTuple):
  """A use of a learner, and what was measured of it.

  Attributes:
    head: what the classes start from, as in `FewShotClassifier`; None for a
      learner without a head, such as ProtoNets' prototypes.
    inductive: whether each query is classified by itself.
    ways: classes in a task.
    shots: support images of a class.
    value: the share of the queries that were classified rightly.
    ci95: half of its 95 % confidence interval, or None.
    dataset: what the tasks were made of, and that all classes of a task were of
      one group, such as an alphabet, if they were.
  """

  head: Literal['trained', 'mean', 'fitted', 'refined'] | None
  inductive: bool
  ways: Ways
  shots: Count
  value: Share
  ci95: NonNegative | None
  dataset: str


def uses(card: Mapping[str, Any]) -> list[Use]:
  """The accuracies that a card has, each with the use that it belongs to.

  Args:
    card: of any model. Entries of older cards are read too; other metrics and
      entries that cannot be understood are passed over.

  Returns:
    In the card's order; empty if it has none.
  """
  if card['kind'] != 'learner':
    return []
  read = [_use(entry, card) for entry in card['accuracy']]
  return [use for use in read if use is not None]


def _use(entry: Any, card: Mapping[str, Any]) -> Use | None:
  try:
    use = _current(entry) if 'value' in entry else _older(entry, card)
    for name, annotation in typing.get_type_hints(
      Use, include_extras=True
    ).items():
      check_value(annotation, getattr(use, name), name)
  except (AttributeError, BadSetting, KeyError, TypeError):
    return None
  return use


def _current(entry: Mapping[str, Any]) -> Use:
  if entry['metric'] != 'accuracy':
    raise BadSetting(f'metric is {entry["metric"]!r}.')
  use, protocol = entry['use'], entry['protocol']
  grouped = ' within groups' if protocol.get('within_groups') else ''
  return Use(
    use['head'],
    use['inductive'],
    protocol['ways'],
    protocol['shots'],
    entry['value'],
    entry.get('ci95'),
    entry['dataset'] + grouped,
  )


def _older(entry: Mapping[str, Any], card: Mapping[str, Any]) -> Use:
  """An entry from before uses were told apart: the trained head's."""
  return Use(
    'trained' if has_head(card) else None,
    entry['normalization'] == 'inductive',
    entry['ways'],
    entry['shots'],
    entry['accuracy'],
    entry.get('ci95'),
    entry['dataset'],
  )


def manner(head: str | None, inductive: bool) -> str:
  """What a learner classifies, and how: 'each query by itself, with ...'."""
  queries = 'each query by itself' if inductive else 'all queries together'
  if head == 'refined':
    return f'{queries}, which refine the prototypes'
  return queries if head is None else f'{queries}, with the {head} head'


def expected(use: Use) -> str:
  """What was measured of a use, in words, without the use itself."""
  margin = '' if use.ci95 is None else f' ± {100 * use.ci95:.1f}'
  return (
    f'{100 * use.value:.1f}{margin} % on {use.dataset}, {use.ways}-way '
    f'{use.shots}-shot'
  )


def account(
  card: Mapping[str, Any], head: str | None, inductive: bool
) -> list[str]:
  """What a person should know who uses a model so.

  Args:
    card: of the model.
    head: as in `Use`.
    inductive: likewise.

  Returns:
    Sentences: the use, what its accuracy is by the card, and, if the card does
    not know, the accuracy of other uses.
  """
  by_manner: dict[str, list[str]] = {}
  for use in uses(card):
    how = manner(use.head, use.inductive)
    by_manner.setdefault(how, []).append(expected(use))
  this = manner(head, inductive)
  sentences = [f'The model classifies {this}.']
  if this in by_manner:
    measured = '; '.join(by_manner[this])
    return [*sentences, f'The accuracy of this use by its card: {measured}.']
  return [
    *sentences,
    'Its card has no accuracy of this use.',
    *(
      f'For {how}, it has {"; ".join(measured)}.'
      for how, measured in by_manner.items()
    ),
  ]


def account_of_classifier(card: Mapping[str, Any]) -> list[str]:
  """What a person should know who uses a classifier of its own classes.

  Args:
    card: of the classifier.

  Returns:
    Sentences: what it tells apart, and what its accuracy is by the card.
  """
  count = card['architecture']['classes']
  sentences = [f'The model tells apart the {count} classes of its training.']
  if not card.get('class_names'):
    sentences.append('Its card has no names of them, so they are numbered.')
  measured = [
    _measured(entry)
    for entry in card['accuracy']
    if isinstance(entry, Mapping) and entry.get('metric') == 'accuracy'
  ]
  known = '; '.join(text for text in measured if text)
  if not known:
    return [*sentences, 'Its card has no accuracy.']
  return [*sentences, f'Its accuracy by its card: {known}.']


def _measured(entry: Mapping[str, Any]) -> str:
  """An accuracy on images in words; nothing if it cannot be understood."""
  try:
    check_value(Share, entry['value'], 'value')
    value = f'{100 * entry["value"]:.1f}{_interval(entry)}'
    text = f'{value} on {entry["dataset"]}'
    folds = entry['protocol'].get('folds')
  except (AttributeError, BadSetting, KeyError, TypeError):
    return ''
  return f'{text}, by {folds}-fold cross-validation' if folds else text


def _interval(entry: Mapping[str, Any]) -> str:
  """What follows the number of an accuracy: its unit, and how sure it is."""
  protocol, ci95 = entry['protocol'], entry.get('ci95')
  if 'low' in protocol and 'high' in protocol:
    for end in ('low', 'high'):
      check_value(Share, protocol[end], end)
    low, high = 100 * protocol['low'], 100 * protocol['high']
    return f' % (in a 95 % interval between {low:.1f} and {high:.1f} %)'
  check_value(NonNegative | None, ci95, 'ci95')
  return ' %' if ci95 is None else f' ± {100 * ci95:.1f} %'
