"""Trained models as files: one folder with weights and a card, no pickles.

    weights.safetensors  the parameters by name
    card.json            what they are: how to rebuild the network, which
                         images it takes, what it was trained on, its accuracy

Nothing in a folder is executed, and no file but these two is read.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from lasium_jax.models.build import shapes
from lasium_jax.models.card import FORMAT, FORMAT_VERSION, BadModel, check_card
from lasium_jax.types import Params

CARD, WEIGHTS = 'card.json', 'weights.safetensors'

_MAX_CARD = 2**20  # Bytes.
_MAX_WEIGHTS = 2**31  # Bytes.
_MAX_HEADER = 2**20  # Bytes that a safetensors file has besides its tensors.


class Model(NamedTuple):
  """A trained learner, generator or classifier.

  Attributes:
    card: of JSON types:
      kind: 'learner', 'generator' or 'classifier'.
      architecture: for a learner `network` and `learner`, each a `name` and
        its function's keyword arguments, and `ways`, the N of its training;
        for a generator `name` and keyword arguments, and perhaps `inversion`,
        the keyword arguments of what its encoder was made by; for a classifier
        `network`, and `classes`, how many.
      image: `height`, `width`, `channels`, and `invert`: whether pictures are
        inverted on reading, dark ink on white becoming 1 on 0.
      training: what it was trained on, in words and numbers.
      accuracy: a list of results, as in a run's results.json.
      class_names: of a classifier, in the order of its logits; there may be
        none.
    params: its parameters, nested dicts of NumPy arrays.
  """

  card: dict[str, Any]
  params: Params

  def __repr__(self) -> str:
    return f'Model({self.card["kind"]} {_name(self.card)!r})'


def _name(card: Mapping[str, Any]) -> str:
  architecture = card['architecture']
  if card['kind'] == 'generator':
    return str(architecture['name'])
  part = 'learner' if card['kind'] == 'learner' else 'network'
  return str(architecture[part]['name'])


def save_model(folder: str | Path, model: Model) -> Path:
  """Writes a model as a folder.

  Args:
    folder: new or empty; made if there is none.
    model: its card may lack what is filled in here: the format and its
      version, and the sha256 of the weights.

  Returns:
    The folder.

  Raises:
    FileExistsError: if there is something in the folder.
    BadModel: if the parameters are not those of the card's architecture.
    TypeError: if the card is not of JSON types.
    OSError: if it cannot be written.
  """
  from safetensors.numpy import save

  from lasium_jax import __version__

  folder = Path(folder)
  tensors = {
    name: np.ascontiguousarray(leaf) for name, leaf in _named(model.params)
  }
  weights = save(tensors)
  card = {
    'format': FORMAT,
    'format_version': FORMAT_VERSION,
    'library_version': __version__,
    **model.card,
    'weights_sha256': hashlib.sha256(weights).hexdigest(),
  }
  check_card(card, folder / CARD)
  _check_tensors(tensors, _template(card, folder / CARD), folder / WEIGHTS)
  text = json.dumps(card, indent=2) + '\n'
  folder.mkdir(parents=True, exist_ok=True)
  if any(folder.iterdir()):
    raise FileExistsError(f'{folder} is not empty; name another folder.')
  (folder / WEIGHTS).write_bytes(weights)
  # Last: without its card a folder is no model.
  (folder / CARD).write_text(text)
  return folder


def load_model(folder: str | Path) -> Model:
  """Reads a model that `save_model` wrote, and checks it.

  Args:
    folder: with card.json and weights.safetensors.

  Returns:
    The model.

  Raises:
    BadModel: if something is missing, damaged or too large, or of a format
      that is newer than this library.
    ImportError: if safetensors is missing.
  """
  folder = Path(folder)
  card = _read_card(folder / CARD)
  specs = _template(card, folder / CARD)
  tensors = _read_weights(folder / WEIGHTS, card, specs)
  names = [name for name, _ in _named(specs)]
  return Model(
    card,
    jax.tree.unflatten(
      jax.tree.structure(specs), [tensors[name] for name in names]
    ),
  )


def _named(params: Params) -> list[tuple[str, Any]]:
  """The leaves with names such as `Conv_0/kernel`, in the tree's order."""
  return [
    ('/'.join(str(entry.key) for entry in path), leaf)
    for path, leaf in jax.tree_util.tree_leaves_with_path(params)
  ]


def _read_bytes(path: Path, limit: int) -> bytes:
  if not path.is_file():
    raise BadModel(
      f'{path.parent} is no model: it has no file {path.name}. Name a folder '
      'that experiments/export.py wrote.'
    )
  size = path.stat().st_size
  if size > limit:
    raise BadModel(
      f'{path} has {size:,} bytes; {limit:,} are the most that it can have.'
    )
  return path.read_bytes()


def _read_card(path: Path) -> dict[str, Any]:
  try:
    card = json.loads(_read_bytes(path, _MAX_CARD))
  except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
    raise BadModel(f'{path} is not JSON: {error}') from error
  check_card(card, path)
  return dict(card)


def _template(card: Mapping[str, Any], path: Path) -> Params:
  """The shapes that a card's weights must have."""
  try:
    return shapes(card)
  except Exception as error:  # Whatever wrong keyword arguments lead to.
    reason = str(error).partition('\n')[0]
    raise BadModel(
      f'{path}: its architecture cannot be built by this lasium_jax '
      f'({type(error).__name__}: {reason}).'
    ) from error


def _read_weights(
  path: Path, card: Mapping[str, Any], specs: Params
) -> dict[str, np.ndarray]:
  from safetensors import SafetensorError
  from safetensors.numpy import load

  size = sum(4 * math.prod(spec.shape) for _, spec in _named(specs))
  content = _read_bytes(path, min(size + _MAX_HEADER, _MAX_WEIGHTS))
  digest = hashlib.sha256(content).hexdigest()
  if digest != card['weights_sha256']:
    raise BadModel(
      f'{path} is not the file that {CARD} describes: its sha256 is {digest}, '
      f'not {card["weights_sha256"]}. Copy the folder again.'
    )
  try:
    tensors: dict[str, np.ndarray] = load(content)
  except (SafetensorError, KeyError, ValueError, TypeError) as error:
    raise BadModel(f'{path} is no safetensors file: {error}') from error
  _check_tensors(tensors, specs, path)
  return tensors


def _check_tensors(
  tensors: Mapping[str, np.ndarray], specs: Params, path: Path
) -> None:
  expected = dict(_named(specs))
  for name in sorted({*expected, *tensors}):
    there, here = _spec(tensors.get(name)), _spec(expected.get(name))
    if there != here:
      raise BadModel(
        f'{path}: tensor {name!r} is {there}; the architecture in {CARD} '
        f'needs {here}.'
      )
    if not np.isfinite(tensors[name]).all():
      raise BadModel(f'{path}: tensor {name!r} has values that are not finite.')


def _spec(leaf: Any) -> str:
  return 'absent' if leaf is None else f'{leaf.dtype}{list(leaf.shape)}'
