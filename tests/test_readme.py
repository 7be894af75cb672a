"""What the documents say can be done, as it stands there."""

import re
import shlex
from pathlib import Path
from unittest import mock

import jax
import numpy as np
import pytest
from absl import flags
from ml_collections import config_flags
from PIL import Image
from small import small

import lasium_jax as lx
from experiments.run.config import flatten
from lasium_jax.models.build import make_generator

# ml_collections loads config files as Python 3.12 no longer does.
pytestmark = pytest.mark.filterwarnings('ignore:the load_module')

ROOT = Path(__file__).parent.parent
README = ROOT / 'README.md'
DOOR = re.compile(r'\bexperiments/\w+\.py')
DOCUMENTS = (README, *sorted((ROOT / 'docs').glob('*.md')))


def blocks(language, document=README):
  """What stands between fences of a language."""
  fenced = re.findall(
    r'^```(\w*)\n(.*?)^```', document.read_text(), re.S | re.M
  )
  return [text for name, text in fenced if name == language]


def test_classifier_example(capsys):
  _, code, _ = blocks('python')
  model = ROOT / 'tests/models/version_1'
  assert code.count('models/demo') == 1
  images = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
  scope = {'images': images, 'labels': list('abc'), 'others': images[:2]}
  exec(code.replace('models/demo', str(model)), scope)
  assert scope['classifier'].predict(images[:2]).shape == (2,)
  assert capsys.readouterr().out.startswith("['")


def test_few_shot_example(tmp_path, monkeypatch):
  """With weights that training begins with, and seeds of its own."""
  _, _, code = blocks('python')
  architecture = {'name': 'interpolative', 'latent_size': 3, 'width': 2}
  image = {'height': 8, 'width': 8, 'channels': 1, 'invert': True}
  _, trainer = make_generator(architecture, (8, 8, 1))
  data = lx.TrainingSet(np.zeros((1, 8, 8, 1), np.uint8))
  params = trainer.params(trainer.init(jax.random.key(0), data))
  card = {'kind': 'generator', 'architecture': architecture, 'image': image}
  card |= {'training': {}, 'accuracy': []}
  monkeypatch.chdir(tmp_path)
  lx.models.save_model('models/glyphs', lx.models.Model(card, params))
  for name in 'abc':
    pixels = np.full((30, 40), 80 * 'abc'.index(name), np.uint8)
    Image.fromarray(pixels).save(f'{name}.png')
  scope = {}
  exec(code, scope)
  assert scope['new'].shape == (24, 8, 8, 1)
  np.testing.assert_allclose(scope['seeds'][1], 1 - 80 / 255, rtol=1e-6)


# The library example made small: each is there once.
SMALLER = {
  'glyphs.glyphs()  #': 'small_splits()  #',
  'filters=(32,) * 4': 'filters=(4, 4)',
  'lx.conv4(5, filters=32)': 'small(5)',
  'shuffled(128)': 'shuffled(16)',
  'range(0, 300, 10)': 'range(0, 30, 10)',
  'arange(200)': 'arange(20)',
}


def small_splits():
  """Noise to train on, and test classes that are easy to tell apart."""
  rng = np.random.default_rng(0)
  train = rng.integers(256, size=(40, 12, 12, 1), dtype=np.uint8)
  patterns = rng.integers(50, 206, size=(6, 1, 12, 12, 1))
  test = patterns + rng.integers(-50, 50, size=(6, 20, 12, 12, 1))

  def dataset(images, classes):
    labels = np.repeat(np.arange(classes), len(images) // classes)
    names = tuple(map(str, range(classes)))
    return lx.data.Dataset(images, labels.astype(np.int32), names)

  train = dataset(train, 8)
  test = dataset(test.astype(np.uint8).reshape(-1, 12, 12, 1), 6)
  return lx.data.Splits(train, test, test)


@pytest.fixture
def seen(monkeypatch):
  """The rows of each epoch, and the numbers of the meta-iterations."""
  rows, iterations = {}, []
  gather, many_steps = lx.batches.gather, lx.meta.many_steps

  def noted_gather(data, batch, epoch):
    rows.setdefault(epoch, []).extend(batch.tolist())
    return gather(data, batch, epoch)

  def noted_steps(step, n):
    def noted(key, state, source, i):
      jax.debug.callback(lambda i: iterations.extend(range(i, i + n)), i)
      return run(key, state, source, i)

    run = many_steps(step, n)
    return noted

  monkeypatch.setattr(lx.batches, 'gather', noted_gather)
  monkeypatch.setattr(lx.meta, 'many_steps', noted_steps)
  return rows, iterations


def test_library_example_trains_on_ever_new_batches_and_evaluates(seen, capsys):
  code, *_ = blocks('python')
  for text, smaller in SMALLER.items():
    assert code.count(text) == 1, text
    code = code.replace(text, smaller)
  scope = {'small_splits': small_splits, 'small': small}
  exec(compile(code, str(README), 'exec'), scope)

  rows, iterations = seen
  jax.effects_barrier()
  assert len(rows) == 2
  for epoch in rows.values():  # 40 images are two batches of 16.
    assert len(set(epoch)) == len(epoch) == 32
  assert rows[0] != rows[1]
  assert sorted(iterations) == list(range(30))

  lines = capsys.readouterr().out.splitlines()
  learned, floor = (float(line.split(' +- ')[0]) for line in lines)
  assert floor == 1.0  # By their pixels, no two of these classes are alike.
  assert learned > 0.5  # Of five ways.
  assert scope['accuracies'].shape == (20,)


def commands(document):
  """The commands of entry points, with the variables of their blocks."""
  commands = []
  for block in blocks('', document):
    text = block.replace('\\\n', ' ')
    for name, value in re.findall(r'^(\w+)="([^"]*)"', text, re.M):
      text = text.replace(f'${name}', value.replace('\n', ' '))
    lines = text.splitlines()
    commands += [line for line in lines if 'python experiments/' in line]
  return commands


def test_commands_are_found():
  doors = {door for line in commands(README) for door in DOOR.findall(line)}
  assert doors >= {'experiments/lasium.py', 'experiments/evaluate_learner.py'}


@pytest.mark.parametrize('command', commands(README))
def test_a_command_has_a_door_and_its_flags(command):
  words = shlex.split(command)
  (door,) = DOOR.findall(command)
  given = [w for w in words[words.index(door) :] if w.startswith('--')]
  of_config = [w for w in given if w.startswith('--config')]
  if of_config:
    parse_config(of_config)
  source = (ROOT / door).read_text()
  reads = "'data_dir'" in source  # Of a TFDS data set, as runs here are of.
  assert not reads or any(w.startswith('--data_dir=') for w in given)
  source += (ROOT / 'experiments/run/app.py').read_text()
  for flag in set(given) - set(of_config):
    assert f"'{flag[2:].partition('=')[0]}'" in source, flag


def parse_config(arguments):
  """Parses flags as the doors do; a field that is not there is an error."""
  values = flags.FlagValues()
  config_flags.DEFINE_config_file('config', None, '', flag_values=values)
  argv = ['a door', *arguments]
  with mock.patch('sys.argv', argv):  # Where ml_collections looks for fields.
    values(argv)
  return values.config


RUNS = (
  *('recognizer/emnist.py:interpolative', 'cola/cifar10.py:scola'),
  *('lasium/omniglot.py:n-vae-maml', 'lasium/omniglot.py:ro-vae-protonets'),
  'lasium/omniglot.py:supervised-protonets',
  *('cola/cifar10.py:cola', 'cola/cifar10.py:glo-unlabeled'),
  'one_shot/omniglot.py:differences-interpolative',
  'lasium/omniglot.py:clustered-protonets',
  *('lasium/omniglot.py:ro-msgan-maml', 'lasium/folder.py:umtra-protonets'),
  *(
    'interpolative/emnist.py:interpolative',
    'interpolative/emnist.py:autoencoder',
  ),
)


@pytest.fixture(scope='module')
def known():
  """The fields of several configs, and their sections."""
  names = set()
  for run in RUNS:
    config = parse_config([f'--config={ROOT}/configs/{run}'])
    fields = flatten(config.to_dict())
    parents = {field.rpartition('.')[0] for field in fields} - {''}
    names |= {*fields, *parents}
  return names


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: path.name)
def test_fields_that_a_document_names_are_there(document, known):
  text = document.read_text()
  for file in ('config', 'data', 'anchors'):  # A run's, not sections.
    text = text.replace(f'{file}.json', '')
  named = set(re.findall(r'config\.([a-z_]+(?:\.[a-z_]+)*)', text))
  sections = {field for field in known if '.' not in field}
  for section, name in re.findall(r'`([a-z_]+)\.([a-z_]+)', text):
    # `latents.noise` is a function of the library.
    if section in sections and not hasattr(getattr(lx, section, 0), name):
      named.add(f'{section}.{name}')
  assert named - known == set()


PLACES = '(?:lasium_jax|experiments|configs|tests|docs|benchmarks|results)'


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_are_there(document):
  named = re.findall(rf'(?<![\w./-]){PLACES}/[\w./-]*\w', document.read_text())
  assert [path for path in named if not (ROOT / path).exists()] == []
