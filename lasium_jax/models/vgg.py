"""The public weights of VGG-16, from a file that a user has.

They are in no package and are not downloaded. torchvision publishes those of
training on ImageNet as `vgg16-397923af.pth`, a file that needs PyTorch to be
read safely, once:

  python -c "import sys, numpy, torch; numpy.savez(sys.argv[2], **{
    name: tensor.numpy() for name, tensor in
    torch.load(sys.argv[1], 'cpu', weights_only=True).items()
    if name.startswith('features.')})" vgg16-397923af.pth vgg16.npz
"""

from pathlib import Path

import jax

from lasium_jax.models.torch_weights import Source, load_weights
from lasium_jax.nets.vgg import Vgg16
from lasium_jax.types import Params

# The last block and the classifier, by which no images are compared.
_UNUSED = ('features.24.', 'features.26.', 'features.28.', 'classifier.')
_SOURCE = Source(
  'VGG-16',
  'lasium_jax/models/vgg.py',
  lambda name: name.startswith(_UNUSED),
)


def load_vgg16(path: str | Path) -> Params:
  """Reads the weights for the loss 'vgg16' of `lasium_jax.generators.cola`.

  Args:
    path: of a `.npz` or a `.safetensors` file, with torchvision's names, such
      as `features.0.weight`. This module says how it is made.

  Returns:
    The parameters.

  Raises:
    BadModel: if there is no such file, or it lacks a weight, or has one of
      another shape, of a name that is not known, or not finite.
    ImportError: if the file needs safetensors, and that is missing.
  """
  return load_weights(Path(path), shapes(), _SOURCE)


def shapes() -> Params:
  """The shapes of the parameters, without making any."""
  x = jax.ShapeDtypeStruct((1, 8, 8, 3), 'float32')
  return jax.eval_shape(Vgg16().init, jax.random.key(0), x)
