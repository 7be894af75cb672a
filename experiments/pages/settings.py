"""A run's settings, and the command that repeats it."""

import html
import shlex
from collections.abc import Mapping
from typing import Any

from experiments.pages.workdir import Workdir
from experiments.run.config import flatten
from experiments.run.results import without_floors


def settings(workdir: Workdir) -> str:
  """A run's settings, a table for every group of them.

  What lies deeper than one group is named by its path.

  Returns:
    HTML; nothing for no settings.
  """
  groups: dict[str, dict[str, Any]] = {'': {}}  # The run's own come first.
  for name, value in flatten(workdir.config).items():
    group, _, field = name.rpartition('.')
    groups.setdefault(group, {})[field] = value
  tables = '\n'.join(
    f'<table><caption>{html.escape(group) or "run"}</caption>'
    f'{rows(fields)}</table>'
    for group, fields in groups.items()
    if fields
  )
  return tables and f'<div class="settings">\n{tables}\n</div>'


def rows(fields: Mapping[str, object]) -> str:
  """Table rows, each a name and a value."""
  return ''.join(
    f'<tr><th scope="row">{html.escape(name)}</th>'
    f'<td>{html.escape(_text(value))}</td></tr>'
    for name, value in fields.items()
  )


def commands(workdir: Workdir) -> str:
  """The command that makes the run again.

  Returns:
    HTML; nothing where neither config nor results say which run it is.
  """
  config = workdir.config
  door = f'experiments/{config.get("system", "lasium")}.py'
  lines = '\n'.join(
    shlex.join(['python', door, f'--config={run}', '--workdir=runs/again'])
    for run in _runs(workdir)
  )
  return lines and (
    f'<pre>{html.escape(lines)}</pre>\n<p class="note">Add '
    '<code>--data_dir</code> for a data set that is not built in, and a flag '
    'for every setting above that differs from what the config has.</p>'
  )


def _runs(workdir: Workdir) -> list[str]:
  config = workdir.config
  if 'file' in config and 'name' in config:
    return [f'{config["file"]}:{config["name"]}']
  if 'benchmark' in config and 'name' in config:  # A run of 0.1 has these.
    return [f'configs/lasium/{config["benchmark"]}.py:{config["name"]}']
  trained = without_floors(workdir.results)
  return list(dict.fromkeys(e['config'] for e in trained if e['config']))


def _text(value: object) -> str:
  if isinstance(value, list):
    return ', '.join(map(_text, value))
  return str(value)
