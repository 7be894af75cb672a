"""Images that a generator draws of its classes, beside real ones."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.run.config import BadConfig
from experiments.stages import class_quality, distances
from lasium_jax import metrics
from lasium_jax.data.dataset import Dataset
from lasium_jax.types import Classified, Generator

TOLD = class_quality.Told(7, {'images a class': 4})
FLAT = distances.Embedding(
  'pixels as they are',
  lambda params, x: Classified(x, params * x.reshape(len(x), -1)),
  2.0,
)
FRECHET = f'Fréchet distance {distances.IN_FEATURES}'


def images_of(seed, each):
  labels = np.repeat(np.arange(3, dtype=np.int32), each)
  noise = np.random.default_rng(seed).integers(90, size=(3 * each, 2, 2, 1))
  images = np.uint8(80 * labels[:, None, None, None] + noise)
  return Dataset(images, labels, ('a', 'b', 'c'))


@pytest.fixture
def run():
  return SimpleNamespace(
    **{'name': 'scola', 'dataset': 'grays', 'config': 'x.py', 'seed': 0},
    splits=SimpleNamespace(train=images_of(0, 4), test=images_of(1, 20)),
    device_bytes=10**9,
  )


def by_name(results):
  return {(r.name, r.metric): r for r in results}


def test_distances_by_hand(run):
  drawn = images_of(2, 10)
  results = class_quality.measure(
    *(run, [drawn], FLAT, TOLD), images=30, subsets=3
  )
  found = by_name(results)
  test = 2.0 * run.splits.test.images.reshape(60, -1) / 255
  made = 2.0 * drawn.images.reshape(30, -1) / 255
  # Every second image of the test is compared with, and the others are.
  expected = metrics.frechet_distance(test[::2], made)
  assert found['scola', FRECHET].value == pytest.approx(expected, rel=1e-3)
  floor = metrics.frechet_distance(test[::2], test[1::2])
  assert found['test', FRECHET].value == pytest.approx(floor, rel=1e-3)
  assert {r.floor for r in results if r.name == 'test'} == {True}
  assert {r.steps for r in results if r.name == 'scola'} == {7}
  assert found['scola', FRECHET].protocol == {
    **{'images a class': 4, 'features': FLAT.name, 'real': 30}
  }


def flat(images):
  return 2.0 * images.reshape(len(images), -1) / 255


def test_made_images_are_compared_with_the_whole_test(run):
  """Which the floor cannot be, whose halves stay halves."""
  drawn = images_of(2, 700)
  results = class_quality.measure(run, [drawn], FLAT, TOLD, images=2_000)
  assert {(r.name, r.n) for r in results} == {('scola', 60), ('test', 30)}
  found = by_name(results)
  test = run.splits.test.images
  own, floor = found['scola', FRECHET], found['test', FRECHET]
  assert (own.protocol['real'], floor.protocol['real']) == (60, 30)
  expected = metrics.frechet_distance(flat(test), flat(drawn.images[::35]))
  assert own.value == pytest.approx(expected, rel=1e-3)
  expected = metrics.frechet_distance(flat(test[::2]), flat(test[1::2]))
  assert floor.value == pytest.approx(expected, rel=1e-3)


def test_sets_are_of_one_size_where_classes_are_drawn_in_equal_shares(run):
  """Of 29 images nine are of each of three classes, and two are of none."""
  drawn = images_of(2, 29 // 3)
  found = by_name(
    class_quality.measure(run, [drawn], FLAT, TOLD, images=29, subsets=3)
  )
  own, floor = found['scola', FRECHET], found['test', FRECHET]
  assert (own.n, own.protocol['real']) == (27, 27)
  assert (floor.n, floor.protocol['real']) == (27, 27)
  test = run.splits.test.images
  real = [test[i * 60 // 27] for i in range(27)]
  expected = metrics.frechet_distance(flat(np.array(real)), flat(drawn.images))
  assert own.value == pytest.approx(expected, rel=1e-3)


def test_a_distance_is_a_mean_over_draws(run):
  """As in the paper, which has ten; the floor draws nothing."""
  draws = [images_of(seed, 10) for seed in (2, 3, 4)]
  results = class_quality.measure(run, draws, FLAT, TOLD, images=30, draws=3)
  found = by_name(results)
  own, floor = found['scola', FRECHET], found['test', FRECHET]
  real = flat(run.splits.test.images[::2])
  each = [metrics.frechet_distance(real, flat(d.images)) for d in draws]
  assert own.value == pytest.approx(np.mean(each), rel=1e-3)
  deviation = 1.96 * np.std(each, ddof=1) / np.sqrt(3)
  assert own.ci95 == pytest.approx(deviation, rel=1e-2)
  assert (own.protocol['draws'], own.n) == (3, 30)
  assert 'draws' not in floor.protocol and floor.ci95 is None


def test_copies_of_training_images_show(run):
  """Which none of a generator's own drawing shows."""
  copies = run.splits.train
  found = by_name(class_quality.measure(run, [copies], None, TOLD, images=12))
  assert found['scola', distances.TO_TRAINING].value == 0
  assert found['test', distances.TO_TRAINING].value > 0
  assert len(found) == 2


def test_images_are_drawn_of_every_class(run):
  """As many of each, whatever number is asked for."""
  model = Generator(
    decode=lambda params, z: (
      params * jnp.broadcast_to(z[:, None, None, None] / 10, (len(z), 2, 2, 1))
    ),
    sample_class=lambda key, params, y: y.astype(jnp.float32),
  )
  (made,) = class_quality.made(run, model, 1.0, 3, images=300)
  assert np.bincount(made.labels).tolist() == [100] * 3
  grays = np.rint(25.5 * made.labels)
  assert (made.images == grays[:, None, None, None]).all()
  assert len(class_quality.made(run, model, 1.0, 3, images=1)[0].images) == 3


def test_each_draw_is_another_one(run):
  """And the first is the same, however many there are."""
  model = Generator(
    decode=lambda params, z: z[:, None, None, None],
    sample_class=lambda key, params, y: jax.random.uniform(key, y.shape),
  )
  (once,) = class_quality.made(run, model, (), 3, images=30)
  again = class_quality.made(run, model, (), 3, images=30, draws=3)
  np.testing.assert_array_equal(again[0].images, once.images)
  assert len({own.images.tobytes() for own in again}) == 3


def test_more_neighbors_than_images_are_refused(run):
  own = {'images': 100, 'neighbors': 3, 'density_neighbors': 5}
  test = images_of(0, 3)  # Of which a half are four.
  class_quality.check_images(test, 3, **own, recognizer='')
  with pytest.raises(BadConfig, match='has 5 neighbors among 4 images'):
    class_quality.check_images(test, 3, **own, recognizer='runs/a')
  few = own | {'images': 10, 'recognizer': 'runs/a'}
  test = images_of(0, 20)
  class_quality.check_images(test, 3, **few)  # Of which nine are drawn.
  with pytest.raises(BadConfig, match='has 5 neighbors among 5 images'):
    class_quality.check_images(test, 5, **few | {'images': 9})
