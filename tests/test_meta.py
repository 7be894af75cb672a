"""Any task function with any learner: one compiled step, one evaluation."""

import functools
import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from batch_of import first_state, training_set

from lasium_jax import latents, learners, meta, tasks
from lasium_jax.generators import (
  acai,
  autoencoder,
  cgan_pd,
  cola,
  glo,
  interpolative,
  msgan,
  vae,
  variational,
  wgan_gp,
)
from lasium_jax.types import (
  Anchors,
  Examples,
  Generator,
  GeneratorSource,
  Learner,
  Network,
  Task,
)

SHAPE, WAYS = (8, 8, 1), 3
GENERATORS = {
  'vae': lambda: vae(SHAPE, latent_size=4, filters=(4, 4)),
  'variational': lambda: variational(SHAPE, latent_size=4, width=4),
  'msgan': lambda: msgan(SHAPE, latent_size=4, filters=4),
  'autoencoder': lambda: autoencoder(SHAPE, latent_size=4, width=2),
  'interpolative': lambda: interpolative(SHAPE, latent_size=4, width=2),
  'glo': lambda: glo(SHAPE, classes=3, latent_size=4, width=2, levels=2),
  'acai': lambda: acai(SHAPE, latent_size=4, width=2),
  'wgan_gp': lambda: wgan_gp(SHAPE, latent_size=4, width=2),
  'cola': lambda: cola(SHAPE, clusters=3, latent_size=1, width=2, levels=2),
  'cgan_pd': lambda: cgan_pd(SHAPE, classes=3, latent_size=1, width=1),
}
SAMPLERS = {
  'n': lambda generator: latents.noise(sigma=0.5),
  'ro': lambda generator: latents.random_out_of_class(generator, alpha=0.2),
  'oc': lambda generator: latents.other_classes(alpha=0.2),
  'ic': lambda generator: latents.in_cluster(generator, alpha=0.5),
}
# What knows no clusters is not for the last of these.
OF_CLUSTERS, CLUSTERS = ('glo', 'cola', 'cgan_pd'), 3


def linear(outputs):
  """A network that compiles in no time; conv4 has its own tests."""
  return Network(
    init=lambda key, x: 0.1 * jax.random.normal(key, (x[0].size, outputs)),
    apply=lambda params, x, statistics=None, mask=None: (
      x.reshape(len(x), -1) @ params,
      (),
    ),
  )


LEARNERS = {
  'maml': lambda: learners.maml(linear(WAYS), steps=2, learning_rate=0.1),
  'protonets': lambda: learners.protonets(linear(5), ways=WAYS),
  'head': lambda: learners.protonets(linear(5), ways=WAYS, head_steps=2),
  'scratch': lambda: learners.scratch(linear(WAYS), steps=2, learning_rate=0.1),
  'nearest': lambda: learners.nearest_neighbors(ways=WAYS),
  'nearest3': lambda: learners.nearest_neighbors(ways=WAYS, neighbors=3),
}


@functools.cache
def made(name):
  """A generator, and what tasks are made from with it."""
  generator, trainer = GENERATORS[name]()
  images = jax.random.randint(jax.random.key(0), (20, *SHAPE), 0, 256)
  images = images.astype(jnp.uint8)
  data = training_set(SHAPE, len(images), jnp.arange(len(images)) % CLUSTERS)
  params = trainer.params(first_state(trainer, jax.random.key(1), data))
  return generator, GeneratorSource(params, images)


def task_fn(generator_name, sampler_name):
  generator, source = made(generator_name)
  if sampler_name == 'ic':
    anchors = latents.cluster_anchors(generator, WAYS, CLUSTERS)
  elif generator.encode:
    anchors = latents.encoded_anchors(generator, WAYS)
  else:
    anchors = latents.prior_anchors(generator, WAYS)
  sampler = SAMPLERS[sampler_name](generator)
  return tasks.lasium(generator, anchors, sampler, shots=1, queries=2), source


@pytest.mark.parametrize('name', GENERATORS)
def test_generators_keep_their_protocol(name, key):
  generator, source = made(name)
  assert isinstance(generator, Generator)
  z = jax.ShapeDtypeStruct((3, 4), jnp.float32)
  if generator.sample is not None:
    z = jax.eval_shape(lambda key: generator.sample(key, source.params, 3), key)
  x = jax.eval_shape(generator.decode, source.params, z)
  chex.assert_shape(z, (3, 4))
  chex.assert_shape(x, (3, *SHAPE))
  assert z.dtype == x.dtype == jnp.float32


@pytest.mark.parametrize('name', SAMPLERS)
def test_samplers_keep_their_protocol(name, key):
  generator, source = made('cola' if name == 'ic' else 'vae')
  sampler = SAMPLERS[name](generator)
  anchors = Anchors(jnp.zeros((WAYS, 4)), jnp.int32(1), y=jnp.arange(WAYS))
  z = jax.vmap(sampler, in_axes=(0, None, None, 0))(
    jax.random.split(key, 5), source, anchors, jnp.arange(1, 6)
  )
  chex.assert_shape(z, (5, WAYS, 4))


@pytest.mark.parametrize('name', GENERATORS)
def test_anchors_keep_their_protocol(name, key):
  generator, source = made(name)
  make = latents.encoded_anchors if generator.encode else latents.prior_anchors
  anchors = make(generator, WAYS)(key, source)
  assert isinstance(anchors, Anchors)
  chex.assert_shape(anchors.z, (WAYS, 4))
  assert anchors.num_draws.dtype == jnp.int32


@pytest.mark.parametrize('name', LEARNERS)
def test_learners_keep_their_protocol(name, key):
  learner = LEARNERS[name]()
  assert isinstance(learner, Learner)
  x = jnp.zeros((4, *SHAPE))
  params = learner.init(key, x)
  support = Examples(x[:WAYS], jnp.arange(WAYS))
  logits = learner.predict(learner.adapt(key, params, support), x)
  chex.assert_shape(logits, (4, WAYS))


@pytest.mark.parametrize(
  ('generator', 'sampler'),
  [
    (generator, sampler)
    for generator in GENERATORS
    for sampler in SAMPLERS
    if sampler != 'ic' or generator in OF_CLUSTERS
  ],
)
def test_any_sampler_makes_tasks_of_any_generator(generator, sampler, key):
  """Traced only, for it is the compiling that takes long."""
  fn, source = task_fn(generator, sampler)
  task = jax.eval_shape(fn, key, source)
  for part, each in ((task.support, 1), (task.query, 2)):
    chex.assert_shape(part.x, (WAYS * each, *SHAPE))
    chex.assert_shape(part.y, (WAYS * each,))
    assert part.x.dtype == jnp.float32


# Each generator once, and each sampler with each learner for generators with an
# encoder and for those without one: what is mixed is independent otherwise.
MIXED = list(itertools.product(('n', 'ro', 'oc'), ('maml', 'protonets')))
ENCODING = ('vae', 'variational', 'autoencoder', 'interpolative', 'acai')
COMPOSED = [
  (generator, *mixed)
  for names in (ENCODING, [g for g in GENERATORS if g not in ENCODING])
  for generator, mixed in zip(itertools.cycle(names), MIXED, strict=False)
] + [('cola', 'ic', 'protonets'), ('cgan_pd', 'ic', 'maml')]


def test_all_generators_are_composed():
  assert {generator for generator, _, _ in COMPOSED} == set(GENERATORS)
  for name in GENERATORS:
    assert (made(name)[0].encode is not None) == (name in ENCODING)
    assert (made(name)[0].sample_class is not None) == (name in OF_CLUSTERS)


@pytest.mark.parametrize('generator,sampler,learner', COMPOSED)
def test_any_composition_compiles_once(generator, sampler, learner, key):
  fn, source = task_fn(generator, sampler)
  algorithm = LEARNERS[learner]()
  optimizer = optax.adam(1e-3)
  step = meta.meta_step(algorithm, fn, optimizer, meta_batch=2)
  chex.clear_trace_counter()
  run = jax.jit(chex.assert_max_traces(meta.many_steps(step, 2), n=1))
  params = algorithm.init(key, jnp.zeros((WAYS, *SHAPE)))
  state = meta.MetaState(params, optimizer.init(params))
  before = state
  for i in range(0, 6, 2):
    state, metrics = run(key, state, source, jnp.int32(i))
  assert set(metrics) == {'loss', 'accuracy'}
  chex.assert_tree_all_finite((state.params, metrics))
  chex.assert_trees_all_equal_shapes_and_dtypes(before, state)
  assert (
    max(
      jnp.abs(a - b).max()
      for a, b in zip(
        jax.tree.leaves(before.params),
        jax.tree.leaves(state.params),
        strict=True,
      )
    )
    > 1e-4
  )


def constant_task(key, source):
  """The same task for any key: learning must show."""
  del key
  return source


@pytest.fixture
def setting(task, key):
  learner = LEARNERS['maml']()
  params = learner.init(key, task.support.x)
  return learner, params, optax.sgd(0.1)


def test_loops_over_tasks_agree(image_set, key):
  """Accumulated and vectorized gradients are the mean of each task's own."""
  learner = LEARNERS['protonets']()
  fn = tasks.labeled(ways=WAYS, shots=1, queries=2)
  params = learner.init(key, jnp.zeros((WAYS, 4, 4, 1)))
  optimizer = optax.sgd(1.0)
  state = meta.MetaState(params, optimizer.init(params))
  results = [
    meta.meta_step(learner, fn, optimizer, meta_batch=3, over_tasks=loop)(
      key, state, image_set
    )[0].params
    for loop in (meta.accumulate, meta.vectorize)
  ]
  task_key, adapt_key = jax.random.split(key)
  gradients = [
    jax.grad(
      lambda p, k=k, a=a: meta.task_loss(learner, a, p, fn(k, image_set))[0]
    )(params)
    for k, a in zip(
      jax.random.split(task_key, 3), jax.random.split(adapt_key, 3), strict=True
    )
  ]
  by_hand = jax.tree.map(lambda p, *g: p - sum(g) / 3, params, *gradients)
  for result in results:
    chex.assert_trees_all_close(result, by_hand, atol=1e-5)


def test_a_task_is_traced_once():
  traced = []

  def fn(x):
    traced.append(x)
    return x.sum(), {'largest': x.max()}

  batch = jnp.arange(6.0).reshape(3, 2)
  total, values = jax.jit(lambda x: meta.accumulate(fn, x))(batch)
  assert len(traced) == 1
  np.testing.assert_allclose([total, values['largest']], [5.0, 3.0])


@pytest.mark.instructions
def test_task_loss_by_hand(key):
  """Cross-entropy and accuracy of logits that ignore the support."""
  logits = jnp.asarray([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 2.0]])
  learner = Learner(
    lambda key, x: (), lambda key, params, support: (), lambda a, x: logits
  )
  x = jnp.zeros((4, 1, 1, 1))
  y = jnp.asarray([0, 0, 1, 1])
  task = Task(Examples(x, y), Examples(x, y))
  loss, metrics = meta.task_loss(learner, key, (), task)
  expected = np.mean([np.log(1 + np.exp(wrong)) for wrong in (-2, 1, 3, -2)])
  np.testing.assert_allclose(loss, expected, rtol=1e-6)
  np.testing.assert_allclose(metrics['accuracy'], 1 / 2, rtol=1e-6)


@pytest.mark.instructions
def test_task_loss_of_soft_labels_by_hand(key):
  logits = np.asarray([[2.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
  targets = np.asarray([[0.9, 0.1], [0.5, 0.5], [0.3, 0.7]])
  learner = Learner(
    lambda key, x: (),
    lambda key, params, support: (),
    lambda a, x: jnp.asarray(logits, jnp.float32),
  )
  x = jnp.zeros((3, 1, 1, 1))
  soft = Examples(x, jnp.asarray(targets, jnp.float32))
  loss, metrics = meta.task_loss(learner, key, (), Task(soft, soft))
  likelihood = logits - np.log(np.exp(logits).sum(1, keepdims=True))
  expected = -(targets * likelihood).sum(1).mean()
  np.testing.assert_allclose(loss, expected, rtol=1e-6)
  # Of equal classes the first counts, and the second example has the second.
  np.testing.assert_allclose(metrics['accuracy'], 2 / 3, rtol=1e-6)


@pytest.mark.parametrize('name', ['maml', 'protonets', 'scratch', 'nearest'])
@pytest.mark.parametrize('part', ['support', 'query'])
def test_soft_labels_of_other_classes_are_refused(name, part, key):
  learner, task = LEARNERS[name](), ways_task(WAYS, shots=1, queries=2)
  params = learner.init(key, task.support.x)
  examples = getattr(task, part)
  soft = examples._replace(y=jnp.full((len(examples.x), WAYS + 1), 0.25))
  task = task._replace(**{part: soft})
  with pytest.raises(ValueError, match=f'of {WAYS + 1} classes'):
    jax.eval_shape(lambda p: meta.task_loss(learner, key, p, task), params)


def ways_task(ways, shots, queries):
  def examples(n):
    return Examples(
      jax.random.uniform(jax.random.key(n), (ways * n, *SHAPE)),
      jnp.repeat(jnp.arange(ways), n),
    )

  return Task(examples(shots), examples(queries))


@pytest.mark.parametrize('name', ['maml', 'protonets', 'scratch', 'nearest'])
@pytest.mark.parametrize('ways', [2, 4, 5])
def test_other_ways_than_logits_are_refused(name, ways, key):
  """By the number of examples, which are as many of each class."""
  learner, task = LEARNERS[name](), ways_task(ways, shots=1, queries=2)
  params = learner.init(key, task.support.x)
  with pytest.raises(ValueError, match=f'{WAYS} logits'):
    jax.eval_shape(lambda p: meta.task_loss(learner, key, p, task), params)


@pytest.mark.parametrize(
  'outputs,ways',
  [
    pytest.param(3, 6, marks=pytest.mark.instructions),
    (6, 3),
    (4, 2),
    (3, 3),
  ],
)
def test_nothing_trains_on_another_number_of_ways(outputs, ways, key):
  """Where examples divide by chance the labels tell, and all is NaN."""
  learner = learners.maml(linear(outputs), steps=1, learning_rate=0.1)
  task = ways_task(ways, shots=2, queries=4)
  params = learner.init(key, task.support.x)
  loss, gradient = jax.jit(
    jax.value_and_grad(
      lambda p: meta.task_loss(learner, key, p, task), has_aux=True
    )
  )(params)
  for value in (*jax.tree.leaves(loss), gradient):
    assert jnp.isfinite(value).all() == (outputs == ways)
    assert jnp.isnan(value).all() == (outputs != ways)


@pytest.mark.parametrize('part', ['support', 'query'])
@pytest.mark.parametrize('soft', [False, True])
def test_a_label_too_many_in_either_part_is_seen(part, soft, key):
  """Whether the other part's labels are hard or soft."""
  learner = learners.protonets(linear(4), ways=WAYS)
  task = ways_task(WAYS, shots=2, queries=2)
  wrong = getattr(task, part)
  wrong = wrong._replace(y=wrong.y.at[-1].set(WAYS))
  if soft:
    hard = {name: e.y for name, e in task._asdict().items() if name != part}
    ((other, y),) = hard.items()
    right = getattr(task, other)._replace(y=jax.nn.one_hot(y, WAYS))
    task = task._replace(**{other: right})
  params = learner.init(key, task.support.x)
  loss, _ = meta.task_loss(learner, key, params, task._replace(**{part: wrong}))
  assert jnp.isnan(loss)


def test_logits_that_are_not_numbers_do_not_score(key):
  learner = Learner(
    lambda key, x: (),
    lambda key, params, support: (),
    lambda a, x: jnp.full((len(x), WAYS), jnp.nan),
  )
  x = jnp.zeros((3, 1, 1, 1))
  task = Task(Examples(x, jnp.arange(3)), Examples(x, jnp.arange(3)))
  assert jnp.isnan(meta.task_loss(learner, key, (), task)[1]['accuracy'])


def test_many_steps_draws_as_single_ones(setting, task, key):
  """Iteration i depends on i alone, however iterations are dispatched."""
  learner, params, optimizer = setting
  step = meta.meta_step(learner, constant_task, optimizer, meta_batch=1)

  def noisy(key, state, source):
    state, metrics = step(key, state, source)
    return state, {**metrics, 'draw': jax.random.uniform(key)}

  state = meta.MetaState(params, optimizer.init(params))
  six, metrics = jax.jit(meta.many_steps(noisy, 6))(key, state, task, 0)
  total, one = 0.0, state
  for i in range(6):
    one, each = jax.jit(meta.many_steps(noisy, 1))(key, one, task, i)
    total += each['draw']
  chex.assert_trees_all_close(six.params, one.params, atol=1e-6)
  np.testing.assert_allclose(metrics['draw'], total / 6, rtol=1e-6)


def test_meta_training_lowers_the_loss(setting, task, key):
  learner, params, _ = setting
  optimizer = optax.adam(1e-2)
  step = meta.meta_step(learner, constant_task, optimizer, meta_batch=2)
  run = jax.jit(meta.many_steps(step, 10))
  state = meta.MetaState(params, optimizer.init(params))
  state, first = run(key, state, task, 0)
  for i in range(1, 4):
    state, last = run(key, state, task, 10 * i)
  assert last['loss'] < 0.7 * first['loss']


def test_evaluation_tasks_depend_on_their_number_alone(image_set, key):
  """The same tasks for every learner and however they are batched."""
  seen = {}

  def spying(name):
    def predict(adapted, x):
      jax.debug.callback(
        lambda x: seen.setdefault(name, []).append(np.asarray(x)), x
      )
      return jnp.zeros((len(x), WAYS)).at[:, 1].set(1.0)

    return Learner(lambda key, x: (), lambda key, p, s: (), predict)

  fn = tasks.labeled(ways=WAYS, shots=1, queries=2)
  for name, batches in {'a': [range(6)], 'b': [range(2), range(2, 6)]}.items():
    run = jax.jit(meta.evaluate(spying(name), fn))
    scores = [run(key, (), image_set, jnp.asarray(list(b))) for b in batches]
    jax.effects_barrier()
    np.testing.assert_allclose(jnp.concatenate(scores), 1 / 3, rtol=1e-6)
  as_sets = {k: {x.tobytes() for x in v} for k, v in seen.items()}
  assert as_sets['a'] == as_sets['b'] and len(as_sets['a']) == 6
