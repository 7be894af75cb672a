"""What is installed, what hides what, and which files must say the same."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import lasium_jax

ROOT = Path(__file__).parent.parent
EXPERIMENTS = ROOT / 'experiments'

# Packages that people have beside this one, whether they are installed here or
# not.
WELL_KNOWN = {
  *('accelerate', 'build', 'click', 'clip', 'dask', 'datasets', 'diffusers'),
  *('evaluate', 'fire', 'gradio', 'hydra', 'mlflow', 'numba', 'pandas', 'peft'),
  *('plotly', 'pydantic', 'ray', 'records', 'requests', 'schedule', 'seaborn'),
  *('tables', 'tokenizers', 'transformers', 'typer', 'wandb', 'wheel'),
}


def build(tmp_path: Path, kind: str) -> Path:
  """Builds from a copy of the clone, without any network.

  Args:
    tmp_path: an empty folder.
    kind: 'wheel' or 'editable'.

  Returns:
    What was built.
  """
  clone, out = tmp_path / 'clone', tmp_path / 'out'
  out.mkdir(parents=True)
  ignore = shutil.ignore_patterns('__pycache__')
  for name in ('lasium_jax', 'experiments', 'configs', 'benchmarks'):
    shutil.copytree(ROOT / name, clone / name, ignore=ignore)
  for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
    shutil.copy(ROOT / name, clone)
  code = (
    'import sys; from setuptools import build_meta; '
    f'build_meta.build_{kind}(sys.argv[1])'
  )
  done = subprocess.run(
    [sys.executable, '-c', code, str(out)],
    cwd=clone,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  (built,) = out.iterdir()
  return built


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
  with zipfile.ZipFile(build(tmp_path_factory.mktemp('wheel'), 'wheel')) as it:
    yield it


@pytest.fixture(scope='module')
def metadata(wheel) -> Message:
  (name,) = (n for n in wheel.namelist() if n.endswith('.dist-info/METADATA'))
  return Parser().parsestr(wheel.read(name).decode())


def test_a_wheel_has_the_whole_library_and_nothing_else(wheel):
  files = {n for n in wheel.namelist() if '.dist-info/' not in n}
  library = {
    str(path.relative_to(ROOT))
    for path in (ROOT / 'lasium_jax').rglob('*')
    if path.is_file() and '__pycache__' not in path.parts
  }
  assert files == library
  assert 'lasium_jax/py.typed' in files


def test_a_clone_that_is_installed_has_its_entry_points(tmp_path):
  """`pip install -e .` makes configs and experiments importable as well."""
  built = build(tmp_path, 'editable')
  site = tmp_path / 'site'
  with zipfile.ZipFile(built) as archive:
    archive.extractall(site)
  code = (
    'import json, site, sys; site.addsitedir(sys.argv[1]); '
    'import benchmarks, configs, experiments; '
    'modules = benchmarks, configs, experiments; '
    'print(json.dumps([module.__file__ for module in modules]))'
  )
  done = subprocess.run(  # Without the packages of this Python.
    [sys.executable, '-I', '-S', '-c', code, str(site)],
    cwd=tmp_path,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  clone = tmp_path / 'clone'
  assert [Path(path).parent for path in json.loads(done.stdout)] == [
    clone / 'benchmarks',
    clone / 'configs',
    clone / 'experiments',
  ]


def newest_version() -> str:
  heading = re.search(r'^## (.*)$', (ROOT / 'CHANGELOG.md').read_text(), re.M)
  return re.search(r'\d+\.\d+\.\d+', heading[1])[0]


def test_versions_agree(metadata):
  citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
  versions = {
    'setup.py': metadata['Version'],
    'lasium_jax': lasium_jax.__version__,
    'CHANGELOG.md': newest_version(),
    'CITATION.cff': citation['version'],
  }
  assert len(set(versions.values())) == 1, versions


def test_metadata_is_whole(metadata):
  assert metadata['Author'] == 'The lasium_jax authors'
  assert metadata['License-Expression'] == 'Apache-2.0'
  assert metadata['Keywords'] and metadata['Summary']
  readme = (ROOT / 'README.md').read_text()
  assert metadata.get_payload().strip() == readme.strip()
  assert metadata['Description-Content-Type'] == 'text/markdown'


def test_python_versions_agree(metadata):
  """What is said to be supported is what the workflow runs."""
  workflow = yaml.safe_load((ROOT / '.github/workflows/ci.yml').read_text())
  matrix = workflow['jobs']['locked']['strategy']['matrix']['python']
  prefix = 'Programming Language :: Python :: '
  named = [
    value.removeprefix(prefix)
    for value in metadata.get_all('Classifier')
    if re.fullmatch(prefix + r'3\.\d+', value)
  ]
  assert matrix == named
  allowed = Requirement(f'python{metadata["Requires-Python"]}').specifier
  minors = [f'3.{minor}' for minor in range(30)]
  assert list(allowed.filter(minors)) == named


@pytest.mark.parametrize('job', ['locked', 'newest'])
def test_the_workflow_runs_what_a_developer_runs(job):
  workflow = yaml.safe_load((ROOT / '.github/workflows/ci.yml').read_text())
  steps = workflow['jobs'][job]['steps']
  assert [step for step in steps if step.get('run') == '.ci/run']
  assert not workflow['jobs'][job].get('continue-on-error')


def pinned() -> dict[str, str]:
  lines = (ROOT / 'constraints.txt').read_text().split()
  pairs = (line.split('==') for line in lines)
  return {name.lower().replace('_', '-'): version for name, version in pairs}


def test_what_is_required_is_pinned_within_its_bounds(metadata):
  versions = pinned()
  for line in metadata.get_all('Requires-Dist'):
    requirement = Requirement(line)
    version = versions[requirement.name.lower().replace('_', '-')]
    assert version in requirement.specifier, line


def test_pre_commit_has_the_pinned_ruff():
  config = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())
  hooks = [hook for repo in config['repos'] for hook in repo['hooks']]
  assert {hook['id'] for hook in hooks} == {'ruff-check', 'ruff-format'}
  for hook in hooks:
    assert hook['additional_dependencies'] == [f'ruff=={pinned()["ruff"]}']


def importable() -> set[str]:
  """Names that an import anywhere in a program may mean."""
  installed = importlib.metadata.packages_distributions()
  return {*sys.stdlib_module_names, *installed, *WELL_KNOWN}


def names_in(folder: Path) -> set[str]:
  """What `import` finds where a script of a folder is run."""
  return {
    path.stem
    for path in folder.iterdir()
    if path.suffix == '.py' or (path.is_dir() and not path.name.startswith('_'))
  }


def test_nothing_in_experiments_hides_a_package():
  """Python looks into the folder of the script that it runs first."""
  assert not names_in(EXPERIMENTS) & importable()


@pytest.mark.parametrize(
  'name', ['json.py', 'numpy.py', 'datasets.py', 'build']
)
def test_what_hides_a_package_is_noticed(tmp_path, name):
  path = tmp_path / name
  path.touch() if path.suffix else path.mkdir()
  assert names_in(tmp_path) & importable()


def test_no_door_shares_its_name_with_a_folder():
  doors = {path.stem for path in EXPERIMENTS.glob('*.py')}
  folders = {path.name for path in EXPERIMENTS.iterdir() if path.is_dir()}
  assert not doors & folders


SOURCES = [
  'experiments/run/app.py',
  'experiments/runs/x.py',
  'experiments/models/x.py',
  'lasium_jax/data/build/x.py',
  'lasium_jax/dist/x.py',
  'lasium_jax/models/build.py',
]
OUTPUTS = [
  'runs/demo/report.html',
  'build/lib/x.py',
  'dist/x.whl',
  'lasium_jax.egg-info/PKG-INFO',
  '.venv/bin/python',
  'lasium_jax/data/__pycache__/x.pyc',
]


@pytest.fixture(scope='module')
def repository(tmp_path_factory):
  """An empty one, to ask git without regard to where this clone lies."""
  if not shutil.which('git'):
    pytest.skip('git is not installed.')
  folder = tmp_path_factory.mktemp('repository')
  subprocess.run(['git', 'init', '--quiet', folder], check=True)
  shutil.copy(ROOT / '.gitignore', folder)
  return folder


@pytest.mark.parametrize(
  ('path', 'ignored'),
  [(path, False) for path in SOURCES] + [(path, True) for path in OUTPUTS],
)
def test_git_ignores_outputs_and_no_source(repository, path, ignored):
  command = ['git', '-c', 'core.excludesFile=', 'check-ignore', '--quiet', path]
  done = subprocess.run(command, cwd=repository, check=False)
  assert done.returncode == (0 if ignored else 1)


def test_the_citation_is_valid():
  """As the Citation File Format 1.2.0 asks, and with the three papers."""
  citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
  assert citation['cff-version'] == '1.2.0'
  assert {'message', 'title', 'authors', 'license'} <= set(citation)
  assert citation['type'] == 'software'
  assert len(citation['references']) == 3
  for work in [citation, *citation['references']]:
    assert work['title'] and work['authors']
    for author in work['authors']:
      person, entity = {'family-names', 'given-names'}, {'name'}
      assert set(author) in (person, entity)
  for paper in citation['references']:
    assert paper['type'] in ('article', 'conference-paper')
    assert isinstance(paper['year'], int)
    for identifier in paper['identifiers']:
      assert identifier['type'] in ('doi', 'url', 'swh', 'other')
      assert re.fullmatch(r'arXiv:\d{4}\.\d{5}', identifier['value'])


@pytest.mark.parametrize('name', ['bug', 'below_the_paper', 'data_set'])
def test_an_issue_form_is_valid(name):
  """By the rules of forms: unknown keys or types are shown to nobody."""
  path = ROOT / f'.github/ISSUE_TEMPLATE/{name}.yml'
  form = yaml.safe_load(path.read_text())
  assert form['name'] and form['description']
  fields = [item for item in form['body'] if item['type'] != 'markdown']
  assert len({item['id'] for item in fields}) == len(fields)
  for item in form['body']:
    assert set(item) <= {'type', 'id', 'attributes', 'validations'}
    assert item['type'] in ('markdown', 'input', 'textarea', 'dropdown')
    given = 'value' if item['type'] == 'markdown' else 'label'
    assert item['attributes'][given]
    if item['type'] == 'dropdown':
      options = item['attributes']['options']
      assert all(isinstance(option, str) for option in options)
