"""How to show the stages and pictures of runs that did not yet say it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class StageText(NamedTuple):
  """How pages show a stage.

  Attributes:
    title: what it is called, and others of its kind.
    part: which of its kind it is, or nothing.
    units: of its metrics; those in '%' are shares, shown in percent.
    about: what is said of its pictures.
  """

  title: str
  part: str
  units: Mapping[str, str]
  about: str


class Picture(NamedTuple):
  """How pages show a picture.

  Attributes:
    path: of its PNG file.
    stage: that made it.
    caption: in a few words.
    scroll: whether a wide one scrolls rather than shrinks.
    step: of training, if it is one of many snapshots.
  """

  path: Path
  stage: str
  caption: str
  scroll: bool = False
  step: int | None = None


TITLES = {
  'train_generator': 'Generator',
  'meta_train': 'Meta-training',
  'evaluate': 'Evaluation',
}
NATS = (
  *('loss', 'reconstruction', 'kl'),
  *('generator_loss', 'discriminator_loss'),
)
ROWS = (
  'Every row is a class. Left of the rule are its support images, to learn '
  'from; right of it its queries, to be classified.'
)
# How a synthetic task's classes came about, by the source of the tasks.
MADE = {
  'lasium': 'was made around it, in the latent space of the generator',
  'umtra': 'is the same image, as it is to the left and augmented to the right',
}


def stages(
  config: Mapping[str, Any], metrics: Iterable[Mapping[str, Any]], samples: Path
) -> dict[str, StageText]:
  """The stages that have metrics or pictures, by their names.

  Args:
    config: of the run.
    metrics: lines of `metrics.jsonl`.
    samples: the folder of pictures.

  Returns:
    A text for each, with the units that metrics of those names had.
  """
  names: dict[str, dict[str, str]] = {p.stage: {} for p in pictures(samples)}
  for entry in metrics:
    units = names.setdefault(str(entry['stage']), {})
    units |= {name: unit for name in entry if (unit := _unit(name))}
  about = {'meta_train': _about_tasks(config, samples)}
  return {
    name: StageText(*_title(name), units, about.get(name, ''))
    for name, units in names.items()
  }


def pictures(samples: Path) -> list[Picture]:
  """The pictures that older runs have left, by their file names."""
  fixed = [
    ('task_real', 'meta_train', 'A real task', True),
    ('generator_real', 'train_generator', 'Real images', False),
    ('generator_reconstructions', 'train_generator', 'Reconstructions', False),
  ]
  saved = [
    Picture(samples / f'{name}.png', stage, caption, scroll)
    for name, stage, caption, scroll in fixed
    if (samples / f'{name}.png').exists()
  ]
  saved += [
    Picture(path, 'meta_train', f'Synthetic task {number + 1}', True)
    for number, path in _numbered(samples, 'task_synthetic')
  ]
  saved += [
    Picture(path, 'train_generator', '', step=step)
    for step, path in _numbered(samples, 'generator')
  ]
  return saved


def _title(name: str) -> tuple[str, str]:
  head, _, part = name.partition('-')
  return TITLES.get(head, head), part


def _unit(metric: str) -> str:
  if metric.endswith(('accuracy', 'ci95')):
    return '%'
  return 'nats' if metric in NATS else ''


def _about_tasks(config: Mapping[str, Any], samples: Path) -> str:
  source = config.get('tasks', {}).get('source', 'lasium')
  if source not in MADE or not _numbered(samples, 'task_synthetic'):
    return ROWS
  return (
    f'{ROWS} In a synthetic task the image in a thick dark ring is the anchor '
    f'of its class; the rest of the row {MADE[source]}.'
  )


def _numbered(samples: Path, prefix: str) -> list[tuple[int, Path]]:
  """The pictures called `<prefix>_<number>.png`, in order."""
  return sorted(
    (int(match[1]), path)
    for path in samples.glob(f'{prefix}_*.png')
    if (match := re.fullmatch(rf'{prefix}_(\d+)\.png', path.name))
  )
