"""PyTorch's side computes what ours does; skipped where it is not installed."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip('torch')

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from benchmarks import (  # noqa: E402
  cases,
  classifiers,
  compare,
  flops,
  torch_classifiers,
  torch_nets,
)
from lasium_jax.nets import conv4  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
  """Threads that wait for each other only slow down what is this small."""
  torch.set_num_threads(1)


@pytest.mark.parametrize('side', [13, 16])
@pytest.mark.parametrize(
  'downsample,head', [('stride', 'mean'), ('max_pool', 'flatten')]
)
def test_conv4(side, downsample, head, key):
  """Odd sides are padded evenly at stride 2, even ones are not."""
  if downsample == 'max_pool':
    side *= 2
  net = conv4(3, filters=2, downsample=downsample, head=head)
  x = jax.random.uniform(key, (4, side, side, 2))
  params = net.init(key, x)
  theirs = torch_nets.conv4(
    torch_nets.convert(params),
    torch_nets.images(x),
    downsample=downsample,
    head=head,
  )
  ours = jax.jit(net.apply)(params, x)[0]
  np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(
  'make',
  [
    functools.partial(cases.maml_step, 'stride', 2),
    functools.partial(cases.generator_step, 'vae'),
    functools.partial(cases.generator_step, 'msgan'),
    functools.partial(cases.evaluation, 'stride'),
    *(
      functools.partial(classifiers.classifier_step, name)
      for name in classifiers.NETWORKS
    ),
  ],
  ids=['maml', 'vae', 'msgan', 'evaluation', *classifiers.NETWORKS],
)
def test_what_is_timed_was_compared(make):
  """Losses, gradients and predictions; `Mismatch` would have been raised."""
  case = make(small=True, reference=True)
  case.reference()


@pytest.mark.parametrize('name', classifiers.NETWORKS)
def test_operations_are_those_that_pytorch_counts(name):
  """Of a step as it is measured, but for the number of images."""
  kind, shape = classifiers.NETWORKS[name], (32, 32, 3)
  variables = jax.eval_shape(
    lambda key: kind.make(5, **kind.sizes).init(
      key, jnp.zeros((1, *shape)), train=False
    ),
    jax.random.key(0),
  )
  trees = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), variables)
  params = torch_nets.trainable(torch_nets.convert(trees['params']))
  averages = torch_nets.convert(trees['batch_stats'])
  with FlopCounterMode(display=False) as counter:
    network = torch_classifiers.NETWORKS[name]
    network(params, averages, torch.zeros(2, 3, 32, 32)).sum().backward()
  layers = kind.layers(shape, 5, **kind.sizes)
  assert counter.get_total_flops() == flops.train(layers, 2)


def test_a_difference_is_found():
  ours = {'a': np.ones(3), 'b': np.full(2, 1e-9)}
  compare.agree('same', ours, {'a': torch.ones(3), 'b': torch.zeros(2)})
  with pytest.raises(compare.Mismatch, match='a differs'):
    compare.agree('off', ours, {'a': torch.full((3,), 0.99), 'b': ours['b']})
  with pytest.raises(compare.Mismatch):
    compare.agree('nan', {'a': np.full(3, np.nan)}, {'a': np.ones(3)})
  with pytest.raises(compare.Mismatch):
    compare.agree('names', {'a': np.ones(3)}, {'b': np.ones(3)})
