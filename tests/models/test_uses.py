"""Which accuracy of a card belongs to which use of the model."""

import pytest

from lasium_jax import models

PROTOCOL = {
  'ways': 5,
  'shots': 1,
  'queries': 15,
  'seed': 0,
  'normalization': 'transductive',
}
ENTRY = {
  'name': 'ro-vae-maml',
  'metric': 'accuracy',
  'value': 0.862,
  'ci95': 0.0053,
  'n': 1000,
  'of': 'tasks',
  'dataset': 'omniglot',
  'protocol': PROTOCOL,
  'steps': 1000,
  'use': {'head': 'trained', 'inductive': False},
}
# As results were before a result could be of any metric.
OLDER = {
  'name': 'ro-vae-maml',
  'dataset': 'omniglot',
  'ways': 5,
  'shots': 5,
  'queries': 15,
  'tasks': 1000,
  'seed': 0,
  'accuracy': 0.9558,
  'ci95': 0.00229,
  'normalization': 'transductive',
  'steps': 1000,
}


def card(*accuracy, learner='maml', kind='learner'):
  return {
    'kind': kind,
    'architecture': {'learner': {'name': learner}},
    'accuracy': list(accuracy),
  }


def test_an_accuracy_within_groups_says_so():
  entry = ENTRY | {'protocol': PROTOCOL | {'within_groups': True}}
  (use,) = models.uses(card(entry))
  assert models.expected(use) == (
    '86.2 ± 0.5 % on omniglot within groups, 5-way 1-shot'
  )


def test_new_entries_say_their_use():
  other = ENTRY | {
    'value': 0.5,
    'ci95': None,
    'use': {'head': 'mean', 'inductive': True},
  }
  assert models.uses(card(ENTRY, other)) == [
    models.Use('trained', False, 5, 1, 0.862, 0.0053, 'omniglot'),
    models.Use('mean', True, 5, 1, 0.5, None, 'omniglot'),
  ]


@pytest.mark.parametrize(
  ('learner', 'head'), [('maml', 'trained'), ('protonets', None)]
)
def test_older_entries_are_of_the_trained_head_if_there_is_one(learner, head):
  inductive = OLDER | {'normalization': 'inductive'}
  uses = models.uses(card(OLDER, inductive, learner=learner))
  assert uses == [
    models.Use(head, False, 5, 5, 0.9558, 0.00229, 'omniglot'),
    models.Use(head, True, 5, 5, 0.9558, 0.00229, 'omniglot'),
  ]


def test_what_is_no_accuracy_is_passed_over():
  odd = [
    None,
    'accuracy',
    [],
    {},
    {'accuracy': 0.5},
    ENTRY | {'metric': 'fid', 'value': 12.5},
    ENTRY | {'use': None},
    ENTRY | {'value': 86.2},
    ENTRY | {'dataset': 3},
    ENTRY | {'protocol': PROTOCOL | {'ways': '5'}},
    {key: value for key, value in ENTRY.items() if key != 'use'},
  ]
  assert models.uses(card(*odd)) == []
  assert models.uses(card(*odd, ENTRY)) == models.uses(card(ENTRY))
  assert models.uses(card()) == []
  assert models.uses(card(ENTRY, kind='generator')) == []


def test_in_words():
  (use,) = models.uses(card(ENTRY))
  assert models.expected(use) == '86.2 ± 0.5 % on omniglot, 5-way 1-shot'
  assert models.expected(use._replace(ci95=None)).startswith('86.2 % on')
  with_head = 'each query by itself, with the mean head'
  assert models.manner('mean', True) == with_head
  assert models.manner(None, False) == 'all queries together'


def test_the_account_of_a_use_that_was_measured():
  assert models.account(card(ENTRY, OLDER), 'trained', False) == [
    'The model classifies all queries together, with the trained head.',
    'The accuracy of this use by its card: 86.2 ± 0.5 % on omniglot, 5-way '
    '1-shot; 95.6 ± 0.2 % on omniglot, 5-way 5-shot.',
  ]


def test_the_account_of_another_use():
  other = ENTRY | {'value': 0.8, 'use': {'head': None, 'inductive': True}}
  assert models.account(card(ENTRY, other, OLDER), 'mean', True) == [
    'The model classifies each query by itself, with the mean head.',
    'Its card has no accuracy of this use.',
    'For all queries together, with the trained head, it has 86.2 ± 0.5 % on '
    'omniglot, 5-way 1-shot; 95.6 ± 0.2 % on omniglot, 5-way 5-shot.',
    'For each query by itself, it has 80.0 ± 0.5 % on omniglot, 5-way 1-shot.',
  ]
  assert models.account(card(learner='protonets'), None, True) == [
    'The model classifies each query by itself.',
    'Its card has no accuracy of this use.',
  ]


def test_the_account_of_a_classifier():
  plain = {
    'kind': 'classifier',
    'architecture': {'classes': 3},
    'accuracy': [],
  }
  tells = 'The model tells apart the 3 classes of its training.'
  assert models.account_of_classifier(plain) == [
    tells,
    'Its card has no names of them, so they are numbered.',
    'Its card has no accuracy.',
  ]
  crossed = ENTRY | {'protocol': {'folds': 5}, 'value': 0.5, 'ci95': 0.1}
  odd = [None, {}, ENTRY | {'value': 5}, ENTRY | {'protocol': None}]
  named = plain | {'class_names': ['a', 'b', 'c']}
  assert models.account_of_classifier(
    named | {'accuracy': [*odd, crossed, ENTRY]}
  ) == [
    tells,
    'Its accuracy by its card: 50.0 ± 10.0 % on omniglot, by 5-fold '
    'cross-validation; 86.2 ± 0.5 % on omniglot.',
  ]


DAMAGED = {
  'no interval': None,
  'words': {'low': 'a', 'high': 'b'},
  'one end beyond': {'low': 0.7, 'high': 1.5},
  'no number': {'low': 0.7, 'high': float('nan')},
  'a list': ['low', 'high'],
}


@pytest.mark.parametrize('name', ['sound', *DAMAGED])
def test_an_interval_that_is_not_symmetric_is_told_by_its_ends(name):
  """Ten of ten are right, between 72.2 and 100 % and not 100 ± 13.9 %."""
  ends = {'low': 0.7225, 'high': 1.0, 'folds': 5}
  card = {
    'kind': 'classifier',
    'architecture': {'classes': 2},
    'class_names': ['a', 'b'],
  }
  entry = ENTRY | {'value': 1.0, 'protocol': DAMAGED.get(name, ends)}
  (_, told) = models.account_of_classifier(card | {'accuracy': [entry]})
  assert told == {
    'sound': 'Its accuracy by its card: 100.0 % (in a 95 % interval between '
    '72.2 and 100.0 %) on omniglot, by 5-fold cross-validation.'
  }.get(name, 'Its card has no accuracy.')
