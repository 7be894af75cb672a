"""Keeps results in the repository, and makes RESULTS.md's tables of them."""

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.papers import older
from experiments.papers.over_samples import (
  is_of_a_sample,
  of_classifiers,
  over_samples,
)
from experiments.papers.over_seeds import over_seeds
from experiments.papers.side_by_side import side_by_side
from experiments.papers.tables import tables
from experiments.run.config import flatten
from experiments.run.record import (
  read_json,
  read_metrics,
  write_atomically,
  write_json,
)
from experiments.run.results import INTERPOLANTS, read_results

Page = dict[str, Any]
# A config as its file has it, with what it leaves to other fields filled in.
Defaults = Callable[[Any], Mapping[str, Any]]

# These fields say where things were on one machine.
PLACES = {
  *('data.path', 'data.evaluation_path', 'generator_training.workdir'),
  *('quality.recognizer', 'one_shot.recognizer', 'borrowed.folder'),
  *('embedding_training.workdir', 'meta.workdir', 'rounds.workdir'),
  'measure.weights',
}
# What another run did in place of this one, by the field that names it: the
# stage, or '' for all that this one has not done itself.
BORROWED = {
  'generator_training.workdir': 'train_generator',
  'meta.workdir': '',
  'rounds.workdir': '',
}
# These fields say which run it is or how fast it was, or have a column of
# their own in RESULTS.md.
ELSEWHERE = PLACES | {
  *('system', 'file', 'name', 'devices', 'device_bytes', 'checkpoint_seconds'),
  *('meta.iterations', 'meta.batch'),
  *('generator_training.steps', 'generator_training.batch_size'),
  *('floors.scratch.judge', 'floors.nearest.judge'),
}


def publish(workdirs: list[Path], root: Path, defaults: Defaults) -> None:
  """Keeps each run's results, then writes the tables anew from all.

  Args:
    workdirs: of finished runs; each goes to `results/DATASET/WORKDIR.json`.
    root: of the repository, with `results/` and `RESULTS.md`.
    defaults: as `collect` takes it.

  Raises:
    ValueError: if a run cannot be kept, or a data set has no place in
      RESULTS.md.
  """
  # All are read before any is written.
  for workdir, page in [(w, collect(w, defaults)) for w in workdirs]:
    # TFDS's names may have a slash, as emnist/bymerge has.
    dataset = page['results'][0]['dataset'].replace('/', '-')
    folder = root / 'results' / dataset
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f'{workdir.resolve().name}.json', page)
  write_tables(root / 'RESULTS.md', kept(root / 'results'))


def collect(workdir: Path, defaults: Defaults) -> Page:
  """A run's results, and what its numbers depend on.

  Args:
    workdir: of a finished run.
    defaults: `config -> settings`: fills in what a config leaves to other
      fields, such as the size of its images.

  Returns:
    results.json with `settings`, flattened, without places on this machine;
    `changed`, those that are not the config file's; `seconds` by stage; and,
    where there are any, `interpolants`, the curves of known interpolants, and
    `clusters`, of each round how many were found, and of which images.

  Raises:
    ValueError: if the run has no results, its config file cannot be read, or
      the run that trained its generator or its learners is gone.
  """
  page = read_results(workdir / 'results.json')
  if not page.get('results'):
    raise ValueError(f'{workdir} has no results; name a finished run.')
  config = flatten(read_json(workdir / 'config.json'))
  settings = older.renamed(config)
  seconds = _all_seconds(workdir, settings)
  page['settings'] = {k: v for k, v in settings.items() if k not in PLACES}
  page['changed'] = _changed(settings, defaults, new='system' in config)
  page['seconds'] = seconds
  shown = {
    'interpolants': read_json(workdir / INTERPOLANTS),
    'clusters': _clusters(workdir),
  }
  return page | {name: _rounded(own) for name, own in shown.items() if own}


def _clusters(workdir: Path) -> list[Page]:
  """What the page of rounds of clustering shows of each, in order."""
  names = ('clusters', 'images', 'covered', 'purity')
  return [
    {name: entry[name] for name in names if name in entry}
    for entry in read_metrics(workdir / 'metrics.jsonl')
    if 'covered' in entry
  ]


def _rounded(value: Any) -> Any:
  """JSON, whose numbers have four digits."""
  if isinstance(value, dict):
    return {key: _rounded(own) for key, own in value.items()}
  if isinstance(value, list):
    return [_rounded(own) for own in value]
  return float(f'{value:.4g}') if isinstance(value, float) else value


def _changed(
  settings: Mapping[str, Any], defaults: Defaults, *, new: bool
) -> Page:
  """The settings that flags gave other values than the config file has.

  Settings of an older run that today's file does not have are left out.
  """
  default = _of_the_file(settings, defaults)

  def differs(field: str, value: Any) -> bool:
    if field in ELSEWHERE:
      return False
    if field in default:
      return bool(default[field] != value)
    return new

  return {k: v for k, v in settings.items() if differs(k, v)}


def _of_the_file(settings: Mapping[str, Any], defaults: Defaults) -> Page:
  """The flattened settings that the config file has by itself."""
  file, run = settings['file'], settings['name']
  try:
    module = importlib.import_module(file.removesuffix('.py').replace('/', '.'))
    config = module.get_config(run)
  except (ImportError, ValueError) as error:
    raise ValueError(
      f'{file} has no run {run!r} any more, so that what its flags changed '
      f'cannot be told: {error}'
    ) from error
  own = {}
  for field in ('size', 'channels'):
    if f'data.{field}' in settings and field in config.data:
      own[f'data.{field}'] = config.data[field]
      config.data[field] = settings[f'data.{field}']
  # A saved config is JSON, which has lists in place of tuples. What follows
  # from the size of images is no change, and the size is one.
  plain: Page = json.loads(json.dumps(flatten(defaults(config))))
  return plain | own


def _all_seconds(
  workdir: Path, settings: Mapping[str, Any]
) -> dict[str, float]:
  """As `_seconds`, with what other runs did for a run of such settings.

  Raises:
    ValueError: if one of these is gone.
  """
  seconds = _seconds(workdir)
  for field, stage in BORROWED.items():
    if not settings.get(field):
      continue
    lender = Path(settings[field])
    if not lender.exists():
      raise ValueError(
        f'{workdir} took what was trained from {lender}, which is gone; how '
        'long that took cannot be told.'
      )
    own = older.renamed(flatten(read_json(lender / 'config.json')))
    theirs = _all_seconds(lender, own)
    taken = {k: v for k, v in theirs.items() if stage in ('', k)}
    seconds = taken | seconds
  return seconds


def _seconds(workdir: Path) -> dict[str, float]:
  """How long each stage took, but for evaluations, which are short."""
  seconds: dict[str, float] = {}
  for entry in read_metrics(workdir / 'metrics.jsonl'):
    stage = entry['stage']
    if not stage.startswith('evaluate'):
      seconds[stage] = max(seconds.get(stage, 0.0), entry['seconds'])
  return seconds


def kept(results: Path) -> dict[str, dict[str, Page]]:
  """The pages in a folder of results, in today's form, by data set and file."""
  return {
    folder.name: {
      path.stem: read_results(path) for path in sorted(folder.glob('*.json'))
    }
    for folder in sorted(results.glob('*/'))
  }


def write_tables(path: Path, pages: Mapping[str, Mapping[str, Page]]) -> None:
  """Replaces what stands between each data set's markers in RESULTS.md.

  Raises:
    ValueError: if a data set has no markers there; nothing is written.
  """
  text = path.read_text(encoding='utf-8')
  for dataset, mine in pages.items():
    start, end = f'<!-- {dataset} -->', f'<!-- /{dataset} -->'
    before, _, rest = text.partition(start)
    _, closing, after = rest.partition(end)
    if not closing:
      raise ValueError(f'{path} needs {start} and {end}, where its table goes.')
    hardware = ', '.join(sorted({page['hardware'] for page in mine.values()}))
    table = f'{_tables(mine)}\n\nHardware: {hardware}.'
    text = f'{before}{start}\n\n{table}\n\n{end}{after}'
  write_atomically(path, text)


def _tables(pages: Mapping[str, Page]) -> str:
  """A table for each kind of run, by what is to be compared."""
  many = {name: page for name, page in pages.items() if _many(page)}
  rest = [page for name, page in pages.items() if name not in many]
  samples = [page for page in rest if is_of_a_sample(page)]
  others = [page for page in rest if not is_of_a_sample(page)]
  parts = [tables(others)] if others else []
  parts += [side_by_side(over_seeds(many))] if many else []
  parts += [over_samples(samples)] if samples else []
  compared = {
    name: {**page, 'results': _of_images(page)}
    for name, page in pages.items()
    if is_of_a_sample(page) and _of_images(page)
  }
  parts += [side_by_side(compared)] if compared else []
  return '\n\n'.join(parts)


def _of_images(page: Page) -> list[dict[str, Any]]:
  """Where made images were compared with real ones in features: how near."""
  found = [entry for entry in page['results'] if not of_classifiers(entry)]
  in_features = any('features' in entry['protocol'] for entry in found)
  return found if in_features else []


def _many(page: Page) -> bool:
  """Whether a run is measured in many ways."""
  return bool(page.get('settings', {}).get('system') == 'interpolative')
