"""What the README and the other documents say can be done, as it stands there."""

import importlib
import re
import shlex
from pathlib import Path

import jax
import numpy as np
import pytest

import lasium_jax as lx
from experiments.run.config import flatten

ROOT = Path(__file__).parent.parent
README = ROOT / 'README.md'
DOCUMENTS = (README, *sorted((ROOT / 'docs').glob('*.md')))


def blocks(language, document=README):
  """What stands between fences of a language."""
  return re.findall(rf'^```{language}\n(.*?)^```', document.read_text(), re.S | re.M)


def test_classifier_example(capsys):
  _, code = blocks('python')
  model = ROOT / 'tests/models/version_1'
  assert code.count('models/demo') == 1
  images = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
  scope = {'images': images, 'labels': list('abc'), 'others': images[:2]}
  exec(code.replace('models/demo', str(model)), scope)
  assert scope['classifier'].predict(images[:2]).shape == (2,)
  assert capsys.readouterr().out.startswith("['")


# The library example made small: each is there once.
SMALLER = {
  'glyphs()  #': 'small_splits()  #',
  'filters=(32,) * 4': 'filters=(4, 4)',
  'filters=32': 'filters=4',
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
    labels = np.repeat(np.arange(classes, dtype=np.int32), len(images) // classes)
    return lx.data.Dataset(images, labels, tuple(map(str, range(classes))))

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
  code, _ = blocks('python')
  for text, smaller in SMALLER.items():
    assert code.count(text) == 1, text
    code = code.replace(text, smaller)
  scope = {'small_splits': small_splits}
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
  assert 0.3 < learned < 1.0  # Of five ways; a mean over real tasks.
  assert scope['accuracies'].shape == (20,)


def commands(document):
  """Each command of an entry point, with the variables of its block."""
  for block in blocks('', document):
    text = block.replace('\\\n', ' ')
    variables = dict(re.findall(r'^(\w+)="([^"]*)"', text, re.M))
    for line in text.splitlines():
      for name, value in variables.items():
        line = line.replace(f'${name}', value.replace('\n', ' '))
      if 'experiments/' in line and not line.startswith('#'):
        yield line
