"""Views of images by a config's section `augment`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.components.tasks import augment_of, augmentation
from experiments.run.config import BadConfig
from lasium_jax.ops.elastic import random_bends

SIDE = 24


def squares(n):
  """Squares of 6x6 in the middle of their images."""
  return jnp.zeros((n, SIDE, SIDE, 1)).at[:, 9:15, 9:15].set(1.0)


def measured(x):
  """Of each image the ink, and its center of mass from that of the image."""
  x = np.asarray(x)[..., 0]
  ink = x.sum((1, 2))
  places = np.indices(x.shape[1:]) - (SIDE - 1) / 2
  centers = np.einsum('nhw,dhw->nd', x, places) / ink[:, None]
  return ink, centers


def test_strokes_are_thickened_and_moved_independently(key):
  augment = augmentation(thickness=1.5, translation=0.2)
  ink, centers = measured(jax.jit(augment)(key, squares(300)))
  # Sides of 3 to 9; a grown square's corners are round.
  assert ink.min() < 14 and 60 < ink.max() < 81
  assert (ink > 8.9).all()
  assert 4 < np.abs(centers).max() <= 0.2 * SIDE + 1e-3
  together = np.corrcoef(np.stack([ink, *centers.T]))
  np.testing.assert_allclose(together, np.eye(3), atol=0.2)


def test_all_changes_together_keep_images_in_range(key):
  augment = augmentation(
    thickness=1.0, elastic=0.03, smoothness=0.2, rotation=20.0, shear=0.2
  )
  x = np.asarray(jax.jit(augment)(key, squares(20)))
  assert x.shape == (20, SIDE, SIDE, 1)
  assert x.min() >= 0 and x.max() <= 1 + 1e-6
  # No two are alike, and no ink is lost or doubled.
  assert np.ptp(x, axis=0).max() > 0.5
  ink, _ = measured(x)
  assert (ink > 9).all() and (ink < 90).all()


def test_elastic_and_smoothness_reach_their_operation(key):
  x = squares(3)
  bent = augmentation(elastic=0.04, smoothness=0.3)(key, x)
  expected = random_bends(key, x, elastic=0.04, smoothness=0.3)
  np.testing.assert_array_equal(bent, expected)
  assert np.abs(bent - x).max() > 0.1


def test_nothing_asked_for_is_no_augmentation():
  assert augmentation() is None
  assert augmentation(smoothness=0.3) is None


@pytest.mark.parametrize(
  'asked',
  [
    {'views': True, 'elastic': 0.1},
    {'views': True, 'thickness': 1.0},
    {'shift': (-2, 2), 'thickness': 1.0},
    {'shift': (-2, 2), 'elastic': 0.1, 'rotation': 10.0},
    {'shift': (-2, 2), 'views': True},
  ],
)
def test_shifts_and_photographs_views_stand_alone(asked):
  with pytest.raises(ValueError, match=r'views is .*shift'):
    augmentation(**asked)


@pytest.mark.parametrize('section', ['augment', 'cluster_views'])
def test_a_message_names_the_section_that_is_wrong(section):
  settings = {'augment': {}, 'cluster_views': {}}
  settings[section] = {'shift': (2, -2)}
  with pytest.raises(BadConfig, match=rf'config\.{section}: shift is .2, -2'):
    for name in settings:
      augment_of(settings, name)
