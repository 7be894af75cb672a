"""Measures of new images of a class, of models that a hand can follow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import config_of, random_splits

from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import open_run
from experiments.stages import distances, new_images, seeds
from experiments.systems import interpolative
from experiments.systems.interpolative_stages import measured
from lasium_jax import metrics
from lasium_jax.data.dataset import Dataset
from lasium_jax.types import Classified, Generator

SIZE = 6
# The new image is the first seed, its gray times the parameters.
FIRST = Generator(
  decode=lambda params, z: params * z.reshape(-1, SIZE, SIZE, 1),
  sample_like=lambda key, params, x, n: jnp.repeat(x[:1], n, 0).reshape(n, -1),
)
SETTINGS = {
  'steps': 7,
  'seeds': 3,
  'images': 24,
  'neighbors': 3,
  'density_neighbors': 5,
  'subsets': 3,
  'subset_size': 9,
}
EMNIST = {'name': 'tfds_images', 'dataset': 'emnist/bymerge'}


def reader(digits):
  """It reads dark images as the class 1, others as the class 4."""

  def classify(params, x):
    light = x.mean((1, 2, 3))[:, None] > params
    of_dark, of_light = jnp.eye(5)[1], jnp.eye(5)[4]
    logits = jnp.where(light, of_light, of_dark)
    return Classified(logits, x.reshape(len(x), -1))

  data = {**EMNIST, 'first_class': 10 - digits}
  return distances.Embedding('by light', classify, 0.25, data=data)


@pytest.fixture
def run(tmp_path):
  config = config_of('interpolative/glyphs.py:dagan')
  for name in ('data', 'held_out_data', 'evaluation_data'):
    config[name].size = SIZE
  settings = settings_of(config, interpolative.system())
  files = record.open_record(tmp_path / 'run', settings)
  return open_run(settings, files, random_splits(SIZE))


def measure(run, model, params, embedding, **changes):
  given = SETTINGS | changes
  found = new_images.measure(run, model, params, embedding, 'random', **given)
  return {(r.name, r.metric): r for r in found}


def test_groups_are_of_one_class_and_apart_from_real_images(key):
  """Pixels tell which image it is; a class of four has no three seeds."""
  counts = [4, 5, 20, 1]
  labels = np.repeat(np.arange(4, dtype=np.int32), counts)
  images = np.arange(30, dtype=np.uint8).reshape(30, 1, 1, 1)
  dataset = Dataset(images, labels, tuple('abcd'))
  groups = seeds.draw_groups(key, dataset, 100, 3)
  rows, alike, real = (x.squeeze((-3, -2, -1)) for x in groups)
  assert rows.shape == (12, 3) and alike.shape == real.shape == (12,)
  assert all(len(set(group)) == 3 for group in rows.tolist())
  assert (labels[rows] == labels[rows][:, :1]).all()
  assert not {*rows.ravel().tolist(), *alike.tolist()} & {*real.tolist()}
  # Of 13 seeds the class of five has 3: its share of 12 groups is 2.8.
  assert np.bincount(labels[rows[:, 0]]).tolist() in ([0, 3, 9], [0, 2, 10])
  assert {*labels[real].tolist()} == {1, 2}


def test_copies_of_seeds_show(run):
  found = measure(run, FIRST, 1.0, None)
  assert found.keys() == {
    (name, metric)
    for name in (run.name, 'pixels', 'real')
    for metric in (distances.TO_SEED, distances.TO_TRAINING)
  }
  assert found[run.name, distances.TO_SEED].value < 1e-3
  assert found['real', distances.TO_SEED].value > 30
  assert found['pixels', distances.TO_SEED].value > 1
  own = found[run.name, distances.TO_SEED]
  assert (own.n, own.steps, own.floor) == (24, 7, False)
  assert own.protocol == {'made of': '3 seeds', 'others': 72}
  assert found['pixels', distances.TO_SEED].floor


def test_distances_in_features_by_hand(run):
  """Of a model that makes seeds half as light, by all pixels as features."""
  found = measure(run, FIRST, 0.5, reader(0))
  key = jax.random.split(
    jax.random.fold_in(jax.random.key(run.seed), 2**31 + 18), 3
  )[0]
  groups = seeds.draw_groups(key, run.splits.test, 24, 3)
  made = np.rint(groups.seeds[:, 0] / 2).reshape(24, -1) / 255
  real = groups.real.reshape(24, -1) / 255
  metric = f'Fréchet distance {distances.IN_FEATURES}'
  expected = metrics.frechet_distance(made, real)
  assert found[run.name, metric].value == pytest.approx(expected, rel=0.02)
  floor = metrics.frechet_distance(groups.alike.reshape(24, -1) / 255, real)
  assert found['real', metric].value == pytest.approx(floor, rel=1e-3)
  assert floor < found[run.name, metric].value
  # Seven measures in features and two of copies, of three sets each.
  assert len(found) == 3 * 9


@pytest.mark.parametrize(
  ('digits', 'shares'), [(2, (1, 0)), (1, (0, 0)), (5, (1, 1))]
)
def test_how_many_are_read_as_digits(run, digits, shares):
  """Real images are light, and a tenth of that is dark."""
  found = measure(run, FIRST, 0.1, reader(digits))
  own, real = (found[x, new_images.AS_DIGIT] for x in (run.name, 'real'))
  assert (own.value, real.value) == shares
  assert (own.n, own.ci95) == (24, 0)
  assert own.protocol == {'made of': '3 seeds', 'recognizer': 'by light'}


def test_what_tells_no_digits_reads_none(run):
  found = measure(run, FIRST, 0.1, reader(0))
  assert new_images.AS_DIGIT not in {metric for _, metric in found}


def test_one_seed_has_no_mixtures(run):
  found = measure(run, FIRST, 1.0, None, seeds=1)
  assert {name for name, _ in found} == {run.name, 'real'}
  own = found[run.name, distances.TO_SEED]
  assert own.protocol['made of'] == '1 seed'


def test_models_with_codes_and_others_are_measured_alike(run):
  """Those with labels have no codes, of which there would be mixtures."""
  subject = interpolative.Trained(FIRST, 1.0)
  settings = settings_of_run()
  found = measured(run, settings, subject)
  with_codes = FIRST._replace(
    encode=lambda params, x: x.reshape(len(x), -1), sample_like=None
  )
  more = measured(run, settings, interpolative.Trained(with_codes, 1.0))
  kinds = [
    {(r.name, r.metric, r.protocol.get('made of')) for r in results}
    for results in (found, more)
  ]
  assert kinds[0] < kinds[1]
  assert {made_of for *_, made_of in kinds[0]} == {'3 seeds'}
  assert {made_of for *_, made_of in kinds[1] - kinds[0]} == {None}


def settings_of_run():
  config = config_of('interpolative/glyphs.py:dagan')
  config.few_shot_generation.seeds = 3
  config.quality.images = 9
  return settings_of(config, interpolative.system())


DIGITS = {
  'all': (EMNIST, 10),
  'byclass': ({**EMNIST, 'dataset': 'emnist/byclass', 'first_class': 0}, 10),
  'letters': ({**EMNIST, 'first_class': 10}, 0),
  'from seven': ({**EMNIST, 'first_class': 7}, 3),
  'some classes': ({**EMNIST, 'classes': 20}, 0),
  'letters alone': ({**EMNIST, 'dataset': 'emnist/letters'}, 0),
  'by class splits': ({**EMNIST, 'name': 'tfds'}, 0),
  'glyphs': ({'name': 'glyphs'}, 0),
}


@pytest.mark.parametrize('name', DIGITS)
def test_which_recognizers_tell_digits_from_letters(name):
  data, digits = DIGITS[name]
  assert new_images.digits_of(data) == digits


def test_the_recognizer_of_characters_tells_them():
  data = config_of('recognizer/emnist.py:characters').data.to_dict()
  assert new_images.digits_of(data) == 10


def test_too_few_images_of_a_class_are_refused():
  dataset = random_splits(SIZE).test  # 8 of each of 8 classes.
  given = {'images': 99, 'neighbors': 3, 'density_neighbors': 31}
  seeds.check_groups(dataset, 4, **given, recognizer='a')
  with pytest.raises(BadConfig, match=r'seeds is 5.* has 9\. Lower it'):
    seeds.check_groups(dataset, 5, **given, recognizer='')
  given['density_neighbors'] = 32
  seeds.check_groups(dataset, 4, **given, recognizer='')
  with pytest.raises(BadConfig, match='32 neighbors among 32 images'):
    seeds.check_groups(dataset, 4, **given, recognizer='a')
