"""Residual generators and their critic: counts, and other calculations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
from jax import lax

from lasium_jax.nets.residual_gan import ClusterGenerator, Critic, Generator
from lasium_jax.nets.spectral import SpectralConv


def parameters(network, *shapes):
  inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
  variables = jax.eval_shape(network.init, jax.random.key(0), *inputs)
  return sum(leaf.size for leaf in jax.tree.leaves(variables['params']))


def doubling(norm):
  """Of a block of 256 channels, with so many numbers a normalization."""
  return 2 * (9 * 256 * 256 + 256 + norm) + 256 * 256 + 256


@pytest.mark.parametrize(
  ('latents', 'classes', 'count'),
  [(74, 0, 4_055_555), (128, 0, 4_276_739), (74, 10, 4_083_203)],
)
def test_generators_have_their_parameters(latents, classes, count):
  """4.1 million in COLA's table 4, of both; 4.28 in mimicry's own."""
  norm = 2 * 256 * max(classes, 1)
  by_hand = (latents + 1) * 4096 + 3 * doubling(norm)
  by_hand += 2 * 256 + 9 * 256 * 3 + 3
  network = Generator((32, 32, 3))
  if classes:
    network = ClusterGenerator((32, 32, 3), classes)
  assert parameters(network, (1, latents)) == by_hand == count


def test_the_critic_has_its_parameters():
  first = (9 * 3 + 1 + 9 * 128 + 1 + 3 + 1) * 128
  plain = 2 * (9 * 128 + 1) * 128
  halving = plain + (128 + 1) * 128
  last = 128 + 1 + 10 * 128
  count = parameters(Critic(10), (1, 32, 32, 3), (1, 10))
  assert count == first + halving + 2 * plain + last == 1_055_105


def by_xla(x, layer):
  y = lax.conv_general_dilated(
    x,
    layer['kernel'],
    (1, 1),
    'SAME',
    dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )
  return y + layer['bias'].reshape(1, 1, 1, -1)


def resized(x):
  n, height, width, channels = x.shape
  return jax.image.resize(x, (n, 2 * height, 2 * width, channels), 'bilinear')


def normalized(x, scale, bias):
  x = np.asarray(x)
  x = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-5)
  return jnp.asarray(np.maximum(x * np.asarray(scale) + np.asarray(bias), 0))


@pytest.mark.parametrize('conditional', [False, True])
def test_a_generator_is_its_layers_one_by_one(key, conditional):
  """With shortcuts doubled before their convolution, as in the paper's code."""
  y = jax.nn.one_hot(jnp.array([0, 1, 1, 2]), 3) if conditional else None
  network = Generator((8, 16, 2), width=3)
  z = jax.random.normal(key, (4, 5))
  variables = network.init(key, z, y)
  # Biases begin at zero, where they would show nothing.
  params = jax.tree.map(
    lambda leaf: (
      leaf + 0.1 * jnp.cos(jnp.arange(leaf.size)).reshape(leaf.shape)
    ),
    variables['params'],
  )

  def rectified(x, layers, i):
    if not conditional:
      return normalized(x, **layers[f'BatchNorm_{i}'])
    layer = layers[f'ConditionalBatchNorm_{i}']
    own = {
      name: np.asarray(layer[name])[[0, 1, 1, 2]][:, None, None]
      for name in layer
    }
    return normalized(x, **own)

  dense = params['Dense_0']
  x = (z @ dense['kernel'] + dense['bias'][None]).reshape(4, 1, 2, 3)
  for block in range(3):
    layers = params[f'_Doubling_{block}']
    branch = by_xla(resized(rectified(x, layers, 0)), layers['Conv_0'])
    branch = by_xla(rectified(branch, layers, 1), layers['Conv_1'])
    x = branch + by_xla(resized(x), layers['Conv_2'])
  expected = by_xla(normalized(x, **params['BatchNorm_0']), params['Conv_0'])
  logits, _ = network.apply(
    {**variables, 'params': params}, z, y, train=True, mutable=['batch_stats']
  )
  assert logits.shape == (4, 8, 16, 2)
  np.testing.assert_allclose(logits, expected, rtol=1e-2, atol=1e-3)


def test_a_cluster_is_the_largest_of_a_latents_first_numbers(key):
  network = ClusterGenerator((8, 8, 1), 3, width=2)
  z = jax.random.normal(key, (4, 5)).at[:, :3].set(0.1)
  z = z.at[jnp.arange(4), jnp.array([2, 0, 1, 2])].set(0.9)
  variables = network.init(key, z)
  inner = {name: tree['Generator_0'] for name, tree in variables.items()}
  y = jax.nn.one_hot(jnp.array([2, 0, 1, 2]), 3)
  expected = Generator((8, 8, 1), width=2).apply(inner, z, y)
  np.testing.assert_array_equal(network.apply(variables, z), expected)


def test_kernels_come_to_a_largest_singular_value_of_one(key):
  """By NumPy's, once the power method has taken some steps."""
  layer = SpectralConv(4, 3, kernel_init=jax.nn.initializers.normal(2.0))
  x = jax.random.normal(key, (2, 5, 5, 3))
  variables = layer.init(key, x, False)
  trained = jax.jit(
    lambda variables: layer.apply(variables, x, True, mutable=['spectral'])
  )
  first = variables
  for _ in range(60):
    y, after = trained(variables)
    variables = {**variables, **after}
  kernel = np.asarray(variables['params']['kernel'], np.float64)
  value = np.linalg.svd(kernel.reshape(-1, 4))[1][0]
  assert value > 2
  expected = by_xla(
    x, {'kernel': jnp.float32(kernel / value), 'bias': jnp.zeros(4)}
  )
  np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-4)
  # Only training moves the vector.
  layer.apply(first, x, False)
  np.testing.assert_array_equal(
    first['spectral']['u'], layer.init(key, x, False)['spectral']['u']
  )


def test_a_score_has_a_part_of_the_class(key):
  """What two classes differ by is the same for images of equal features."""
  critic = Critic(3, width=2)
  x = jax.random.uniform(key, (2, 8, 8, 1))
  labels = jnp.eye(3)
  variables = critic.init(key, x, labels[:2])

  def scores(y):
    return np.asarray(critic.apply(variables, x, jnp.stack([y, y])))

  by_class = np.stack([scores(y) for y in labels])
  assert np.abs(by_class[0] - by_class[1]).max() > 1e-3
  # It is linear in the shares of classes, and without any has no such part.
  shares = jnp.array([0.2, 0.5, 0.3])
  np.testing.assert_allclose(
    scores(shares) - scores(jnp.zeros(3)),
    shares @ (by_class - scores(jnp.zeros(3))[None]),
    rtol=1e-3,
    atol=1e-5,
  )
  # No image sees another.
  alone = critic.apply(variables, x[:1], labels[:1])
  np.testing.assert_allclose(alone, by_class[0, :1], rtol=1e-4)


def by_scipy(x, layer, state):
  """A convolution of `[n, H, W, I]` in float64, its kernel divided."""
  kernel = divided(layer['kernel'], state['u'])
  planes = [
    [
      sum(
        scipy.ndimage.correlate(
          image[:, :, i], kernel[:, :, i, o], mode='constant'
        )
        for i in range(kernel.shape[2])
      )
      for o in range(kernel.shape[3])
    ]
    for image in x
  ]
  return np.moveaxis(np.array(planes), 1, -1) + np.asarray(layer['bias'])


def divided(kernel, u):
  """By the norm that one step of the power method finds from a vector."""
  kernel = np.asarray(kernel, np.float64)
  matrix = kernel.reshape(-1, kernel.shape[-1])
  left = matrix @ np.asarray(u, np.float64)
  left /= np.linalg.norm(left)
  return kernel / np.linalg.norm(left @ matrix)


def halved(x):
  n, height, width, channels = x.shape
  parts = x.reshape(n, height // 2, 2, width // 2, 2, channels)
  return parts.mean((2, 4))


def test_a_critic_is_its_layers_one_by_one(key):
  """By SciPy: four blocks, sums over the pixels, and the class's vector."""
  critic, y = Critic(3, width=4), np.array([2, 0, 1])
  x = jax.random.uniform(key, (3, 8, 12, 2))
  shares = jax.nn.one_hot(y, 3)
  variables = jax.jit(critic.init)(key, x, shares)
  # Biases begin at zero, where they would show nothing.
  params = jax.tree.map(
    lambda leaf: (
      leaf + 0.1 * jnp.cos(jnp.arange(leaf.size)).reshape(leaf.shape)
    ),
    variables['params'],
  )
  state = variables['spectral']

  def convolved(h, block, number):
    name = f'SpectralConv_{number}'
    return by_scipy(h, params[block][name], state[block][name])

  def relu(h):
    return np.maximum(h, 0)

  h = 2 * np.asarray(x, np.float64) - 1
  branch = convolved(relu(convolved(h, '_First_0', 0)), '_First_0', 1)
  h = halved(branch) + convolved(halved(h), '_First_0', 2)
  for i in range(3):
    block = f'_Block_{i}'
    branch = convolved(relu(h), block, 0)
    branch = convolved(relu(branch), block, 1)
    h = halved(branch + convolved(h, block, 2)) if i == 0 else branch + h
  features = relu(h).sum((1, 2))
  last, vector = params['SpectralConv_0'], state['SpectralConv_0']
  plain = features @ divided(last['kernel'], vector['u'])[0, 0, :, 0]
  table = divided(
    params['SpectralTable_0']['table'], state['SpectralTable_0']['u']
  )
  expected = plain + np.asarray(last['bias'])[0]
  expected += (table[y] * features).sum(1)
  scores = jax.jit(critic.apply)({**variables, 'params': params}, x, shares)
  assert expected.std() > 0.1 and np.abs(table[y] * features).max() > 0.1
  np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-3)
