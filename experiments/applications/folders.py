"""Folders of pictures, classified by folders of labeled ones."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from experiments.run.outputs import check_folder
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


class Answers(NamedTuple):
  """What a model says of some pictures.

  Attributes:
    classes: names.
    probabilities: `[n, num_classes]`.
    support: the number of labeled pictures of each class; None if none were
      needed.
    account: sentences on how the model was used, and with which accuracy.
  """

  classes: list[str]
  probabilities: Any
  support: list[int] | None
  account: list[str]


def classify(
  model: Path,
  support: Path | None,
  queries: Path,
  out: Path,
  *,
  head: Head = 'auto',
  transductive: bool = False,
) -> Classified:
  """Classifies the pictures of a folder.

  Args:
    model: of a learner, or of a classifier of its own classes.
    support: one sub-folder a class, for a learner; None for a classifier.
    queries: a flat folder, or sub-folders whose names are the true classes.
    out: made if there is none.
    head: as in `FewShotClassifier`; a classifier has no choice.
    transductive: whether queries are normalized together, for a learner.

  Returns:
    What was written.

  Raises:
    ValueError: if a folder or a picture cannot be used, or the model has no
      use for what was asked; BadModel is one.
    OSError: if `out` cannot be written.
  """
  from experiments.pages.predictions import write_page
  from lasium_jax import models

  check_folder(out)
  card = models.load_model(model).card
  if card['kind'] == 'classifier':
    _check_unasked(model, support, head, transductive)
    requests = find_pictures(queries)
    answers = _by_classifier(model, card, requests)
  else:
    if support is None:
      raise ValueError(
        f'{model} is a {card["kind"]}, which learns classes from labeled '
        'pictures: name a folder of them with --support.'
      )
    examples, requests = find_pictures(support), find_pictures(queries)
    answers = _by_learner(
      model, examples, requests, head=head, transductive=transductive
    )
  with writing(out):
    out.mkdir(parents=True, exist_ok=True)
  table = out / 'predictions.csv'
  _write_table(table, requests, answers.classes, answers.probabilities)
  page = write_page(
    out / 'report.html',
    requests.files,
    requests.labels,
    answers.classes,
    answers.probabilities,
    support=answers.support,
    account=answers.account,
  )
  return Classified(page, table, answers.account)


def _check_unasked(
  model: Path, support: Path | None, head: Head, transductive: bool
) -> None:
  """Raises ValueError for what a classifier of its own classes has no use."""
  asked = {
    '--support': support is not None,
    '--head': head != 'auto',
    '--transductive': transductive,
  }
  for flag, given in asked.items():
    if given:
      raise ValueError(
        f'{model} is a classifier of the classes that it was trained on, which '
        f'has no use for {flag}: leave it out, or name a learner.'
      )


def _by_learner(
  model: Path,
  examples: Pictures,
  requests: Pictures,
  *,
  head: Head,
  transductive: bool,
) -> Answers:
  from lasium_jax import FewShotClassifier, models

  classifier = FewShotClassifier.load(
    model, inductive=not transductive, head=head
  )
  if examples.labels is None:
    raise ValueError(
      f'{examples.folder} must have one sub-folder a class; its pictures are '
      'in none.'
    )
  classifier.fit(examples.files, examples.labels)
  probabilities = classifier.predict_proba(requests.files)
  classes = [str(name) for name in classifier.classes_]
  account = models.account(classifier.card_, classifier.head_, not transductive)
  support = [examples.labels.count(name) for name in classes]
  return Answers(classes, probabilities, support, account)


def _by_classifier(
  model: Path, card: Mapping[str, Any], requests: Pictures
) -> Answers:
  from lasium_jax import SmallSampleClassifier, models

  classifier = SmallSampleClassifier.load(model)
  probabilities = classifier.predict_proba(requests.files)
  classes = [str(name) for name in classifier.classes_]
  return Answers(
    classes, probabilities, None, models.account_of_classifier(card)
  )


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
