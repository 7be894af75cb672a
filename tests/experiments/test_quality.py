"""Quality and known interpolants, where the model is mixtures of pixels."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import whole_program
from whole_program import config_of, random_splits

from experiments.components.factors import factors
from experiments.pages.interpolants import known_interpolants as section
from experiments.pages.left_out import left_out
from experiments.pages.workdir import read_workdir
from experiments.run import record, streams
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import open_run
from experiments.stages import (
  distances,
  known_interpolants,
  quality,
  reconstruction,
  seeds,
)
from experiments.systems import features, interpolative
from lasium_jax import metrics, models
from lasium_jax.data.dataset import Dataset
from lasium_jax.metrics import PIXELS
from lasium_jax.models.build import make_classifier
from lasium_jax.types import Classified, Generator, TrainingSet

GLYPHS = 'interpolative/glyphs.py:interpolative'
STILL = {
  'rotation': 0.0,
  'translation': 0.0,
  'scale': 1.0,
  'slant': 0.0,
  'thickness': 0.0,
}
FLAT = distances.Embedding(
  'pixels as they are',
  lambda params, x: Classified(x, params * x.reshape(len(x), -1)),
  2.0,
)


@pytest.fixture
def run(tmp_path):
  config = config_of(GLYPHS)
  for name in ('data', 'held_out_data', 'evaluation_data'):
    config[name].size = 8
  settings = settings_of(config, interpolative.system())
  files = record.open_record(tmp_path / 'run', settings)
  return open_run(settings, files, random_splits(8))


def pixels_of(images):
  return images.reshape(len(images), -1) / 255


def by_name(results):
  return {(r.name, r.metric): r.value for r in results}


def test_seeds_and_real_images_are_apart(key):
  """Pixels tell which image it is; a class of three has one pair."""
  labels = np.repeat(np.arange(3, dtype=np.int32), (3, 8, 5))
  images = np.arange(16, dtype=np.uint8).reshape(16, 1, 1, 1)
  dataset = Dataset(images, labels, ('a', 'b', 'c'))
  pairs = seeds.draw(key, dataset, 100, 'uniform')
  first, second, real, alike = (
    x.ravel() for x in (pairs.first, pairs.second, pairs.real, pairs.alike)
  )
  assert len(first) == len(second) == len(real) == 1 + 4 + 2
  assert (labels[first] == labels[second]).all() and (first != second).all()
  assert set(real.tolist()) == {1, 4, 6, 8, 10, 12, 14}
  for chosen in (first, second, alike):
    assert not set(chosen.tolist()) & set(real.tolist())
  assert 0 <= pairs.alpha.min() < 0.5 < pairs.alpha.max() <= 1
  halves = seeds.draw(key, dataset, 4, 'half')
  assert halves.alpha.tolist() == [0.5] * 4 and len(halves.real) == 4


def test_classes_have_the_same_shares_in_every_set(key):
  """Or a distance between sets would be one between their classes."""
  counts = np.array([1, 20, 40, 1000, 2])  # The first and last have no pair.
  labels = np.repeat(np.arange(5, dtype=np.int32), counts)
  images = np.broadcast_to(
    labels.astype(np.uint8)[:, None, None, None], (1063, 1, 1, 1)
  )
  pairs = seeds.draw(key, Dataset(images, labels, tuple('abcde')), 300, 'half')
  shares = 300 * counts[1:4] / counts[1:4].sum()
  for part in (pairs.first, pairs.second, pairs.alike, pairs.real):
    drawn = np.bincount(part.ravel(), minlength=5)
    assert drawn[0] == drawn[4] == 0
    np.testing.assert_allclose(drawn[1:4], shares, atol=1)


def test_quality_by_hand(key, run):
  results = quality.measure(
    run, PIXELS, (), FLAT, 'random', steps=7, images=20, subsets=3
  )
  values = by_name(results)
  stream = streams.stream(run.seed, streams.QUALITY)
  pair_key = jax.random.split(stream)[0]
  pairs = seeds.draw(pair_key, run.splits.test, 20, 'half')
  # A half of a byte may have been rounded either way.
  mixed = (pairs.first.astype(float) + pairs.second) / 2
  made, real = 2 * pixels_of(mixed), 2 * pixels_of(pairs.real)
  name = run.name, f'Fréchet distance {distances.IN_FEATURES}'
  expected = metrics.frechet_distance(made, real)
  assert values[name] == pytest.approx(expected, rel=0.02)
  floor = metrics.frechet_distance(2 * pixels_of(pairs.alike), real)
  assert values['real', name[1]] == pytest.approx(floor, rel=1e-3)
  precision = run.name, f'precision {distances.IN_FEATURES}'
  assert values[precision] == metrics.prdc(real, made).precision
  # The model mixes pixels here, so that it is the baseline.
  for (of, metric), value in values.items():
    if of == run.name and metric != quality.CYCLE:
      assert values['pixels', metric] == value
  assert values[run.name, quality.CYCLE] == 0
  both = pixels_of(np.concatenate([pairs.first, pairs.second]))
  for_all = pixels_of(mixed)[:, None] - both[None]
  nearest = 255 * np.sqrt(np.square(for_all).mean(-1)).min(1)
  seed = run.name, distances.TO_SEED
  assert values[seed] == pytest.approx(nearest.mean(), rel=0.02)
  assert {r.floor for r in results if r.name == run.name} == {False}
  assert {r.steps for r in results if r.floor} == {0}
  assert {r.n for r in results} == {20}
  assert len(results) == 1 + 2 * 3 + 7 * 3


def test_nothing_is_called_fid(run):
  results = quality.measure(run, PIXELS, (), FLAT, 'random', steps=7, images=9)
  assert not [r for r in results if 'fid' in f'{r.metric} {r.name}'.lower()]
  named = [r for r in results if 'distance' in r.metric]
  assert len(named) == 9
  assert all(distances.IN_FEATURES in r.metric for r in named)
  assert all(r.protocol['features'] == FLAT.name for r in named)


def test_copies_of_training_images_show(run):
  """A generator that knows nothing but one training image."""
  one = jnp.asarray(run.splits.train.images[5:6] / 255, jnp.float32)
  thief = Generator(
    decode=lambda params, z: jnp.repeat(one, len(z), 0),
    encode=lambda params, x: x.reshape(len(x), -1),
  )
  results = quality.measure(run, thief, (), None, 'random', steps=1, images=9)
  values = by_name(results)
  assert values[run.name, distances.TO_TRAINING] < 1e-3
  assert values['real', distances.TO_TRAINING] > 10
  assert len(results) == 1 + 2 * 3  # Without features.


def moved(images, by):
  """Sideways by whole pixels, 0 coming in."""
  out = np.zeros_like(images)
  if by > 0:
    out[:, :, by:] = images[:, :, :-by]
  else:
    out[:, :, :by] = images[:, :, -by:]
  return out


def test_known_interpolants_by_hand(run):
  """Of 8 pixels a quarter is two: from two to the right to two to the left."""
  results = known_interpolants.measure(
    *(run, PIXELS, (), 'random'),
    steps=7,
    images=30,
    parts=2,
    gaps=2,
    **STILL | {'translation': 0.25},
  )
  x = run.splits.test.images[np.arange(30) * 64 // 30].astype(float)

  def error(by):
    return np.abs((moved(x, by) + moved(x, -by)) / 2 - x).mean((1, 2, 3))

  values = {(r.name, r.protocol['factor']): r for r in results}
  of_two, _ = metrics.mean_and_ci95(error(2))
  for name in (run.name, 'pixels'):
    assert values[name, 'translation'].value == pytest.approx(of_two, rel=1e-4)
    for factor in ('rotation', 'scale', 'slant', 'thickness'):
      assert values[name, factor].value == pytest.approx(0, abs=1e-3)
  curves = json.loads((run.files.workdir / 'interpolants.json').read_text())
  curve = curves['translation']['by'][run.name]
  assert curve['weight']['at'] == [0, 0.5, 1]
  np.testing.assert_allclose(curve['weight']['mean'], [0, of_two, 0], atol=1e-3)
  assert curve['gap']['at'] == [0.5, 1]
  expected = [error(by).mean() for by in (1, 2)]
  np.testing.assert_allclose(curve['gap']['mean'], expected, rtol=1e-4)
  page = section(read_workdir(run.files.workdir))
  assert page.count('<svg') == 2 * 6
  assert 'to 0.25 of a side' in page and '>pixels</text>' in page


# Its codes are squares of the pixels: what it mixes is brighter than a mean.
SQUARES = Generator(
  decode=lambda params, z: jnp.sqrt(z),
  encode=lambda params, x: jnp.square(x),
)


def test_an_uneven_weight_by_hand(run):
  """Of strokes that grow from nothing to two pixels a quarter is a half.

  A dot that has grown by r has `clip(r + 1 - d, 0, 1)` of ink at the distance
  d.
  """
  dot = np.zeros((8, 8, 8, 1), np.uint8)
  dot[:, 4, 3] = 255
  test = Dataset(dot, np.arange(8, dtype=np.int32), tuple('abcdefgh'))
  run = run._replace(splits=run.splits._replace(test=test))
  results = known_interpolants.measure(
    *(run, SQUARES, (), 'dots'),
    steps=7,
    parts=4,
    gaps=2,
    **STILL | {'thickness': 2.0},
  )
  rows, columns = np.indices((8, 8))
  distance = np.hypot(rows - 4, columns - 3)

  def grown(radius):
    return np.clip(radius + 1 - distance, 0, 1)

  def errors(alpha, thick, thin):
    """Of the model, and of mixed pixels."""
    a, b = grown(thick), grown(thin)
    known = grown(alpha * thick + (1 - alpha) * thin)
    squares = np.sqrt(alpha * a**2 + (1 - alpha) * b**2)
    pixels = alpha * a + (1 - alpha) * b
    return [255 * np.abs(made - known).mean() for made in (squares, pixels)]

  curves = json.loads((run.files.workdir / 'interpolants.json').read_text())
  weights = [errors(alpha, 2, 0) for alpha in (0, 0.25, 0.5, 0.75, 1)]
  # By the larger share of the thin dot it is not as by that of the thick one.
  assert abs(weights[1][0] - weights[3][0]) > 1
  gaps = [errors(0.5, 1.5, 0.5), errors(0.5, 2, 0)]
  found = {r.name: r.value for r in results if r.protocol['factor'][:2] == 'th'}
  for i, name in enumerate((run.name, 'pixels')):
    curve = curves['thickness']['by'][name]
    assert curve['weight']['at'] == [0, 0.25, 0.5, 0.75, 1]
    expected = [own[i] for own in weights]
    np.testing.assert_allclose(curve['weight']['mean'], expected, atol=1e-3)
    between = np.mean(expected[1:-1])
    assert found[name] == pytest.approx(between, rel=1e-4)
    expected = [own[i] for own in gaps]
    np.testing.assert_allclose(curve['gap']['mean'], expected, atol=1e-3)


RANGES = {
  'rotation': 30.0,
  'translation': 0.2,
  'scale': 4.0,
  'slanted': 0.5,
  'thickness': 3.0,
}


def test_ends_are_as_far_apart_as_the_share(key):
  made = factors(**RANGES)

  def ends(name, share):
    return made[name].ends(key, 2, share)

  first, second = ends('rotation', 0.5)
  np.testing.assert_allclose(first.rotation, np.pi / 12, rtol=1e-6)
  np.testing.assert_allclose(second.rotation, -np.pi / 12, rtol=1e-6)
  assert (first.scale == 1).all() and (first.translation == 0).all()
  first, second = ends('scale', 0.5)
  np.testing.assert_allclose(first.scale, 2, rtol=1e-6)
  np.testing.assert_allclose(second.scale, 0.5, rtol=1e-6)
  first, second = ends('translation', 1.0)
  np.testing.assert_allclose(first.translation, [[0, 0.2]] * 2, rtol=1e-6)
  first, second = ends('slant', 1.0)
  np.testing.assert_allclose(first - second, 1, rtol=1e-6)
  first, second = ends('thickness', 1.0)
  assert (first.tolist(), second.tolist()) == ([3, 3], [0, 0])
  first, second = ends('affine', 0.1)
  assert abs(first.rotation).max() <= np.pi / 60
  assert (first.rotation != second.rotation).all()
  assert abs(first.translation).max() <= 0.02
  assert abs(np.log(first.scale)).max() <= 0.1 * np.log(4) + 1e-6


def test_inverted_images():
  dataset = random_splits(8).test
  judged = reconstruction.Judged(dataset, 'random', {'split': 'test'})
  other = reconstruction.inverted(judged)
  assert (judged.images.images.astype(int) + other.images.images == 255).all()
  assert other.protocol == {'split': 'test', 'inverted': True}
  assert other.name == 'random' and judged.protocol == {'split': 'test'}


def test_the_page_says_what_was_left_out(tmp_path):
  for recognizer, said in (('', 'names no recognizer'), ('runs/a', '')):
    content = json.dumps({'quality': {'recognizer': recognizer}})
    (tmp_path / 'config.json').write_text(content)
    page = left_out(read_workdir(tmp_path))
    assert bool(said) == bool(page) and said in page


def settings_with(**fields):
  return whole_program.settings_with(interpolative.system(), GLYPHS, **fields)


def exported(folder, shape=(28, 28, 1), **training):
  """The model of an untrained classifier."""
  network = {'name': 'resnet20', 'width': 1}
  _, trainer = make_classifier(network, 3, shape, optax.identity())
  data = TrainingSet(jnp.zeros((1, *shape), jnp.uint8))
  params = trainer.params(trainer.init(jax.random.key(0), data))
  height, width, channels = shape
  image = {'height': height, 'width': width, 'channels': channels}
  card = {
    'kind': 'classifier',
    'architecture': {'network': network, 'classes': 3},
    'image': {**image, 'invert': True},
    'training': training,
    'accuracy': [],
  }
  return models.save_model(folder, models.Model(card, params))


def test_an_exported_recognizer_is_taken(tmp_path):
  assert features.embedding_of(settings_with()) is None
  folder = exported(tmp_path / 'model', data={'name': 'glyphs'})
  found = features.embedding_of(settings_with(quality__recognizer=str(folder)))
  assert found.name == 'resnet20 of glyphs'
  said = jax.jit(found.classify)(found.params, jnp.zeros((2, 28, 28, 1)))
  assert said.features.shape == (2, 4)


@pytest.mark.parametrize('training', [{}, {'data': 'mine'}, {'data': {}}])
def test_one_of_unknown_data_may_have_seen_all(tmp_path, training):
  """Cards of experiments/small_sample.py have the name of a folder."""
  folder = exported(tmp_path / 'model', **training)
  settings = settings_with(quality__recognizer=str(folder))
  found = features.embedding_of(settings)
  assert found.name == 'resnet20 of unknown data' and found.data == {}
  said = "model', which was trained on unknown data: it may have seen"
  with pytest.raises(BadConfig, match=said):
    features.check_unseen(settings)


def test_recognizers_that_cannot_be_used(tmp_path):
  absent = settings_with(quality__recognizer=str(tmp_path / 'absent'))
  with pytest.raises(ValueError, match='is not a run'):
    features.embedding_of(absent)
  folder = exported(tmp_path / 'small', (12, 12, 1))
  with pytest.raises(ValueError, match=r'\(12, 12, 1\).*\(28, 28, 1\)'):
    features.embedding_of(settings_with(quality__recognizer=str(folder)))


def test_too_few_images_are_refused_before_training():
  dataset = random_splits(8).test  # 8 of each of 8 classes.
  given = {'images': 99, 'neighbors': 3, 'density_neighbors': 31}
  seeds.check_images(dataset, **given, recognizer='a')
  given['density_neighbors'] = 32
  seeds.check_images(dataset, **given, recognizer='')
  with pytest.raises(ValueError, match='32 neighbors among 32 images'):
    seeds.check_images(dataset, **given, recognizer='a')
  pairs = Dataset(dataset.images[:4], np.array([0, 0, 1, 1]), ('a', 'b'))
  with pytest.raises(ValueError, match=r'No class .* has three images'):
    seeds.check_images(pairs, **given, recognizer='')
