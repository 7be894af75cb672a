"""Imports run downward only, and heavy packages stay where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / 'lasium_jax'

# Each part of the library, and the parts that it may import.
MAY_IMPORT = {
  'types': set(),
  'settings': set(),
  'cores': set(),
  'ops': {'types'},
  'nets': {'types', 'settings', 'ops'},
  'generators': {'types', 'settings', 'ops', 'nets'},
  'embeddings': {'types', 'settings', 'ops', 'nets'},
  'batches': {'types', 'settings', 'ops'},
  'latents': {'types', 'settings', 'ops'},
  'tasks': {'types', 'settings', 'ops', 'latents'},
  'learners': {'types', 'settings', 'ops', 'nets'},
  'metrics': {'types'},
  'meta': {'types'},
  'parallel': {'types', 'cores'},
  'data': {'types', 'cores'},
  'io': {'types'},
  'models': {
    'types',
    'settings',
    'nets',
    'generators',
    'embeddings',
    'learners',
    '__version__',
  },
  'classifier': {'types', 'ops', 'data', 'learners', 'models'},
}

# Packages that only one place may import, and that place.
KEPT_IN = {
  'flax': 'lasium_jax/nets',
  'tensorflow_datasets': 'lasium_jax/data/tfds.py',
  'matplotlib': 'lasium_jax/data/glyphs.py',
  'orbax': 'lasium_jax/io.py',
  'safetensors': 'lasium_jax/models/files.py',
  'sklearn': 'lasium_jax/classifier.py',
  'starlette': 'experiments/applications/web_server.py',
  'uvicorn': 'experiments/applications/web_server.py',
  'absl': 'experiments',
  'ml_collections': ('configs', 'experiments'),
}

FILES = sorted(
  path
  for folder in ('lasium_jax', 'experiments', 'configs')
  for path in (ROOT / folder).rglob('*.py')
)


def imports(path):
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      yield node.module
      yield from (f'{node.module}.{alias.name}' for alias in node.names)


def part(module):
  """`lasium_jax.nets.conv4` is of the part `nets`."""
  names = module.split('.')
  return names[1] if names[0] == 'lasium_jax' and len(names) > 1 else None


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_downward(path):
  relative = path.relative_to(ROOT)
  found = set(imports(path))
  for package, places in KEPT_IN.items():
    if not str(relative).startswith(places):
      assert package not in {name.split('.')[0] for name in found}
  if relative.parts[0] != 'lasium_jax' or relative == Path(
    'lasium_jax/__init__.py'
  ):
    return
  own = relative.with_suffix('').parts[1]
  assert own in MAY_IMPORT, f'{own} has no place in the picture'
  used = {part(name) for name in found} - {None, own}
  assert used <= MAY_IMPORT[own]
  assert not {'experiments', 'configs'} & {n.split('.')[0] for n in found}


def test_every_part_is_there():
  parts = {p.stem for p in LIBRARY.iterdir() if p.suffix == '.py' or p.is_dir()}
  assert parts - {'__init__', '__pycache__', 'py'} == set(MAY_IMPORT)


def test_the_library_imports_without_the_entry_points_packages():
  """None of these is imported by `import lasium_jax`."""
  heavy = ('absl', 'ml_collections', 'matplotlib', 'tensorflow_datasets')
  heavy += ('orbax', 'safetensors', 'sklearn', 'PIL')
  code = (
    f'import sys, lasium_jax; print([m for m in {heavy!r} if m in sys.modules])'
  )
  done = subprocess.run(
    [sys.executable, '-c', code], capture_output=True, text=True, check=True
  )
  # flax and chex import absl themselves.
  assert set(ast.literal_eval(done.stdout)) <= {'absl'}
