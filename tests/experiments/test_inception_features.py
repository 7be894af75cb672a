"""A file of Inception's weights in place of a recognizer.

Of one convolution, as the whole takes long to compile.
"""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file
from whole_program import config_of

from experiments.run.app import settings_of
from experiments.stages import class_quality
from experiments.stages.distances import IN_FEATURES, IN_INCEPTION
from experiments.systems import cola, features, interpolative
from lasium_jax import metrics
from lasium_jax.data.dataset import Dataset
from lasium_jax.models import inception
from lasium_jax.nets.inception import prepared

KERNEL = 'Conv2d_1a_3x3.conv.weight'
SHAPE = 6, 6, 3
TOLD = class_quality.Told(7, {})


def tiny_features(params, x):
  """The mean over the pixels, mixed by the kernel's center."""
  kernel = params['params']['Conv2d_1a_3x3']['conv']['kernel']
  return 2 * (x.mean((1, 2)) @ kernel[1, 1])


@pytest.fixture
def small(monkeypatch):
  """Weights of a single kernel of 3 to 2 channels, as the loader has them."""
  spec = jax.ShapeDtypeStruct((3, 3, 3, 2), 'float32')
  specs = {'params': {'Conv2d_1a_3x3': {'conv': {'kernel': spec}}}}
  monkeypatch.setattr(inception, 'shapes', lambda: specs)
  monkeypatch.setattr(features, 'inception_features', tiny_features)
  return np.random.default_rng(0).normal(size=(2, 3, 3, 3)).astype(np.float32)


def written(path, tensor):
  if path.suffix == '.npz':
    np.savez(path, **{KERNEL: tensor})
  else:
    save_file({KERNEL: tensor}, path)
  return path


def images_of(seed, n):
  rng = np.random.default_rng(seed)
  images = rng.integers(256, size=(n, *SHAPE), dtype=np.uint8)
  return Dataset(images, np.zeros(n, np.int32), ('a',))


@pytest.mark.parametrize('ending', ['.npz', '.safetensors'])
def test_the_fid_is_by_the_given_weights(small, tmp_path, ending):
  """And only in these features the distance has that name."""
  path = written(tmp_path / f'weights{ending}', small)
  found = features.embedding_at(str(path), SHAPE, features.FIELD)
  splits = SimpleNamespace(train=images_of(0, 4), test=images_of(1, 100))
  run = SimpleNamespace(
    **{'name': 'scola', 'dataset': 'colors', 'config': 'x.py', 'seed': 0},
    splits=splits,
    device_bytes=10**9,
  )
  drawn = images_of(2, 50)
  results = class_quality.measure(
    *(run, [drawn], found, TOLD), images=50, subsets=2
  )
  compared = [r for r in results if 'features' in r.protocol]
  assert len(compared) == 2 * 7
  name = f'Inception, weights of weights{ending}'
  assert {r.protocol['features'] for r in compared} == {name}
  assert all(IN_INCEPTION in r.metric for r in compared)
  assert not any(IN_FEATURES in r.metric for r in results)
  fids = {r.name: r.value for r in results if 'FID' in r.metric}
  assert {r.metric for r in results if 'FID' in r.metric} == {
    "Fréchet distance in Inception's features (FID)"
  }

  def by_hand(images):
    mixed = images.mean((1, 2)) / 255 @ small[:, :, 1, 1].T
    return 2 * mixed

  real, alike = (by_hand(splits.test.images[i::2]) for i in range(2))
  for own, made in (('scola', by_hand(drawn.images)), ('test', alike)):
    expected = metrics.frechet_distance(real, made)
    assert fids[own] == pytest.approx(expected, rel=1e-3)


def test_it_is_the_whole_network():
  """Of which only shapes are computed here; images may be of any number."""
  specs = inception.shapes()
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(features.models, 'load_inception', lambda path: specs)
    found = features.embedding_at('a.npz', (32, 32, 3), '--recognizer')
  for channels in (1, 3):
    x = jax.ShapeDtypeStruct((20, 32, 32, channels), jnp.float32)
    said = jax.eval_shape(found.classify, found.params, x)
    assert said.features.shape == (20, 2048) and said.logits.shape == (20, 0)


def settings_with(system, config, place):
  config = config_of(config)
  config.quality.recognizer = str(place)
  return settings_of(config, system.system())


RUNS = {
  'cola/cifar10.py': cola,
  'interpolative/celeba.py:interpolative': interpolative,
}
GRAY = {
  'cola/glyphs.py': cola,
  'interpolative/glyphs.py:interpolative': interpolative,
}


@pytest.mark.parametrize('config', RUNS)
def test_files_that_are_no_weights_are_refused(small, tmp_path, config):
  """Before the images are read."""
  system = RUNS[config]

  def ready(path):
    parts = system.build(settings_with(system, config, path))
    system.ready(parts, None)

  with pytest.raises(ValueError, match=r'There is no file .*absent\.npz'):
    ready(tmp_path / 'absent.npz')
  for name, said in {
    'a.pth': 'is made one by the command',
    'a.npz': r'is no \.npz file',
    'a.safetensors': 'is no safetensors file',
  }.items():
    (tmp_path / name).write_bytes(b'PK damaged')
    with pytest.raises(ValueError, match=said):
      ready(tmp_path / name)
  with pytest.raises(ValueError, match=f"'{KERNEL}' is .* must be"):
    ready(written(tmp_path / 'other.npz', small[:1]))
  with pytest.raises(ValueError, match='is not a run'):
    ready(tmp_path / 'absent')
  ready(written(tmp_path / 'good.npz', small))


@pytest.mark.parametrize('config', GRAY)
def test_gray_images_may_have_a_fid(small, tmp_path, config):
  system, path = GRAY[config], written(tmp_path / 'weights.npz', small)
  parts = system.build(settings_with(system, config, path))
  system.ready(parts, None)


def test_gray_images_are_seen_as_three_equal_channels(
  small, tmp_path, monkeypatch
):
  """So that their FID is that of files in which gray is a color."""

  def prepared_features(params, x):
    return tiny_features(params, prepared(x))

  monkeypatch.setattr(features, 'inception_features', prepared_features)
  path = written(tmp_path / 'weights.npz', small)
  gray = np.random.default_rng(0).random((5, 6, 6, 1), np.float32)
  found = features.embedding_at(str(path), (6, 6, 1), features.FIELD)
  assert found.whose == IN_INCEPTION
  ours = found.classify(found.params, jnp.asarray(gray)).features
  colored = prepared(jnp.asarray(gray.repeat(3, axis=-1)))
  kernel = small[:, :, 1, 1].T
  expected = 2 * np.asarray(colored.mean((1, 2))) @ kernel
  np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
