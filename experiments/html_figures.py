"""The figures of a report: pictures, and training curves."""

import base64
import html
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments import charts

SNAPSHOTS = 6  # Pictures of a generator's training that the page shows.
NATS = (
  'loss',
  'reconstruction',
  'kl',
  'generator_loss',
  'discriminator_loss',
)


def _picture(path: Path, caption: str, *, kind: str = '') -> str:
  """A figure; nothing where there is no such file, or not a whole header.

  A wide picture may shrink to half its size and no further: it scrolls.
  """
  content = path.read_bytes() if path.exists() else b''
  if len(content) < 24 or not content.startswith(b'\x89PNG\r\n\x1a\n'):
    return ''
  width, height = struct.unpack('>II', content[16:24])
  data = base64.b64encode(content).decode()
  return (
    f'<figure{kind and f" class={kind}"}><div class="sheet"><img '
    f'src="data:image/png;base64,{data}" width="{width}" height="{height}" '
    f'style="min-width:{width // 2}px" alt="{html.escape(caption)}"></div>'
    f'<figcaption>{html.escape(caption)}</figcaption></figure>'
  )


def _numbered(samples: Path, prefix: str) -> list[tuple[int, Path]]:
  """The pictures called `<prefix>_<number>.png`, in order."""
  return sorted(
    (int(match[1]), path)
    for path in samples.glob(f'{prefix}_*.png')
    if (match := re.fullmatch(rf'{prefix}_(\d+)\.png', path.name))
  )


def task_pictures(samples: Path) -> str:
  synthetic = [
    _picture(path, f'Synthetic training task {number + 1}')
    for number, path in _numbered(samples, 'task_synthetic')
  ]
  real = _picture(samples / 'task_real.png', 'Real task')
  if not (real or synthetic):
    return ''
  text = (
    'One row is one class. Left of the rule are the support images, from which '
    'the classes are learned; right of it the queries, which are to be told '
    'apart.'
  )
  if synthetic:
    text += (
      ' In a synthetic task <span class="anchor">a thick dark ring</span> '
      'marks the anchor: the point in latent space, or the real image found '
      'there, around which the rest of its row was made.'
    )
  return (
    f'<p>{text}</p>\n<div class="pictures">{real}{"".join(synthetic)}</div>'
  )


def generated_pictures(samples: Path) -> str:
  steps = _numbered(samples, 'generator')
  chosen = np.linspace(0, len(steps) - 1, min(SNAPSHOTS, len(steps)))
  snapshots = [
    _picture(steps[i][1], f'Step {steps[i][0]:,}')
    for i in chosen.round().astype(int)
  ]
  pair = [
    _picture(samples / 'generator_real.png', 'Real images'),
    _picture(
      samples / 'generator_reconstructions.png',
      'The same, encoded and decoded',
    ),
  ]
  return ''.join(
    f'<div class="pictures">{"".join(figures)}</div>'
    for figures in (snapshots, pair)
    if any(figures)
  )


def training_curves(metrics: Metrics, unreadable: int) -> str:
  parts = []
  for stage, curves in metrics.items():
    figures = ''.join(
      _curve(name, points, dict(curves.get(f'{name}_ci95', ())))
      for name, points in curves.items()
      if not name.endswith('_ci95')
    )
    title = html.escape(STAGES.get(stage, stage))
    parts.append(f'<h3>{title}</h3>\n<div class="charts">{figures}</div>')
  if parts:
    parts.append(
      f'<p class="note">Above {charts.MAX_POINTS} records a line joins '
      'neighbours: it is their mean, the band their range. Around a '
      'validation accuracy the band is its 95&nbsp;% confidence interval.</p>'
    )
  if unreadable:
    parts.append(
      f'<p class="note">{unreadable:,} lines of metrics.jsonl could not be '
      'read and are left out.</p>'
    )
  return '\n'.join(parts)


def _curve(
  name: str, points: list[tuple[int, float]], ci95: dict[int, float]
) -> str:
  """One chart; `ci95` has half the band's height by step."""
  unit = '%' if name.endswith('accuracy') else ''
  scale = 100 if unit else 1
  steps, values = np.array(points, np.float64).T
  half = np.array([ci95.get(step, 0) for step, _ in points])
  values = scale * values
  series = charts.thin(
    charts.Series(steps, values, values - scale * half, values + scale * half)
  )
  title = html.escape(name.removesuffix('_ci95').replace('_', ' '))
  dimension = unit or ('nats' if name in NATS else '')
  lost = int((~np.isfinite(values)).sum())
  notes = [dimension] * bool(dimension)
  notes += [f'{lost:,} not finite'] * bool(lost)
  drawn = ''
  if lost < len(points):
    drawn = charts.curve(series, unit=unit, label=name)
  return (
    f'<figure><figcaption>{title} <small>{", ".join(notes)}</small>'
    f'</figcaption>{drawn}</figure>'
  )


