"""A recognizer must not have seen the images that are judged by it."""

import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import config_of

from experiments.components import images
from experiments.components.apart import apart
from experiments.run.app import settings_of
from experiments.run.run import Places
from experiments.stages.distances import Embedding
from experiments.systems import features, interpolative, recognizer
from lasium_jax.data.dataset import Dataset


def learned(path, **fields):
  return section_of(f'recognizer/{path}', recognizer, 'data', fields)


def judged(path, **fields):
  return section_of(
    f'interpolative/{path}', interpolative, 'evaluation_data', fields
  )


def section_of(path, system, section, fields):
  config = config_of(path)
  values = {f'{section}.{name}': value for name, value in fields.items()}
  config.update_from_flattened_dict(values)
  return settings_of(config, system.system())[section]


OMNIGLOT, EMNIST = 'omniglot.py:interpolative', 'emnist.py:interpolative'
CHARACTERS = 'characters.py:interpolative'
PAIRS = [
  (learned('omniglot.py'), judged(OMNIGLOT), False),
  (learned('omniglot.py', split='background'), judged(OMNIGLOT), True),
  (
    learned('omniglot.py', split='background'),
    judged(OMNIGLOT, split='train'),
    False,
  ),
  (learned('omniglot.py', split='vinyals'), judged(OMNIGLOT), False),
  (learned('omniglot.py'), judged(EMNIST), True),
  (learned('omniglot.py'), judged(CHARACTERS), False),
  (learned('omniglot.py', split='first_characters'), judged(CHARACTERS), True),
  (
    learned('omniglot.py', split='first_characters'),
    judged(CHARACTERS, split='train'),
    False,
  ),
  # One shuffle deals the first 1,200 to one of them, and later ones to the
  # other.
  (learned('omniglot.py'), judged(CHARACTERS, classes='random'), True),
  (
    learned('omniglot.py', train_classes=1_201),
    judged(CHARACTERS, classes='random'),
    False,
  ),
  (
    learned('omniglot.py', split='rotations', train_classes=1_300),
    judged(CHARACTERS, classes='random', validation_classes=100),
    True,
  ),
  (
    learned('omniglot.py', split_seed=1),
    judged(CHARACTERS, classes='random'),
    False,
  ),
  (
    learned('omniglot.py', tfds_splits=('test',)),
    judged(CHARACTERS, classes='random'),
    False,
  ),
  (learned('omniglot.py'), judged(CHARACTERS, classes='background'), False),
  (learned('emnist.py:characters'), judged(EMNIST), False),
  (learned('emnist.py:characters'), judged(EMNIST, part='second'), True),
  (learned('emnist.py:characters'), judged(EMNIST, part='first'), False),
  (
    learned('emnist.py:characters', part_seed=1),
    judged(EMNIST, part='second'),
    False,
  ),
  (learned('emnist.py:none'), judged(EMNIST, part='second'), False),
  (learned('glyphs.py'), judged('glyphs.py:interpolative'), True),
  (
    learned('glyphs.py'),
    judged('glyphs.py:interpolative', split='train'),
    False,
  ),
]


def faces(name='celeba', attribute='Male', present=True):
  named = {'name': name, 'split': 'train', 'attribute': attribute}
  return named | {'present': present}


# What generators learned from, of either kind of run.
DRAWN = judged(CHARACTERS, split='train')
LETTERS = judged(EMNIST)
PAIRS += [
  (DRAWN, judged(CHARACTERS), True),
  (DRAWN, DRAWN, False),
  (judged(CHARACTERS, split='validation'), judged(CHARACTERS), True),
  (judged(CHARACTERS, split='test'), DRAWN, True),
  (judged(CHARACTERS, split='test'), judged(CHARACTERS), False),
  (judged(OMNIGLOT, split='train'), judged(CHARACTERS), False),
  (judged(OMNIGLOT, split='train'), judged(OMNIGLOT), True),
  (judged(OMNIGLOT, part='first'), judged(OMNIGLOT, part='second'), True),
  (DRAWN, judged(OMNIGLOT), False),
  # A test of other numbers has other classes than these.
  (judged(CHARACTERS), judged(CHARACTERS, classes='vinyals'), False),
  (LETTERS, judged(EMNIST, part='second'), False),
  (judged(EMNIST, part='first'), judged(EMNIST, part='second'), True),
  (judged(EMNIST, dataset='mnist', split='train'), LETTERS, True),
  (judged(EMNIST, dataset='emnist/letters'), LETTERS, False),
  (judged('glyphs.py:vae', split='train'), judged('glyphs.py:vae'), True),
  (judged('glyphs.py:vae'), judged('glyphs.py:vae', split_seed=1), False),
  (DRAWN, learned('omniglot.py', split='first_characters'), False),
  (judged(CHARACTERS), learned('omniglot.py', split='first_characters'), True),
  ({}, LETTERS, False),
  ({'name': 'tfds', 'dataset': 'omniglot'}, judged(OMNIGLOT), False),
]
PAIRS += [
  (faces('celeba_images'), faces(), False),
  (faces(), {**faces(), 'split': 'all'}, False),
  (faces(), {**faces(), 'split': 'test'}, True),
  (faces('celeba_images'), faces(present=False), True),
  (faces('celeba_images'), faces(attribute='Smiling', present=False), False),
]


@pytest.mark.parametrize(('mine', 'theirs', 'expected'), PAIRS)
def test_what_may_have_been_seen(mine, theirs, expected):
  assert apart(mine, theirs) is expected


def flat(data):
  def classify(params, x):
    raise AssertionError('nothing is to be judged here')

  return Embedding('a network', classify, jnp.zeros(()), data=data)


@pytest.mark.parametrize('split', ['random', 'background'])
def test_a_run_refuses_a_recognizer_that_may_have_seen(monkeypatch, split):
  """Before data are read."""
  data = learned('omniglot.py', split=split)
  monkeypatch.setattr(features, 'embedding_at', lambda *a: flat(data))
  config = config_of(f'interpolative/{OMNIGLOT}')
  config.quality.recognizer = 'runs/r'
  parts = interpolative.build(settings_of(config, interpolative.system()))
  if split == 'background':
    return interpolative.ready(parts, None)
  said = r"'runs/r', which was trained on omniglot \(split random\).*split test"
  with pytest.raises(ValueError, match=said):
    interpolative.ready(parts, None)


def test_halves_have_no_image_in_common(monkeypatch):
  """Whatever classes are left out."""
  shown = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
  labels = np.arange(40, dtype=np.int32) // 10
  whole = Dataset(shown, labels, tuple('abcd'))
  monkeypatch.setattr(images, 'read_prepared', lambda *a, **k: whole)
  first = images.tfds_images(Places(), part='first')
  second = images.tfds_images(Places(), part='second', first_class=2)
  assert not set(first.images.ravel()) & set(second.images.ravel())
  assert len(second.images) == 10
