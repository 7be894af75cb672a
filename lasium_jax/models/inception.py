"""The public weights of the Inception network, from a file that a user has.

They are in no package and are not downloaded. pytorch-fid publishes them as
`pt_inception-2015-12-05-6726825d.pth`, a file that needs PyTorch to be read
safely, once:

  python -c "import sys, numpy, torch; numpy.savez(sys.argv[2], **{
    name: tensor.numpy() for name, tensor in
    torch.load(sys.argv[1], 'cpu', weights_only=True).items()})" \
    pt_inception-2015-12-05-6726825d.pth inception.npz
"""

from pathlib import Path

import jax

from lasium_jax.models.torch_weights import Source, load_weights
from lasium_jax.nets.inception import InceptionV3
from lasium_jax.types import Params

# What the file has besides: the last layer, a second one for training, and how
# many batches the moments are of.
_UNUSED = ('fc.', 'AuxLogits.')
_COUNTS = '.num_batches_tracked'
_SOURCE = Source(
  'the Inception network',
  'lasium_jax/models/inception.py',
  lambda name: name.startswith(_UNUSED) or name.endswith(_COUNTS),
)


def load_inception(path: str | Path) -> Params:
  """Reads the weights for `lasium_jax.nets.inception.inception_features`.

  Args:
    path: of a `.npz` or a `.safetensors` file, with torchvision's names, such
      as `Mixed_5b.branch1x1.conv.weight`. This module says how it is made.

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
  x = jax.ShapeDtypeStruct((1, 75, 75, 3), 'float32')
  return jax.eval_shape(InceptionV3().init, jax.random.key(0), x)
