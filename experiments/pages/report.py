"""A run's folder as one page that needs nothing else: `report.html`.

No script, no font, no request: pictures are part of the page, and its content
security policy forbids the rest. What a run did not make is left out.
"""

import html
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.pages.workdir import Workdir, read_workdir
from experiments.run.record import write_atomically
from experiments.run.results import (
  is_few_shot,
  kind_of_task,
  without_floors,
)

Entry = dict[str, Any]
_NAMED = 3  # Metrics that the lead names; of more it says how many.
Section = Callable[[Workdir], str]  # HTML, '' if there is nothing.


def write_report(path: Path, sections: Mapping[str, Section]) -> Path:
  """Writes `report.html` into a run's folder, whole or not at all.

  Args:
    path: the folder, with `config.json`, `metrics.jsonl`, `results.json`,
      `stages.json` and `samples/`, any of which may be missing.
    sections: what the page has, by headings, in order.

  Returns:
    The page's path.

  Raises:
    ValueError: if a `.json` file does not parse; the message names it.
  """
  workdir = read_workdir(path)
  contents = {name: section(workdir) for name, section in sections.items()}
  page = layout(page_title(workdir), page_lead(workdir), contents)
  return write_html(path / 'report.html', page)


def write_html(path: Path, page: str) -> Path:
  """Writes a page, whole or not at all, and returns its path."""
  # In ASCII, with references for the rest, it cannot be spoilt by a locale.
  write_atomically(
    path, page.encode('ascii', 'xmlcharrefreplace').decode('ascii')
  )
  return path


def layout(title: str, lead: str, sections: Mapping[str, str]) -> str:
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


def page_title(workdir: Workdir) -> str:
  """What was judged, and on what; without results, the run."""
  results, config = workdir.results, workdir.config
  if results:
    names = words(entry['name'] for entry in without_floors(results))
    return f'{names} on {words(entry["dataset"] for entry in results)}'
  data = config.get('data', {})
  dataset = data.get('dataset') or data.get('name')
  if 'name' in config and dataset:
    return f'{config["name"]} on {dataset}'
  return str(config.get('name', 'A run'))


def page_lead(workdir: Workdir) -> str:
  """How long it was trained, and how it was judged, in a sentence or two."""
  results = workdir.results
  if not results and workdir.page:
    return 'Trained; there were no labeled images to evaluate on.'
  if not results:
    return 'Not evaluated yet: this is what the run has recorded so far.'
  few_shot = [entry for entry in results if is_few_shot(entry)]
  others = [entry for entry in results if not is_few_shot(entry)]
  judged = without_floors(few_shot or others)
  steps = words(f'{entry["steps"]:,}' for entry in judged)
  if steps == '0':
    text = 'Judged'
  elif few_shot and ('meta' in workdir.config or not workdir.config):
    text = f'Meta-trained for {steps} iterations, then judged'
  else:
    text = f'Trained for {steps} steps, then judged'
  if few_shot:
    text += f' {_few_shot_tasks(few_shot, workdir.config.get("data", {}))}'
  if others:
    text += f'{". Judged also" * bool(few_shot)} {_measures(others)}'
  return f'{text}.'


def words(items: Iterable[object]) -> str:
  """'a', 'a and b', 'a, b and c', each once."""
  *first, last = dict.fromkeys(map(str, items))
  return f'{", ".join(first)} and {last}' if first else last


def _few_shot_tasks(entries: list[Entry], data: Mapping[str, Any]) -> str:
  counts = words(f'{entry["n"]:,}' for entry in entries)
  kinds = words(kind_of_task(entry['protocol']) for entry in entries)
  return (
    f'on {counts} real tasks of each kind, {kinds}, made of {_origin(data)}'
  )


def _measures(entries: list[Entry]) -> str:
  counts = words(f'{entry["n"]:,} {entry["of"]}' for entry in entries)
  metrics = [*dict.fromkeys(entry['metric'] for entry in entries)]
  if len(metrics) > _NAMED:
    return f'by {len(metrics)} measures, on {counts}'
  return f'by {words(metrics)}, on {counts}'


def _origin(data: Mapping[str, Any]) -> str:
  """Where the images of a run's evaluation are from, by its config's `data`."""
  if data.get('name') != 'folder':
    return 'classes that training never saw'
  if data.get('evaluation_path'):
    return f'the images in {data["evaluation_path"]}, which training never saw'
  return f'images in {data["path"]} that were held out from training'
