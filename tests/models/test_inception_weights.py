"""Weights with torchvision's names, from files; of one block, for speed."""

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from lasium_jax.models import BadModel, load_inception
from lasium_jax.models import inception as weights
from lasium_jax.models.torch_weights import torch_name
from lasium_jax.nets.inception import InceptionE

# What the public file has besides.
BESIDE = {
  'fc.weight': np.zeros((1008, 8), np.float32),
  'AuxLogits.conv0.conv.weight': np.zeros((1, 1), np.float32),
  'branch1x1.bn.num_batches_tracked': np.zeros((), np.int64),
}


@pytest.fixture(autouse=True)
def _one_block(monkeypatch):
  x = jax.ShapeDtypeStruct((1, 3, 3, 4), 'float32')
  block = InceptionE(maximum=True)
  specs = jax.eval_shape(block.init, jax.random.key(0), x)
  monkeypatch.setattr(weights, 'shapes', lambda: specs)


@pytest.fixture
def tensors():
  """Random ones, kernels with their outputs first."""
  rng = np.random.default_rng(0)
  found = dict(BESIDE)
  for place, spec in jax.tree_util.tree_leaves_with_path(weights.shapes()):
    shape = spec.shape
    if len(shape) == 4:
      height, width, inputs, outputs = shape
      shape = (outputs, inputs, height, width)
    name = torch_name(place)
    found[name] = rng.random(shape, np.float32)
  return found


@pytest.fixture
def write(tmp_path):
  def to(ending, tensors):
    path = tmp_path / f'weights{ending}'
    if ending == '.npz':
      np.savez(path, **tensors)
    else:
      save_file(tensors, path)
    return path

  return to


@pytest.mark.parametrize('ending', ['.npz', '.safetensors'])
def test_weights_go_to_their_places(write, tensors, ending):
  params = load_inception(write(ending, tensors))
  ours = params['params']['branch3x3_2a']
  kernel = tensors['branch3x3_2a.conv.weight']
  assert kernel.shape == (384, 384, 1, 3)
  np.testing.assert_array_equal(
    ours['conv']['kernel'], np.einsum('oihw->hwio', kernel)
  )
  for there, here in (('weight', 'scale'), ('bias', 'bias')):
    np.testing.assert_array_equal(
      ours['bn'][here], tensors[f'branch3x3_2a.bn.{there}']
    )
  moments = params['batch_stats']['branch3x3_2a']['bn']
  for there, here in (('running_mean', 'mean'), ('running_var', 'var')):
    np.testing.assert_array_equal(
      moments[here], tensors[f'branch3x3_2a.bn.{there}']
    )


NAME = 'branch_pool.bn.running_var'
DAMAGE = {
  f"lacks '{NAME}'": lambda t: t.pop(NAME),
  f"'{NAME}' is .* must be": lambda t: t.update({NAME: t[NAME][:-1]}),
  'not finite': lambda t: t[NAME].fill(np.nan),
  "'layer1.weight' is no weight": lambda t: t.update(
    {'layer1.weight': t[NAME]}
  ),
}


@pytest.mark.parametrize('said', DAMAGE)
def test_other_weights_are_refused(write, tensors, said):
  DAMAGE[said](tensors)
  with pytest.raises(BadModel, match=said):
    load_inception(write('.npz', tensors))


def test_files_that_are_none(tmp_path):
  with pytest.raises(BadModel, match='There is no file'):
    load_inception(tmp_path / 'absent.npz')
  for name, said in {
    'a.pth': 'is made one by the command',
    'a.npz': 'is no .npz file',
    'a.safetensors': 'is no safetensors file',
  }.items():
    (tmp_path / name).write_bytes(b'PK damaged')
    with pytest.raises(BadModel, match=said):
      load_inception(tmp_path / name)


def test_no_pickle_is_read(tmp_path):
  path = tmp_path / 'weights.npz'
  np.savez(path, **{NAME: np.array([{}], object)})
  with pytest.raises(BadModel, match='no \\.npz file of arrays'):
    load_inception(path)
