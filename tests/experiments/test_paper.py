"""A paper's number stands beside a run of the paper's settings alone."""

import functools
import importlib

import pytest

from experiments.components import by_size
from experiments.papers import lasium
from experiments.papers.numbers import Condition, Number, matching
from experiments.papers.published import candidates, published
from experiments.run.config import flatten


@functools.cache
def file_settings(run):
  config = importlib.import_module('configs.lasium.omniglot').get_config(run)
  return flatten(by_size.resolved(config).to_dict())


def settings(run, **fields):
  named = {name.replace('__', '.'): value for name, value in fields.items()}
  assert set(named) <= {*file_settings(run), 'meta.iterations', 'latents.sigma'}
  return file_settings(run) | {'meta.iterations': 1_000} | named


def entry(shots=1, floor='', member=None, **protocol):
  kind = {'ways': 5, 'queries': 15, 'seed': 0, 'normalization': 'transductive'}
  return {
    'name': floor or 'a name',
    'metric': 'accuracy',
    'value': 0.5,
    'dataset': 'omniglot',
    'protocol': {'shots': shots, **kind, **protocol},
    **({'floor': True} if floor else {}),
    **({'member': member} if member else {}),
  }


def value(run, result=None, **fields):
  number = published(settings(run, **fields), result or entry())
  return number and number.value


@pytest.mark.parametrize(
  ('run', 'fields', 'expected'),
  [
    ('ro-vae-maml', {}, 0.7502),
    ('ro-vae-maml', {'latents__alpha': 0.4}, 0.7131),
    ('ro-vae-maml', {'latents__alpha': 0.3}, None),
    ('ro-vae-maml', {'latents__sigma': 0.1}, 0.7502),
    ('oc-vae-maml', {}, 0.7498),
    ('ro-vae-protonets', {}, 0.6217),
    ('ro-vae-maml', {'data__split': 'background'}, None),
    ('ro-vae-maml', {'tasks__ways': 20}, None),
    ('supervised-maml', {}, 0.9446),
    ('umtra-maml', {}, 0.8191),
    ('umtra-protonets', {}, None),
    ('n-vae-maml', {}, 0.7041),
    ('n-vae-maml', {'latents__sigma': 1.0}, 0.6826),
    ('n-vae-maml', {'latents__sigma': 2.0}, 0.6518),
    ('n-vae-maml', {'latents__sigma': 2**0.5}, 0.6518),
    ('n-vae-maml', {'latents__sigma': 0.1}, 0.7611),
    ('n-vae-protonets', {'latents__sigma': 0.1}, None),
    ('n-vae-protonets', {'latents__sigma_max': 1.0}, None),
    ('n-vae-maml-paper', {}, 0.7041),
    ('n-vae-maml-released', {}, 0.7041),
    ('n-vae-protonets-released', {}, 0.6488),
    ('n-msgan-maml-released', {}, 0.7716),
  ],
)
def test_the_number_is_of_the_settings(run, fields, expected):
  assert value(run, **fields) == expected


@pytest.mark.parametrize(
  'protocol',
  [
    {'ways': 20},
    {'queries': 5},
    {'normalization': 'inductive'},
    {'shots': 20},
    {'within_groups': True},
  ],
)
def test_another_protocol_has_no_number(protocol):
  assert value('ro-msgan-maml') == 0.7762
  assert value('ro-msgan-maml', entry(**protocol)) is None


def test_another_data_set_or_metric_has_no_number():
  assert value('ro-vae-maml', {**entry(), 'dataset': 'glyphs'}) is None
  assert value('ro-vae-maml', {**entry(), 'metric': 'l1'}) is None


@pytest.mark.parametrize(
  ('learner', 'protocol', 'expected'),
  [
    ('maml', {'queries': 5}, 0.6884),
    ('maml', {}, None),
    ('protonets', {'queries': 5, 'normalization': 'inductive'}, 0.6812),
    ('protonets', {'queries': 5}, None),
  ],
)
def test_cactus_is_compared_by_its_own_protocol(learner, protocol, expected):
  run = f'cactus-acai-{learner}'
  assert value(run, entry(**protocol)) == expected
  assert value('cactus-vae-maml', entry(queries=5)) is None
  if expected:
    _, differs = differences(run, entry(**protocol))
    assert '100 partitions of 500 clusters' not in differs
    assert 'codes of 256 numbers' in differs


def test_floors_are_of_no_sampler():
  result = entry(floor='scratch')
  assert value('scratch', result) == 0.5164
  assert value('ro-vae-maml', result, latents__alpha=0.4) == 0.5164
  assert value('ro-vae-maml', entry(5, 'scratch')) == 0.7144
  assert value('ro-vae-maml', entry(floor='nearest')) is None
  assert value('scratch') is None


def test_a_fitted_head_is_no_prototypes():
  use = {'inductive': False}
  for head, expected in ((None, 0.6217), ('fitted', None)):
    result = entry() | {'use': {'head': head, **use}}
    assert value('ro-vae-protonets', result) == expected
  trained = entry() | {'use': {'head': 'trained', **use}}
  assert value('ro-vae-maml', trained) == 0.7502


def test_each_member_has_the_number_of_its_own_alpha():
  values = [
    value('ro-vae-maml', entry(member={'seed': 0, 'alpha': alpha}))
    for alpha in (0.2, 0.4, 0.3)
  ]
  assert values == [0.7502, 0.7131, None]


def differences(run, result=None, **fields):
  number = published(settings(run, **fields), result or entry())
  return number.table, number.differs


def test_like_for_like_has_no_differences():
  for run in ('ro-vae-maml', 'n-vae-maml-paper', 'oc-msgan-protonets'):
    assert differences(run) == ('LASIUM Table 7', ())


@pytest.mark.parametrize(
  ('fields', 'difference'),
  [
    ({'meta__iterations': 300}, '1,000 iterations'),
    ({'meta__batch': 2}, 'meta-batch 4'),
    ({'meta__learning_rate': 0.01}, 'meta rate 0.001'),
    ({'tasks__queries': 15}, 'training tasks of 1 shot, 5 queries'),
    ({'learner__learning_rate': 0.1}, 'inner rate 0.4'),
    ({'learner__steps': 1}, '5 inner steps'),
    ({'learner__first_order': True}, 'second-order gradients'),
    ({'evaluation_learner__steps': 5}, '50 steps in evaluation'),
    ({'network__filters': 32}, "the paper's network"),
    ({'network__last_filters': 512}, "the paper's network"),
    ({'network__downsample': 'max_pool'}, "the paper's network"),
    ({'data__size': 84}, 'images of 28x28'),
  ],
)
def test_what_is_otherwise_is_said(fields, difference):
  table, differs = differences('ro-vae-maml', **fields)
  assert (table, differs) == ('LASIUM Table 7', (difference,))


def test_table_1_is_never_like_for_like():
  result = entry(5)
  assert differences('n-vae-maml', result) == (
    'LASIUM Table 1',
    ('longer training', 'sigma not said'),
  )
  assert differences('ro-msgan-maml', result, meta__iterations=60_000) == (
    'LASIUM Table 1',
    ('iterations not said', 'alpha not said'),
  )
  assert differences('supervised-protonets', result, tasks__ways=20) == (
    'LASIUM Table 1',
    ('iterations not said', '5-way training tasks'),
  )


def test_both_tables_have_a_number_at_one_shot():
  tables = [p.table for p in candidates(settings('ro-msgan-maml'), entry())]
  assert tables == ['LASIUM Table 7', 'LASIUM Table 1']
  values = [p.value for p in candidates(settings('ro-msgan-maml'), entry())]
  assert values == [0.7762, 0.8326]


def test_every_number_is_of_another_experiment():
  """No run has two numbers of one table."""
  keys = [
    (n.table, *sorted(n.required.items(), key=str)) for n in lasium.NUMBERS
  ]
  assert len(set(keys)) == len(keys)
  assert all(0.5 < n.value < 1 and 0 < n.ci95 < 0.01 for n in lasium.NUMBERS)


def test_the_most_alike_comes_first():
  other = Condition('b', ({'x': 1}, {'x': 2, 'y': 3}))
  numbers = [
    Number('one', 0.1, 0.0, {'x': 2}, (Condition('a'), other)),
    Number('two', 0.2, 0.0, {'x': 2}, (other,)),
    Number('none', 0.3, 0.0, {'x': 1}),
  ]
  published = matching(numbers, {'x': 2, 'y': 4}, entry())
  assert [(p.table, p.differs) for p in published] == [
    ('two', ('b',)),
    ('one', ('a', 'b')),
  ]
  # What a run has not is no difference.
  assert matching(numbers, {'x': 2}, entry())[0].differs == ()
