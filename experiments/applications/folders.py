"""Folders of pictures, classified by folders of labeled ones."""

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

from experiments.run.record import write_atomically, writing
from lasium_jax.data.decode import SUFFIXES, is_image
from lasium_jax.models import Head


class Classified(NamedTuple):
  """What was written of some pictures.

  Attributes:
    page: the pictures with their labels.
    table: the probabilities.
    account: sentences on how the model was used, and with which accuracy.
  """

  page: Path
  table: Path
  account: list[str]


class Pictures(NamedTuple):
  """Picture files of a folder.

  Attributes:
    folder: that they are in.
    files: sorted.
    labels: the sub-folder of each; None if they are in no sub-folders.
  """

  folder: Path
  files: list[Path]
  labels: list[str] | None


def find_pictures(folder: Path) -> Pictures:
  """The pictures of a folder, or of its sub-folders one level down.

  Raises:
    ValueError: if there is no folder, no picture, or pictures in both.
  """
  if not folder.is_dir():
    raise ValueError(f'There is no folder {folder}.')
  flat, nested = _files(folder, '*'), _files(folder, '*/*')
  if flat and nested:
    raise ValueError(
      f'{folder} has pictures both beside and inside its sub-folders, such as '
      f'{flat[0].name}. Put all of them in sub-folders, or none.'
    )
  if not (flat or nested):
    raise ValueError(
      f'{folder} has no pictures ({", ".join(s[1:] for s in SUFFIXES)}), nor '
      'have its sub-folders.'
    )
  labels = [path.parent.name for path in nested] if nested else None
  return Pictures(folder, flat or nested, labels)


def _files(folder: Path, pattern: str) -> list[Path]:
  """The pictures that match, without hidden files and hidden folders."""
  return sorted(
    path
    for path in folder.glob(pattern)
    if not any(p.startswith('.') for p in path.relative_to(folder).parts)
    and path.is_file()
    and is_image(str(path))
  )


def classify(
  model: Path,
  support: Path,
  queries: Path,
  out: Path,
  *,
  head: Head = 'auto',
  transductive: bool = False,
) -> Classified:
  """Classifies the pictures of a folder.

  Args:
    model: of a learner.
    support: one sub-folder a class.
    queries: a flat folder, or sub-folders whose names are the true classes.
    out: made if there is none.
    head: as in `FewShotClassifier`.
    transductive: whether queries are normalized together.

  Returns:
    What was written.

  Raises:
    ValueError: if a folder or a picture cannot be used; BadModel is one.
    OSError: if `out` cannot be written.
  """
  from experiments.pages.predictions import write_page
  from lasium_jax import FewShotClassifier, models

  classifier = FewShotClassifier.load(
    model, inductive=not transductive, head=head
  )
  examples, requests = find_pictures(support), find_pictures(queries)
  if examples.labels is None:
    raise ValueError(
      f'{support} must have one sub-folder a class; its pictures are in none.'
    )
  classifier.fit(examples.files, examples.labels)
  probabilities = classifier.predict_proba(requests.files)
  classes = [str(name) for name in classifier.classes_]
  account = models.account(classifier.card_, classifier.head_, not transductive)
  with writing(out):
    out.mkdir(parents=True, exist_ok=True)
  table = out / 'predictions.csv'
  _write_table(table, requests, classes, probabilities)
  page = write_page(
    out / 'report.html',
    requests.files,
    requests.labels,
    classes,
    probabilities,
    support=[examples.labels.count(name) for name in classes],
    account=account,
  )
  return Classified(page, table, account)


def _write_table(
  path: Path, requests: Pictures, classes: list[str], probabilities: Any
) -> None:
  table = io.StringIO()
  rows = csv.writer(table, lineterminator='\n')
  rows.writerow(['file', 'label', *(f'p({name})' for name in classes)])
  for file, row in zip(requests.files, probabilities, strict=True):
    name = file.relative_to(requests.folder).as_posix()
    rows.writerow([name, classes[row.argmax()], *(f'{p:.6f}' for p in row)])
  write_atomically(path, table.getvalue())
