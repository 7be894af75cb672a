"""Images are clustered without labels (COLA's step I)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import loop, streams
from experiments.run.config import BadConfig
from experiments.run.members import Member
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages import training
from lasium_jax.batches import shuffled, unchanged
from lasium_jax.clustering import kmeans_clusters
from lasium_jax.data.dataset import Dataset
from lasium_jax.embeddings import clusters_of
from lasium_jax.metrics import agreement
from lasium_jax.settings import Count, Ways
from lasium_jax.types import Array, Params, State, Trainer, TrainingSet

NAME = 'cluster_images'
UNITS = dict.fromkeys(('accuracy', 'moved', 'rotation_accuracy'), '%') | {
  'rotation_loss': 'nats'
}
# What `lasium_jax.metrics.Agreement` has, as results call it.
METRICS = {'accuracy': 'accuracy by assignment', 'nmi': 'NMI', 'ari': 'ARI'}
KMEANS_IMAGES = 10_000  # On whose pixels k-means is tried, at most.


def train(
  run: Run,
  trainer: Trainer,
  *,
  steps: Count,
  batch_size: Ways = 128,
  steps_per_dispatch: Count = 1,
  judge_every: Count = 100,
) -> Params:
  """Trains a clustering such as that of `lasium_jax.embeddings.clustered`.

  Args:
    run: whose first member's seed counts, and whose training images are
      clustered. Their labels are for curves alone.
    trainer: the clustering's.
    steps: of one batch each, of both of its tasks.
    batch_size: images of a step, whose targets change places.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU.
    judge_every: steps after which clusters are compared with the classes.

  Returns:
    The trainer's parameters, with `targets`.

  Raises:
    BadConfig: if no image is drawn for one of the clusters, before the first
      step.
  """
  train_set = run.splits.train
  fit = training.Fit(
    trainer._replace(init=_checked(trainer)),
    TrainingSet(train_set.images),
    steps,
    steps_per_dispatch,
    shuffled(batch_size),
    unchanged(),
    fast_convolutions=run.fast_convolutions,
  )
  training.note(run.files, NAME, fit)

  told = len(train_set.class_names) > 1  # Pictures may have no labels.

  def after(
    states: training.States, first: int, n: int
  ) -> Mapping[str, np.ndarray]:
    if not told or first // judge_every == (first + n) // judge_every:
      return {}
    found = agreement(_clusters(trainer.params(states[0])), train_set.labels)
    return {name: np.array([value]) for name, value in found._asdict().items()}

  stage = training.stage_of(
    NAME,
    fit,
    [Member(run.seed, {})],
    streams.CLUSTERED,
    # Its batches are assigned on one device.
    mesh=None,
    device_bytes=run.device_bytes,
    after=after,
    title='Clusters',
    units=UNITS,
  )
  (state,) = loop.run(
    stage, run.files, checkpoint_seconds=run.checkpoint_seconds
  )
  return trainer.params(state)


def _clusters(params: Params) -> np.ndarray:
  return np.asarray(clusters_of(params))


def _checked(trainer: Trainer) -> Any:
  """The trainer's `init`, which refuses clusters without an image.

  Targets change places and no more, so that such a cluster would stay empty.
  """

  def init(key: Array, data: TrainingSet) -> State:
    state = trainer.init(key, data)
    targets = trainer.params(state)['targets']
    if not isinstance(targets, jax.core.Tracer):
      counts = np.bincount(targets.argmax(1), minlength=targets.shape[1])
      if not counts.all():
        raise BadConfig(
          f'Of {len(counts)} clusters {(counts == 0).sum()} have no image, as '
          f'targets of {len(data.images)} images are drawn at random: change '
          'config.seed, give more images or lower config.generator.clusters.'
        )
    return state

  return init


def by_cluster(images: Dataset, params: Params) -> tuple[Dataset, Array]:
  """Clusters in place of classes.

  Args:
    images: that were clustered.
    params: what `train` returned.

  Returns:
    The images, cluster by cluster, and the target of each, `[n, K]`.
  """
  clusters, targets = _clusters(params), params['targets']
  order = np.argsort(clusters, kind='stable')
  names = tuple(f'cluster {i}' for i in range(targets.shape[1]))
  labels = clusters[order].astype(np.int32)
  return Dataset(images.images[order], labels, names), targets[order]


def results_of(
  run: Run, params: Params, told: Mapping[str, Any], steps: int
) -> list[Result]:
  """How far the clusters of the run's training images agree with the classes.

  Beside them stand those of k-means on the pixels, of as many of these images
  or of `KMEANS_IMAGES` drawn from them.

  Args:
    run: whose clusters they are.
    params: what `train` returned.
    told: what results say besides of the images.
    steps: in all.

  Returns:
    One result for each of `METRICS`, of either.
  """
  clusters = params['targets'].shape[1]
  labels = run.splits.train.labels
  own = Clustering(run.name, _clusters(params), labels, 'without labels', steps)
  protocol = {'clusters': clusters, **told}
  results = [
    *_compared(run, own, protocol),
    *_compared(run, _by_pixels(run, clusters), protocol),
  ]
  for result in results:
    print(f'{result.name}: {result.metric} {result.value:.4f}', flush=True)
  return results


class Clustering(NamedTuple):
  """Clusters, and what results say of them.

  Attributes:
    name: of what found them.
    clusters: `[n]`.
    labels: `[n]`, the classes of the same images.
    note: what it is, in a few words.
    steps: of its training; 0 if it has learned nothing, and is a floor.
  """

  name: str
  clusters: np.ndarray
  labels: np.ndarray
  note: str
  steps: int


def _by_pixels(run: Run, clusters: int) -> Clustering:
  """k-means of the pixels, of no more images than take a minute."""
  images, labels = run.splits.train.images, run.splits.train.labels
  if len(images) > KMEANS_IMAGES:
    rng = np.random.default_rng(run.seed)
    some = rng.choice(len(images), KMEANS_IMAGES, replace=False)
    images, labels = images[some], labels[some]
  pixels = jnp.asarray(images.reshape(len(images), -1), jnp.float32)
  key = jax.random.key(run.seed)
  found = kmeans_clusters(key, pixels, clusters=clusters)
  return Clustering('k-means', found, labels, 'of pixels, from one start', 0)


def _compared(
  run: Run, clustering: Clustering, protocol: Mapping[str, Any]
) -> list[Result]:
  measures = agreement(clustering.clusters, clustering.labels)._asdict()
  return [
    Result(
      clustering.name,
      metric,
      measures[name],
      run.dataset,
      len(clustering.labels),
      'images',
      protocol=protocol,
      steps=clustering.steps,
      config=run.config,
      floor=not clustering.steps,
      note=clustering.note,
    )
    for name, metric in METRICS.items()
  ]
