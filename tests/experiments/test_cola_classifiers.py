"""Three classifiers of one sample: what they see, and what scores must be.

By the functions of runs, with networks that compile in no time.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from whole_program import config_of

from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.results import ON_MADE, SCORE
from experiments.run.run import open_run
from experiments.stages import class_quality
from experiments.systems import cola
from experiments.systems import small_sample_classifiers as classifiers
from lasium_jax import embeddings
from lasium_jax.data import Splits
from lasium_jax.data.dataset import Dataset
from lasium_jax.types import Classified, Generator, Trainer

CLASSES, SIDE = 4, 4
STEPS, BATCH = 30, 16


def opened(workdir, train, test, **fields):
  """The run of such images, and its settings."""
  config = config_of('cola/glyphs.py:scola')
  fields = {
    'data.size': SIDE,
    'seeds': 1,
    'training.steps': STEPS,
    'training.batch_size': BATCH,
    **fields,
  }
  config.update_from_flattened_dict(fields)
  settings = settings_of(config, cola.system())
  files = record.open_record(workdir, settings)
  return open_run(settings, files, Splits(train, train, test)), settings


def named(images, labels):
  names = tuple(f'class {i}' for i in range(CLASSES))
  return Dataset(images, labels.astype(np.int32), names)


def templates():
  """A pattern a class, none with a pixel of another: `[K, H, W, 1]`."""
  pixels = np.arange(SIDE * SIDE) % CLASSES == np.arange(CLASSES)[:, None]
  return pixels.reshape(CLASSES, SIDE, SIDE, 1).astype(np.float32)


def drawing_of(shown):
  """A generator that draws of class y the template `shown[y]`."""
  return Generator(
    decode=lambda params, z: params[z[:, 0].astype(jnp.int32)],
    sample_class=lambda key, params, y: jnp.asarray(shown, jnp.float32)[y][
      :, None
    ],
  )


def copies(each, light):
  """Templates, each image of them as light as its place says."""
  labels = np.repeat(np.arange(CLASSES), each)
  lights = np.tile(np.linspace(light, 1, each), CLASSES)
  images = templates()[labels] * lights[:, None, None, None]
  return named(np.rint(255 * images).astype(np.uint8), labels)


class Linear(nn.Module):
  """Begins at zero, so that what it never saw it says nothing of."""

  @nn.compact
  def __call__(self, x, train):
    x = x.reshape(len(x), -1)
    return nn.Dense(CLASSES, kernel_init=nn.initializers.zeros)(x), x


SCORES = {
  # What is drawn of each class, the score, and that of CAS-Test.
  'copies': (range(CLASSES), 1, 1),
  'one class': ([2] * CLASSES, 1 / CLASSES, 1 / CLASSES),
  'other classes': ([1, 2, 3, 0], 0, 0),
  'two are exchanged': ([1, 0, 2, 3], 1 / 2, 1 / 2),
}


@pytest.mark.parametrize(
  ('name', 'made'), [*((name, 0) for name in SCORES), ('copies', 3)]
)
def test_scores_of_generators_that_are_known(tmp_path, monkeypatch, name, made):
  """A linear classifier of templates without common pixels makes no error."""
  shown, score, on_made = SCORES[name]
  monkeypatch.setattr(
    classifiers,
    'classifier_of',
    lambda settings, classes, optimizer: embeddings.supervised(
      Linear(), (SIDE, SIDE, 1), optimizer
    ),
  )
  run, settings = opened(
    tmp_path / 'run', copies(2, 0.8), copies(10, 0.5), **{'batches.made': made}
  )
  model, params = drawing_of(list(shown)), jnp.asarray(templates())
  (drawn,) = class_quality.made(
    *(run, model, params, CLASSES), images=8 * CLASSES
  )
  results = classifiers.train_all(
    run,
    settings,
    classifiers.Drawing(model, params, drawn),
    optax.sgd(0.5),
    augment=None,
    told={},
  )
  found = {(r.name, r.metric): r for r in results}
  assert found['real', 'accuracy'].value == 1
  assert found[run.name, SCORE].value == pytest.approx(score)
  assert found[run.name, ON_MADE].value == pytest.approx(on_made)
  assert found[run.name, SCORE].n == 10 * CLASSES
  assert found[run.name, ON_MADE].n == 8 * CLASSES
  if name == 'copies':
    assert found[run.name, 'accuracy'].value == 1
  told = {k: r.protocol.get('made images a class') for k, r in found.items()}
  assert told[run.name, SCORE] == told[run.name, 'accuracy'] == (made or None)
  assert told['real', 'accuracy'] is told[run.name, ON_MADE] is None


def writing():
  """A trainer that writes down its first weights, and all that it is shown."""

  def init(key, data):
    return {
      'weights': jax.random.normal(key, (5,)),
      'step': jnp.int32(0),
      'shown': jnp.zeros((STEPS, BATCH)),
      'rows': jnp.zeros((STEPS, BATCH), jnp.int32),
      'y': jnp.zeros((STEPS, BATCH), jnp.int32),
    }

  def update(key, state, batch):
    now = {'shown': batch.x[:, 0, 0, 0], 'rows': batch.rows, 'y': batch.y}
    step = state['step']
    lists = {k: state[k].at[step].set(v) for k, v in now.items()}
    return {**state, **lists, 'step': step + 1}, {'loss': jnp.float32(0)}

  trainer = Trainer(init=init, updates=(update,), params=lambda state: state)
  return lambda params, x: Classified(x[:, 0, 0], x), trainer


def test_three_begin_alike_and_meet_the_same_real_images(tmp_path, monkeypatch):
  """Half a batch of both is the second half of the batch of real images."""
  monkeypatch.setattr(classifiers, 'classifier_of', lambda *_: writing())
  diaries = {}

  def keep(run, classifying, params, steps):
    diaries.setdefault(classifying.part, params)
    return []

  monkeypatch.setattr(classifiers.classifier, 'results_of', keep)
  labels = np.repeat(np.arange(CLASSES), 3)
  gray = np.arange(1, 13, dtype=np.uint8) * 10
  images = np.broadcast_to(gray[:, None, None, None], (12, SIDE, SIDE, 1))
  train = named(np.ascontiguousarray(images), labels)
  run, settings = opened(tmp_path / 'run', train, train, **{'seeds': 2})
  black = Generator(
    decode=lambda params, z: jnp.zeros((len(z), SIDE, SIDE, 1)),
    sample_class=lambda key, params, y: y[:, None],
  )
  drawing = classifiers.Drawing(black, jnp.zeros(()), train)
  classifiers.train_all(
    run, settings, drawing, optax.sgd(0.1), augment=None, told={}
  )
  assert set(diaries) == {'mixed', 'real', 'made'}
  half = BATCH // 2
  for mixed, real, made in zip(*(diaries[p] for p in diaries), strict=True):
    for other in (mixed, made):
      np.testing.assert_array_equal(other['weights'], real['weights'])
      assert other['step'] == STEPS
    # All that the one of real images saw was real, with its own label.
    np.testing.assert_allclose(real['shown'], gray[real['rows']] / 255)
    np.testing.assert_array_equal(real['y'], labels[real['rows']])
    for what in ('shown', 'rows', 'y'):
      np.testing.assert_array_equal(mixed[what][:, half:], real[what][:, half:])
    assert (mixed['shown'][:, :half] == 0).all()
    assert (made['shown'] == 0).all() and (made['rows'] == -1).all()
    assert set(np.ravel(real['rows']).tolist()) == set(range(12))
  one, two = diaries['real']
  assert (one['weights'] != two['weights']).all()
  assert (one['rows'] != two['rows']).any()
