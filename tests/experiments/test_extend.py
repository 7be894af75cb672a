"""One of each is added from outside: what it costs is what stands here.

Each toy is a function, and a row of a table. No file of the project is
changed, and the run that has all of them is trained, judged, shown on a page
and exported by the project's own code.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import random_splits, results, shrink

from configs.parts import lasium as lasium_config
from configs.parts import recognizer as recognizer_config
from configs.parts.sections import named
from experiments.components.batches import BATCHES
from experiments.components.data import DATA
from experiments.components.floors import FLOORS, Floor
from experiments.components.latents import SAMPLERS
from experiments.components.tasks import TASKS
from experiments.pages import report
from experiments.run import loop, record
from experiments.run.app import settings_of
from experiments.run.run import open_run
from experiments.stages import classifier
from experiments.systems import lasium, recognizer
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.models.build import GENERATORS, LEARNERS
from lasium_jax.settings import Count, Part, Share, Whole
from lasium_jax.tasks.examples import split_task
from lasium_jax.types import Examples, Generator, Learner, Trainer

FILE = 'configs/toy.py'


def toy_generator(shape, *, latent_size: Count = 3):
  """One matrix, and a latent for each image of the training set (as in GLO)."""
  size = int(np.prod(shape))

  def init(key, data):
    table = jnp.zeros((len(data.images), latent_size))
    return 0.1 * jax.random.normal(key, (latent_size, size)), table

  def update(key, state, batch):
    matrix, table = state
    error = matrix.mean(0) - batch.x.reshape(len(batch.x), -1).mean(0)
    table = table.at[batch.rows].add(1.0)
    state = matrix - 0.5 * error[None], table
    return state, {'error': jnp.abs(error).mean()}

  def decode(params, z):
    return jax.nn.sigmoid(z @ params).reshape(len(z), *shape)

  def sample(key, params, n):
    return jax.random.normal(key, (n, latent_size))

  return Generator(decode, sample), Trainer(init, (update,), lambda s: s[0])


def toy_sampler(*, stretch: Share = 0.5):
  return lambda key, source, anchors, omega: anchors.z * (1 + stretch * omega)


def toy_learner(network, ways, *, temperature: Share = 1.0, padded=False):
  """The nearest class mean by the network's features."""

  def adapt(key, params, support: Examples):
    features, _ = network.apply(params, support.x)
    members = jax.nn.one_hot(support.y, ways, axis=0)
    return params, members @ features / members.sum(1, keepdims=True)

  def predict(adapted, x, mask=None):
    params, means = adapted
    features, _ = network.apply(params, x)
    return -temperature * jnp.abs(features[:, None] - means[None]).sum(-1)

  return Learner(network.init, adapt, predict)


def toy_tasks(
  augment, *, ways: Count = 5, shots: Count = 1, queries: Count = 2
):
  """The first image of each class, over and over."""

  def task(key, source):
    x = source.images[source.starts[:ways]] / jnp.float32(255)
    return split_task(
      key, jnp.repeat(x[:, None], shots + queries, axis=1), shots, augment
    )

  return task


def toy_floor(ways, *, favorite: Whole = 0):
  """Says one class of everything."""

  def predict(adapted, x, mask=None):
    return jnp.zeros((len(x), ways)).at[:, favorite].set(1.0)

  return Learner(lambda key, x: (), lambda key, p, s: (), predict)


def toy_data(
  places, *, size: Count = 16, channels: Count = 1, invert: bool = True
):
  return random_splits(size)


def toy_batches(augment, *, darker: Share = 0.5):
  return lambda key, source, batch: batch._replace(x=darker * batch.x)


@pytest.fixture(autouse=True)
def rows(monkeypatch):
  """One row a toy; a learner's and a generator's serve export too."""
  for table, part in (
    (GENERATORS, Part(toy_generator)),
    (SAMPLERS, Part(toy_sampler)),
    (LEARNERS, Part(toy_learner, given=('ways', 'padded'))),
    (TASKS, Part(toy_tasks, reads='labels')),
    (FLOORS, Floor(Part(toy_floor), 'always the same')),
    (DATA, Part(toy_data)),
    (BATCHES, Part(toy_batches)),
  ):
    monkeypatch.setitem(table, 'toy', part)


def opened(system, config, workdir):
  config.update_from_flattened_dict(shrink(config))
  settings = settings_of(config, system)
  parts = system.build(settings)
  files = record.open_record(workdir, settings)
  files.keep_config(settings)
  run = open_run(settings, files, system.read(settings, None))
  return run, parts


def toy_stage(run):
  """A stage brings its title, its units and its steps."""

  def advance(state, first, n):
    return state + n, {'counted': state + n}

  return loop.Stage(
    'count',
    3,
    1,
    lambda: jnp.zeros(()),
    advance,
    title='Counting',
    units={'counted': 'sheep'},
  )


def toy_section(workdir):
  """A page's section is a function of what the run has left."""
  counted = [m['counted'] for m in workdir.metrics if 'counted' in m]
  return f'<p>{max(counted):.0f} sheep were counted.</p>'


def work(run, parts):
  """A system is stages in plain Python, and sections of a page."""
  lasium.work(run, parts)
  loop.run(toy_stage(run), run.files, checkpoint_seconds=0)
  sections = {**lasium.PAGE, 'Sheep': toy_section}
  report.write_report(run.files.workdir, sections)


def test_a_run_of_toys_alone(tmp_path):
  system = lasium.system(work)
  config = lasium_config.get_config(FILE, 'toy-toy-toy', named(DATA, 'toy'))
  config.floors.toy.judge = True
  config.floors.toy.favorite = 2
  run, parts = opened(system, config, tmp_path / 'run')
  system.work(run, parts)

  entries = results(tmp_path / 'run')
  assert [entry['name'] for entry in entries] == ['toy-toy-toy', 'toy']
  assert entries[1]['value'] == pytest.approx(0.2)
  assert entries[1]['note'] == 'always the same'
  page = (tmp_path / 'run/report.html').read_text()
  for words in ('Counting', 'sheep', '3 sheep were counted', 'toy-toy-toy'):
    assert words in page
  assert 'stretch' in page and 'temperature' in page

  for kind in ('learner', 'generator'):
    folder = export(tmp_path / 'run', tmp_path / kind, kind)
    model = models.load_model(folder)
    assert model.card['kind'] == kind
  learner = models.learner(models.load_model(tmp_path / 'learner').card)
  assert learner.predict is not None
  card = json.loads((tmp_path / 'generator/card.json').read_text())
  assert card['architecture'] == {'name': 'toy', 'latent_size': 4}


def test_a_toy_of_bad_settings_is_refused_by_name():
  config = lasium_config.get_config(FILE, 'toy-toy-toy', named(DATA, 'toy'))
  config.latents.stretch = 2.0
  with pytest.raises(ValueError, match=r'config\.latents\.stretch is 2\.0'):
    lasium.build(settings_of(config, lasium.system()))


def test_tasks_without_a_generator_are_named_by_the_run(tmp_path):
  config = lasium_config.get_config(FILE, 'toy-toy', named(DATA, 'toy'))
  assert 'generator' not in config
  run, parts = opened(lasium.system(), config, tmp_path / 'run')
  params = lasium.meta_train(run, parts, None)
  assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(params))


def test_a_batch_function_reaches_a_classifiers_trainer(tmp_path, monkeypatch):
  """Of images that it darkens the classifier sees the dark ones alone."""
  config = recognizer_config.get_config(
    FILE, 'resnet20', named(DATA, 'toy'), steps=1
  )
  config.batches = named(BATCHES, 'toy', darker=0.0)
  config.held_out.drawings, config.training.batch_size = 2, 8
  config.classifier.width = 2
  seen = []

  def spying(parts, classes):
    def update(key, state, batch):
      jax.debug.callback(lambda x: seen.append(float(x)), batch.x.max())
      return state, {'loss': batch.x.max()}

    trainer = Trainer(lambda key, data: jnp.zeros(1), (update,), lambda s: s)
    return lambda params, x: None, trainer

  monkeypatch.setattr(recognizer, 'classifier_of', spying)
  monkeypatch.setattr(classifier, 'results_of', lambda *a: [])
  run, parts = opened(recognizer.system(), config, tmp_path / 'run')
  recognizer.work(run, parts)
  jax.effects_barrier()
  assert seen == [0.0]
