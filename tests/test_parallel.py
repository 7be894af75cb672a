"""Many devices do what one does."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from batch_of import batch_of, training_set

from lasium_jax import conv4, generators, latents, learners, meta, parallel
from lasium_jax.tasks import labeled, lasium
from lasium_jax.types import GeneratorSource

DEVICES = 8


@pytest.fixture(params=[meta.accumulate, meta.vectorize])
def over_tasks(request):
  return request.param


def test_a_meta_step_is_the_same_on_all_devices(key, over_tasks):
  model, trainer = generators.msgan((8, 8, 1), latent_size=3, filters=4)
  images = jnp.zeros((4, 8, 8, 1), jnp.uint8)
  state = trainer.init(key, training_set((8, 8, 1)))
  source = GeneratorSource(trainer.params(state), images)
  task_fn = lasium(
    model,
    latents.prior_anchors(model, 3),
    latents.other_classes(alpha=0.3),
    shots=1,
    queries=2,
  )
  learner = learners.maml(conv4(3, filters=2), steps=1, learning_rate=0.1)
  # With Adam the smallest rounding of a gradient near zero is a whole step.
  optimizer = optax.sgd(0.1)
  params = learner.init(key, jnp.zeros((3, 8, 8, 1)))

  def after_a_step(devices):
    mesh = parallel.mesh(devices)
    step = meta.meta_step(
      learner,
      task_fn,
      optimizer,
      meta_batch=2 * DEVICES,
      over_tasks=over_tasks,
      over_devices=parallel.mean_over_devices(mesh),
    )
    state = meta.MetaState(params, optimizer.init(params))
    state, there = parallel.replicate(mesh, (state, source))
    state, metrics = jax.jit(step)(key, state, there)
    assert len(jax.tree.leaves(state)[0].devices()) == devices
    return state.params, metrics

  for one, all_of_them in zip(
    *map(jax.tree.leaves, map(after_a_step, (1, DEVICES))), strict=True
  ):
    np.testing.assert_allclose(all_of_them, one, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', ['vae', 'msgan'])
def test_a_generator_step_is_the_same_on_all_devices(key, name):
  """Though its loss is of the whole batch, and so is its normalization."""
  options = {'filters': (4, 4)} if name == 'vae' else {'filters': 4}
  _, trainer = getattr(generators, name)((8, 8, 1), latent_size=3, **options)
  batch = batch_of(jax.random.uniform(key, (2 * DEVICES, 8, 8, 1)))
  state = trainer.init(key, training_set((8, 8, 1)))

  def metrics_and_moments(devices):
    mesh = parallel.mesh(devices)

    def step(state, batch):
      shared = batch._replace(x=parallel.split_batch(mesh, batch.x))
      return trainer.updates[0](key, state, shared)

    state_there, batch_there = parallel.replicate(mesh, (state, batch))
    after, metrics = jax.jit(step)(state_there, batch_there)
    # Adam's first moments are the gradients, scaled.
    opt = after.opt_state if name == 'vae' else after.generator_opt
    return opt[0].mu, metrics

  for one, all_of_them in zip(
    *map(jax.tree.leaves, map(metrics_and_moments, (1, DEVICES))), strict=True
  ):
    np.testing.assert_allclose(all_of_them, one, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('tasks', [1, 8, 11])
def test_an_evaluation_is_the_same_on_all_devices(key, image_set, tasks):
  learner = learners.protonets(conv4(None, filters=2), ways=3)
  params = learner.init(key, jnp.zeros((3, 4, 4, 1)))
  judge = meta.evaluate(learner, labeled(ways=3, shots=2, queries=3))

  def accuracies(devices):
    mesh = parallel.mesh(devices)
    return jax.jit(
      lambda source, indices: parallel.map_over_devices(
        mesh,
        lambda indices, source: judge(key, params, source, indices),
        indices,
        source,
      )
    )(parallel.replicate(mesh, image_set), jnp.arange(tasks))

  one, all_of_them = accuracies(1), accuracies(DEVICES)
  assert all_of_them.shape == (tasks,)
  np.testing.assert_allclose(all_of_them, one, atol=1e-6)


def test_devices_that_are_not_there_are_missed():
  with pytest.raises(ValueError, match='64 devices are asked for'):
    parallel.mesh(64)
