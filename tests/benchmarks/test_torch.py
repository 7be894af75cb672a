"""PyTorch's side computes what ours does; skipped where it is not installed."""

import functools

import jax
import numpy as np
import pytest

torch = pytest.importorskip('torch')

from benchmarks import cases, compare, torch_nets  # noqa: E402
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
  ],
  ids=['maml', 'vae', 'msgan', 'evaluation'],
)
def test_what_is_timed_was_compared(make):
  """Losses, gradients and predictions; `Mismatch` would have been raised."""
  case = make(small=True, reference=True)
  case.reference()


def test_a_difference_is_found():
  ours = {'a': np.ones(3), 'b': np.full(2, 1e-9)}
  compare.agree('same', ours, {'a': torch.ones(3), 'b': torch.zeros(2)})
  with pytest.raises(compare.Mismatch, match='a differs'):
    compare.agree('off', ours, {'a': torch.full((3,), 0.99), 'b': ours['b']})
  with pytest.raises(compare.Mismatch):
    compare.agree('nan', {'a': np.full(3, np.nan)}, {'a': np.ones(3)})
  with pytest.raises(compare.Mismatch):
    compare.agree('names', {'a': np.ones(3)}, {'b': np.ones(3)})
