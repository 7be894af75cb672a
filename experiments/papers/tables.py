"""Markdown tables of published results, with the papers' numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from experiments.papers import markdown, older
from experiments.papers.published import TABLES, candidates
from experiments.run.members import label
from experiments.run.record import duration
from experiments.run.results import WITHIN_GROUPS, is_few_shot

Entry = Mapping[str, Any]
Page = Mapping[str, Any]  # `experiments.papers.publish.collect` makes it.
Column = tuple[str, list[str]]  # A title, and a cell for every row.
KEPT = ''  # The table of a number that an older result was kept with.


class Run(NamedTuple):
  """One row: a run, or one of its members or floors, and its results."""

  page: Page
  name: str
  entries: list[Entry]

  def title(self) -> str:
    """The name, and what is to be known of it; a floor's name says enough."""
    entry = self.entries[0]
    note = '' if entry.get('floor') else entry.get('note', '')
    return f'`{self.name}` ({note})' if note else f'`{self.name}`'


def tables(pages: Sequence[Page]) -> str:
  """All results: few-shot accuracies a row a run, others a row a number.

  Args:
    pages: of one data set, in the order of the rows.

  Returns:
    One Markdown table, or two.
  """
  few_shot = list(_runs(pages, few_shot=True))
  others = list(_runs(pages, few_shot=False))
  parts = []
  if few_shot:
    parts.append(_markdown(_accuracies(few_shot)))
  if others:
    parts.append(_markdown(_measures(others)))
  return '\n\n'.join(parts)


def _runs(pages: Sequence[Page], *, few_shot: bool) -> Iterator[Run]:
  for page in pages:
    runs: dict[str, list[Entry]] = {}
    for entry in page['results']:
      if is_few_shot(entry) == few_shot:
        runs.setdefault(_name(entry), []).append(entry)
    for name, entries in runs.items():
      yield Run(page, name, entries)


def _name(entry: Entry) -> str:
  """The name of a run, and of its member where there are several."""
  member = entry.get('member')
  return f'{entry["name"]} {label(member)}' if member else str(entry['name'])


def _accuracies(runs: list[Run]) -> list[Column]:
  """A row a run; by kind of task, its accuracy and each paper's table."""
  kinds = sorted({_kind(entry) for run in runs for entry in run.entries})
  same_ways = len({ways for ways, *_ in kinds}) == 1
  columns: list[Column] = [('run', [run.title() for run in runs])]
  for kind in kinds:
    entries = [_of_kind(run, kind) for run in runs]
    title = f'{kind[1]}-shot' if same_ways else f'{kind[0]}-way {kind[1]}-shot'
    title += ' within groups' * kind[2]
    columns.append((title, [_accuracy(entry) for entry in entries]))
    for table in (*TABLES, KEPT):
      papers = [
        _paper(run.page, entry, table)
        for run, entry in zip(runs, entries, strict=True)
      ]
      if any(papers):
        columns.append((table or 'paper', papers))
  return [
    *columns,
    (
      'normalization',
      [run.entries[0]['protocol'].get('normalization', '') for run in runs],
    ),
    *_training(runs),
  ]


def _measures(runs: list[Run]) -> list[Column]:
  """A row a number, of any metric."""
  rows = [Run(run.page, run.name, [e]) for run in runs for e in run.entries]
  entries = [row.entries[0] for row in rows]
  columns: list[Column] = [
    ('run', [row.title() for row in rows]),
    ('metric', [entry['metric'] for entry in entries]),
    ('value', [_value(entry) for entry in entries]),
    ('of', [f'{entry["n"]:,} {entry["of"]}' for entry in entries]),
    ('measured with', [_protocol(entry) for entry in entries]),
  ]
  for table in (*TABLES, KEPT):
    papers = [_paper(row.page, row.entries[0], table) for row in rows]
    if any(papers):
      columns.append((table or 'paper', papers))
  return [*columns, *_training(rows)]


def _training(runs: list[Run]) -> list[Column]:
  """The training of each run; columns that are empty for all are left out."""
  columns: list[Column] = [
    ('generator', [_generator(run) for run in runs]),
    ('meta-training', [_meta_training(run) for run in runs]),
    ('other training', [_other_training(run) for run in runs]),
    ('other settings', [_settings(run.page['changed']) for run in runs]),
  ]
  return [column for column in columns if any(column[1])]


def _markdown(columns: list[Column]) -> str:
  titles = [title for title, _ in columns]
  rows = zip(*(cells for _, cells in columns), strict=True)
  return markdown.table([titles, *rows])


def _kind(entry: Entry) -> tuple[int, int, bool]:
  kind = entry['protocol']
  return kind['ways'], kind['shots'], kind.get(WITHIN_GROUPS, False)


def _of_kind(run: Run, kind: tuple[int, int, bool]) -> Entry | None:
  return next((e for e in run.entries if _kind(e) == kind), None)


def _value(entry: Entry) -> str:
  share = entry['metric'] == 'accuracy'
  return _number(entry['value'], entry.get('ci95'), share) + ' %' * share


def _accuracy(entry: Entry | None) -> str:
  return _number(entry['value'], entry.get('ci95'), True) if entry else ''


def _paper(page: Page, entry: Entry | None, table: str) -> str:
  """A paper's number, and behind it how it differs."""
  if entry is None:
    return ''
  settings = page.get('settings') or older.settings_of(page, entry)
  numbers = candidates(settings, entry)
  number = next((n for n in numbers if n.table == table), None)
  if number is None:
    return ''
  share = entry['metric'] == 'accuracy'
  text = _number(number.value, number.ci95, share)
  return f'{text} ({", ".join(number.differs)})' if number.differs else text


def _number(value: float, ci95: float | None, share: bool) -> str:
  """A share in percent, another number with four digits."""
  if share:
    texts = [f'{100 * x:.2f}' for x in (value, ci95) if x is not None]
  else:
    texts = [f'{x:.4g}' for x in (value, ci95) if x is not None]
  return ' ± '.join(texts)


def _protocol(entry: Entry) -> str:
  return _settings(
    {name.replace('_', ' '): v for name, v in entry['protocol'].items()}
  )


def _settings(fields: Mapping[str, Any]) -> str:
  return ', '.join(f'{field}={value}' for field, value in fields.items())


def _generator(run: Run) -> str:
  return _stage(
    run, 'train_generator', 'generator_training.', 'steps', 'batch_size'
  ) or _older_stage(run, 'generator', 'steps')


def _meta_training(run: Run) -> str:
  return _stage(
    run, 'meta_train', 'meta.', 'iterations', 'batch'
  ) or _older_stage(run, 'meta', 'iterations')


def _stage(run: Run, stage: str, section: str, steps: str, batch: str) -> str:
  """A stage's length, such as '1,000 x 4, 12 min 51 s'; floors have none."""
  seconds = run.page.get('seconds', {}).get(stage)
  if seconds is None or run.entries[0].get('floor'):
    return ''
  settings = run.page['settings']
  return (
    f'{settings[section + steps]:,} x {settings[section + batch]}, '
    f'{duration(seconds)}'
  )


def _older_stage(run: Run, name: str, unit: str) -> str:
  """As `_stage`, from a page that was published without its settings."""
  stage = run.page.get(name)
  if stage is None or run.entries[0].get('floor'):
    return ''
  return f'{stage[unit]:,} x {stage["batch"]}, {duration(stage["seconds"])}'


def _other_training(run: Run) -> str:
  in_columns = ('train_generator', 'meta_train')
  return ', '.join(
    f'{stage.replace("_", " ")} {duration(seconds)}'
    for stage, seconds in run.page.get('seconds', {}).items()
    if stage not in in_columns and not run.entries[0].get('floor')
  )
