"""Imports run downward only, and heavy packages stay where they belong."""

import ast
import graphlib
from pathlib import Path

import pytest
from printed import printed_by

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / 'lasium_jax'

# Each part of the library, and the parts that it may import.
MAY_IMPORT = {
  'types': set(),
  'settings': set(),
  'cores': set(),
  'ops': {'types'},
  'nets': {'types', 'settings', 'ops'},
  'descent': {'types', 'nets'},
  'generators': {'types', 'settings', 'ops', 'nets', 'descent'},
  'embeddings': {'types', 'settings', 'ops', 'nets', 'descent'},
  'batches': {'types', 'settings', 'ops'},
  'optimizers': {'settings'},
  'fitting': {'types', 'ops', 'batches'},
  'clustering': {'types', 'settings', 'ops'},
  'latents': {'types', 'settings', 'ops'},
  'tasks': {'types', 'settings', 'ops', 'latents'},
  'learners': {'types', 'settings', 'ops', 'nets'},
  'metrics': {'types', 'ops'},
  'meta': {'types', 'ops'},
  'parallel': {'types', 'cores'},
  'data': {'types', 'cores'},
  'io': {'types'},
  'surrogates': set(),
  'models': {
    'types',
    'settings',
    'nets',
    'generators',
    'embeddings',
    'learners',
    '__version__',
  },
  'image_classifier': {'data'},
  'classifier': {'types', 'ops', 'learners', 'models', 'image_classifier'},
  'small_sample': {
    *('types', 'settings', 'batches', 'optimizers', 'fitting', 'models'),
    *('data', 'image_classifier'),
  },
}

# Packages that only one place may import, and that place.
KEPT_IN = {
  'flax': 'lasium_jax/nets',
  'tensorflow_datasets': 'lasium_jax/data/tfds.py',
  'matplotlib': 'lasium_jax/data/glyphs.py',
  'orbax': 'lasium_jax/io.py',
  'safetensors': (
    'lasium_jax/models/files.py',
    'lasium_jax/models/torch_weights.py',
  ),
  'sklearn': (
    'lasium_jax/image_classifier.py',
    'lasium_jax/classifier.py',
    'lasium_jax/small_sample/classifier.py',
    'lasium_jax/clustering/mixtures.py',
    'lasium_jax/clustering/partitions.py',
  ),
  'threadpoolctl': (
    'lasium_jax/clustering/mixtures.py',
    'lasium_jax/clustering/partitions.py',
  ),
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
  modules = set(imports(path))
  for package, places in KEPT_IN.items():
    if not str(relative).startswith(places):
      assert package not in {name.split('.')[0] for name in modules}
  if relative.parts[0] != 'lasium_jax' or relative == Path(
    'lasium_jax/__init__.py'
  ):
    return
  own = relative.with_suffix('').parts[1]
  assert own in MAY_IMPORT, f'{own} has no place in the picture'
  used = {part(name) for name in modules} - {None, own}
  assert used <= MAY_IMPORT[own]
  assert not {'experiments', 'configs'} & {n.split('.')[0] for n in modules}


# Each folder of experiments, and what it may import of the others. Doors may
# import systems, applications and what every run has; systems all below them.
LAYERS = {
  'run': set(),
  'components': {'run'},
  'papers': {'run'},
  'pages': {'run', 'papers'},
  'stages': {'run', 'components', 'pages'},
  'systems': {'run', 'components', 'pages', 'stages'},
  'applications': {'run', 'components', 'pages'},
}
DOOR_IMPORTS = {'run', 'systems', 'applications', 'papers'}
# Stages and systems draw and write pages by these alone; what pages look up of
# a workdir they do not.
PAGES_FOR_STAGES = {'pictures'}


@pytest.mark.parametrize(
  'path',
  sorted((ROOT / 'experiments').rglob('*.py')),
  ids=lambda p: str(p.relative_to(ROOT)),
)
def test_experiments_import_downward(path):
  relative = path.relative_to(ROOT / 'experiments')
  own = {n for n in imports(path) if n and n.startswith('experiments.')}
  used = {name.split('.')[1] for name in own}
  assert 'configs' not in {name.split('.')[0] for name in imports(path) if name}
  if len(relative.parts) == 1:
    assert used <= DOOR_IMPORTS
    return
  folder = relative.parts[0]
  assert folder in LAYERS, f'{folder} has no place in the picture'
  assert used - {folder} <= LAYERS[folder]
  if folder == 'stages':
    start = 'experiments.pages.'
    pages = {n.split('.')[2] for n in own if n.startswith(start)}
    assert pages <= PAGES_FOR_STAGES


def test_configs_import_downward():
  for path in (ROOT / 'configs').rglob('*.py'):
    for name in imports(path):
      if name.startswith('experiments.'):
        assert name.split('.')[1] in {'components', 'stages', 'run', 'systems'}


def named_modules():
  for path in FILES:
    name = path.relative_to(ROOT).with_suffix('').as_posix().replace('/', '.')
    yield name.removesuffix('.__init__'), path


def test_no_two_modules_import_each_other():
  """Not through others either."""
  known = dict(named_modules())
  graph = {
    name: {
      target
      for target in top_level_imports(path)
      if target in known and target != name
    }
    for name, path in known.items()
  }
  order = graphlib.TopologicalSorter(graph)
  order.prepare()  # Raises CycleError, which names them.


def top_level_imports(path):
  """Those that run when the module is imported, packages' faces left out."""
  for node in ast.parse(path.read_text()).body:
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      yield from (f'{node.module}.{alias.name}' for alias in node.names)
      if not (ROOT / node.module.replace('.', '/')).is_dir():
        yield node.module


def test_doors_are_short():
  for path in (ROOT / 'experiments').glob('*.py'):
    assert len(path.read_text().splitlines()) < 50, path.name


# The functions that may be longer than 50 lines, with the reason of each.
LONG_FUNCTIONS = {
  'generators/msgan.py: msgan': 'a factory; it holds eight short functions '
  'that share its two networks and its optimizer',
}


def test_functions_are_short():
  """50 lines of code, docstrings aside, and no more names than are needed."""
  long = {
    f'{path.parent.name}/{path.name}: {function.name}'
    for path in FILES
    for function in ast.walk(ast.parse(path.read_text()))
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    and lines_of_code(function) > 50
  }
  assert long == LONG_FUNCTIONS.keys()


def lines_of_code(function):
  code = function.body[bool(ast.get_docstring(function)) :]
  return function.end_lineno - code[0].lineno + 1 if code else 0


def test_all_names_are_there_without_scikit_learn():
  code = (
    "import sys; sys.modules['sklearn'] = None\n"
    'from lasium_jax import *\n'
    'import lasium_jax\n'
    'try:\n'
    '  lasium_jax.FewShotClassifier\n'
    'except ImportError as error:\n'
    '  print(error)\n'
  )
  assert 'lasium_jax[classifier]' in printed_by(code)


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
  # flax and chex import absl themselves.
  assert set(ast.literal_eval(printed_by(code))) <= {'absl'}
