"""Tasks: what is in them, and what never is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasium_jax import latents, tasks
from lasium_jax.types import Anchors, Generator, GeneratorSource, ImageSet

WAYS = 3
# "Images" that show their latent: class centers are multiples of 100.
PLAIN = Generator(
  sample=lambda key, params, n: jax.random.normal(key, (n, 4)),
  decode=lambda params, z: params + z.reshape(-1, 2, 2, 1),
)
SOURCE = GeneratorSource(jnp.float32(0.5), jnp.zeros((1, 2, 2, 1), jnp.uint8))


def centers(key, source):
  z = jnp.repeat(100.0 * jnp.arange(WAYS)[:, None], 4, axis=1)
  return Anchors(z, jnp.int32(1))


def step_by_omega(key, source, anchors, omega):
  return anchors.z + omega


@pytest.mark.parametrize('shots,queries', [(1, 5), (2, 3), (4, 1)])
def test_algorithm_1(key, shots, queries):
  """Line by line: anchors first, then one latent for each omega, decoded."""
  task_fn = tasks.lasium(
    PLAIN, centers, step_by_omega, shots=shots, queries=queries
  )
  task = jax.jit(task_fn)(key, SOURCE)
  values = 0.5 + 100 * np.arange(WAYS)[:, None] + np.arange(shots + queries)
  np.testing.assert_allclose(
    task.support.x[:, 0, 0, 0], values[:, :shots].ravel()
  )
  np.testing.assert_allclose(
    task.query.x[:, 0, 0, 0], values[:, shots:].ravel()
  )
  assert task.support.y.tolist() == np.repeat(range(WAYS), shots).tolist()
  assert task.query.y.tolist() == np.repeat(range(WAYS), queries).tolist()


def test_real_anchor_images_are_used_as_they_are(key):
  images = jax.random.uniform(key, (WAYS, 2, 2, 1))

  def encoded(key, source):
    return centers(key, source)._replace(x=images)

  task_fn = tasks.lasium(PLAIN, encoded, step_by_omega, shots=1, queries=2)
  task = task_fn(key, SOURCE)
  np.testing.assert_array_equal(task.support.x, images)
  expected = [1.5, 2.5, 101.5, 102.5, 201.5, 202.5]
  np.testing.assert_allclose(task.query.x[:, 0, 0, 0], expected)


def test_in_class_samples_are_fresh(key):
  """Every omega draws its own noise, and so does every task."""
  task_fn = tasks.lasium(
    PLAIN, centers, latents.noise(sigma=1.0), shots=1, queries=4
  )
  keys = jax.random.split(key, 8)
  batch = jax.vmap(task_fn, in_axes=(0, None))(keys, SOURCE)
  values = np.asarray(batch.query.x).ravel()
  assert len(np.unique(values)) == len(values)


@pytest.mark.parametrize('make', ['lasium', 'labeled'])
def test_augmentation_meets_the_query_only(key, image_set, make):
  def blank(key, x):
    return jnp.full_like(x, -7)

  if make == 'lasium':
    task_fn = tasks.lasium(
      PLAIN, centers, step_by_omega, shots=1, queries=2, augment=blank
    )
    task = task_fn(key, SOURCE)
  else:
    task_fn = tasks.labeled(ways=3, shots=1, queries=2, augment=blank)
    task = task_fn(key, image_set)
  assert (task.query.x == -7).all()
  assert (task.support.x != -7).all()


def test_labeled_tasks_never_repeat_an_image(image_set):
  """Distinct classes; distinct images, of the class that the label says."""
  task_fn = jax.jit(tasks.labeled(ways=4, shots=3, queries=4))
  for seed in range(50):
    task = task_fn(jax.random.key(seed), image_set)
    x = jnp.concatenate([task.support.x, task.query.x])
    y = jnp.concatenate([task.support.y, task.query.y])
    ids = np.round(255 * np.asarray(x[:, 0, :2, 0])).astype(int)
    assert len(np.unique(ids, axis=0)) == len(ids)
    classes = [set(ids[np.asarray(y) == i, 0]) for i in range(4)]
    assert all(len(c) == 1 for c in classes)
    assert len(set.union(*classes)) == 4


def test_labeled_tasks_are_uniform(image_set):
  """Each of a class's images is equally often the first support image."""
  task_fn = tasks.labeled(ways=6, shots=1, queries=6)
  keys = jax.random.split(jax.random.key(0), 3000)
  support = jax.jit(jax.vmap(lambda k: task_fn(k, image_set).support.x))(keys)
  ids = np.round(255 * np.asarray(support[..., 0, :2, 0])).astype(int)
  for label in range(6):
    numbers = ids[ids[..., 0] == label][:, 1]
    count = int(image_set.counts[label])
    share = np.bincount(numbers, minlength=count) / len(numbers)
    assert len(share) == count
    np.testing.assert_allclose(share, 1 / count, atol=0.04)


def test_a_class_with_too_few_images_is_not_filled_up_from_another(
  key, image_set
):
  task = tasks.labeled(ways=6, shots=4, queries=4)(key, image_set)
  of_class = jnp.isnan(task.support.x).reshape(6, -1)
  # Class 0 has 7 images, the others 8 or more.
  assert of_class.all(1).sum() == of_class.any(1).sum() == 1


# Of the six classes of `image_set`. Numbers may be left out.
GROUPS = jnp.array([4, 1, 0, 4, 0, 0])


def classes_of(batch, ways):
  """Of many tasks the classes `[tasks, ways]`, as the first pixel tells."""
  first = np.asarray(batch.support.x[..., 0, 0, 0])
  assert not np.isnan(first).any()
  return np.round(255 * first).astype(int).reshape(-1, ways)


def many(task_fn, source, n=600):
  keys = jax.random.split(jax.random.key(0), n)
  return jax.jit(jax.vmap(task_fn, in_axes=(0, None)))(keys, source)


def test_tasks_within_groups_mix_none_and_draw_all_that_have_enough(image_set):
  source = image_set._replace(groups=GROUPS)
  task_fn = tasks.labeled(ways=2, shots=1, queries=3, within_groups=True)
  batch = many(task_fn, source)
  assert batch.query.x.shape == (600, 6, 4, 4, 1)
  classes = classes_of(batch, 2)
  assert (classes[:, 0] != classes[:, 1]).all()
  drawn = np.asarray(GROUPS)[classes]
  assert (drawn[:, 0] == drawn[:, 1]).all()
  # Groups are equally frequent, whatever their sizes, and so are the classes
  # of each at each place.
  for place in range(2):
    shares = np.bincount(classes[:, place], minlength=6) / len(classes)
    expected = [1 / 4, 0, 1 / 6, 1 / 4, 1 / 6, 1 / 6]
    np.testing.assert_allclose(shares, expected, atol=0.06)
  queried = np.round(255 * np.asarray(batch.query.x[..., 0, 0, 0])).astype(int)
  np.testing.assert_array_equal(queried, np.repeat(classes, 3, axis=1))


def test_groups_with_too_few_classes_are_left_out(image_set):
  source = image_set._replace(groups=GROUPS)
  task_fn = tasks.labeled(ways=3, shots=1, queries=1, within_groups=True)
  classes = classes_of(many(task_fn, source, 60), 3)
  assert (np.sort(classes, axis=1) == [2, 4, 5]).all()
  assert len({tuple(one) for one in classes.tolist()}) == 6
  # None has four: no task is made of several.
  task_fn = tasks.labeled(ways=4, shots=1, queries=1, within_groups=True)
  batch = many(task_fn, source, 4)
  assert all(jnp.isnan(part.x).all() for part in batch)


def test_tasks_of_all_classes_do_not_depend_on_groups(key, image_set):
  task_fn = tasks.labeled(ways=4, shots=1, queries=2)
  plain = task_fn(key, image_set)
  grouped = task_fn(key, image_set._replace(groups=GROUPS))
  jax.tree.map(np.testing.assert_array_equal, plain, grouped)


def test_tasks_within_groups_need_groups(key, image_set):
  task_fn = tasks.labeled(ways=2, shots=1, queries=1, within_groups=True)
  with pytest.raises(ValueError, match='this one has none'):
    jax.jit(task_fn)(key, image_set)


@pytest.mark.parametrize('shots,queries', [(1, 5), (2, 3)])
def test_umtra_augments_one_image_a_class(key, image_set, shots, queries):
  """And whatever its label is."""
  task_fn = tasks.umtra(
    ways=WAYS,
    shots=shots,
    queries=queries,
    augment=lambda key, x: x + jnp.arange(1, len(x) + 1)[:, None, None, None],
  )
  task = jax.jit(task_fn)(key, image_set)
  given = np.asarray(image_set.images) / np.float32(255)
  support = np.asarray(task.support.x).reshape(WAYS, shots, *given.shape[1:])
  sources = [
    int(np.abs(given - image).max((1, 2, 3)).argmin())
    for image in support[:, 0]
  ]
  assert len(set(sources)) == WAYS
  expected = given[sources]
  np.testing.assert_allclose(
    support, np.repeat(expected[:, None], shots, axis=1), rtol=1e-6
  )
  numbers = np.arange(1, WAYS * queries + 1)[:, None, None, None]
  np.testing.assert_allclose(
    task.query.x, np.repeat(expected, queries, axis=0) + numbers, rtol=1e-6
  )
  assert task.query.y.tolist() == np.repeat(range(WAYS), queries).tolist()


def test_recognition_tells_made_images_by_real_ones(key, image_set):
  """Made images are real ones 100 numbers on, three of each class."""
  starts = 3 * jnp.arange(6)
  rows = image_set.starts[:, None] + jnp.arange(3)[None]
  images = image_set.images[rows.ravel()]
  made = ImageSet(
    images.at[:, 0, 1].add(jnp.uint8(100)), starts, jnp.full(6, 3)
  )
  task_fn = tasks.recognition(ways=4, shots=2, queries=3)
  task = jax.jit(task_fn)(key, tasks.RealAndMade(image_set, made))
  support, query = (
    np.round(255 * np.asarray(examples.x[:, 0, :2, 0])).astype(int)
    for examples in task
  )
  classes = support[::2, 0]
  assert len(set(classes)) == 4
  np.testing.assert_array_equal(support[:, 0], np.repeat(classes, 2))
  np.testing.assert_array_equal(query[:, 0], np.repeat(classes, 3))
  assert (support[:, 1] < 100).all() and (support[::2] != support[1::2]).any()
  numbers = np.sort(query[:, 1].reshape(4, 3), axis=1)
  np.testing.assert_array_equal(numbers, [[100, 101, 102]] * 4)
  assert task.support.y.tolist() == np.repeat(range(4), 2).tolist()
  assert task.query.y.tolist() == np.repeat(range(4), 3).tolist()


def test_classes_with_too_few_made_images_cannot_be_recognized(key, image_set):
  task_fn = tasks.recognition(ways=6, shots=1, queries=8)
  task = jax.jit(task_fn)(key, tasks.RealAndMade(image_set, image_set))
  of_class = jnp.isnan(task.query.x).reshape(6, -1)
  # Class 0 has 7 images, the others 8 or more.
  assert of_class.all(1).sum() == of_class.any(1).sum() == 1


def test_made_images_of_other_classes_are_refused(key, image_set):
  made = image_set._replace(
    starts=image_set.starts[:5], counts=image_set.counts[:5]
  )
  task_fn = tasks.recognition(ways=4, shots=1, queries=1)
  with pytest.raises(ValueError, match=r'of 6 classes, and made ones of 5'):
    jax.jit(task_fn)(key, tasks.RealAndMade(image_set, made))


def clusters_of_colors(labels):
  """Images whose color tells their cluster, and pixels which one they are."""
  labels = np.asarray(labels)
  colors = np.where(labels < 0, 250, 10 * labels).astype(np.uint8)
  x = np.zeros((len(labels), 2, 2, 1), np.uint8) + colors[:, None, None, None]
  x[:, 0, 0, 0] += np.arange(len(labels), dtype=np.uint8) % 10
  return tasks.cluster_set(jnp.asarray(x), jnp.asarray(labels), least=3)


def test_tasks_of_clusters(key):
  """Each way has its own cluster, and different images of it alone."""
  labels = [0, 1, 2, -1, 3] * 5 + [3]
  source = clusters_of_colors(labels)
  task_fn = tasks.clustered(ways=3, shots=2, queries=3)
  batch = jax.jit(jax.vmap(task_fn, in_axes=(0, None)))(
    jax.random.split(key, 40), source
  )
  x = np.concatenate(
    [
      np.asarray(part.x).reshape(40, 3, -1, 4)
      for part in (batch.support, batch.query)
    ],
    axis=2,
  )
  colors = np.round(x[..., 3] * 255).astype(int)
  assert (colors == colors[..., :1]).all()
  for task in colors[..., 0]:
    assert len(set(task.tolist())) == 3
  assert set(colors.ravel().tolist()) == {0, 10, 20, 30}
  marks = np.round(x[..., 0] * 255).astype(int) - colors
  images = {
    color: {place % 10 for place, label in enumerate(labels) if label == rank}
    for rank, color in enumerate([0, 10, 20, 30])
  }
  for color, drawn in zip(
    colors[..., 0].ravel(), marks.reshape(-1, 5), strict=True
  ):
    assert set(drawn.tolist()) <= images[color]


@pytest.mark.parametrize('ways', [3, 4])
def test_more_ways_than_clusters_cannot_be_used(key, ways):
  source = clusters_of_colors([0, 1, 2] * 4)
  task_fn = tasks.clustered(ways=ways, shots=1, queries=1)
  task = jax.jit(task_fn)(key, source)
  for part in task:
    assert (np.isnan(part.x) == (ways > 3)).all()


@pytest.mark.parametrize('make', ['labeled', 'clustered'])
def test_a_turn_is_one_for_all_images_of_a_class(key, make):
  image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
  images = jnp.asarray(np.repeat(image, 12, axis=0))
  source = ImageSet(images, jnp.array([0, 4, 8]), jnp.array([4, 4, 4]))
  if make == 'clustered':
    source = tasks.cluster_set(images, jnp.arange(12) // 4, least=4)
  task_fn = jax.jit(
    getattr(tasks, make)(ways=3, shots=1, queries=3, turned=True)
  )
  seen = set()
  for seed in range(8):
    task = task_fn(jax.random.fold_in(key, seed), source)
    support = np.round(np.asarray(task.support.x) * 255).astype(int)
    query = np.round(np.asarray(task.query.x) * 255).astype(int)
    np.testing.assert_array_equal(query, np.repeat(support, 3, axis=0))
    for turned in support[..., 0]:
      seen.add(
        next(
          k for k in range(4) if (np.rot90(image[0, ..., 0], k) == turned).all()
        )
      )
  assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize('make', ['umtra', 'clustered', 'labeled'])
@pytest.mark.parametrize('augment_support', [False, True])
def test_support_is_augmented_if_asked_for(key, make, augment_support):
  source = clusters_of_colors([0, 1, 2] * 4)
  if make == 'umtra':
    source = ImageSet(source.images, jnp.array([0]), jnp.array([12]))
  elif make == 'labeled':
    starts, counts = jnp.array([0, 3, 6, 9]), jnp.full(4, 3)
    source = ImageSet(source.images, starts, counts)

  def noise(key, x):
    return x + jax.random.uniform(key, (len(x), 1, 1, 1), minval=2, maxval=3)

  task_fn = getattr(tasks, make)(
    ways=2, shots=2, queries=1, augment=noise, augment_support=augment_support
  )
  task = task_fn(key, source)
  assert (np.asarray(task.query.x) > 1.5).all()
  assert (np.asarray(task.support.x) > 1.5).all() == augment_support
  if augment_support:  # Two views of an image are not the same.
    shown = np.asarray(task.support.x)[:, 1, 1, 0]
    assert len(set(shown.tolist())) == 4


def test_cluster_sets_of_one_size_have_one_shape(key):
  few, many = (
    clusters_of_colors(labels) for labels in ([0] * 6 + [-1] * 6, [0, 1, 2] * 4)
  )
  assert jax.tree.map(jnp.shape, few) == jax.tree.map(jnp.shape, many)
  with pytest.raises(ValueError, match='1 images, and each must have'):
    clusters_of_colors([0, 0, 0, 1])
  with pytest.raises(ValueError, match='No image is in a cluster'):
    clusters_of_colors([-1, -1, -1])
