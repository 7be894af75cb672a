"""The pictures of a stage, as part of a page."""

import base64
import html
import struct
from collections.abc import Callable

import numpy as np

from experiments.pages.older import Picture
from experiments.pages.workdir import Workdir

SNAPSHOTS = 6  # Pictures of a stage's progress that a page shows.
WIDE = 640  # Pixels above which a picture gets a row of its own.
PNG = b'\x89PNG\r\n\x1a\n'
# What a stage says of its pictures may speak of a ring, drawn like theirs.
RING = 'thick dark ring'


def stage_pictures(*stages: str) -> Callable[[Workdir], str]:
  """A section with the pictures that some stages have left.

  Of many snapshots a few are shown, the first and the last among them; other
  pictures follow, those that scroll last.

  Args:
    *stages: their names.

  Returns:
    The section; it is empty where there are no such pictures.
  """

  def section(workdir: Workdir) -> str:
    return '\n'.join(filter(None, (_of_stage(workdir, s) for s in stages)))

  return section


def _of_stage(workdir: Workdir, stage: str) -> str:
  mine = [p for p in workdir.pictures if p.stage == stage]
  snapshots = [p for p in mine if p.step is not None]
  others = [p for p in mine if p.step is None]
  rows = [
    _row(_few(snapshots), 'pictures grids'),
    _row([p for p in others if not p.scroll], 'pictures grids'),
    _row([p for p in others if p.scroll], 'pictures'),
  ]
  drawn = '\n'.join(filter(None, rows))
  text = workdir.stages[stage].about if stage in workdir.stages else ''
  about = html.escape(text).replace(RING, f'<span class="anchor">{RING}</span>')
  return f'<p>{about}</p>\n{drawn}' if about and drawn else drawn


def _few(snapshots: list[Picture]) -> list[Picture]:
  ordered = sorted(snapshots, key=lambda picture: picture.step or 0)
  chosen = np.linspace(0, len(ordered) - 1, min(SNAPSHOTS, len(ordered)))
  return [ordered[i] for i in chosen.round().astype(int)]


def _row(pictures: list[Picture], kind: str) -> str:
  figures = ''.join(map(_figure, pictures))
  return figures and f'<div class="{kind}">{figures}</div>'


def _figure(picture: Picture) -> str:
  """A figure; nothing where there is no file, or not a whole header.

  A wide picture that scrolls gets a row of its own, and shrinks to half its
  size and no further; any other shrinks to its column.
  """
  path = picture.path
  content = path.read_bytes() if path.exists() else b''
  if len(content) < 24 or not content.startswith(PNG):
    return ''
  width, height = struct.unpack('>II', content[16:24])
  wide = picture.scroll and width > WIDE
  minimum = f' style="min-width:{width // 2}px"' * wide
  data = base64.b64encode(content).decode()
  caption = html.escape(_caption(picture))
  return (
    f'<figure{" class=wide" * wide}><figcaption>{caption}</figcaption>'
    f'<div class="sheet"{" tabindex=0" * wide}><img alt="{caption}" '
    f'width="{width}" height="{height}"{minimum} '
    f'src="data:image/png;base64,{data}"></div></figure>\n'
  )


def _caption(picture: Picture) -> str:
  """The caption, with the step where it does not say that itself."""
  if picture.step is None:
    return picture.caption
  step = f'{picture.step:,}'
  if step in picture.caption:
    return picture.caption
  return (
    f'{picture.caption}, step {step}' if picture.caption else f'Step {step}'
  )
