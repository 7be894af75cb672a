"""Support examples that are of several classes at once, as mixup makes them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small import small

from lasium_jax import learners, meta
from lasium_jax.types import Examples, Network, Task

WAYS = 3
SMALL = small(WAYS)
LEARNERS = {
  'maml': lambda **options: learners.maml(SMALL, steps=2, **options),
  'protonets': lambda **options: learners.protonets(
    SMALL, ways=WAYS, **options
  ),
  'head': lambda **options: learners.protonets(
    SMALL, ways=WAYS, head_steps=3, **options
  ),
  'scratch': lambda **options: learners.scratch(SMALL, steps=3, **options),
  'nearest': lambda: learners.nearest_neighbors(ways=WAYS),
}
FLAT = Network(
  init=lambda key, x: jnp.zeros((x[0].size, WAYS)),
  apply=lambda params, x, statistics=None, mask=None: (
    x.reshape(len(x), -1) @ params,
    (),
  ),
)


def solve(learner, key, support, x):
  params = learner.init(key, support.x)
  predict = jax.jit(
    lambda s, x: learner.predict(learner.adapt(key, params, s), x)
  )
  return predict(support, x)


def with_padding(support, label):
  """Two images more, of no class: 6, so that the ways are 3."""
  x = jnp.concatenate([support.x, jnp.ones_like(support.x[:2])])
  return Examples(x, jnp.append(support.y, jnp.array([label, label])))


def mixed(task, key):
  y = jax.random.dirichlet(key, jnp.ones(WAYS), (len(task.support.x),))
  return task.support._replace(y=y)


@pytest.mark.parametrize('name', LEARNERS)
def test_certain_soft_labels_are_hard_ones(name, task, key):
  learner = LEARNERS[name]()
  soft = task.support._replace(y=jnp.eye(WAYS)[task.support.y])
  np.testing.assert_allclose(
    solve(learner, key, soft, task.query.x),
    solve(learner, key, task.support, task.query.x),
    rtol=1e-4,
    atol=1e-5,
  )


@pytest.mark.parametrize('name', ['maml', 'protonets', 'head', 'scratch'])
def test_a_soft_label_of_zeros_is_padding(name, task, key):
  learner, plain = LEARNERS[name](padded=True), LEARNERS[name]()
  # Of the last class there is less than one example in all.
  support = mixed(task, key)
  y = support.y * jnp.array([[1, 1, 0.02]])
  support = support._replace(y=y / y.sum(axis=1, keepdims=True))
  assert 0 < support.y[:, 2].sum() < 1
  noise = jax.random.uniform(key, (4, *support.x.shape[1:]))
  padded = Examples(
    jnp.concatenate([support.x, noise]),
    jnp.concatenate([support.y, jnp.zeros((4, WAYS))]),
  )
  np.testing.assert_allclose(
    solve(learner, key, padded, task.query.x),
    solve(plain, key, support, task.query.x),
    rtol=1e-4,
    atol=1e-5,
  )


@pytest.mark.parametrize('name', ['protonets', 'head', 'nearest'])
def test_certain_soft_labels_have_the_loss_of_hard_ones(name, task, key):
  """Also where no example is of class 0, whose logits are -inf then."""
  options = {'padded': True} if name != 'nearest' else {}
  learner = LEARNERS[name](**options)
  others = jnp.array([2, 3, 4, 5]), jnp.arange(4, 10)
  hard = Task(
    *(
      Examples(examples.x[rows], examples.y[rows])
      for examples, rows in zip(task, others, strict=True)
    )
  )
  hard = hard._replace(support=with_padding(hard.support, -1))
  soft = Task(*(e._replace(y=jax.nn.one_hot(e.y, WAYS)) for e in hard))
  params = learner.init(key, task.support.x)

  def loss(params, task):
    return meta.task_loss(learner, key, params, task)[0]

  expected = jax.jit(jax.value_and_grad(loss))(params, hard)
  actual = jax.jit(jax.value_and_grad(loss))(params, soft)
  assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(expected))
  for a, b in zip(*map(jax.tree.leaves, (actual, expected)), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.instructions
def test_maml_step_by_hand(task, key):
  """Softmax regression from zeros, whose gradient is x^T (1/N - y) / n."""
  support = mixed(task, key)
  learner = learners.maml(FLAT, steps=1, learning_rate=0.1)
  adapted = learner.adapt(key, learner.init(key, support.x), support)
  x = np.asarray(support.x, np.float64).reshape(len(support.x), -1)
  expected = -0.1 * x.T @ (1 / WAYS - np.asarray(support.y)) / len(x)
  np.testing.assert_allclose(adapted.params, expected, atol=1e-6)


@pytest.mark.instructions
def test_prototypes_are_weighted_means(task, key):
  support = mixed(task, key)
  learner = learners.protonets(FLAT, ways=WAYS)
  params = jax.random.normal(key, (support.x[0].size, WAYS))
  means = learner.adapt(key, params, support).means
  features = np.asarray(support.x).reshape(len(support.x), -1) @ params
  expected = [
    np.average(features, axis=0, weights=np.asarray(support.y[:, i]))
    for i in range(WAYS)
  ]
  np.testing.assert_allclose(means, expected, rtol=1e-4, atol=1e-5)


def test_a_neighbor_counts_as_its_likeliest_class(task, key):
  support = mixed(task, key)
  logits = solve(LEARNERS['nearest'](), key, support, support.x)
  np.testing.assert_array_equal(logits.argmax(-1), support.y.argmax(-1))
