"""Learners against hand calculations and finite differences."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small import small

from lasium_jax import learners, meta
from lasium_jax.learners.linear import LinearHead
from lasium_jax.learners.maml import support_loss
from lasium_jax.nets import conv4
from lasium_jax.ops.augment import random_views
from lasium_jax.types import Examples, Network

WAYS = 3
LINEAR = Network(
  init=lambda key, x: jnp.zeros((x[0].size, WAYS), x.dtype),
  apply=lambda params, x, statistics=None, mask=None: (
    x.reshape(len(x), -1) @ params,
    (),
  ),
)
SMALL = {'filters': 4}


def make(name, inductive=False):
  if name == 'protonets':
    return learners.protonets(
      conv4(None, **SMALL), ways=WAYS, inductive=inductive
    )
  if name == 'head':
    return learners.protonets(
      conv4(None, **SMALL), ways=WAYS, inductive=inductive, head_steps=2
    )
  network = conv4(WAYS, **SMALL)
  if name == 'maml':
    return learners.maml(
      network, steps=2, learning_rate=0.4, inductive=inductive
    )
  return learners.scratch(
    network, steps=3, learning_rate=0.01, inductive=inductive
  )


NAMES = ('maml', 'protonets', 'head', 'scratch')


def softmax(logits):
  e = np.exp(logits - logits.max(-1, keepdims=True))
  return e / e.sum(-1, keepdims=True)


@pytest.mark.instructions
def test_maml_inner_loop_by_hand(task, key):
  """Softmax regression, whose gradient is x^T (p - y) / n."""
  learner = learners.maml(LINEAR, steps=3, learning_rate=0.1)
  params = learner.init(key, task.support.x)
  adapted = learner.adapt(key, params, task.support)
  x = np.asarray(task.support.x, np.float64).reshape(len(task.support.x), -1)
  y = np.eye(WAYS)[np.asarray(task.support.y)]
  w = np.zeros((x.shape[1], WAYS))
  for _ in range(3):
    w -= 0.1 * x.T @ (softmax(x @ w) - y) / len(x)
  np.testing.assert_allclose(adapted.params, w, atol=1e-5)
  query = np.asarray(task.query.x).reshape(len(task.query.x), -1)
  logits = learner.predict(adapted, task.query.x)
  np.testing.assert_allclose(logits, query @ w, atol=1e-4)


def bordered(images):
  """With black edges, so that weights have gradients of exactly zero."""
  return jnp.pad(images[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1), (0, 0)))


@pytest.mark.instructions
def test_scratch_inner_loop_by_hand(task, key):
  """Softmax regression by Adam, as Kingma and Ba's Algorithm 1 has it."""
  support = task.support._replace(x=bordered(task.support.x))
  learner = learners.scratch(LINEAR, steps=4, learning_rate=0.01)
  adapted = learner.adapt(key, (), support)
  x = np.asarray(support.x, np.float64).reshape(len(support.x), -1)
  y = np.eye(WAYS)[np.asarray(support.y)]
  w = m = v = np.zeros((x.shape[1], WAYS))
  for t in range(1, 5):
    g = x.T @ (softmax(x @ w) - y) / len(x)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
    w = w - 0.01 * mean / (np.sqrt(square) + 1e-8)
  np.testing.assert_allclose(adapted.params, w, atol=1e-6)
  assert not np.asarray(adapted.params)[:8].any()


@pytest.mark.instructions
def test_gradient_through_scratch_by_finite_differences(task, key):
  """Finite where Adam's second moments are exactly zero."""
  learner = learners.scratch(LINEAR, steps=3, learning_rate=0.01)
  with jax.enable_x64(True):
    x, query = (
      jnp.asarray(np.asarray(bordered(images)), jnp.float64)
      for images in (task.support.x, task.query.x)
    )

    def loss(x):
      adapted = learner.adapt(key, (), task.support._replace(x=x))
      logits = learner.predict(adapted, query)
      return optax.softmax_cross_entropy_with_integer_labels(
        logits, task.query.y
      ).mean()

    loss, gradient = jax.jit(loss), jax.jit(jax.grad(loss))(x)
    assert jnp.isfinite(gradient).all()
    rng = np.random.default_rng(0)
    h = 1e-6
    for _ in range(3):
      direction = bordered(jnp.asarray(rng.normal(size=x.shape)))
      slope = (loss(x + h * direction) - loss(x - h * direction)) / (2 * h)
      np.testing.assert_allclose(
        (gradient * direction).sum(), slope, rtol=1e-5, atol=1e-8
      )


def outer_loss(learner, task, key):
  return lambda params: meta.task_loss(learner, key, params, task)[0]


@pytest.mark.parametrize(
  'downsample,inductive', [('stride', False), ('max_pool', True)]
)
def test_maml_meta_gradient_by_finite_differences(
  task, key, downsample, inductive
):
  """In float64, along random directions: exact second order."""
  # 16x16, for max pooling; no two pixels alike, for no ties in it.
  keys = jax.random.split(key)
  x, query = (
    jnp.repeat(jnp.repeat(images, 2, axis=1), 2, axis=2)
    + 0.3 * jax.random.uniform(k, (len(images), 16, 16, 1))
    for k, images in zip(keys, (task.support.x, task.query.x), strict=True)
  )
  with jax.enable_x64(True):
    double = jax.tree.map(
      lambda a: jnp.asarray(np.asarray(a), jnp.float64), (x, query)
    )
    task = task._replace(
      support=task.support._replace(x=double[0]),
      query=task.query._replace(x=double[1]),
    )
    network = conv4(WAYS, downsample=downsample, **SMALL)
    learner = learners.maml(
      network, steps=2, learning_rate=0.1, inductive=inductive
    )
    rng = np.random.default_rng(0)
    # Off the biases' zeros, where a dead channel stands on ReLU's kink.
    params = jax.tree.map(
      lambda p: jnp.asarray(np.asarray(p) + 0.1 * rng.normal(size=p.shape)),
      learner.init(key, task.support.x),
    )
    loss = jax.jit(outer_loss(learner, task, key))
    gradient = jax.jit(jax.grad(loss))(params)
    for _ in range(3):
      direction = jax.tree.map(
        lambda p: jnp.asarray(rng.normal(size=p.shape)), params
      )
      # So small that no ReLU of the inner loop is likely to switch on the way.
      h = 1e-8
      ahead = jax.tree.map(lambda p, d, h=h: p + h * d, params, direction)
      behind = jax.tree.map(lambda p, d, h=h: p - h * d, params, direction)
      slope = (loss(ahead) - loss(behind)) / (2 * h)
      products = jax.tree.map(lambda g, d: (g * d).sum(), gradient, direction)
      np.testing.assert_allclose(
        sum(jax.tree.leaves(products)), slope, rtol=1e-4, atol=1e-6
      )


def test_first_order_maml_is_the_gradient_at_the_adapted_weights(task, key):
  options = {'steps': 3, 'learning_rate': 0.5}
  learner = learners.maml(LINEAR, first_order=True, **options)
  params = 0.1 * jax.random.normal(key, (64, WAYS))
  gradient = jax.grad(outer_loss(learner, task, key))(params)
  adapted = learner.adapt(key, params, task.support).params
  expected = jax.grad(lambda p: support_loss(LINEAR, p, task.query))(adapted)
  np.testing.assert_allclose(gradient, expected, atol=1e-6)
  second = learners.maml(LINEAR, **options)
  difference = jax.grad(outer_loss(second, task, key))(params) - gradient
  assert jnp.abs(difference).max() > 1e-3


@pytest.mark.instructions
@pytest.mark.parametrize('distance', ['mean', 'sum'])
def test_protonets_by_hand(task, key, distance):
  learner = learners.protonets(LINEAR, ways=WAYS, distance=distance)
  params = jax.random.normal(key, (64, 5))
  # Labels in any order: prototypes are of labels, not of positions.
  order = jnp.asarray([3, 0, 5, 1, 4, 2])
  support = jax.tree.map(lambda leaf: leaf[order], task.support)
  logits = learner.predict(learner.adapt(key, params, support), task.query.x)
  w = np.asarray(params)
  features = np.asarray(support.x).reshape(6, -1) @ w
  queries = np.asarray(task.query.x).reshape(12, -1) @ w
  for n, q in enumerate(queries):
    for c in range(WAYS):
      mean = features[np.asarray(support.y) == c].mean(0)
      d = ((q - mean) ** 2).sum()
      expected = -d / 5 if distance == 'mean' else -d
      np.testing.assert_allclose(logits[n, c], expected, rtol=1e-4)


def adams_step(w, g, m, v, *, t, rate):
  """Weights and both moments after step t, Kingma and Ba's Algorithm 1."""
  m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
  mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
  return w - rate * mean / (np.sqrt(square) + 1e-8), m, v


def adams_head(features, y, *, scale, steps, rate):
  """Softmax regression from prototypes by Adam."""
  y = np.asarray(y, np.float64)
  means = y.T @ features / y.sum(0)[:, None]
  # The last row are the biases.
  w = scale * np.vstack([2 * means.T, -(means**2).sum(1)])
  x = np.column_stack([features, np.ones(len(features))])
  m = v = np.zeros_like(w)
  for t in range(1, steps + 1):
    g = x.T @ (softmax(x @ w) - y) / len(x)
    w, m, v = adams_step(w, g, m, v, t=t, rate=rate)
  return w


@pytest.mark.instructions
@pytest.mark.parametrize('labels', ['hard', 'soft'])
@pytest.mark.parametrize('distance', ['mean', 'sum'])
def test_the_head_of_protonets_by_hand(task, key, distance, labels):
  learner = learners.protonets(
    LINEAR, ways=WAYS, distance=distance, head_steps=4, head_learning_rate=0.05
  )
  params = jax.random.normal(key, (64, 5)) / 8
  soft = np.eye(WAYS)[np.asarray(task.support.y)]
  support = task.support
  if labels == 'soft':
    soft = np.asarray(jax.random.dirichlet(key, jnp.ones(WAYS), (6,)))
    support = support._replace(y=jnp.asarray(soft))
  adapted = learner.adapt(key, params, support)
  x, query = (
    np.asarray(images, np.float64).reshape(len(images), -1) @ np.asarray(params)
    for images in (support.x, task.query.x)
  )
  scale = 1 / 5 if distance == 'mean' else 1
  w = adams_head(x, soft, scale=scale, steps=4, rate=0.05)
  np.testing.assert_allclose(adapted.head.weights, w[:-1], atol=1e-4)
  np.testing.assert_allclose(adapted.head.biases, w[-1], atol=1e-4)
  logits = learner.predict(adapted, task.query.x)
  np.testing.assert_allclose(logits, query @ w[:-1] + w[-1], atol=1e-3)
  np.testing.assert_array_equal(adapted.params, params)


@pytest.mark.instructions
@pytest.mark.parametrize('distance', ['mean', 'sum'])
def test_a_head_tunes_its_network_by_hand(task, key, distance):
  """The gradients of x P W + b, and Adam, in NumPy."""
  learner = learners.protonets(
    LINEAR,
    ways=WAYS,
    distance=distance,
    head_steps=3,
    head_learning_rate=0.05,
    tune_network=True,
  )
  params = jax.random.normal(key, (64, 5)) / 8
  adapted = learner.adapt(key, params, task.support)
  x, query = (
    np.asarray(images, np.float64).reshape(len(images), -1)
    for images in (task.support.x, task.query.x)
  )
  own = np.eye(WAYS)[np.asarray(task.support.y)]
  p = np.asarray(params, np.float64)
  means = own.T @ x @ p / own.sum(0)[:, None]
  scale = 1 / 5 if distance == 'mean' else 1
  w, b = 2 * scale * means.T, -scale * (means**2).sum(1)
  moments = [(0.0, 0.0)] * 3
  for t in (1, 2, 3):
    error = (softmax(x @ p @ w + b) - own) / len(x)
    gradients = x.T @ error @ w.T, (x @ p).T @ error, error.sum(0)
    (p, w, b), *both = zip(
      *(
        adams_step(old, g, m, v, t=t, rate=0.05)
        for old, g, (m, v) in zip((p, w, b), gradients, moments, strict=True)
      ),
      strict=True,
    )
    moments = list(zip(*both, strict=True))
  np.testing.assert_allclose(adapted.params, p, atol=1e-3)
  logits = learner.predict(adapted, task.query.x)
  np.testing.assert_allclose(logits, query @ p @ w + b, atol=1e-2)


@pytest.mark.parametrize('tune_network', [False, True])
def test_each_step_of_a_head_sees_other_views(task, key, tune_network):
  """As many single steps, from one state of Adam, on views of one's own."""
  learner = learners.protonets(
    LINEAR,
    ways=WAYS,
    head_steps=3,
    head_learning_rate=0.05,
    tune_network=tune_network,
    head_views=True,
  )
  params = jax.random.normal(key, (64, 5)) / 8
  adapted = jax.jit(learner.adapt)(key, params, task.support)
  means = adapted.means
  head = LinearHead(2 * means.T / 5, -(means**2).sum(1) / 5)
  both = (params, head)
  optimizer = optax.adam(0.05)
  state = optimizer.init(both)
  for step in range(3):
    x = random_views(jax.random.fold_in(key, step), task.support.x)

    def loss(both, x=x):
      params, head = both
      logits = x.reshape(len(x), -1) @ params @ head.weights + head.biases[None]
      chosen = jax.nn.log_softmax(logits)[jnp.arange(len(x)), task.support.y]
      return -chosen.mean()

    updates, state = optimizer.update(jax.grad(loss)(both), state)
    moved = optax.apply_updates(both, updates)
    both = moved if tune_network else (params, moved[1])
  chex.assert_trees_all_close(
    (adapted.params, adapted.head), both, rtol=1e-3, atol=1e-4
  )
  # Queries are predicted as they are.
  weights, (w, b) = (np.asarray(both[0]), map(np.asarray, both[1]))
  query = np.asarray(task.query.x).reshape(len(task.query.x), -1)
  np.testing.assert_allclose(
    learner.predict(adapted, task.query.x), query @ weights @ w + b, atol=1e-3
  )
  other = learner.adapt(jax.random.key(1), params, task.support)
  assert not np.allclose(other.head.weights, adapted.head.weights, atol=1e-3)


def test_queries_have_the_moments_of_the_tuned_network(task, key):
  """Alone, each is normalized as the support is after the last step."""
  network = small(None)
  learner = learners.protonets(
    network,
    ways=WAYS,
    inductive=True,
    head_steps=3,
    head_learning_rate=0.1,
    tune_network=True,
  )
  params = network.init(key, task.support.x)
  adapted = learner.adapt(key, params, task.support)
  before, after = (
    network.apply(p, task.support.x)[1] for p in (params, adapted.params)
  )
  chex.assert_trees_all_close(adapted.statistics, after, rtol=1e-4, atol=1e-5)
  with pytest.raises(AssertionError):
    chex.assert_trees_all_close(adapted.statistics, before, atol=1e-3)


@pytest.mark.instructions
@pytest.mark.parametrize('tune_network', [False, True])
@pytest.mark.parametrize('inductive', [False, True])
@pytest.mark.parametrize('distance', ['mean', 'sum'])
def test_a_head_starts_with_the_probabilities_of_prototypes(
  task, key, distance, inductive, tune_network
):
  """A rate of 0 stands still; a query's logits are some constant apart."""
  options = {'ways': WAYS, 'distance': distance, 'inductive': inductive}
  fit = {'head_steps': 3, 'tune_network': tune_network}
  plain, still, moved = (
    learners.protonets(small(None), **options, **head)
    for head in (
      {},
      {'head_learning_rate': 0.0, **fit},
      {'head_learning_rate': 0.1, **fit},
    )
  )
  params = plain.init(key, task.support.x)
  expected, start, end = (
    jax.jit(
      lambda params, task, learner=learner: jax.nn.log_softmax(
        learner.predict(learner.adapt(key, params, task.support), task.query.x)
      )
    )(params, task)
    for learner in (plain, still, moved)
  )
  np.testing.assert_allclose(start, expected, atol=1e-4)
  assert jnp.abs(end - expected).max() > 1e-2


@pytest.mark.instructions
@pytest.mark.parametrize('masked', [False, True])
@pytest.mark.parametrize('distance', ['mean', 'sum'])
def test_queries_refine_prototypes_by_hand(task, key, distance, masked):
  """Soft k-means in NumPy (Ren et al. 2018, section 3.1.1)."""
  learner = learners.protonets(
    LINEAR, ways=WAYS, distance=distance, refine_steps=3
  )
  params = jax.random.normal(key, (64, 5)) / 8
  mask = jnp.arange(len(task.query.x)) != 1 if masked else None
  adapted = learner.adapt(key, params, task.support)
  logits = learner.predict(adapted, task.query.x, mask)
  support, queries = (
    np.asarray(images, np.float64).reshape(len(images), -1) @ np.asarray(params)
    for images in (task.support.x, task.query.x)
  )
  own = np.eye(WAYS)[np.asarray(task.support.y)]
  scale = 1 / 5 if distance == 'mean' else 1

  def logits_of(means):
    return -scale * ((queries[:, None] - means) ** 2).sum(-1)

  means = own.T @ support / own.sum(0)[:, None]
  for _ in range(3):
    members = softmax(logits_of(means))
    if masked:
      members[1] = 0
    everyone = np.concatenate([own, members])
    points = np.concatenate([support, queries])
    means = everyone.T @ points / everyone.sum(0)[:, None]
  np.testing.assert_allclose(logits, logits_of(means), atol=1e-3)


def test_queries_gather_about_prototypes(key):
  """One image of each class is off its cluster; queries show where that is."""
  centers = jnp.array([-1.0, 1.0])
  x = centers[:, None] + 0.2 * jax.random.normal(key, (2, 20))
  queries = x.reshape(-1, 1, 1, 1)
  support = Examples(jnp.array([-0.1, 3.0]).reshape(2, 1, 1, 1), jnp.arange(2))
  identity = Network(
    lambda key, x: (), lambda p, x, s=None, mask=None: (x.reshape(-1, 1), None)
  )
  found = {}
  for steps in (0, 10):
    learner = learners.protonets(
      identity, ways=2, distance='sum', refine_steps=steps
    )
    logits = learner.predict(learner.adapt(key, (), support), queries)
    found[steps] = (logits.argmax(-1) == jnp.repeat(jnp.arange(2), 20)).mean()
  assert found[0] < 0.9 and found[10] == 1.0


@pytest.mark.parametrize('options', [{'inductive': True}, {'head_steps': 2}])
def test_prototypes_are_refined_by_queries_that_may(options):
  with pytest.raises(ValueError, match='inductive=False and head_steps=0'):
    learners.protonets(LINEAR, ways=WAYS, refine_steps=1, **options)


def test_more_steps_of_a_head_fit_the_support_better(task, key):
  support = task.support
  params = jax.random.normal(key, (64, 5)) / 8
  losses = []
  for steps in (0, 15, 300):
    learner = learners.protonets(
      LINEAR, ways=WAYS, head_steps=steps, head_learning_rate=0.01
    )
    logits = learner.predict(learner.adapt(key, params, support), support.x)
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, support.y)
    losses.append(float(loss.mean()))
  assert losses == sorted(losses, reverse=True)
  assert losses[-1] < 0.5 * losses[0]


@pytest.mark.instructions
def test_gradient_through_a_head_by_finite_differences(task, key):
  """In float64, with a class without support, whose second moments are 0."""
  learner = learners.protonets(
    LINEAR, ways=WAYS + 1, head_steps=3, head_learning_rate=0.05, padded=True
  )
  with jax.enable_x64(True):
    x, query = (
      jnp.asarray(np.asarray(images), jnp.float64)
      for images in (task.support.x, task.query.x)
    )
    start = jnp.asarray(np.random.default_rng(0).normal(size=(64, 5)) / 8)

    def loss(params):
      adapted = learner.adapt(key, params, task.support._replace(x=x))
      logits = learner.predict(adapted, query)
      return optax.softmax_cross_entropy_with_integer_labels(
        logits, task.query.y
      ).mean()

    loss, gradient = jax.jit(loss), jax.jit(jax.grad(loss))(start)
    rng = np.random.default_rng(1)
    h = 1e-6
    for _ in range(3):
      direction = jnp.asarray(rng.normal(size=start.shape))
      slope = (loss(start + h * direction) - loss(start - h * direction)) / (
        2 * h
      )
      np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=1e-5)


# Distances of the support's points from the query at 0: a is 1, 2.1 and 9
# away, b 2 and 3, c 2.5. By one neighbor a wins; by three a and b have votes,
# a more; by four a and b are even, and a is nearer; by five b has as many.
POINTS = ([1.0, 9.0, -2.0, 3.0, 2.5, -2.1], [0, 0, 1, 1, 2, 0])
VOTES = {
  1: [-1.0, -4.0, -6.25],
  3: [2 - 0 / 3, 1 - 1 / 3, -1],
  4: [2 - 0 / 4, 1 - 1 / 4, 1 - 3 / 4],
  5: [2 - 0 / 5, 2 - 1 / 5, 1 - 3 / 5],
  9: [3 - 0 / 6, 2 - 1 / 6, 1 - 3 / 6],
}


@pytest.mark.instructions
@pytest.mark.parametrize('neighbors', VOTES)
def test_nearest_neighbors_by_hand(key, neighbors):
  x, y = (jnp.asarray(values) for values in POINTS)
  learner = learners.nearest_neighbors(ways=WAYS, neighbors=neighbors)
  adapted = learner.adapt(key, (), Examples(x.reshape(-1, 1, 1, 1), y))
  logits = learner.predict(adapted, jnp.zeros((1, 1, 1, 1)))
  np.testing.assert_allclose(logits, [VOTES[neighbors]], rtol=1e-6)


def test_nearest_neighbors_by_search(task, key):
  support = np.asarray(task.support.x).reshape(len(task.support.x), -1)
  learner = learners.nearest_neighbors(ways=WAYS)
  logits = learner.predict(learner.adapt(key, (), task.support), task.query.x)
  for image, row in zip(np.asarray(task.query.x), logits, strict=True):
    nearest = ((support - image.reshape(-1)) ** 2).sum(1).argmin()
    assert row.argmax() == task.support.y[nearest]


def test_nearest_neighbors_in_an_embedding(task, key):
  """`embed` sees its parameters, for the support and for the queries."""
  learner = learners.nearest_neighbors(
    ways=WAYS, embed=lambda params, x: params * x.reshape(len(x), -1)
  )
  plain = learners.nearest_neighbors(ways=WAYS)
  expected = plain.predict(plain.adapt(key, (), task.support), task.query.x)
  adapted = learner.adapt(key, jnp.float32(3), task.support)
  logits = learner.predict(adapted, task.query.x)
  np.testing.assert_allclose(logits, 9 * expected, rtol=1e-5)


def test_no_neighbors():
  with pytest.raises(ValueError, match='0 neighbors'):
    learners.nearest_neighbors(ways=WAYS, neighbors=0)


def test_scratch_ignores_parameters_and_starts_from_its_key(task, key):
  learner = make('scratch')
  assert learner.init(key, task.support.x) == ()
  predict = jax.jit(
    lambda k: learner.predict(learner.adapt(k, (), task.support), task.query.x)
  )
  same, other = predict(key), predict(jax.random.key(9))
  np.testing.assert_array_equal(predict(key), same)
  assert jnp.abs(same - other).max() > 1e-3


@pytest.mark.parametrize('name', NAMES)
def test_inductive_predictions_do_not_depend_on_other_queries(task, key, name):
  def predict(inductive, x):
    learner = make(name, inductive)
    params = learner.init(key, task.support.x)
    run = jax.jit(
      lambda params, support, x: learner.predict(
        learner.adapt(key, params, support), x
      )
    )
    return run(params, task.support, x)

  x = task.query.x
  for inductive in (False, True):
    alone = predict(inductive, x[5:6])
    together = predict(inductive, x)[5:6]
    assert np.allclose(alone, together, atol=1e-4) == inductive


@pytest.mark.parametrize('name', ['protonets', 'scratch'])
def test_learns_without_meta_training(task, key, name):
  """Patterns that differ by class are told apart by any network."""
  network = conv4(WAYS, **SMALL)
  learner = {
    'protonets': make('protonets'),
    'scratch': learners.scratch(network, steps=60, learning_rate=0.02),
  }[name]
  params = learner.init(key, task.support.x)
  logits = jax.jit(
    lambda params, task: learner.predict(
      learner.adapt(key, params, task.support), task.query.x
    )
  )(params, task)
  assert (logits.argmax(-1) == task.query.y).mean() > 0.6
