"""A run's folder as one page that needs nothing else: `report.html`.

No script, no font, no request: pictures are part of the page, and its content
security policy forbids the rest. What a run did not make is left out.
"""

import base64
import html
import json
import re
import shlex
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments import charts
from experiments.html_accuracy import FLOOR, accuracy_table

Json = dict[str, Any]
# By stage, then by name: the `(step, value)` of every record.
Metrics = dict[str, dict[str, list[tuple[int, float]]]]

SNAPSHOTS = 6  # Pictures of a generator's training that the page shows.
STAGES = {
  'generator': 'Generator',
  'meta_train': 'Meta-training',
  'evaluate': 'Evaluation',
}
NATS = (
  'loss',
  'reconstruction',
  'kl',
  'generator_loss',
  'discriminator_loss',
)


class Run(NamedTuple):
  """What a workdir holds; what it does not is empty.

  Attributes:
    config: `config.json`.
    metrics: `metrics.jsonl`.
    unreadable: how many of its lines did not parse.
    record: `results.json`.
    samples: the folder of pictures, which may be missing.
  """

  config: Json
  metrics: Metrics
  unreadable: int
  record: Json
  samples: Path


def write_report(workdir: Path) -> Path:
  """Writes `workdir/report.html`, whole or not at all.

  Args:
    workdir: a run's folder: `config.json`, `metrics.jsonl`, `results.json` and
      `samples/*.png`, any of which may be missing.

  Returns:
    The page's path.

  Raises:
    ValueError: if a `.json` file does not parse; the message names it.
  """
  path = workdir / 'report.html'
  temporary = workdir / 'report.html.tmp'
  temporary.write_text(page(read_run(workdir)), encoding='utf-8')
  temporary.replace(path)
  return path


def read_run(workdir: Path) -> Run:
  """Reads what there is; see `write_report`."""
  metrics, unreadable = _read_metrics(workdir / 'metrics.jsonl')
  return Run(
    _read_json(workdir / 'config.json'),
    metrics,
    unreadable,
    _read_json(workdir / 'results.json'),
    workdir / 'samples',
  )


def page(run: Run) -> str:
  """The whole page as text."""
  results = run.record.get('results', [])
  title, lead = _title(results), _lead(results)
  sections = {
    'Accuracy': accuracy_table(results),
    'Tasks': _tasks(run.samples),
    'Generated images': _generated(run.samples),
    'Training': _curves(run.metrics, run.unreadable),
    'Settings': _settings(run.config),
    'Time and hardware': _times(run.record),
    'How to repeat it': _command(results),
  }
  body = '\n'.join(
    f'<section>\n<h2>{name}</h2>\n{content}\n</section>'
    for name, content in sections.items()
    if content
  )
  style = Path(__file__).with_suffix('.css').read_text(encoding='utf-8')
  return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{lead}</p>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _read_json(path: Path) -> Json:
  if not path.exists():
    return {}
  try:
    content: Json = json.loads(path.read_text(encoding='utf-8'))
  except ValueError as error:
    raise ValueError(f'{path} is not JSON: {error}') from error
  return content


def _read_metrics(path: Path) -> tuple[Metrics, int]:
  """All numbers by stage and name, and how many whole lines did not parse.

  Of a step that was recorded twice, by a run that was killed and went on, the
  later record counts. A last line without its end is a write cut short.
  """
  latest: dict[str, dict[str, dict[int, float]]] = {}
  unreadable = 0
  content = path.read_bytes() if path.exists() else b''
  for line in content.splitlines(keepends=True):
    try:
      record = json.loads(line)
      stage, step = str(record.pop('stage')), int(record.pop('step'))
    except (ValueError, KeyError, TypeError, AttributeError):
      unreadable += line.endswith(b'\n')
      continue
    for name, value in record.items():
      if type(value) in (int, float) and name != 'seconds':
        latest.setdefault(stage, {}).setdefault(name, {})[step] = value
  metrics = {
    stage: {name: sorted(points.items()) for name, points in curves.items()}
    for stage, curves in latest.items()
  }
  return metrics, unreadable


def _words(items: Iterable[object]) -> str:
  """'a', 'a and b', 'a, b and c', each once."""
  *first, last = dict.fromkeys(map(str, items))
  return f'{", ".join(first)} and {last}' if first else last


def _judged(results: list[Json]) -> list[Json]:
  """All but the floor, unless there is nothing else."""
  return [r for r in results if r['name'] != FLOOR] or results


def _title(results: list[Json]) -> str:
  if not results:
    return 'A few-shot learning run'
  names = _words(r['name'] for r in _judged(results))
  return html.escape(f'{names} on {_words(r["dataset"] for r in results)}')


def _lead(results: list[Json]) -> str:
  if not results:
    return 'Not evaluated yet. This is what the run has recorded so far.'
  steps = _words(f'{r["steps"]:,}' for r in _judged(results))
  kinds = _words(f'{r["ways"]}-way {r["shots"]}-shot' for r in results)
  tasks = _words(f'{r["tasks"]:,}' for r in results)
  return html.escape(
    f'Meta-trained for {steps} iterations, then judged on {tasks} real '
    f'{kinds} tasks of classes that training never saw.'
  )


def _command(results: list[Json]) -> str:
  configs = dict.fromkeys(r['config'] for r in _judged(results))
  commands = '\n'.join(
    shlex.join([
      'python',
      'experiments/lasium.py',
      f'--config={config}',
      '--workdir=runs/again',
    ])
    for config in configs
  )
  return commands and (
    f'<pre>{html.escape(commands)}</pre>\n<p class="note">Add '
    '<code>--data_dir</code> for a data set that is not built in, and a flag '
    'for every setting above that differs from the config’s own.</p>'
  )
