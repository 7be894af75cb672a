"""Rows of figures, of models that can be followed by hand."""

import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import config_of

from experiments.pages.pictures import image_grid, labeled_grid
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.stages.figures import FIGURES, PARTS, Compared
from experiments.systems import interpolative
from experiments.systems.interpolative_figures import kinds_of
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset
from lasium_jax.latents import few_shot, mixtures
from lasium_jax.types import Generator

SHAPE = (4, 4, 1)
# The code of an image is itself, times the parameters; decoding halves it.
HALF = Generator(
  decode=lambda params, z: z.reshape(-1, *SHAPE) * params,
  encode=lambda params, x: x.reshape(len(x), -1),
)
MIXED = few_shot(HALF, mixtures())
COMPARED = [Compared('same', MIXED, 1.0), Compared('half', MIXED, 0.5)]


def plain(each, value=0):
  """Three classes, whose images all have one gray level each."""
  levels = value + np.arange(3 * each, dtype=np.uint8) * 3
  images = np.broadcast_to(levels[:, None, None, None], (3 * each, *SHAPE))
  labels = np.repeat(np.arange(3, dtype=np.int32), each)
  return Dataset(images.copy(), labels, ('a', 'b', 'c'))


@pytest.fixture
def splits():
  return Splits(plain(8), plain(8, 100), plain(8, 50))


def level(images):
  """The gray level of each image, which is the same all over."""
  flat = images.reshape(*images.shape[:-3], -1)
  np.testing.assert_array_equal(flat.min(-1), flat.max(-1))
  return 255 * flat[..., 0]


def test_paths_fade_evenly(key, splits):
  drawn = FIGURES['paths'](key, COMPARED, splits, 2)
  assert drawn.names == ['pixels', 'same', 'half'] * 2
  assert drawn.images.shape == (6, PARTS + 1, *SHAPE)
  levels = level(drawn.images)
  for pixels, same, half in (levels[:3], levels[3:]):
    np.testing.assert_allclose(
      pixels, np.linspace(pixels[0], pixels[-1], PARTS + 1), atol=1e-3
    )
    np.testing.assert_allclose(same, pixels, atol=1e-3)
    np.testing.assert_allclose(half, pixels / 2, atol=1e-3)
    assert pixels[0] != pixels[-1]
  assert drawn.numbers['classes'] == ['a', 'b']
  # Levels of 50 to 119 are 0.20 to 0.47 of white, and half of it none.
  gray = drawn.numbers['gray']
  assert gray['same'] == gray['pixels'] and gray['half'] == 0


@pytest.mark.parametrize(
  'figure,second', [('reconstructions', 'novel'), ('inverted', 'inverted')]
)
def test_what_models_give_back(key, splits, figure, second):
  drawn = FIGURES[figure](key, COMPARED, splits, 3)
  assert drawn.names == ['original', 'same', 'half']
  original, same, half = level(drawn.images)
  np.testing.assert_allclose(original, same, atol=1e-3)
  np.testing.assert_allclose(original / 2, half, atol=1e-3)
  if figure == 'inverted':
    np.testing.assert_allclose(original[3:], 255 - original[:3], atol=1e-3)
  (errors,) = drawn.numbers.values()
  assert errors['same'] == {'held out': 0, second: 0}
  for part, levels in zip(errors['half'].values(), np.split(half, 2), strict=1):
    assert part == pytest.approx(levels.mean(), rel=1e-4)


def test_a_search_finds_better_codes(key, splits):
  """Of a model that gives back too little, and can make anything."""
  dim = MIXED._replace(encode=lambda params, x: 0.5 * x.reshape(len(x), -1))
  drawn = FIGURES['searched'](key, [Compared('dim', dim, 1.0)], splits, 2)
  assert drawn.names == ['original', 'dim', 'dim, searched']
  original, given_back, found = level(drawn.images)
  np.testing.assert_allclose(given_back, original / 2, atol=1e-3)
  assert np.abs(found - original).max() < 8  # Adam's last steps are small.
  errors = drawn.numbers['of codes that a search found']
  by_hand = np.abs(found - original).reshape(2, 2).mean(1)
  assert list(errors['dim']) == ['held out', 'novel']
  assert list(errors['dim'].values()) == pytest.approx(by_hand, abs=1e-3)


def test_a_search_that_fails_of_novel_images_alone(key, splits):
  """Of a model that makes nothing darker than 90: novel ones are 50 to 119."""
  light = MIXED._replace(
    decode=lambda params, z: jnp.maximum(HALF.decode(1.0, z), params)
  )
  compared = [Compared('light', light, 90 / 255)]
  drawn = FIGURES['searched'](key, compared, splits, 2)
  assert level(drawn.images)[0].tolist() == pytest.approx([100, 133, 50, 83])
  errors = drawn.numbers['of codes that a search found']['light']
  assert errors['held out'] < 8  # Adam's last steps are small.
  assert errors['novel'] == pytest.approx((40 + 7) / 2, abs=0.1)


def test_what_a_model_makes_of_its_prior_has_a_row(key, splits):
  """Only of a model that has one."""
  own = MIXED._replace(sample=lambda key, params, n: jnp.full((n, 16), 0.8))
  compared = [Compared('own', own, 0.5), COMPARED[0]]
  drawn = FIGURES['searched'](key, compared, splits, 2)
  assert drawn.names == [
    *('original', 'own', 'own, searched', 'own, of its prior'),
    *('same', 'same, searched'),
  ]
  made = level(drawn.images)[3]
  np.testing.assert_allclose(made, 255 * 0.8 * 0.5, atol=1e-3)


UNSURE = 'may be in training'


def test_errors_are_named_for_what_images_are_to_a_model(key, splits):
  """Where no images were held out, nothing is called so."""
  other = COMPARED[1]._replace(kinds=('training', 'novel'))
  compared = [COMPARED[0], other]
  drawn = FIGURES['reconstructions'](key, compared, splits, 2)
  (errors,) = drawn.numbers.values()
  assert {name: list(own) for name, own in errors.items()} == {
    'same': ['held out', 'novel'],
    'half': ['training', 'novel'],
  }
  drawn = FIGURES['inverted'](key, compared, splits, 2)
  (errors,) = drawn.numbers.values()
  assert list(errors['half']) == ['training', 'inverted']


@pytest.mark.parametrize(
  ('run', 'kinds'),
  [
    ('emnist.py:autoencoder', ('held out', 'novel')),
    ('emnist.py:novel-vae', ('novel', 'training')),
    ('cifar.py:acai', ('held out', 'novel')),
    ('glyphs.py:vae', ('held out', 'novel')),
    ('omniglot.py:interpolative', ('training', 'novel')),
    ('omniglot.py:novel-vae', ('novel', 'training')),
    ('characters.py:interpolative', ('training', 'novel')),
  ],
)
def test_what_the_images_of_a_config_are(run, kinds):
  config = config_of(f'interpolative/{run}')
  settings = settings_of(config, interpolative.system())
  assert kinds_of(settings) == kinds


@pytest.mark.parametrize(
  ('run', 'fields', 'kinds'),
  [
    # A half of the letters that were trained on, whole; or the other half.
    ('emnist.py:novel-vae', {'part': 'second'}, ('novel', UNSURE)),
    ('emnist.py:interpolative', {'part': 'second'}, ('held out', 'novel')),
    ('omniglot.py:novel-vae', {'part': 'first'}, ('novel', UNSURE)),
    ('characters.py:vae', {'classes': 'random'}, ('training', UNSURE)),
    ('glyphs.py:novel-vae', {'split_seed': 1}, ('novel', 'held out')),
  ],
)
def test_images_that_may_have_been_trained_on(run, fields, kinds):
  config = config_of(f'interpolative/{run}')
  settings = settings_of(config, interpolative.system())
  judged = {**settings['evaluation_data'], **fields}
  assert kinds_of({**settings, 'evaluation_data': judged}) == kinds


@pytest.mark.parametrize('figure', ['midpoints', 'new_images'])
def test_new_images_lie_between_their_seeds(key, splits, figure):
  drawn = FIGURES[figure](key, COMPARED, splits, 3)
  assert drawn.names == ['same', 'half'] * 3
  assert drawn.numbers['classes'] == ['a', 'b', 'c']
  levels, n = level(drawn.images), drawn.numbers['seeds']
  for i, (same, half) in enumerate(levels.reshape(3, 2, -1)):
    seeds = 255 - same[:n]
    label = np.unique((np.rint(seeds) - 50) // 24)
    assert label.tolist() == [i] and len(np.unique(seeds)) == n
    made = same[n:]
    assert (made > seeds.min() - 1e-3).all()
    assert (made < seeds.max() + 1e-3).all()
    assert (half[n:] < seeds.max() / 2 + 1e-3).all()
    if figure == 'midpoints':
      first, second = np.triu_indices(n, k=1)
      middles = (seeds[first] + seeds[second]) / 2
      np.testing.assert_allclose(np.sort(made), np.sort(middles), atol=1e-3)


def test_too_few_images_of_a_class(key, splits):
  few = splits._replace(test=plain(4))
  with pytest.raises(BadConfig, match='has more images than 4'):
    FIGURES['midpoints'](key, COMPARED, few, 1)


def test_a_model_may_have_a_way_of_its_own(key, splits):
  white = HALF._replace(
    sample_like=lambda key, params, x, n: jnp.ones((n, 16)), encode=None
  )
  drawn = FIGURES['new_images'](key, [Compared('own', white, 1.0)], splits, 1)
  assert (level(drawn.images)[0, drawn.numbers['seeds'] :] == 255).all()


def test_names_stand_beside_their_rows():
  images = np.zeros((2, 3, *SHAPE))
  sheet = labeled_grid(images, ['one', 'another'])
  grid = image_grid(images.reshape(-1, *SHAPE), 3)
  np.testing.assert_array_equal(sheet[:, -grid.shape[1] :], grid)
  labels = sheet[:, : -grid.shape[1]]
  assert labels.shape[1] > 40  # Room for the longer name.
  dark = (labels < 128).any((1, 2))
  middle = len(dark) // 2
  assert dark[:middle].any() and dark[middle:].any()
