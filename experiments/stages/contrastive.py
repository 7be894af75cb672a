"""An embedding is trained without labels, by contrast."""

import numpy as np

from experiments.run import loop, streams
from experiments.run.run import Run
from experiments.stages import training
from lasium_jax.batches import shuffled, unchanged
from lasium_jax.settings import Count, Ways
from lasium_jax.types import Params, Trainer, TrainingSet

NAME = 'train_embedding'


def train(
  run: Run,
  trainer: Trainer,
  images: np.ndarray,
  *,
  steps: Count,
  batch_size: Ways = 128,
  steps_per_dispatch: Count = 1,
) -> Params:
  """Trains an embedding, such as that of `lasium_jax.embeddings.contrastive`.

  Args:
    run: of one member.
    trainer: the embedding's.
    images: `[n, H, W, C]` uint8, on the host.
    steps: of one batch each.
    batch_size: images of a step, of each of which two views meet.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU.

  Returns:
    Its parameters.
  """
  fit = training.Fit(
    trainer,
    TrainingSet(images),
    steps,
    steps_per_dispatch,
    shuffled(batch_size),
    unchanged(),
    by_library=run.fast_convolutions,
  )
  training.note(run.files, NAME, fit)
  stage = training.stage_of(
    NAME,
    fit,
    run.members,
    streams.EMBEDDING,
    mesh=run.image_mesh,
    device_bytes=run.device_bytes,
    title='Embedding',
    units={'loss': 'nats'},
  )
  (state,) = loop.run(
    stage, run.files, checkpoint_seconds=run.checkpoint_seconds
  )
  return trainer.params(state)
