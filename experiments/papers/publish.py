"""Keeps results in the repository, and makes RESULTS.md's tables of them."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.papers import older
from experiments.papers.changed import PLACES, Defaults, Page, changed
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

_GENERATOR = ('cluster_images', 'train_generator')
_BEFORE_ROUNDS = (*_GENERATOR, 'partitions', 'meta_train')
# The stages that another run did in place of this one, by the field that names
# it.
BORROWED = {
  'embedding_training.workdir': ('train_embedding',),
  'generator_training.workdir': _GENERATOR,
  'meta.workdir': (*_BEFORE_ROUNDS, 'cluster_rounds'),
  'rounds.workdir': _BEFORE_ROUNDS,
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
  write_tables(root / 'RESULTS.md', kept(root / 'results', defaults))


def collect(workdir: Path, defaults: Defaults) -> Page:
  """A run's results, and what its numbers depend on.

  Args:
    workdir: of a finished run.
    defaults: `config -> settings`: fills in what a config leaves to other
      fields, such as the size of its images.

  Returns:
    results.json with `settings`, flattened, without places on this machine;
    `changed`, those that are not the config file's; `seconds` by stage, but for
    evaluations; and, where there are any, `interpolants`, the curves of known
    interpolants, and `clusters`, of each round how many were found, and of
    which images.

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
  page['changed'] = changed(settings, defaults)
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


def _all_seconds(
  workdir: Path, settings: Mapping[str, Any]
) -> dict[str, float]:
  """As `_seconds`, with what other runs did for a run of such settings.

  Raises:
    ValueError: if one of these is gone.
  """
  seconds = _seconds(workdir)
  for field, stages in BORROWED.items():
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
    taken = {k: v for k, v in theirs.items() if k in stages}
    seconds = taken | seconds
  return seconds


def _seconds(workdir: Path) -> dict[str, float]:
  """How long each stage took, but for evaluations.

  Tables say what training takes. To evaluate a learner that tunes a network to
  each of a thousand tasks can take a quarter of an hour more.
  """
  seconds: dict[str, float] = {}
  for entry in read_metrics(workdir / 'metrics.jsonl'):
    stage = entry['stage']
    if not stage.startswith('evaluate'):
      seconds[stage] = max(seconds.get(stage, 0.0), entry['seconds'])
  return seconds


def kept(results: Path, defaults: Defaults) -> dict[str, dict[str, Page]]:
  """The pages in a folder of results, in today's form, by data set and file.

  Args:
    results: the folder.
    defaults: as `collect` takes it; what a run has `changed` is by today's
      config file.

  Raises:
    ValueError: if a page cannot be read.
  """
  return {
    folder.name: {
      path.stem: _today(read_results(path), defaults)
      for path in sorted(folder.glob('*.json'))
    }
    for folder in sorted(results.glob('*/'))
  }


def _today(page: Page, defaults: Defaults) -> Page:
  """A page whose settings have today's names, and `changed` is by today's file.

  One that was published without its settings, or whose run is in no config file
  any more, has what was changed then.
  """
  if 'settings' not in page:
    return page
  settings = older.renamed(page['settings'])
  page = {**page, 'settings': settings}
  with contextlib.suppress(ValueError):
    return {**page, 'changed': changed(settings, defaults)}
  return page


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
