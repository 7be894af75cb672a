"""Clustered optimization of latent space (Winter and Weinshall 2020)."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.generators.codes import Plan, State, code_trainer, decoded
from lasium_jax.generators.gaussians import fitted_mixture, with_prior
from lasium_jax.generators.shapes import (
  check_eighths,
  check_levels,
  check_quarters,
)
from lasium_jax.generators.similarity import Name, measure_of
from lasium_jax.nets import infogan, residual_gan
from lasium_jax.ops.labels import shares
from lasium_jax.ops.sphere import on_sphere
from lasium_jax.settings import Count, NonNegative, Ways, Whole
from lasium_jax.types import Array, Generator, Params, Trainer, TrainingSet

Network = Literal['infogan', 'residual', 'conditional']


def cola(
  shape: tuple[int, int, int],
  *,
  clusters: Ways = 10,
  latent_size: Count = 64,
  network: Network = 'infogan',
  width: Count = 64,
  loss: Name = 'laplacian',
  gamma: NonNegative = 1.0,
  levels: Whole = 3,
  learning_rate: NonNegative = 1e-3,
  codes_learning_rate: NonNegative = 1e-2,
  halve_every: Count = 50,
  reset_moments: bool = False,
  spread: NonNegative = 1.0,
  ridge: NonNegative = 0.0,
  measure_weights: Params | None = None,
) -> tuple[Generator, Trainer]:
  """A generator that is trained together with codes that lie in clusters.

  These are steps II and III of COLA. The code of an image i is `(t_i, v_i)`.
  At first t_i is its label, and v_i is uniform on the unit sphere of
  `latent_size` dimensions. Both are trained with the generator, by a distance
  of the image and what is made of its code (equation 3), and each is put back
  on its own unit sphere after each epoch (algorithm 1). Labels are hard for
  sCOLA, which has t_i one-hot; for COLA they are soft, the targets on which
  step I has put the images.

  A Gaussian is then fitted to the codes of each cluster, t and v together, and
  the prior is their uniform mixture. The cluster of a code is the largest entry
  of its label. Where a cluster has no more images than a code has dimensions,
  its Gaussian lies in the plane through their codes; where it has a single one,
  it is that code. Both parts of a draw are put on their spheres, and so are
  those of whatever is decoded: latents are directions, and what lies between
  two of them, or beside one, is decoded as the nearest code that could be.

  Each code has an Adam of its own, with its own count of steps: a step moves
  the codes of its batch, and does nothing to the others.

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4 for the network
      'infogan', and by 8 for the others.
    clusters: K, the size of t.
    latent_size: of v.
    network: 'infogan' has transposed convolutions and no normalization, as for
      the paper's small samples; 'residual' and 'conditional' have residual
      blocks, and batch normalization of all images together, in the latter with
      a scale and a bias for each cluster, that of the largest entry of t.
    width: of the network; see `lasium_jax.nets.infogan`. The others have four
      times as many channels. With 64, images of 32x32x3 and ten clusters, they
      have the 8.6, 4.1 and 4.1 million parameters of table 4.
    loss: what images are compared by; see
      `lasium_jax.generators.similarity.measure_of`.
    gamma: weight of the pyramid in the loss 'laplacian'.
    levels: of that pyramid.
    learning_rate: of the generator's Adam.
    codes_learning_rate: of the codes' Adams.
    halve_every: after so many epochs both rates are halved, again and again.
    reset_moments: whether all Adams begin anew with each epoch, as in the code
      of GLANN (Hoshen, Li and Malik 2019). The paper does not say.
    spread: what the deviations of draws are multiplied by: below 1 images of a
      cluster are more alike (figure 9). The paper has 1.
    ridge: this share of the mean variance of a cluster's codes is added to the
      variance of each dimension. The paper says nothing of it.
    measure_weights: of the network of a loss that has one.

  Returns:
    The generator, and its trainer, for training sets with labels. Its `init`
    raises ValueError if there are none, or of another number of clusters, or
    if an image is of no cluster, or no image of one; where labels are traced,
    such codes and draws are NaN. Batches must have distinct rows of the
    training set, and may be of all of it. A row that is not of it makes the
    loss NaN, so that nothing can train on it unnoticed.

  Raises:
    ValueError: if the network has no layers for such a shape, or images have
      not so many levels.

  Example:
    >>> generator, trainer = lx.generators.cola(
    ...   (8, 8, 1), clusters=2, latent_size=3, width=4, levels=2
    ... )
    >>> images = jnp.zeros((6, 8, 8, 1), jnp.uint8)
    >>> data = lx.TrainingSet(images, jnp.array([0, 1, 0, 1, 0, 1]))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample_class(jax.random.key(1), params, jnp.array([1, 1]))
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((2, 5), (2, 8, 8, 1))
  """
  net = _net(network, shape, clusters, width)
  check_levels('COLA', shape, loss, levels)

  def begin(key: Array, data: TrainingSet) -> tuple[Array, Array]:
    t = _targets(data, clusters)
    v = jax.random.normal(key, (len(t), latent_size))
    return project(jnp.concatenate([t, v], axis=1)), t.argmax(1)

  def project(z: Array) -> Array:
    parts = jnp.split(z, [clusters], axis=1)
    return jnp.concatenate(list(map(on_sphere, parts)), axis=1)

  measure = measure_of(
    loss, gamma=gamma, levels=levels, weights=measure_weights
  )
  trainer = code_trainer(
    Plan(net, begin, project, measure),
    learning_rate=learning_rate,
    codes_learning_rate=codes_learning_rate,
    halve_every=halve_every,
    reset_moments=reset_moments,
  )

  def params(state: State) -> Params:
    assert state.clusters is not None
    # Within an epoch codes are off their spheres.
    codes = project(state.codes)
    prior = fitted_mixture(codes, state.clusters, clusters, ridge=ridge)
    return {**trainer.params(state), 'prior': prior._asdict()}

  def decode(params: Params, z: Array) -> Array:
    return decoded(net, params, project(z))

  generator = with_prior(Generator(decode), project, spread=spread)
  return generator, trainer._replace(params=params)


def _net(
  network: Network, shape: tuple[int, int, int], clusters: int, width: int
) -> Any:
  """`(z [n, K + D], train) -> logits [n, H, W, C]`."""
  if network == 'infogan':
    check_quarters('COLA', shape)
    return infogan.Generator(shape, width, normalize=False, slope=0.2)
  check_eighths('COLA', shape)
  if network == 'residual':
    return residual_gan.Generator(shape, 4 * width)
  return residual_gan.ClusterGenerator(shape, clusters, 4 * width)


def _targets(data: TrainingSet, clusters: int) -> Array:
  """Labels as points `[n, K]`, one-hot where they are hard, NaN where of none.

  Raises:
    ValueError: as `cola` says.
  """
  if data.y is None:
    raise ValueError(
      'COLA begins with a label for each image, and this training set has '
      'none: give it labels, or the targets of a clustering.'
    )
  targets = shares(jnp.asarray(data.y), clusters)
  if not isinstance(targets, jax.core.Tracer):
    _check_clusters(np.asarray(targets))
  return jnp.where(targets.any(1, keepdims=True), targets, jnp.nan)


def _check_clusters(targets: np.ndarray) -> None:
  """Raises ValueError unless images have clusters, and clusters images."""
  clusters = targets.shape[1]
  lost = int((~targets.any(1)).sum())
  if lost:
    raise ValueError(
      f'COLA has {clusters} clusters, and {lost} of {len(targets)} images have '
      f'labels of none of them: labels must be 0 to {clusters - 1}.'
    )
  counts = np.bincount(targets.argmax(1), minlength=clusters)
  empty = np.flatnonzero(counts == 0)
  if len(empty):
    raise ValueError(
      'COLA fits a Gaussian to the images of each cluster, and of '
      f'{clusters} clusters {len(empty)} have none, such as {empty[0]}: let '
      'clusters be as many as the labels name, or give images of each.'
    )
