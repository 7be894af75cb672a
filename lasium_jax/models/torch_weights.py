"""Weights with PyTorch's names and order, from files that hold no code."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lasium_jax.models.card import BadModel
from lasium_jax.types import Params

# torchvision's names of what each leaf of a module is.
_NAMES = {
  'kernel': 'weight',
  'scale': 'weight',
  'bias': 'bias',
  'mean': 'running_mean',
  'var': 'running_var',
}


class Source(NamedTuple):
  """What a file of weights is of.

  Attributes:
    network: its name, for messages.
    module: the one whose docstring says how such a file is made, likewise.
    unused: whether a name in the file is of what the network does not have.
  """

  network: str
  module: str
  unused: Callable[[str], bool]


def load_weights(path: Path, specs: Params, source: Source) -> Params:
  """Reads the weights of a network.

  Args:
    path: of a `.npz` or a `.safetensors` file.
    specs: the shapes of the parameters, whose modules have the file's names.
    source: what the file is of.

  Returns:
    The parameters.

  Raises:
    BadModel: if there is no such file, or it lacks a weight, or has one of
      another shape, of a name that is not known, or not finite.
    ImportError: if the file needs safetensors, and that is missing.
  """
  tensors = {
    name: tensor
    for name, tensor in _read(path, source).items()
    if not source.unused(name)
  }
  names = [
    torch_name(place) for place, _ in jax.tree_util.tree_leaves_with_path(specs)
  ]
  unknown = sorted(tensors.keys() - set(names))
  if unknown:
    raise BadModel(
      f'{path}: {unknown[0]!r} is no weight of {source.network}, as are '
      f'{len(unknown) - 1} more.'
    )
  leaves = [
    _leaf(path, tensors, name, spec)
    for name, spec in zip(names, jax.tree.leaves(specs), strict=True)
  ]
  return jax.tree.unflatten(jax.tree.structure(specs), leaves)


def torch_name(place: Any) -> str:
  """The name that torchvision has for a leaf, of the path to it."""
  _, *modules, leaf = (str(entry.key) for entry in place)
  return '.'.join([*modules, _NAMES[leaf]])


def _read(path: Path, source: Source) -> Mapping[str, np.ndarray]:
  if not path.is_file():
    raise BadModel(
      f'There is no file {path} with weights of {source.network}: '
      f'{source.module} says how it is made.'
    )
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
    f'the command in {source.module}.'
  )


def _leaf(
  path: Path,
  tensors: Mapping[str, np.ndarray],
  name: str,
  spec: Any,
) -> jax.Array:
  """One weight in our order: of a kernel the outputs come last."""
  if name not in tensors:
    raise BadModel(f'{path} lacks {name!r}, a weight of the network.')
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
