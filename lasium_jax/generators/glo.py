"""Generative latent optimization: a generator, and a code for each image."""

import jax
import jax.numpy as jnp

from lasium_jax.generators import gaussians
from lasium_jax.generators.codes import Plan, State, code_trainer, decoded
from lasium_jax.generators.gaussians import Gaussian, fitted, fitted_mixture
from lasium_jax.generators.shapes import check_levels, check_quarters
from lasium_jax.generators.similarity import Name, measure_of
from lasium_jax.nets.infogan import Generator as Decoder
from lasium_jax.ops.labels import likeliest
from lasium_jax.ops.sphere import on_sphere
from lasium_jax.settings import Count, NonNegative, Whole
from lasium_jax.types import Array, Generator, Params, Trainer, TrainingSet


def glo(
  shape: tuple[int, int, int],
  *,
  classes: Whole = 0,
  latent_size: Count = 64,
  width: Count = 64,
  loss: Name = 'laplacian',
  gamma: NonNegative = 1.0,
  levels: Whole = 3,
  learning_rate: NonNegative = 1e-3,
  codes_learning_rate: NonNegative = 1e-2,
  halve_every: Count = 50,
  reset_moments: bool = False,
  ridge: NonNegative = 0.0,
  measure_weights: Params | None = None,
) -> tuple[Generator, Trainer]:
  """A generator that is trained together with the code of each image.

  See Bojanowski et al. 2018, and COLA, algorithm 1, of which this is the part
  without clusters. The loss of an image is a distance of it and what the
  generator makes of its code. Codes are put back on the unit sphere after each
  epoch, and the prior is a Gaussian fitted to them, whose draws are put there
  too; or one for each class. What is trained knows of no classes either way:
  labels, where there are some, are those of the prior alone.

  Each code has an Adam of its own, with its own count of steps: a step moves
  the codes of its batch, and does nothing to the others.

  Args:
    shape: `(H, W, C)` of the images, H and W divisible by 4.
    classes: of the labels of the training set, each of which has a Gaussian of
      its own, as `with_mixture` says. 0 reads no labels, and has one Gaussian.
    latent_size: D.
    width: of the network; see `lasium_jax.nets.infogan`.
    loss: as in `cola`.
    gamma: likewise.
    levels: likewise.
    learning_rate: of the generator's Adam.
    codes_learning_rate: of the codes' Adams.
    halve_every: after so many epochs both rates are halved, again and again.
    reset_moments: as in `cola`.
    ridge: likewise.
    measure_weights: likewise.

  Returns:
    The generator, and its trainer, whose batches must have distinct rows of
    the training set. Its `init` raises ValueError if there are classes, and no
    labels. A row that is not of it, such as a made-up image's, makes
    the loss NaN, so that nothing can train on it unnoticed.

  Raises:
    ValueError: if H or W is not divisible by 4, or images have not so many
      levels.

  Example:
    >>> generator, trainer = lx.generators.glo((8, 8, 1), width=4, levels=2)
    >>> data = lx.TrainingSet(jnp.zeros((2, 8, 8, 1), jnp.uint8))
    >>> params = trainer.params(trainer.init(jax.random.key(0), data))
    >>> z = generator.sample(jax.random.key(1), params, 5)
    >>> z.shape, jax.jit(generator.decode)(params, z).shape
    ((5, 64), (5, 8, 8, 1))
  """
  check_quarters('GLO', shape)
  check_levels('GLO', shape, loss, levels)
  net = Decoder(shape, width, normalize=False, slope=0.2)

  def begin(key: Array, data: TrainingSet) -> tuple[Array, Array | None]:
    size = (len(data.images), latent_size)
    codes = on_sphere(jax.random.normal(key, size))
    return codes, _clusters(data) if classes else None

  measure = measure_of(
    loss, gamma=gamma, levels=levels, weights=measure_weights
  )
  trainer = code_trainer(
    Plan(net, begin, on_sphere, measure),
    learning_rate=learning_rate,
    codes_learning_rate=codes_learning_rate,
    halve_every=halve_every,
    reset_moments=reset_moments,
  )

  def params(state: State) -> Params:
    # Within an epoch codes are off their sphere.
    codes = on_sphere(state.codes)
    if state.clusters is None:
      prior = fitted(codes, ridge=ridge)
    else:
      prior = fitted_mixture(codes, state.clusters, classes, ridge=ridge)
    return {**trainer.params(state), 'prior': prior._asdict()}

  def decode(params: Params, z: Array) -> Array:
    return decoded(net, params, z)

  def sample(key: Array, params: Params, n: int) -> Array:
    return on_sphere(gaussians.draw(key, Gaussian(**params['prior']), n))

  generator = Generator(decode, sample)
  if classes:
    generator = with_mixture(generator)
  return generator, trainer._replace(params=params)


def _clusters(data: TrainingSet) -> Array:
  """The class of each image, `[n]`.

  Raises:
    ValueError: if there are no labels.
  """
  if data.y is None:
    raise ValueError(
      'GLO with classes fits a Gaussian to the codes of each, and this '
      'training set has no labels: give it some, or let classes be 0.'
    )
  # The state is donated, and the labels stay the user's.
  return jnp.array(likeliest(jnp.asarray(data.y)))


def with_mixture(
  generator: Generator, *, spread: Array | float = 1.0
) -> Generator:
  """GLO's generator with a Gaussian for each class as its prior.

  It is COLA's baseline: what is trained knows of no classes, and the mixture is
  fitted to its codes afterwards, by labels that are given. `glo` with `classes`
  has it, fitted by the labels of its training set.

  Args:
    generator: of `glo`. Its parameters must have in `prior` the fields of
      `fitted_mixture` of the state's codes.
    spread: what the deviations of draws are multiplied by, as in `cola`.

  Returns:
    The generator. Its `sample` draws each class that has codes equally often,
    and its `sample_class` has NaN for one that has none.

  Example:
    >>> generator, trainer = lx.generators.glo((8, 8, 1), width=4, levels=2)
    >>> data = lx.TrainingSet(jnp.zeros((6, 8, 8, 1), jnp.uint8))
    >>> state = trainer.init(jax.random.key(0), data)
    >>> y = jnp.array([0, 1, 0, 1, 0, 1])
    >>> prior = lx.generators.fitted_mixture(state.codes, y, 2)
    >>> params = {**trainer.params(state), 'prior': prior._asdict()}
    >>> mixture = lx.generators.with_mixture(generator)
    >>> mixture.sample_class(jax.random.key(1), params, y).shape
    (6, 64)
  """
  return gaussians.with_prior(generator, on_sphere, spread=spread)
