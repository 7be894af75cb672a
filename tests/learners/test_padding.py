"""Padding changes nothing: not the loss, the moments or the prototypes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small import small

from lasium_jax import learners
from lasium_jax.nets import conv4
from lasium_jax.types import Examples

WAYS = 3
SMALL = small(WAYS)
LEARNERS = {
  'maml': lambda **options: learners.maml(
    SMALL, steps=2, learning_rate=0.4, **options
  ),
  'protonets': lambda **options: learners.protonets(
    SMALL, ways=WAYS, **options
  ),
  'head': lambda **options: learners.protonets(
    SMALL, ways=WAYS, head_steps=3, head_learning_rate=0.01, **options
  ),
  'tuned': lambda **options: learners.protonets(
    SMALL,
    ways=WAYS,
    head_steps=3,
    head_learning_rate=0.01,
    tune_network=True,
    **options,
  ),
  'viewed': lambda **options: LEARNERS['tuned'](head_views=True, **options),
  'turned': lambda **options: LEARNERS['protonets'](
    turned_features=True, **options
  ),
  'refined': lambda inductive=False, **options: learners.protonets(
    SMALL,
    ways=WAYS,
    inductive=inductive,
    refine_steps=0 if inductive else 2,
    **options,
  ),
  'scratch': lambda **options: learners.scratch(
    SMALL, steps=3, learning_rate=0.01, **options
  ),
}


def pad(support, size, key):
  """Filled with noise, so that it shows if anything looks at it."""
  missing = size - len(support.y)
  noise = jax.random.uniform(key, (missing, *support.x.shape[1:]))
  return Examples(
    jnp.concatenate([support.x, noise]),
    jnp.concatenate([support.y, jnp.full(missing, -1)]),
  )


@functools.partial(jax.jit, static_argnums=0)
def solve(learner, key, params, support, x, *mask):
  return learner.predict(learner.adapt(key, params, support), x, *mask)


def unequal(task):
  """Two images of classes 0 and 2, one of class 1."""
  keep = jnp.array([0, 1, 2, 4, 5])
  return jax.tree.map(lambda a: a[keep], task.support)


@pytest.mark.parametrize('inductive', [False, True])
@pytest.mark.parametrize('name', LEARNERS)
def test_padding_to_any_size_changes_nothing(name, inductive, task, key):
  plain = LEARNERS[name](inductive=inductive)
  padded = LEARNERS[name](inductive=inductive, padded=True)
  params = jax.jit(plain.init)(key, task.support.x)
  for support in (task.support, unequal(task)):
    expected = solve(plain, key, params, support, task.query.x)
    for size in (len(support.y), 2 * len(support.y) + 1):
      query = pad(task.query, len(task.query.y) + size, key)
      logits = solve(
        padded,
        key,
        params,
        pad(support, size, key),
        query.x,
        query.y >= 0,
      )
      np.testing.assert_allclose(
        logits[: len(expected)], expected, rtol=1e-4, atol=1e-5
      )


@pytest.mark.parametrize('name', LEARNERS)
def test_padding_would_change_a_learner_that_is_not_told_of_it(name, task, key):
  plain = LEARNERS[name]()
  params = plain.init(key, task.support.x)
  with_padding = pad(task.support, 12, key)
  logits, expected = (
    solve(plain, key, params, support, task.query.x)
    for support in (with_padding, task.support)
  )
  assert jnp.abs(logits - expected).max() > 1e-3


@pytest.mark.instructions
@pytest.mark.parametrize('name', LEARNERS)
def test_padding_has_no_part_in_the_outer_gradient(name, task, key):
  learner = LEARNERS[name](padded=True)
  params = learner.init(key, task.support.x)

  def loss(x, params):
    support = pad(task.support, 9, key)
    support = support._replace(x=support.x.at[6:].set(x))
    adapted = learner.adapt(key, params, support)
    return (learner.predict(adapted, task.query.x) ** 2).sum()

  x = jnp.zeros((3, *task.support.x.shape[1:]))
  gradient = jax.jit(jax.grad(loss))(x, params)
  assert not np.asarray(gradient).any()


@pytest.mark.parametrize('name', ['protonets', 'head', 'tuned', 'viewed'])
def test_a_class_without_support_is_never_predicted(name, task, key):
  learner = LEARNERS[name](padded=True)
  params = learner.init(key, task.support.x)
  absent = task.support._replace(y=task.support.y.at[2:4].set(-1))
  logits = solve(learner, key, params, absent, task.query.x)
  assert (logits[:, 1] == -jnp.inf).all()
  assert jnp.isfinite(logits[:, ::2]).all()


@pytest.mark.instructions
@pytest.mark.parametrize(
  'options',
  [
    {},
    {'head_steps': 3},
    {'head_steps': 3, 'tune_network': True},
    {'head_steps': 3, 'tune_network': True, 'head_views': True},
  ],
)
def test_a_class_without_support_leaves_the_gradient_finite(options, task, key):
  """And as it is without that class."""
  # It is the last, so that the others have the same views without it.
  order = jnp.array([0, 1, 4, 5, 2, 3])
  absent = Examples(task.support.x[order], task.support.y[order].at[4:].set(-1))
  without = Examples(absent.x[:4], absent.y[:4] // 2)
  keep = jnp.array([0, 1, 2, 3, 8, 9, 10, 11])
  query = Examples(task.query.x[keep], task.query.y[keep])

  def gradient(ways, support, y):
    learner = learners.protonets(small(4), ways=ways, padded=True, **options)

    def loss(params):
      adapted = learner.adapt(key, params, support)
      logits = jax.nn.log_softmax(learner.predict(adapted, query.x))
      return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()

    params = learner.init(key, support.x)
    return jax.tree.leaves(jax.jit(jax.grad(loss))(params))

  for actual, expected in zip(
    gradient(3, absent, query.y),
    gradient(2, without, query.y // 2),
    strict=True,
  ):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)


def test_conv4_ignores_padding_in_every_block(task, key):
  conv = conv4(WAYS, filters=2)
  params = conv.init(key, task.support.x)
  expected, moments = jax.jit(conv.apply)(params, task.support.x)
  padded = pad(task.support, 9, key)
  outputs, padded_moments = jax.jit(conv.apply)(
    params, padded.x, mask=padded.y >= 0
  )
  np.testing.assert_allclose(outputs[:6], expected, atol=1e-5)
  for a, b in zip(
    *map(jax.tree.leaves, (padded_moments, moments)), strict=True
  ):
    np.testing.assert_allclose(a, b, atol=1e-5)
