"""Keeps results in the repository, and makes RESULTS.md's tables of them.

  python experiments/publish.py runs/ro-vae-maml runs/scratch

Each run's results.json goes to results/DATASET/WORKDIR.json, by the name of its
workdir, with how its generator was trained and which settings are not those of
its config file; then the tables between the markers in RESULTS.md are written
anew from all files there. Without arguments only the tables are written.
"""

import argparse
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.components import by_size
from experiments.run.members import label
from experiments.run.record import (
  duration,
  flatten,
  read_metrics,
  write_atomically,
  write_json,
)

ROOT = Path(__file__).resolve().parent.parent
# They say where and how fast, or have a column or a row of their own.
ELSEWHERE = {
  *('evaluation.scratch', 'evaluation.nearest'),
  *('data.path', 'data.evaluation_path', 'generator.workdir'),
  *('devices', 'checkpoint_seconds', 'meta.iterations', 'meta.batch'),
  *('generator.steps', 'generator.batch_size'),
}
Page = dict[str, Any]


def collect(workdir: Path) -> Page:
  """A run's results, and what its numbers depend on.

  Args:
    workdir: of a finished run.

  Returns:
    results.json with the stages' steps and seconds.

  Raises:
    ValueError: if the run has no results, or the run that trained its generator
      is gone.
  """
  path = workdir / 'results.json'
  page: Page = json.loads(path.read_text()) if path.exists() else {}
  if not page.get('results'):
    raise ValueError(f'{workdir} has no results; name a finished run.')
  config = json.loads((workdir / 'config.json').read_text())
  page['changed'] = _changed(config)
  meta, tasks = config['meta'], config['tasks']
  if meta['iterations']:
    page['meta'] = {
      'iterations': meta['iterations'],
      'batch': meta['batch'],
      'seconds': _seconds(workdir, 'meta_train'),
    }
  if meta['iterations'] and tasks['source'] == 'lasium':
    generator = config['generator']
    trained_in = Path(generator['workdir'] or workdir)
    if not trained_in.exists():
      raise ValueError(
        f'{workdir} took its generator from {trained_in}, which is gone; how '
        'long that was trained cannot be told.'
      )
    page['generator'] = {
      'name': generator['name'],
      'steps': generator['steps'],
      'batch': generator['batch_size'],
      'seconds': _seconds(trained_in, 'train_generator'),
    }
  return page


def _changed(config: Page) -> Page:
  """The settings that flags gave other values than the config file has."""
  module = importlib.import_module(f'configs.lasium.{config["benchmark"]}')
  file = module.get_config(config['name'])
  file.data.size, file.data.channels = (
    config['data'][field] for field in ('size', 'channels')
  )
  default = flatten(by_size.resolved(file).to_dict())
  # As JSON has them: without tuples.
  default = json.loads(json.dumps(default))
  return {
    field: value
    for field, value in flatten(config).items()
    if field not in ELSEWHERE and default.get(field, value) != value
  }


def _seconds(workdir: Path, stage: str) -> float:
  entries = read_metrics(workdir / 'metrics.jsonl')
  mine = (entry['seconds'] for entry in entries if entry['stage'] == stage)
  return max(mine, default=0.0)


def table(pages: list[Page]) -> str:
  """A Markdown table, one row a run, in percent."""
  lines = [
    '| run | 1-shot | paper | 5-shot | paper | normalization '
    '| generator | meta-training | other settings |',
    '|---|---|---|---|---|---|---|---|---|',
  ]
  lines += [_row(page, name, entries) for page, name, entries in _runs(pages)]
  return '\n'.join(lines)


def _runs(pages: list[Page]) -> Iterator[tuple[Page, str, dict[int, Page]]]:
  for page in pages:
    for name in dict.fromkeys(map(_run_name, page['results'])):
      entries = [e for e in page['results'] if _run_name(e) == name]
      yield page, name, {e['shots']: e for e in entries}


def _run_name(entry: Page) -> str:
  """The name of a run, and of its member where there are several."""
  member = entry.get('member')
  return f'{entry["name"]} {label(member)}' if member else str(entry['name'])


def _row(page: Page, name: str, by_shots: dict[int, Page]) -> str:
  cells = [f'`{name}`']
  for shots in (1, 5):
    entry = by_shots.get(shots, {})
    cells += [_percent(entry, ''), _percent(entry, 'paper_')]
  cells.append(next(iter(by_shots.values()))['normalization'])
  cells.append(_stage(page.get('generator'), 'steps'))
  cells.append(_stage(page.get('meta'), 'iterations'))
  changed = page['changed'].items()
  cells.append(', '.join(f'{field}={value}' for field, value in changed))
  return f'| {" | ".join(cells)} |'


def _percent(entry: Page, prefix: str) -> str:
  accuracy = entry.get(f'{prefix}accuracy')
  if accuracy is None:
    return ''
  return f'{100 * accuracy:.2f} ± {100 * entry[f"{prefix}ci95"]:.2f}'


def _stage(stage: Page | None, unit: str) -> str:
  if stage is None:
    return ''
  return f'{stage[unit]:,} x {stage["batch"]}, {duration(stage["seconds"])}'


def write_tables(path: Path, pages: dict[str, list[Page]]) -> None:
  """Replaces what stands between each data set's markers in RESULTS.md.

  Raises:
    ValueError: if a data set has no markers there; nothing is written.
  """
  text = path.read_text()
  for dataset, found in pages.items():
    start, end = f'<!-- {dataset} -->', f'<!-- /{dataset} -->'
    before, _, rest = text.partition(start)
    _, closing, after = rest.partition(end)
    if not closing:
      raise ValueError(f'{path} needs {start} and {end}, where its table goes.')
    hardware = ', '.join(sorted({page['hardware'] for page in found}))
    made = f'{table(found)}\n\nHardware: {hardware}.'
    text = f'{before}{start}\n\n{made}\n\n{end}{after}'
  write_atomically(path, text)


def kept(results: Path) -> dict[str, list[Page]]:
  """The pages of each data set in a folder of results."""
  return {
    folder.name: [
      json.loads(path.read_text()) for path in sorted(folder.glob('*.json'))
    ]
    for folder in sorted(results.glob('*/'))
  }


def main(arguments: list[str] | None = None) -> None:
  parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawTextHelpFormatter
  )
  parser.add_argument('workdirs', nargs='*', type=Path)
  workdirs = parser.parse_args(arguments).workdirs
  try:
    _publish(workdirs)
  except (OSError, ValueError) as error:
    parser.error(str(error))


def _publish(workdirs: list[Path]) -> None:
  results = ROOT / 'results'
  # All are read before any is written.
  for workdir, page in [(workdir, collect(workdir)) for workdir in workdirs]:
    folder = results / page['results'][0]['dataset']
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f'{workdir.resolve().name}.json', page)
  write_tables(ROOT / 'RESULTS.md', kept(results))


if __name__ == '__main__':
  main()
