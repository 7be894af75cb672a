"""Predictions as one page that needs nothing else."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.pages.pictures import png_base64
from experiments.pages.report import layout, words, write_html
from lasium_jax.data.pictures import read_picture

THUMBNAIL = 112  # Pixels.


def write_page(
  path: Path,
  files: Sequence[Path],
  truth: Sequence[str] | None,
  classes: Sequence[str],
  probabilities: Any,
  *,
  support: Sequence[int] | None,
  account: Sequence[str] = (),
) -> Path:
  """Writes each picture with its label and confidence, whole or not at all.

  Args:
    path: of the page.
    files: n pictures.
    truth: their classes, or None; one that is not in `classes` counts as
      wrong.
    classes: names, in the order of the probabilities.
    probabilities: `[n, num_classes]`.
    support: the number of labeled pictures of each class; None for a classifier
      that was trained on its classes.
    account: sentences on how the model was used, and with which accuracy.

  Returns:
    The page's path.
  """
  predicted = [classes[i] for i in np.argmax(probabilities, 1)]
  confidence = np.max(probabilities, 1)
  figures = ''.join(
    _figure(file, label, share, None if truth is None else truth[i])
    for i, (file, label, share) in enumerate(
      zip(files, predicted, confidence, strict=True)
    )
  )
  matrix = '' if truth is None else confusion_matrix(truth, predicted, classes)
  page = layout(
    f'{len(files):,} pictures, {len(classes)} classes',
    _lead(classes, support),
    {
      'Confusion matrix': matrix,
      'Pictures': f'<div class="predictions">{figures}</div>',
      'How the model was used': _paragraph(account),
    },
  )
  return write_html(path, page)


def _lead(classes: Sequence[str], support: Sequence[int] | None) -> str:
  if support is None:
    return 'Labeled by a classifier that was trained on these classes.'
  counts = words(
    f'{n} of {name}' for name, n in zip(classes, support, strict=True)
  )
  return f'Labeled by a few examples of each class: {counts}.'


def _paragraph(sentences: Sequence[str]) -> str:
  return f'<p>{html.escape(" ".join(sentences))}</p>' if sentences else ''


def confusion_matrix(
  truth: Sequence[str], predicted: Sequence[str], classes: Sequence[str]
) -> str:
  """A table with a row for each true class and a column for each label."""
  true_classes = sorted({*truth, *classes})
  pairs = list(zip(truth, predicted, strict=True))
  rows = ''.join(
    f'<tr><th scope="row">{html.escape(true)}</th>'
    + ''.join(
      _cell(pairs.count((true, label)), true == label) for label in classes
    )
    + '</tr>\n'
    for true in true_classes
  )
  head = ''.join(
    f'<th scope="col">{html.escape(name)}</th>' for name in classes
  )
  right = sum(true == label for true, label in pairs)
  return (
    f'<p>{right:,} of {len(pairs):,} are right, '
    f'{100 * right / len(pairs):.1f}&nbsp;%. Rows are true classes, columns '
    'are labels.</p>\n<div class="matrix"><table><thead><tr><td></td>'
    f'{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>'
  )


def _cell(count: int, diagonal: bool) -> str:
  kind = ' class="right"' if diagonal else ' class="wrong"' if count else ''
  return f'<td{kind}>{count:,}</td>'


def _figure(file: Path, label: str, share: float, true: str | None) -> str:
  wrong = true is not None and true != label
  note = f'{100 * share:.0f}&nbsp;%'
  if wrong:
    note += f', is {html.escape(str(true))}'
  name = html.escape(file.name)
  return (
    f'<figure{" class=wrong" * wrong}><div class="sheet"><img alt="{name}" '
    f'title="{name}" src="data:image/png;base64,{_thumbnail(file)}"></div>'
    f'<figcaption><b>{html.escape(label)}</b> <small>{note}</small>'
    '</figcaption></figure>\n'
  )


def _thumbnail(file: Path) -> str:
  return png_base64(read_picture(file, (THUMBNAIL, THUMBNAIL), 3))
