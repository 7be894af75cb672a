"""The figures of a report: pictures, and training curves."""

import base64
import html
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.pages import charts

SNAPSHOTS = 6  # Pictures of a generator's training that the page shows.
STAGES = {
  'train_generator': 'Generator',
  'meta_train': 'Meta-training',
  'evaluate': 'Evaluation',
}
# How a synthetic task's classes came about, by config.tasks.source.
MADE = {
  'lasium': 'was made around it, in the latent space of the generator',
  'umtra': 'is the same image, as it is to the left and augmented to the right',
}
NATS = (
  'loss',
  'reconstruction',
  'kl',
  'generator_loss',
  'discriminator_loss',
)
WIDE = 640  # Pixels above which a picture gets a row of its own.
PNG = b'\x89PNG\r\n\x1a\n'

# By stage and name, the value at every step.
Curves = dict[str, dict[str, dict[int, float]]]


def task_pictures(samples: Path, source: str) -> str:
  """A real task beside synthetic ones, and how to read them.

  Args:
    samples: a folder with `task_real.png` and `task_synthetic_<number>.png`,
      either of which may be missing.
    source: of the synthetic tasks, `config.tasks.source`.

  Returns:
    HTML; nothing where there are no such pictures.
  """
  real = _picture(samples / 'task_real.png', 'A real task', scroll=True)
  synthetic = ''.join(
    _picture(path, f'Synthetic task {number + 1}', scroll=True)
    for number, path in _numbered(samples, 'task_synthetic')
  )
  if not (real or synthetic):
    return ''
  text = (
    'Every row is a class. Left of the rule are its support images, to learn '
    'from; right of it its queries, to be classified.'
  )
  if synthetic:
    text += (
      ' In a synthetic task the image in a <span class="anchor">thick dark '
      'ring</span> is the anchor of its class; the rest of the row '
      f'{MADE[source]}.'
    )
  return f'<p>{text}</p>\n<div class="pictures">{real}{synthetic}</div>'


def generator_pictures(samples: Path) -> str:
  """What a generator made as it was trained, and how it reconstructs.

  Args:
    samples: a folder with `generator_<step>.png`, of which a few are shown,
      the first and the last among them; `generator_real.png` and
      `generator_reconstructions.png`.

  Returns:
    HTML; nothing where there are no such pictures.
  """
  taken = _numbered(samples, 'generator')
  chosen = np.linspace(0, len(taken) - 1, min(SNAPSHOTS, len(taken)))
  snapshots = ''.join(
    _picture(taken[i][1], f'Step {taken[i][0]:,}')
    for i in chosen.round().astype(int)
  )
  pair = _picture(samples / 'generator_real.png', 'Real images') + _picture(
    samples / 'generator_reconstructions.png', 'Reconstructions'
  )
  return '\n'.join(
    f'<div class="pictures grids">{figures}</div>'
    for figures in (snapshots, pair)
    if figures
  )


def training_curves(entries: Iterable[dict[str, Any]]) -> str:
  """One chart for every stage and metric.

  Args:
    entries: the lines of `metrics.jsonl`. `validation_ci95` becomes the
      band around `validation_accuracy`; what is no number is left out.

  Returns:
    HTML; nothing for no entries.
  """
  figures: dict[str, str] = {}
  for stage, curves in _by_stage(entries).items():
    title, _, part = stage_title(stage).partition(': ')
    figures[title] = figures.get(title, '') + ''.join(
      _curve(name, points, curves.get(_interval(name), {}), part)
      for name, points in curves.items()
      if not name.endswith('ci95')
    )
  parts = [
    f'<h3>{html.escape(title)}</h3>\n<div class="charts">{charts}</div>'
    for title, charts in figures.items()
  ]
  if parts:
    parts.append(
      f'<p class="note">Beyond {charts.MAX_POINTS} records the line is the '
      'mean of neighbors and the band their range. Around a validation '
      'accuracy the band is the 95&nbsp;% confidence interval.</p>'
    )
  return '\n'.join(parts)


def stage_title(name: str) -> str:
  """A stage's name for readers: 'evaluate-x' is 'Evaluation: x'."""
  head, _, part = name.partition('-')
  return STAGES.get(head, head) + (f': {part}' if part else '')


def _picture(path: Path, caption: str, *, scroll: bool = False) -> str:
  """A figure; nothing where there is no file, or not a whole header.

  With `scroll` a wide picture gets a row of its own, and shrinks to half its
  size and no further; without it shrinks to its column.
  """
  content = path.read_bytes() if path.exists() else b''
  if len(content) < 24 or not content.startswith(PNG):
    return ''
  width, height = struct.unpack('>II', content[16:24])
  wide = scroll and width > WIDE
  minimum = f' style="min-width:{width // 2}px"' * wide
  data = base64.b64encode(content).decode()
  return (
    f'<figure{" class=wide" * wide}><figcaption>{caption}</figcaption>'
    f'<div class="sheet"{" tabindex=0" * wide}><img alt="{caption}" '
    f'width="{width}" height="{height}"{minimum} '
    f'src="data:image/png;base64,{data}"></div></figure>\n'
  )


def _numbered(samples: Path, prefix: str) -> list[tuple[int, Path]]:
  """The pictures called `<prefix>_<number>.png`, in order."""
  return sorted(
    (int(match[1]), path)
    for path in samples.glob(f'{prefix}_*.png')
    if (match := re.fullmatch(rf'{prefix}_(\d+)\.png', path.name))
  )


def _interval(name: str) -> str:
  """The metric that is half an accuracy's 95 % confidence interval."""
  return name.removesuffix('accuracy') + 'ci95'


def _by_stage(entries: Iterable[dict[str, Any]]) -> Curves:
  """Of a step that was recorded twice, the later record counts."""
  curves: Curves = {}
  for entry in entries:
    for name, value in entry.items():
      # Those with a slash are of one member of many.
      if '/' in name or name in ('step', 'seconds'):
        continue
      if type(value) in (int, float):
        stage = curves.setdefault(str(entry['stage']), {})
        stage.setdefault(name, {})[entry['step']] = value
  return curves


def _curve(
  name: str, points: dict[int, float], ci95: dict[int, float], part: str
) -> str:
  """A chart under its name; `ci95` is half the band's height by step."""
  unit = '%' if name.endswith('accuracy') else ''
  scale = 100 if unit else 1
  steps = sorted(points)
  values = scale * np.array([points[step] for step in steps], np.float64)
  half = scale * np.array([ci95.get(step, 0) for step in steps])
  series = charts.Series(
    np.array(steps, np.float64), values, values - half, values + half
  )
  lost = int((~np.isfinite(values)).sum())
  notes = [html.escape(part)] * bool(part) + ['nats'] * (name in NATS)
  notes += [f'{lost:,} not finite'] * bool(lost)
  title = html.escape(name.replace('_', ' '))
  drawn = ''
  if lost < len(values):
    drawn = charts.curve(charts.thin(series), unit=unit, label=name)
  return (
    f'<figure><figcaption>{title} <small>{", ".join(notes)}</small>'
    f'</figcaption>{drawn}</figure>\n'
  )
