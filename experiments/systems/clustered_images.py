"""Clusters of images without labels, as a part of runs (COLA's step I)."""

from typing import Any

import numpy as np

from experiments.components.data import image_shape
from experiments.components.parts import Sections, make
from experiments.components.tasks import AUGMENTATION, augment_of
from experiments.components.trunks import TRUNKS
from experiments.run.config import BadConfig, Config, Settings
from experiments.run.record import Record
from experiments.run.run import Run
from experiments.stages import clustered, training
from lasium_jax import embeddings, metrics
from lasium_jax.data.dataset import select_classes
from lasium_jax.embeddings import clusters_of
from lasium_jax.nets import TwoHeads
from lasium_jax.settings import Part
from lasium_jax.types import Array, ClassifyFn, Params, Trainer

EPOCHS = 200  # Of each task, where no number of steps is given.
CLUSTERED = Part(embeddings.clustered, given=('clusters',))
SECTIONS: Sections = {
  'clustered': CLUSTERED,
  'trunk': TRUNKS,
  'clustered_views': AUGMENTATION,
  'clustered_training': Part(clustered.train),
}


def are_clustered(settings: Any) -> bool:
  """Whether a run finds clusters in place of classes that it is told."""
  return 'clustered' in settings


def complete(config: Config, images: int) -> None:
  """Fills in the steps of the paper's 200 epochs of so many images."""
  how = config.clustered_training
  if how.steps is None:
    tasks = 2 if config.clustered.rotations else 1
    how.steps = tasks * EPOCHS * (images // max(1, min(how.batch_size, images)))


def build(settings: Settings, clusters: int) -> Trainer:
  """What finds the clusters.

  Raises:
    ValueError: if settings cannot work; the message names the field.
  """
  return _made(settings, clusters)[1]


def _made(settings: Settings, clusters: int) -> tuple[ClassifyFn, Trainer]:
  views = augment_of(settings, 'clustered_views')
  if views is None:
    raise BadConfig(
      'config.clustered_views leaves images as they are, and clusters are made '
      'of other views of them: let config.clustered_views.views be True for '
      'photographs, or config.clustered_views.rotation be above 0.'
    )
  return embeddings.clustered(
    TwoHeads(make(TRUNKS, settings['trunk']), clusters),
    image_shape(settings),
    views,
    clusters=clusters,
    **settings['clustered'],
  )


def encoder(settings: Settings, files: Record) -> tuple[ClassifyFn, Params]:
  """What the clusters of a run were found by: an embedding like any other.

  Args:
    settings: of the run, which finds clusters.
    files: likewise.

  Returns:
    The network as a classifier, and its parameters.

  Raises:
    FileNotFoundError: if its training has not come to its end.
  """
  classify, params = left_behind(settings, files)
  return classify, {'network': params['network']}


def left_behind(settings: Settings, files: Record) -> tuple[ClassifyFn, Params]:
  """As `encoder`, with all parameters, also those of the targets."""
  clusters = settings['generator']['clusters']
  classify, trainer = _made(settings, clusters)
  steps = settings['clustered_training']['steps']
  (params,) = training.left_behind(trainer, files, clustered.NAME, steps=steps)
  return classify, params


def by_cluster(
  run: Run, params: Params, *, judged: bool = False
) -> tuple[Run, Array]:
  """The same run with clusters as classes, and each image's target.

  Args:
    run: whose training images were clustered.
    params: what `experiments.stages.clustered.train` returned.
    judged: whether classes of the test are numbered as the clusters that they
      are matched to, each to one of its own. Classes that are left over have
      numbers that no cluster has, and clusters that are left over no image.
  """
  splits = run.splits
  images, targets = clustered.by_cluster(splits.train, params)
  test = splits.test
  if judged:
    matched = metrics.matched_classes(clusters_of(params), splits.train.labels)
    others = np.setdiff1d(np.arange(len(test.class_names)), matched)
    test = select_classes(test, np.concatenate([matched, others]))
  return run._replace(splits=splits._replace(train=images, test=test)), targets


def matching(clusters: int, classes: int) -> dict[str, Any]:
  """What results say of clusters that are matched to classes.

  Nothing where there are as many: each then has one.
  """
  if clusters == classes:
    return {}
  rest = 'clusters' if clusters > classes else 'classes'
  return {
    'classes': classes,
    'clusters': clusters,
    'matching': f'one to one; the {rest} left over are wrong',
  }
