"""An embedding is trained without labels, by contrast."""

import json
from pathlib import Path

import numpy as np

from experiments.run import loop, record, streams
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.run.run import Run
from experiments.run.saved import saved_settings
from experiments.stages import training
from lasium_jax.batches import shuffled, unchanged
from lasium_jax.data import Splits
from lasium_jax.settings import Count, Ways
from lasium_jax.types import Params, Trainer, TrainingSet

NAME = 'train_embedding'
# The sections that an embedding follows from, but for what is each run's own.
# It learns from images of `critics.size`, and `data.size` is the generator's.
SECTIONS = (
  *('data', 'critics', 'network', 'embedding', 'optimizer'),
  'embedding_training',
)
OWN = (
  *('embedding_training.workdir', 'embedding_training.steps_per_dispatch'),
  'data.size',
)


def train(
  run: Run,
  trainer: Trainer,
  images: np.ndarray,
  *,
  steps: Count,
  batch_size: Ways = 128,
  steps_per_dispatch: Count = 1,
  workdir: str = '',
) -> Params:
  """Trains an embedding, such as that of `lasium_jax.embeddings.contrastive`.

  Args:
    run: of one member.
    trainer: the embedding's.
    images: `[n, H, W, C]` uint8, on the host.
    steps: of one batch each.
    batch_size: images of a step, of each of which two views meet.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU.
    workdir: of a run of experiments/one_shot.py whose embedding is used, so
      that several generators are judged by one; '' trains it.

  Returns:
    Its parameters.
  """
  if workdir:
    lender = Record(Path(workdir), {})
    return training.left_behind(trainer, lender, NAME, steps=steps)[0]
  fit = training.Fit(
    trainer,
    TrainingSet(images),
    steps,
    steps_per_dispatch,
    shuffled(batch_size),
    unchanged(),
    fast_convolutions=run.fast_convolutions,
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


def check_borrowed(settings: Settings) -> None:
  """Raises an error if another run's embedding is not the one meant.

  A run that trains its own passes.

  Raises:
    BadConfig: if there is no such run, or its settings are others.
    FileNotFoundError: if its training has not come to its end.
  """
  workdir = settings['embedding_training']['workdir']
  if not workdir:
    return
  theirs = saved_settings(Path(workdir), 'one_shot')
  ours = json.loads(json.dumps(settings))
  for section in SECTIONS:
    for name, value in ours[section].items():
      field, their = f'{section}.{name}', theirs[section].get(name)
      if field not in OWN and their != value:
        raise BadConfig(
          f'The embedding in {workdir} (config.embedding_training.workdir) was '
          f'trained with {field} = {their!r}, and this config has {value!r}. '
          'Set it so, or train another.'
        )
  steps = settings['embedding_training']['steps']
  loop.check_finished(Record(Path(workdir), {}), NAME, steps)


def check_borrowed_data(settings: Settings, splits: Splits) -> None:
  """Raises `BadConfig` if a borrowed embedding learned from other images."""
  workdir = settings['embedding_training']['workdir']
  if not workdir:
    return
  theirs = record.read_json(Path(workdir) / 'data.json').get('train')
  if theirs != record.digest(splits.train):
    raise BadConfig(
      f'The embedding in {workdir} (config.embedding_training.workdir) learned '
      'from other images than those of this run: their number, classes, size '
      'or content differ. Use the same data, or train another.'
    )
