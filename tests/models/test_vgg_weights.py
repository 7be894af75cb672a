"""VGG-16's weights from files; what files share has tests with Inception's."""

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from lasium_jax.models import BadModel, load_vgg16
from lasium_jax.models import vgg as weights
from lasium_jax.models.torch_weights import torch_name


@pytest.fixture(scope='module')
def tensors():
  """Random ones, kernels with their outputs first, and what is not used."""
  rng = np.random.default_rng(0)
  found = {'classifier.6.bias': np.zeros(1000, np.float32)}
  found['features.28.weight'] = np.zeros((4, 4, 3, 3), np.float32)
  for place, spec in jax.tree_util.tree_leaves_with_path(weights.shapes()):
    order = (3, 2, 0, 1) if len(spec.shape) == 4 else (0,)
    shape = [spec.shape[axis] for axis in order]
    found[torch_name(place)] = rng.random(shape, np.float32)
  return found


@pytest.mark.parametrize('ending', ['npz', 'safetensors'])
def test_weights_go_to_their_places(tmp_path, tensors, ending):
  path = tmp_path / f'vgg16.{ending}'
  if ending == 'npz':
    np.savez(path, **tensors)
  else:
    save_file(tensors, path)
  params = load_vgg16(path)['params']
  places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)
  assert set(params) == {f'features.{place}' for place in places}
  kernel = tensors['features.12.weight']
  assert kernel.shape == (256, 256, 3, 3)
  np.testing.assert_array_equal(
    params['features.12']['kernel'], np.einsum('oihw->hwio', kernel)
  )
  np.testing.assert_array_equal(
    params['features.21']['bias'], tensors['features.21.bias']
  )


def test_files_that_are_none(tmp_path, tensors):
  with pytest.raises(BadModel, match=r'There is no file .*vgg16\.npz.*VGG-16'):
    load_vgg16(tmp_path / 'vgg16.npz')
  with pytest.raises(BadModel, match=r'the command in lasium_jax/models/vgg'):
    (tmp_path / 'vgg16.pth').write_bytes(b'PK')
    load_vgg16(tmp_path / 'vgg16.pth')
  lacking = tmp_path / 'lacking.npz'
  np.savez(lacking, **{'features.0.weight': tensors['features.0.weight']})
  with pytest.raises(BadModel, match=r"lacks 'features\.0\.bias'"):
    load_vgg16(lacking)
