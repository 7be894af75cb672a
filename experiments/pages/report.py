"""A run's folder as one page that needs nothing else: `report.html`.

No script, no font, no request: pictures are part of the page, and its content
security policy forbids the rest. What a run did not make is left out.
"""

import html
import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.pages.figures import (
  generator_pictures,
  task_pictures,
  training_curves,
)
from experiments.pages.tables import (
  FLOORS,
  accuracy_table,
  settings_table,
  times_table,
)
from experiments.run.record import read_metrics, write_atomically

Json = dict[str, Any]


def write_report(workdir: Path) -> Path:
  """Writes `workdir/report.html`, whole or not at all.

  Args:
    workdir: a run's folder with `config.json`, `metrics.jsonl`, `results.json`
      and `samples/*.png`, any of which may be missing.

  Returns:
    The page's path.

  Raises:
    ValueError: if a `.json` file does not parse; the message names it.
  """
  path = workdir / 'report.html'
  # In ASCII, with references for the rest, no locale can spoil it.
  page = _page(workdir).encode('ascii', 'xmlcharrefreplace').decode('ascii')
  write_atomically(path, page)
  return path


def _page(workdir: Path) -> str:
  record = _read_json(workdir / 'results.json')
  config = _read_json(workdir / 'config.json')
  results, samples = record.get('results', []), workdir / 'samples'
  metrics = list(read_metrics(workdir / 'metrics.jsonl'))
  return layout(
    _title(results),
    _lead(record, config.get('data', {})),
    {
      'Accuracy': accuracy_table(results),
      'Tasks': task_pictures(samples, _source(config)),
      'Generated images': generator_pictures(samples),
      'Training': training_curves(metrics),
      'Settings': settings_table(config),
      'Time and hardware': times_table(record, metrics),
      'How to repeat it': _commands(results),
    },
  )


def layout(title: str, lead: str, sections: dict[str, str]) -> str:
  """The page; sections without content are left out."""
  style = Path(__file__).with_suffix('.css').read_text(encoding='utf-8')
  body = '\n'.join(
    f'<section>\n<h2>{name}</h2>\n{content}\n</section>'
    for name, content in sections.items()
    if content
  )
  return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{html.escape(title)}</h1>
<p>{html.escape(lead)}</p>
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


def _title(results: list[Json]) -> str:
  if not results:
    return 'A few-shot learning run'
  names = words(entry['name'] for entry in _judged(results))
  return f'{names} on {words(entry["dataset"] for entry in results)}'


def _lead(record: Json, data: Json) -> str:
  results = record.get('results', [])
  if not results and record:
    return 'Meta-trained; there were no labeled images to evaluate on.'
  if not results:
    return 'Not evaluated yet: this is what the run has recorded so far.'
  steps = words(f'{r["steps"]:,}' for r in _judged(results))
  tasks = words(f'{r["tasks"]:,}' for r in results)
  kinds = words(f'{r["ways"]}-way {r["shots"]}-shot' for r in results)
  judged = f'Meta-trained for {steps} iterations, then judged'
  return (
    f'{"Judged" if steps == "0" else judged} on {tasks} real tasks of each '
    f'kind, {kinds}, made of {_origin(data)}.'
  )


def _origin(data: Json) -> str:
  """Of the images that a run is judged on, by its config's `data`."""
  if data.get('name') != 'folder':
    return 'classes that training never saw'
  if data['evaluation_path']:
    return f'the images in {data["evaluation_path"]}, which training never saw'
  return f'images in {data["path"]} that were held out from training'


def _source(config: Json) -> str:
  """Where the tasks of meta-training came from."""
  return str(config.get('tasks', {}).get('source', 'lasium'))


def _judged(results: list[Json]) -> list[Json]:
  """All but the floors, unless there is nothing else."""
  return [r for r in results if r['name'] not in FLOORS] or results


def words(items: Iterable[object]) -> str:
  """'a', 'a and b', 'a, b and c', each once."""
  *first, last = dict.fromkeys(map(str, items))
  return f'{", ".join(first)} and {last}' if first else last


def _commands(results: list[Json]) -> str:
  if not results:
    return ''
  configs = dict.fromkeys(entry['config'] for entry in _judged(results))
  commands = '\n'.join(
    shlex.join(
      [
        'python',
        'experiments/lasium.py',
        f'--config={config}',
        '--workdir=runs/again',
      ]
    )
    for config in configs
  )
  return (
    f'<pre>{html.escape(commands)}</pre>\n<p class="note">Add '
    '<code>--data_dir</code> for a data set that is not built in, and a flag '
    'for every setting above that differs from what the config has.</p>'
  )
