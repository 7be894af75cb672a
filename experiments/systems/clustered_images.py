"""Clusters of images without labels, as a part of COLA's runs (its step I)."""

from typing import Any

from experiments.components.data import image_shape
from experiments.components.parts import Sections, make, make_part
from experiments.components.tasks import AUGMENTATION
from experiments.components.trunks import TRUNKS
from experiments.run.config import BadConfig, Config, Settings, require
from experiments.stages import clustered
from lasium_jax import embeddings
from lasium_jax.nets import TwoHeads
from lasium_jax.settings import Part
from lasium_jax.types import Trainer

EPOCHS = 200  # Of each task, where no number of steps is given.
CLUSTERED = Part(embeddings.clustered, given=('clusters',))
SECTIONS: Sections = {
  'clustered': CLUSTERED,
  'trunk': TRUNKS,
  'cluster_views': AUGMENTATION,
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
  require(settings, 'seeds', settings['seeds'] == 1, '1: its clusters are one')
  elsewhere = settings['generator_training']['workdir']
  wanted = "'', as clusters of this run are none that another run has learned"
  require(settings, 'generator_training.workdir', not elsewhere, wanted)
  views = make_part(AUGMENTATION, settings['cluster_views'])
  if views is None:
    raise BadConfig(
      'config.cluster_views leaves images as they are, and clusters are made '
      'of other views of them: let config.cluster_views.views be True for '
      'photographs, or config.cluster_views.rotation be above 0.'
    )
  trunk = make(TRUNKS, settings['trunk'])
  _, trainer = embeddings.clustered(
    TwoHeads(trunk, clusters),
    image_shape(settings),
    views,
    clusters=clusters,
    **settings['clustered'],
  )
  return trainer
