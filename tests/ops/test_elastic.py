"""Bent images against SciPy, and what is known of random fields."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.ndimage

from lasium_jax.ops.affine import Affine, random_affine, warp
from lasium_jax.ops.elastic import displace, random_bends, random_fields

SHAPE = (7, 10, 2)


def test_displaced_images_are_scipys(key):
  image_key, field_key = jax.random.split(key)
  images = jax.random.uniform(image_key, (4, *SHAPE))
  fields = 3 * jax.random.normal(field_key, (4, 2, *SHAPE[:2]))
  places = np.indices(SHAPE[:2]) + np.asarray(fields)
  expected = [
    [
      scipy.ndimage.map_coordinates(
        image[..., c], one, order=1, mode='grid-constant'
      )
      for c in range(SHAPE[2])
    ]
    for image, one in zip(np.asarray(images), places, strict=True)
  ]
  bent = jax.jit(displace)(images, fields)
  expected = np.moveaxis(expected, 1, -1)
  np.testing.assert_allclose(bent, expected, atol=1e-5)


def test_a_field_says_where_to_look():
  image = jnp.zeros((1, 5, 5, 1)).at[0, 2, 3, 0].set(1.0)
  field = jnp.broadcast_to(jnp.array([1.0, 2.0])[:, None, None], (1, 2, 5, 5))
  assert np.argwhere(displace(image, field)[0, ..., 0]).tolist() == [[1, 1]]


def test_fields_are_as_far_and_as_smooth_as_asked_for(key):
  """Variances and correlations of all pixels, edges among them."""
  height, width, n = 5, 8, 4_000
  drawn = random_fields(key, n, height, width, elastic=0.1, smoothness=0.3)
  fields = np.asarray(drawn).reshape(n, 2, -1)
  covariances = np.einsum('nia,njb->ijab', fields, fields) / n
  factors = []
  for side in (height, width):
    places = np.arange(side) / side
    gaussian = np.exp(-((places[:, None] - places) ** 2) / (2 * 0.3**2))
    products = gaussian @ gaussian.T
    sizes = np.sqrt(np.diag(products))
    factors.append(products / np.outer(sizes, sizes))
  expected = np.kron(*factors)
  for i, side in enumerate((height, width)):
    found = covariances[i, i] / (0.1 * side) ** 2
    np.testing.assert_allclose(found, expected, atol=0.1)
  across = covariances[0, 1] / (0.1**2 * height * width)
  np.testing.assert_allclose(across, 0, atol=0.1)
  np.testing.assert_allclose(fields.mean(0), 0, atol=0.05)


def test_each_image_is_bent_by_a_field_of_its_own(key):
  images = jnp.repeat(jax.random.uniform(key, (1, *SHAPE)), 3, 0)
  still = random_bends(key, images, elastic=0.0, smoothness=0.2)
  np.testing.assert_allclose(still, images, atol=1e-6)
  bent = np.asarray(random_bends(key, images, elastic=0.05, smoothness=0.2))
  for i in range(3):
    assert np.abs(bent[i] - bent[i - 1]).max() > 0.05
  assert bent.min() >= 0 and bent.max() <= 1


def test_a_map_and_a_field_are_one_reading(key):
  """Each alone is what it is without the other; both are summed."""
  image_key, field_key, map_key = jax.random.split(key, 3)
  images = jax.random.uniform(image_key, (3, *SHAPE))
  fields = jax.random.normal(field_key, (3, 2, *SHAPE[:2]))
  still = Affine(jnp.zeros(3), jnp.zeros((3, 2)), jnp.ones(3))
  bent = warp(images, still, fields)
  np.testing.assert_allclose(bent, displace(images, fields), atol=1e-5)
  maps = random_affine(map_key, 3, rotation=0.5, translation=0.1, scale=1.2)
  same = warp(images, maps, jnp.zeros_like(fields))
  np.testing.assert_allclose(same, warp(images, maps), atol=1e-5)
  # A move of whole pixels down and right is a field of as many up and left.
  moved = still._replace(
    translation=jnp.tile(jnp.array([[1 / 7, 0.2]]), (3, 1))
  )
  back = jnp.array([1.0, 2.0]).reshape(1, 2, 1, 1)
  np.testing.assert_allclose(
    warp(images, moved, fields), displace(images, fields - back), atol=1e-5
  )


def test_bends_may_be_followed_by_maps(key):
  x = jnp.zeros((200, 15, 15, 1)).at[:, 6:9, 6:9].set(1.0)
  bends = {'elastic': 0.02, 'smoothness': 0.3}
  maps = {'rotation': 0.0, 'translation': 0.2, 'scale': 1.0}

  def middles(**ranges):
    bent = np.asarray(random_bends(key, x, **bends, **ranges))[..., 0]
    places = np.einsum('nhw,dhw->nd', bent, np.indices((15, 15)))
    return places / bent.sum((1, 2))[:, None] - 7

  alone, both = middles(), middles(**maps)
  assert np.abs(alone).std() < 0.5
  # The same bends, and moves that are uniform up to 3 pixels.
  moves = both - alone
  np.testing.assert_allclose(moves.std(), 3 / np.sqrt(3), rtol=0.15)
