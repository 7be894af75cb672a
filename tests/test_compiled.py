"""Properties of the compiled programs that speed depends on, without a clock.

Each of these was once wrong and cost a factor of 2 to 10; docs/performance.md
has the measurements.
"""

import math
import re

import chex
import jax
import jax.extend
import jax.numpy as jnp
import optax
import pytest
from batch_of import training_set

from benchmarks import flops
from lasium_jax import generators, latents, learners, meta, parallel
from lasium_jax.batches import gather
from lasium_jax.nets import conv4
from lasium_jax.ops import xla_convolutions
from lasium_jax.ops.normalize import normalize
from lasium_jax.tasks import labeled, lasium
from lasium_jax.types import Examples, GeneratorSource, ImageSet

pytestmark = pytest.mark.usefixtures('compile_fully')
SHAPE = (28, 28, 1)
WAYS, SHOTS, QUERIES, INNER_STEPS, TASKS = 5, 1, 5, 5, 4


def equations(jaxpr, times=1):
  """All primitive calls: (equation, how often it runs, whether in a loop)."""
  for eqn in jaxpr.eqns:
    yield eqn, times
    for inner in jax.extend.core.jaxprs_in_params(eqn.params):
      length = eqn.params['length'] if eqn.primitive.name == 'scan' else 1
      yield from equations(getattr(inner, 'jaxpr', inner), times * length)


def operations(eqn):
  """Of a matrix product or a convolution, as benchmarks/flops.py counts."""
  shapes = [v.aval.shape for v in (*eqn.invars, *eqn.outvars)]
  if eqn.primitive.name == 'dot_general':
    left, _, out = shapes
    (contracted, _), _ = eqn.params['dimension_numbers']
    return 2 * math.prod(out) * math.prod(left[i] for i in contracted)
  if eqn.primitive.name == 'conv_general_dilated':
    _, kernel, out = shapes
    filters = kernel[eqn.params['dimension_numbers'].rhs_spec[0]]
    return 2 * math.prod(out) * math.prod(kernel) // filters
  return 0


def total_operations(jaxpr):
  return sum(operations(eqn) * times for eqn, times in equations(jaxpr.jaxpr))


def convolutions(jaxpr):
  return [
    eqn
    for eqn, _ in equations(jaxpr.jaxpr)
    if eqn.primitive.name == 'conv_general_dilated'
  ]


def maml(downsample='stride', head='mean'):
  network = conv4(WAYS, downsample=downsample, head=head)
  return learners.maml(network, steps=INNER_STEPS, learning_rate=0.4)


def meta_program(learner, task_fn, source, tasks=TASKS, steps=10, devices=1):
  """Iterations as the entry points compile them, and their arguments."""
  optimizer = optax.adam(1e-3)
  step = meta.meta_step(
    learner,
    task_fn,
    optimizer,
    meta_batch=tasks,
    over_devices=parallel.mean_over_devices(parallel.mesh(devices)),
  )

  def state():
    params = learner.init(jax.random.key(0), jnp.zeros((5, *SHAPE)))
    return meta.MetaState(params, optimizer.init(params))

  key = jax.eval_shape(lambda: jax.random.key(0))
  first = jax.ShapeDtypeStruct((), jnp.int32)
  return meta.many_steps(step, steps), (
    key,
    jax.eval_shape(state),
    source,
    first,
  )


def labeled_program(learner, **options):
  images = jax.ShapeDtypeStruct((200, *SHAPE), jnp.uint8)
  counts = jax.ShapeDtypeStruct((10,), jnp.int32)
  task_fn = labeled(ways=WAYS, shots=SHOTS, queries=QUERIES)
  source = ImageSet(images, counts, counts)
  return meta_program(learner, task_fn, source, **options)


def lasium_program(name, devices=1):
  model, trainer = getattr(generators, name)(SHAPE)
  params = jax.eval_shape(
    lambda: trainer.params(trainer.init(jax.random.key(0), training_set(SHAPE)))
  )
  task_fn = lasium(
    model,
    latents.prior_anchors(model, WAYS),
    latents.random_out_of_class(model, alpha=0.2),
    shots=SHOTS,
    queries=QUERIES,
  )
  images = jax.ShapeDtypeStruct((200, *SHAPE), jnp.uint8)
  source = GeneratorSource(params, images)
  return meta_program(maml(), task_fn, source, devices=devices)


@pytest.mark.parametrize('devices', [1, 2])
@pytest.mark.parametrize(
  ('downsample', 'head'), [('stride', 'mean'), ('max_pool', 'flatten')]
)
def test_maml_computes_what_it_must_and_no_more(downsample, head, devices):
  """And each of two devices a half of it, by which cores share on CPU."""
  fn, arguments = labeled_program(maml(downsample, head), devices=devices)
  counted = total_operations(jax.make_jaxpr(fn)(*arguments))
  layers = flops.conv4(
    SHAPE, WAYS, filters=64, downsample=downsample, head=head
  )
  least = 10 * flops.maml_step(
    layers,
    tasks=TASKS // devices,
    support=WAYS * SHOTS,
    query=WAYS * QUERIES,
    steps=INNER_STEPS,
  )
  assert least <= counted <= 1.1 * least


@pytest.mark.parametrize('devices', [1, 2])
def test_maml_is_made_of_matrix_products(devices):
  """Convolutions with weights of each task's own are slow everywhere."""
  fn, arguments = labeled_program(maml(), devices=devices)
  assert not convolutions(jax.make_jaxpr(fn)(*arguments))


def learner_of(name):
  return {
    'protonets': lambda: learners.protonets(conv4(None), ways=WAYS),
    'tuned': lambda: learners.protonets(
      conv4(None), ways=WAYS, head_steps=2, tune_network=True
    ),
    'maml': maml,
  }[name]()


@pytest.mark.parametrize(
  ('name', 'tasks', 'steps', 'fast'),
  [
    ('protonets', 1, 1, True),
    ('protonets', 2, 1, False),
    ('protonets', 1, 2, False),
    ('maml', 2, 1, False),
  ],
)
def test_learners_have_fast_convolutions_outside_of_loops(
  name, tasks, steps, fast
):
  """In a loop they are slow."""
  fn, arguments = labeled_program(learner_of(name), tasks=tasks, steps=steps)
  lowered = xla_convolutions.jit(fn).lower(*arguments)
  convolved = 'stablehlo.convolution' in lowered.as_text()
  assert convolved == (fast and xla_convolutions.available())


@pytest.mark.parametrize('name', ['maml', 'tuned'])
def test_what_learners_do_in_loops_has_no_convolutions(name):
  fn, arguments = labeled_program(learner_of(name), tasks=1, steps=1)
  jaxpr = xla_convolutions.jit(fn).trace(*arguments).jaxpr
  loops = [
    eqn.params['jaxpr']
    for eqn, _ in equations(jaxpr.jaxpr)
    if eqn.primitive.name == 'scan'
  ]
  assert loops
  assert not any(map(convolutions, loops))


@pytest.mark.parametrize('downsample', ['stride', 'max_pool'])
def test_a_learner_has_the_same_gradient_with_fast_convolutions(downsample):
  network = conv4(None, filters=8, downsample=downsample)
  x = jax.random.normal(jax.random.key(0), (6, *SHAPE))
  params = network.init(jax.random.key(1), x)

  def loss(params):
    return jnp.square(network.apply(params, x)[0]).mean()

  fast = xla_convolutions.jit(jax.grad(loss))(params)
  chex.assert_trees_all_close(
    fast, jax.jit(jax.grad(loss))(params), rtol=1e-3, atol=1e-5
  )


@pytest.mark.parametrize('devices', [1, 2])
@pytest.mark.parametrize('name', ['vae', 'msgan'])
def test_no_gradient_of_a_convolution_is_in_a_loop(name, devices):
  """XLA:CPU is many times slower there. A generator that decodes is none."""
  fn, arguments = lasium_program(name, devices)
  equations = convolutions(jax.make_jaxpr(fn)(*arguments))
  assert equations
  for eqn in equations:
    numbers = eqn.params['dimension_numbers']
    assert numbers.lhs_spec == (0, 3, 1, 2)  # NHWC,
    assert numbers.rhs_spec == (3, 2, 0, 1)  # HWIO,
    assert numbers.out_spec == (0, 3, 1, 2)  # NHWC: no gradient is so.
    assert eqn.params['lhs_dilation'] == (1, 1)
    assert eqn.params['feature_group_count'] == 1
    assert eqn.params['batch_group_count'] == 1


@pytest.mark.parametrize('name', ['vae', 'msgan', 'autoencoder', 'glo'])
def test_a_step_with_fast_convolutions_has_no_products_of_taps(name):
  """What its convolutions are made of without it, and their gradients."""
  _, trainer = getattr(generators, name)(SHAPE)
  data = training_set(SHAPE)
  state = jax.eval_shape(lambda: trainer.init(jax.random.key(0), data))
  batch = gather(data, jnp.arange(1), 0)

  def products(compile_by):
    text = compile_by(trainer.updates[0]).lower(jax.random.key(1), state, batch)
    return text.as_text().count('stablehlo.dot_general')

  plain, fast = products(jax.jit), products(xla_convolutions.jit)
  # Each kernel has 9 taps or more; a phase of GLO's and the autoencoder's, 4.
  assert fast <= plain - 16 or not xla_convolutions.available()


def test_a_normalization_beside_fast_convolutions_sums_four_times():
  """The moments, and the gradient by scale and bias, which gives that by x."""

  def loss(x, scale, bias):
    return jnp.sin(normalize(x, scale, bias, slope=0.0)[0]).sum()

  arguments = (jnp.ones((2, 3, 3, 4)), jnp.ones(4), jnp.ones(4))
  compiled = xla_convolutions.jit(jax.grad(loss, (0, 1, 2)))
  text = compiled.lower(*arguments).as_text()
  over_batch = text.count('across dimensions = [0, 1, 2] :')
  assert over_batch == 4 or not xla_convolutions.available()


def test_a_generator_decodes_all_tasks_at_once():
  fn, arguments = lasium_program('msgan')
  batches = {
    eqn.invars[0].aval.shape[0]
    for eqn in convolutions(jax.make_jaxpr(fn)(*arguments))
  }
  assert batches == {TASKS * WAYS * (SHOTS + QUERIES)}


@pytest.mark.parametrize('name', ['labeled', 'vae', 'msgan'])
def test_nothing_large_is_baked_in(name):
  """Weights and images are arguments; as constants they are copied."""
  fn, arguments = (
    labeled_program(maml()) if name == 'labeled' else lasium_program(name)
  )
  closed = jax.make_jaxpr(fn)(*arguments)
  sizes = [getattr(const, 'nbytes', 0) for const in closed.consts]
  text = jax.jit(fn).lower(*arguments).as_text()
  for shape in re.findall(
    r'stablehlo.constant dense<"0x\w+"> : tensor<(\S+)>', text
  ):
    *sides, dtype = shape.split('x')
    sizes.append(
      math.prod(map(int, sides)) * int(re.sub(r'\D', '', dtype)) // 8
    )
  assert max(sizes, default=0) <= 2**20


def test_checkpointing_keeps_memory_from_growing_with_inner_steps():
  """By what the outer gradient keeps of the adaptation to one task."""

  def kept(checkpoint, steps):
    learner = learners.maml(
      conv4(WAYS), steps=steps, learning_rate=0.4, checkpoint=checkpoint
    )
    labels = jax.ShapeDtypeStruct((WAYS,), jnp.int32)
    support = Examples(
      jax.ShapeDtypeStruct((WAYS, *SHAPE), jnp.float32), labels
    )

    def pull_back(params, support, key):
      return jax.vjp(lambda p: learner.adapt(key, p, support), params)[1]

    key = jax.eval_shape(lambda: jax.random.key(0))
    params = jax.eval_shape(learner.init, key, support.x)
    residuals = jax.eval_shape(pull_back, params, support, key)
    return sum(math.prod(x.shape) for x in jax.tree.leaves(residuals))

  grown = [kept(again, 12) - kept(again, 2) for again in (False, True)]
  assert 0 < grown[1] < grown[0] / 4
