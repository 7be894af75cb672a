"""The error of reconstructions, by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax.metrics import mean_and_ci95, pixel_error
from lasium_jax.types import Generator


def test_by_hand():
  """Codes are mean grays, so that an image comes back as a flat one."""
  flat = Generator(
    decode=lambda params, z: jnp.broadcast_to(
      params + z[:, :, None, None], (len(z), 1, 2, 2)
    ),
    encode=lambda params, x: x.mean((1, 2, 3))[:, None],
  )
  x = jnp.array([[[[0, 1], [0, 1]]], [[[1, 1], [1, 1]]], [[[0, 0], [0, 1]]]])
  x = x.astype(jnp.float32)
  errors = pixel_error(flat, 0.0, x)
  # Differences of 1/2; none; of 1/4 in three pixels and 3/4 in one.
  np.testing.assert_allclose(errors, [127.5, 0, 95.625])
  mean, ci95 = mean_and_ci95(errors)
  assert mean == pytest.approx(74.375)
  variance = np.mean((np.array([127.5, 0, 95.625]) - mean) ** 2) * 3 / 2
  assert ci95 == pytest.approx(1.96 * (variance / 3) ** 0.5)
  # Parameters matter.
  np.testing.assert_allclose(pixel_error(flat, 1.0, x[1:2]), [255])


def test_without_an_encoder_there_is_no_error():
  with pytest.raises(ValueError, match='no encoder'):
    pixel_error(Generator(lambda params, z: z), (), jnp.zeros((1, 2, 2, 1)))
