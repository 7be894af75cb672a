"""In-class samples under many settings as one page that needs nothing else."""

import html
import shlex
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from experiments.pages import pictures
from experiments.pages.report import layout, write_html
from experiments.run.record import read_json

SAMPLERS = {
  'n': ('LASIUM-N', 'noise of standard deviation sigma around the anchor'),
  'ro': ('LASIUM-RO', 'a step of alpha toward a random latent'),
  'oc': ('LASIUM-OC', 'a step of alpha toward the anchors of other classes'),
  'ic': ('LASIUM-IC', 'a step of alpha toward another latent of the cluster'),
}


def write_page(
  path: Path,
  explored: Sequence[Any],
  chosen: Any,
  *,
  latents: Mapping[str, Any],
  keep: float,
  real: float | None,
  ink: bool,
) -> Path:
  """Writes a table for each sampler, whole or not at all.

  Args:
    path: of the page, in the workdir of a run.
    explored: what `experiments.stages.class_size.explore` returned.
    chosen: the one of `explored` that is recommended.
    latents: the section of the sampler of `chosen`, but for its setting.
    keep: the share of the best separation that it was asked to keep.
    real: the separation of real classes, where known.
    ink: as in `experiments.pages.pictures.image_grid`.

  Returns:
    The page's path.
  """
  tables = {
    SAMPLERS[name][0]: _table(name, list(group), chosen, ink)
    for name, group in groupby(explored, key=lambda e: e.setting.sampler)
  }
  flags = _flags(path.parent, chosen.setting, latents)
  page = layout(
    'How large is a class?',
    'Each row is a synthetic class: its anchor, and images made around it in '
    'the latent space. Choose a setting whose images differ, and are still '
    'one kind.',
    {'Choice': _choice(flags, chosen, keep, real), **tables},
  )
  return write_html(path, page)


def _choice(flags: str, chosen: Any, keep: float, real: float | None) -> str:
  text = (
    '<p><b>Separation</b> is how often two images of one class are more alike '
    'than two of different classes, by the features of an untrained network: '
    '1 where classes do not overlap, 0.5 where there are none. <b>Spread</b> '
    'is the distance within classes over that between them: 0 where a class '
    'is its anchor over and over.</p>'
  )
  setting = chosen.setting
  text += (
    f'<p>Of the settings that keep {keep:.0%} of the best separation above '
    f'0.5, <b>{SAMPLERS[setting.sampler][0]} with {setting.field} = '
    f'{setting.value:g}</b> has the widest classes:</p><pre>'
    f'{html.escape(flags)}</pre>'
    '<p class="note">In place of the config, the workdir and the settings of '
    'latents in the command that made this run; the new one borrows its '
    'generator.</p>'
  )
  if real is not None:
    text += (
      '<p class="note">Real classes of the validation split have a separation '
      f'of {real:.2f}, by their labels, which the choice does not use.</p>'
    )
  return text


def _flags(workdir: Path, setting: Any, latents: Mapping[str, Any]) -> str:
  """The flags of a run with this setting and the generator of this run."""
  config = read_json(workdir / 'config.json')
  run, value = _run(config, setting), f'{setting.value:g}'
  values = {**latents, setting.field: value}
  if setting.sampler == 'n':  # No flag can say None: a range without width.
    values['sigma_max'] = value if run.endswith('-released') else None
  fields = {k: v for k, v in values.items() if k != 'name' and v is not None}
  return shlex.join(
    [
      f'--config={config.get("file", "CONFIG")}:{run}',
      *(f'--config.latents.{field}={v}' for field, v in fields.items()),
      f'--config.generator_training.workdir={workdir}',
      '--workdir=ANOTHER',
    ]
  ).replace(' --config.', ' \\\n--config.')


def _run(config: Mapping[str, Any], setting: Any) -> str:
  """The name of a run like this one of another sampler."""
  words = str(config.get('name', '')).split('-')
  parts = [
    config.get(name, {}).get('name', name.upper())
    for name in ('generator', 'learner')
  ]
  clustered = ['clustered'] * (words[0] == 'clustered')
  variant = words[-1:] * (words[-1] in ('paper', 'released'))
  return '-'.join([*clustered, setting.sampler, *parts, *variant])


def _table(name: str, entries: list[Any], chosen: Any, ink: bool) -> str:
  head = ''.join(
    f'<th scope="col"{" class=chosen" * (entry is chosen)}>'
    f'{entry.setting.field} = {entry.setting.value:g}'
    f'<small>separation {entry.separation:.2f}, spread {entry.spread:.2f}'
    '</small></th>'
    for entry in entries
  )
  rows = ''.join(
    f'<tr><th scope="row">{_picture(entries[0].images[i, :1], ink, "anchor")}'
    '</th>'
    + ''.join(
      f'<td{" class=chosen" * (entry is chosen)}>'
      f'{_picture(entry.images[i, 1:], ink, "in-class samples")}</td>'
      for entry in entries
    )
    + '</tr>\n'
    for i in range(len(entries[0].images))
  )
  return (
    f'<p>{html.escape(SAMPLERS[name][1]).capitalize()}.</p>\n'
    f'<div class="latents"><table><thead><tr><th scope="col">anchor</th>{head}'
    f'</tr></thead>\n<tbody>{rows}</tbody></table></div>'
  )


def _picture(images: np.ndarray, ink: bool, label: str) -> str:
  scale = pictures.scale_of(images.shape[1])
  sheet = pictures.image_grid(images, len(images), scale=scale, ink=ink)
  return (
    f'<img alt="{label}" width="{sheet.shape[1]}" height="{sheet.shape[0]}" '
    f'src="data:image/png;base64,{pictures.png_base64(sheet)}">'
  )
