"""COLA's numbers stand beside runs, with what they were made with otherwise."""

import importlib

import pytest

from experiments.papers import cola
from experiments.papers.numbers import matching
from experiments.run.config import flatten
from experiments.run.results import ON_MADE, SCORE


def found(metric, shots, run='scola', entry=(), **fields):
  """The numbers beside a result of CIFAR-10: value, table and differences."""
  config = importlib.import_module('configs.cola.cifar10').get_config(run)
  named = {name.replace('__', '.'): value for name, value in fields.items()}
  settings = flatten(config.to_dict())
  assert set(named) <= set(settings)
  entry = {
    'name': run,
    'metric': metric,
    'value': 0.5,
    'dataset': 'cifar10',
    'protocol': {'classes': 10, 'images a class': shots, 'sample': 0},
    **dict(entry),
  }
  numbers = matching(cola.NUMBERS, settings | named, entry)
  return [(100 * n.value, n.table, n.differs) for n in numbers]


UNKNOWN = 'classifier and steps not said'
# By appendix B.2, and with the numbers of parameters of Table 4.
FAITHFUL = {
  'generator__loss': 'vgg16',
  'measure__weights': 'vgg16.npz',
  'batches__made': 5_000,
}
DIFFERENT = {
  'B.2': ({**FAITHFUL, 'generator__latent_size': 128}, ()),
  'Table 4': (FAITHFUL, ()),
  'pyramid': ({'batches__made': 5_000}, ('the perceptual loss of VGG',)),
  'latents': (
    {**FAITHFUL, 'generator__latent_size': 32},
    ('latents of 128 or 64',),
  ),
}


@pytest.mark.parametrize('name', DIFFERENT)
@pytest.mark.parametrize(
  ('network', 'score', 'on_made'),
  [
    ('infogan', 67.65, 85.14),
    ('residual', 61.48, 45.14),
    ('conditional', 70.66, 85.61),
  ],
)
def test_all_images_are_compared_by_vgg(name, network, score, on_made):
  """Table 5: what a run differs in, beside what the paper does not say."""
  fields, differs = DIFFERENT[name]
  for metric, value in ((SCORE, score), (ON_MADE, on_made)):
    (number,) = found(metric, 5_000, generator__network=network, **fields)
    assert number[0] == pytest.approx(value)
    assert number[1:] == ('COLA Table 5', (*differs, UNKNOWN))


def test_the_score_is_of_a_set_as_large_as_the_training_set():
  """By Ravuri and Vinyals; what a classifier is tested on is no such set."""
  fields = FAITHFUL | {'batches__made': 0}
  ((*_, differs),) = found(SCORE, 5_000, **fields)
  assert differs == ('5,000 made images a class', UNKNOWN)
  ((*_, differs),) = found(ON_MADE, 5_000, **fields)
  assert differs == (UNKNOWN,)


FID = "Fréchet distance in Inception's features (FID)"
FIDS = {'infogan': 49.38, 'residual': 85.94, 'conditional': 39.49}
PROTOCOL_OF_FID = {'images a class': 5_000, 'sample': 0, 'features': 'a.npz'}


def found_fid(real, **fields):
  entry = {'protocol': {**PROTOCOL_OF_FID, 'real': real}}
  return found(FID, 5_000, entry=entry, **FAITHFUL, **fields)


@pytest.mark.parametrize('network', FIDS)
def test_the_fid_of_all_images(network):
  own = {'quality__images': 10_000, 'quality__draws': 10}
  ((value, table, differs),) = found_fid(
    10_000, generator__network=network, **own
  )
  assert value == pytest.approx(100 * FIDS[network])  # It is no share.
  assert (table, differs) == ('COLA Table 5', ('mean of three models',))
  ((*_, differs),) = found_fid(2_000, generator__network=network)
  assert differs == (
    *("10,000 made images and the test's 10,000", 'ten draws'),
    'mean of three models',
  )


def test_no_fid_stands_beside_another_distance():
  real = {'protocol': {**PROTOCOL_OF_FID, 'real': 10_000}}
  assert not found(FID, 5_000, entry={**real, 'floor': True, 'name': 'test'})
  others = "Fréchet distance in the recognizer's features"
  assert not found(others, 5_000, entry=real)
  few = {'protocol': {**PROTOCOL_OF_FID, 'images a class': 100}}
  assert not found(FID, 100, entry=few)
  assert not found(FID, 5_000, run='glo', entry=real)


def test_few_images_are_compared_by_pyramids():
  """Table 2: the config of a small sample is the paper's."""
  always = ('mean of three samples', 'steps not said')
  assert found('accuracy', 50) == [
    (pytest.approx(54.51), 'COLA Table 2', always)
  ]
  ((*_, differs),) = found('accuracy', 50, **FAITHFUL)
  assert differs == (always[0], 'a Laplacian pyramid', always[1])


TRAINED = {
  'optimizer__decay_by': (0.2, 'halved every sixth'),
  'optimizer__learning_rate': (0.05, 'a rate of 0.1'),
  'training__batch_size': (64, 'batches of 128'),
  'batches__share': (0.25, 'half of the images made'),
}


@pytest.mark.parametrize('field', TRAINED)
def test_a_classifier_that_is_trained_otherwise(field):
  """Appendix B.3: its rate, how that falls, and its batches."""
  value, words = TRAINED[field]
  ((*_, differs),) = found('accuracy', 50, **{field: value})
  assert differs == ('mean of three samples', words, 'steps not said')


def test_a_strong_recipe_differs_in_rate_and_batches():
  ((*_, differs),) = found('accuracy', 50, run='scola-resnet20-strong')
  assert differs == (
    *('mean of three samples', 'halved every sixth', 'a rate of 0.1'),
    *('batches of 128', 'steps not said'),
  )


def test_a_wide_network_has_a_schedule_of_its_own():
  """Of Tiny ImageNet, whose rate is a fifth after every 30 %."""
  own = {
    'data__dataset': None,
    'data__name': 'tiny_imagenet',
    'entry': {
      'dataset': 'tiny_imagenet',
      'protocol': {'classes': 200, 'images a class': 50, 'sample': 0},
    },
  }
  always = ('mean of three samples', 'steps not said')
  run = 'scola-wrn-16-8'
  assert found('accuracy', 50, run=run, **own) == [
    (pytest.approx(29.70), 'COLA Table 2', always)
  ]
  ((*_, differs),) = found(
    'accuracy', 50, run=run, **own, optimizer__decay_by=0.5
  )
  assert differs == (always[0], 'a fifth after every 30 %', always[1])


def test_table_5_is_of_no_small_sample():
  assert found(SCORE, 100) == found(ON_MADE, 100) == []


def test_table_5_is_of_no_clusters():
  assert found(SCORE, 5_000, run='scola') and not found(SCORE, 5_000, 'cola')
