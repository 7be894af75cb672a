"""Pictures of what a run makes, kept in its workdir with their captions."""

import jax.numpy as jnp
import numpy as np

from experiments.pages import pictures
from experiments.pages.pictures import Pixels
from experiments.run.record import Record, writing
from experiments.run.run import Run
from lasium_jax.data.dataset import Dataset
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Array, Examples, Task

SAMPLES = 64  # Images of a sheet.
CLASSES = 20  # Of a task, at most.


def keep(
  files: Record,
  stage: str,
  name: str,
  picture: Pixels,
  caption: str,
  *,
  step: int | None = None,
  scroll: bool = False,
) -> None:
  """Writes a picture, and what pages are to say of it.

  Args:
    files: of the run.
    stage: whose picture it is.
    name: of the file, without its ending.
    picture: `[H, W, 3]` uint8.
    caption: in words.
    step: of the stage, for one of a series of which a page shows a few.
    scroll: whether it should not shrink below half its size.
  """
  path = files.sample(name)
  with writing(path):
    pictures.save_png(path, picture)
  description = {'stage': stage, 'caption': caption}
  files.note_picture(name, {**description, 'step': step, 'scroll': scroll})


def keep_sheet(
  run: Run,
  stage: str,
  name: str,
  images: Array | np.ndarray,
  caption: str,
  *,
  step: int | None = None,
  columns: int = 8,
) -> None:
  """Keeps images `[n, H, W, C]` in [0, 1] as one sheet, row by row."""
  sheet = pictures.image_grid(
    np.asarray(images),
    columns,
    scale=pictures.scale_of(run.splits.train.shape[0]),
    ink=run.ink,
  )
  keep(run.files, stage, name, sheet, caption, step=step)


def keep_task(
  run: Run,
  stage: str,
  name: str,
  task: Task,
  caption: str,
  *,
  shots: int,
  queries: int,
  anchors: bool,
) -> None:
  """Keeps a task, or the first of its classes, one a row."""
  ways = len(task.support.x) // shots
  if ways > CLASSES:
    caption = f'{caption}, {CLASSES} of its {ways} classes'
    task = Task(*map(_first, task, (CLASSES * shots, CLASSES * queries)))
  drawn = pictures.task_picture(
    task,
    shots,
    queries,
    anchors=anchors,
    scale=pictures.scale_of(run.splits.train.shape[0]),
    ink=run.ink,
  )
  keep(run.files, stage, name, drawn, caption, scroll=True)


def _first(examples: Examples, n: int) -> Examples:
  return Examples(examples.x[:n], examples.y[:n])


def some_images(dataset: Dataset) -> Array:
  """Images of a data set, evenly spaced, as a sheet has them."""
  stride = max(1, len(dataset.images) // SAMPLES)
  return as_floats(jnp.asarray(dataset.images[::stride][:SAMPLES]))
