"""The public weights of the Inception network, from a file that a user has.

They are in no package and are not downloaded. pytorch-fid publishes them as
`pt_inception-2015-12-05-6726825d.pth`, a file that needs PyTorch to be read
safely, once:

  python -c "import sys, numpy, torch; numpy.savez(sys.argv[2], **{
    name: tensor.numpy() for name, tensor in
    torch.load(sys.argv[1], 'cpu', weights_only=True).items()})" \
    pt_inception-2015-12-05-6726825d.pth inception.npz
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.models.card import BadModel
from lasium_jax.nets.inception import InceptionV3
from lasium_jax.types import Params

# What the file has besides: the last layer, a second one for training, and how
# many batches the moments are of.
_UNUSED = ('fc.', 'AuxLogits.')
_COUNTS = '.num_batches_tracked'
# torchvision's names of what each leaf of a module is.
_NAMES = {
  'kernel': 'weight',
  'scale': 'weight',
  'bias': 'bias',
  'mean': 'running_mean',
  'var': 'running_var',
}


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
  path = Path(path)
  tensors = {
    name: tensor
    for name, tensor in _read(path).items()
    if not name.startswith(_UNUSED) and not name.endswith(_COUNTS)
  }
  specs = shapes()
  names = [
    torch_name(place) for place, _ in jax.tree_util.tree_leaves_with_path(specs)
  ]
  unknown = sorted(tensors.keys() - set(names))
  if unknown:
    raise BadModel(
      f'{path}: {unknown[0]!r} is no weight of the Inception network, as are '
      f'{len(unknown) - 1} more.'
    )
  leaves = [
    _leaf(path, tensors, name, spec)
    for name, spec in zip(names, jax.tree.leaves(specs), strict=True)
  ]
  return jax.tree.unflatten(jax.tree.structure(specs), leaves)


def shapes() -> Params:
  """The shapes of the parameters, without making any."""
  x = jax.ShapeDtypeStruct((1, 75, 75, 3), 'float32')
  return jax.eval_shape(InceptionV3().init, jax.random.key(0), x)


def torch_name(place: Any) -> str:
  """The name that torchvision has for a leaf, of the path to it."""
  _, *modules, leaf = (str(entry.key) for entry in place)
  return '.'.join([*modules, _NAMES[leaf]])


def _read(path: Path) -> Mapping[str, np.ndarray]:
  if not path.is_file():
    raise BadModel(f'There is no file {path} with weights of Inception.')
  if path.suffix == '.npz':
    try:
      with np.load(path, allow_pickle=False) as file:
        return dict(file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
      raise BadModel(f'{path} is no .npz file of arrays: {error}') from error
  if path.suffix == '.safetensors':
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
      read: dict[str, np.ndarray] = load(path.read_bytes())
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
      raise BadModel(f'{path} is no safetensors file: {error}') from error
    return read
  raise BadModel(
    f'{path} is no .npz and no .safetensors file. A .pth file is made one by '
    'the command in lasium_jax/models/inception.py.'
  )


def _leaf(
  path: Path, tensors: Mapping[str, np.ndarray], name: str, spec: Any
) -> jax.Array:
  """One weight in our order: of a kernel the outputs come last."""
  if name not in tensors:
    raise BadModel(f'{path} lacks {name!r}, a weight of the Inception network.')
  tensor = np.asarray(tensors[name], np.float32)
  if tensor.ndim == 4:
    tensor = tensor.transpose(2, 3, 1, 0)
  if tensor.shape != spec.shape:
    raise BadModel(
      f'{path}: {name!r} is {tensors[name].shape}, whose values are '
      f'{tensor.shape} here; they must be {spec.shape}.'
    )
  if not np.isfinite(tensor).all():
    raise BadModel(f'{path}: {name!r} has values that are not finite.')
  return jnp.asarray(tensor)
