"""Images are clustered without labels (COLA's step I)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lasium_jax.descent import InitFn, LossFn, descent, halved_sgd
from lasium_jax.descent import State as NetworkState
from lasium_jax.ops.assignment import assign
from lasium_jax.ops.labels import cross_entropy
from lasium_jax.ops.sphere import on_sphere
from lasium_jax.settings import Count, NonNegative, Share, Ways, check_value
from lasium_jax.types import (
  Array,
  Augment,
  Batch,
  Classified,
  ClassifyFn,
  Metrics,
  Params,
  Trainer,
  TrainingSet,
  UpdateFn,
)


class State(NamedTuple):
  """Training under way.

  Attributes:
    network: weights, running averages and the optimizer's state.
    targets: `[n, K]`, the point on the unit sphere to which each image of the
      training set is drawn.
  """

  network: NetworkState
  targets: Array


def draw_targets(key: Array, n: int, *, clusters: int, sigma: float) -> Array:
  """A mixture of Gaussians, put on the unit sphere (algorithm 2).

  Args:
    key: a PRNG key.
    n: how many.
    clusters: K; component c of K equal ones has 1 in coordinate c of its mean,
      and 0 elsewhere.
    sigma: the standard deviation of each coordinate.

  Returns:
    `[n, K]`.
  """
  component_key, noise_key = jax.random.split(key)
  components = jax.random.randint(component_key, (n,), 0, clusters)
  noise = jax.random.normal(noise_key, (n, clusters))
  return on_sphere(jax.nn.one_hot(components, clusters) + sigma * noise)


def clusters_of(params: Params) -> Array:
  """The cluster of each image of the training set.

  Args:
    params: the trainer's, of `clustered`.

  Returns:
    `[n]` int32, the likeliest component of each target, of equals the first.
  """
  clusters: Array = params['targets'].argmax(-1)
  return clusters


def clustered(
  network: Any,
  shape: tuple[int, int, int],
  augment: Augment,
  *,
  clusters: Ways,
  sigma: NonNegative = 0.0,
  views: Count = 3,
  rotations: bool = True,
  learning_rate: NonNegative = 0.05,
  momentum: Share = 0.9,
  weight_decay: NonNegative = 5e-4,
  halve_every: Count = 50,
) -> tuple[ClassifyFn, Trainer]:
  """A network that maps images to clusters on a sphere, and its training.

  See COLA, section 3.1 and algorithm 2. Each image has a target, one of its
  cluster's at first drawn at random. In a step the targets of a batch change
  places, so that the squared distances from the images' points to them add up
  to the least; then the points of augmented views are drawn to the targets that
  the images have now. (The code of MMDC, from which this step comes, adds up
  distances that are not squared.) Epochs of such steps alternate with epochs
  in which a second head tells how far an image was turned (RotNet).

  What the paper leaves open is as in MMDC's code: means of one in one
  coordinate, no spread about them, and a decay of the weights that leaves out
  biases and normalization. Its points for assignment are, too, of images as
  they are, by the running averages.

  Args:
    network: a Linen module `(x, train) -> (points [n, K], logits [n, 4],
      features [n, F])`, such as `lasium_jax.nets.TwoHeads`; its normalization
      keeps running averages of momentum `lasium_jax.nets.averages.MOMENTUM`,
      or it has none.
    shape: `(H, W, C)` of the images.
    augment: `(key, x [n, H, W, C]) -> x`, other views of images, such as
      `lasium_jax.ops.augment.random_views`.
    clusters: K.
    sigma: the standard deviation of a target's coordinates about its cluster's
      mean, before it is put on the sphere.
    views: of each image in a step.
    rotations: whether every second epoch is of turned images.
    learning_rate: of both tasks' one optimizer at first.
    momentum: likewise.
    weight_decay: the share of each weight that is added to its gradient.
    halve_every: after so many epochs of each task the rate is halved, again
      and again.

  Returns:
    The clustering as a classifier, whose logits are an image's point on the
    unit sphere, its cosines with the K means, and which normalizes by the
    running averages; and its trainer, which reads no labels. Of the trainer's
    parameters `targets [n, K]` are a row for each training image
    (`clusters_of`), so that a batch must have distinct rows: one that repeats a
    row, or has one that is not of the training set, makes the loss NaN, so that
    nothing can train on it unnoticed. `init` raises ValueError for fewer images
    than clusters.

  Raises:
    ValueError: if there are fewer than two clusters, or images are to be turned
      that are no squares.

  Example:
    >>> network = lx.nets.TwoHeads(lx.nets.contrastive.Trunk(2), clusters=3)
    >>> classify, trainer = lx.embeddings.clustered(
    ...   network, (8, 8, 3), lx.ops.augment.random_views, clusters=3
    ... )
    >>> data = lx.TrainingSet(jnp.zeros((4, 8, 8, 3), jnp.uint8))
    >>> state = trainer.init(jax.random.key(0), data)
    >>> batch = lx.batches.gather(data, jnp.arange(4), epoch=0)
    >>> update = jax.jit(trainer.updates[0])
    >>> state, metrics = update(jax.random.key(1), state, batch)
    >>> params = trainer.params(state)
    >>> jax.jit(classify)(params, batch.x).logits.shape
    (4, 3)
    >>> lx.embeddings.clusters_of(params).shape
    (4,)
  """
  check_value(Ways, clusters, 'clusters')
  if rotations and shape[0] != shape[1]:
    raise ValueError(
      f'Images of {shape[0]}x{shape[1]} pixels are no squares, and cannot be '
      'turned by a quarter: make them square, or set rotations=False.'
    )
  optimizer = halved_sgd(
    learning_rate=learning_rate,
    momentum=momentum,
    weight_decay=weight_decay,
    # Of the trainer's epochs.
    halve_every=halve_every * (2 if rotations else 1),
  )
  init_network = _init(network, shape, clusters)
  clustering = descent(
    init_network, _cluster_loss(network, augment, views), optimizer
  )
  turning = descent(init_network, _rotation_loss(network), optimizer)

  def init(key: Array, data: TrainingSet) -> State:
    n = len(data.images)
    if n < clusters:
      raise ValueError(
        f'{n} images cannot be put into clusters = {clusters}: give as many '
        'images or more, or ask for fewer clusters.'
      )
    key, targets_key = jax.random.split(key)
    targets = draw_targets(targets_key, n, clusters=clusters, sigma=sigma)
    return State(clustering.init(key, data), targets)

  def classify(params: Params, x: Array) -> Classified:
    points, _, features = network.apply(params['network'], x, train=False)
    return Classified(on_sphere(points), features)

  def params(state: State) -> Params:
    trained = clustering.params(state.network)
    return {'network': trained, 'targets': state.targets}

  def rotate(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    trained, metrics = turning.updates[0](key, state.network, batch)
    return state._replace(network=trained), metrics

  cluster = _cluster(
    lambda state, x: classify(params(state), x).logits, clustering.updates[0]
  )
  updates = (cluster, rotate) if rotations else (cluster,)
  return classify, Trainer(init, updates, params)


def _init(network: Any, shape: tuple[int, int, int], clusters: int) -> InitFn:
  x = jnp.zeros((1, *shape))

  def init(key: Array) -> Params:
    (points, *_), variables = jax.jit(
      lambda key: network.init_with_output(key, x, train=False)
    )(key)
    if points.shape[-1] != clusters:
      raise ValueError(
        f'The points of the network have {points.shape[-1]} dimensions, and '
        f'clusters = {clusters}: these must be equal.'
      )
    return variables

  return init


def _cluster(
  points_of: Callable[[State, Array], Array], descend: UpdateFn
) -> UpdateFn:
  """The step of algorithm 2 that assigns targets, then draws points to them."""

  def cluster(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]:
    before = _targets_of(batch.rows, state.targets)
    points = points_of(state, batch.x)
    targets = before[assign(_squared_distances(points, before))]
    moved = (targets.argmax(-1) != before.argmax(-1)).mean()
    network, metrics = descend(key, state.network, batch._replace(y=targets))
    table = state.targets.at[batch.rows].set(
      targets, mode='drop', wrap_negative_indices=False
    )
    return State(network, table), {**metrics, 'moved': moved}

  return cluster


def _cluster_loss(network: Any, augment: Augment, views: int) -> LossFn:
  """Squared differences from a batch's targets, which are its labels.

  They are added up over views, as in algorithm 2, and their mean is taken over
  images and coordinates, as in MMDC's code.
  """

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    assert batch.y is not None  # `cluster` puts targets there.
    x = jnp.concatenate(
      [augment(own, batch.x) for own in jax.random.split(key, views)]
    )
    (points, *_), averages = network.apply(
      {'params': weights, **averages}, x, train=True, mutable=list(averages)
    )
    differences = on_sphere(points) - jnp.tile(batch.y, (views, 1))
    loss = views * jnp.square(differences).mean()
    return loss, (averages, {'loss': loss})

  return loss_fn


def _rotation_loss(network: Any) -> LossFn:
  """The cross-entropy of the four turns of each image (Gidaris et al. 2018)."""

  def loss_fn(
    weights: Params, averages: Params, key: Array, batch: Batch
  ) -> tuple[Array, tuple[Params, Metrics]]:
    del key
    turned = [jnp.rot90(batch.x, turns, (1, 2)) for turns in range(4)]
    (_, logits, _), averages = network.apply(
      {'params': weights, **averages},
      jnp.concatenate(turned),
      train=True,
      mutable=list(averages),
    )
    turns = jnp.repeat(jnp.arange(4), len(batch.x))
    loss = cross_entropy(logits, turns).mean()
    accuracy = (logits.argmax(-1) == turns).mean()
    metrics = {'rotation_loss': loss, 'rotation_accuracy': accuracy}
    return loss, (averages, metrics)

  return loss_fn


def _targets_of(rows: Array, targets: Array) -> Array:
  """The targets of rows; NaN if rows repeat, or where there is no such."""
  if len(rows) > len(targets):
    raise ValueError(
      f'A batch has {len(rows)} images, more than the {len(targets)} of the '
      'training set, each of which has one target: make batches smaller.'
    )
  own = targets.at[rows].get(mode='fill', wrap_negative_indices=False)
  ordered = jnp.sort(rows)
  distinct = (ordered[1:] > ordered[:-1]).all()
  return jnp.where(distinct, own, jnp.nan)


def _squared_distances(points: Array, targets: Array) -> Array:
  """`[n, n]`, of each point on the unit sphere to each target there."""
  return 2 - 2 * jnp.matmul(points, targets.T, precision='highest')
