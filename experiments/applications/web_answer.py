"""From a few examples of each class, and a query, to probabilities.

This is a service of the page of experiments/web_demo.py: it reads no file, and
keeps nothing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.applications.web_pictures import (
  MAX_PICTURES,
  Picture,
  asked,
  picture_of,
  read,
)
from lasium_jax import FewShotClassifier, models
from lasium_jax.models import Head, Model

MAX_CLASSES = 20


class Class(NamedTuple):
  """A class and its examples; one without any is left out."""

  name: str
  pictures: Sequence[Picture]


class Answer(NamedTuple):
  """What a page is told.

  Attributes:
    probabilities: of each class that has examples, by name, in their order.
    account: sentences on how the model was used, and with which accuracy.
  """

  probabilities: dict[str, float]
  account: list[str]


def answer(model: Model, request: Any) -> Answer:
  """Answers what a page asks.

  Args:
    model: of a learner.
    request: of JSON types: `classes`, a list of `name` and `pictures`;
      `query`, a picture or None; and `head`, as in `FewShotClassifier`. A
      picture has a `name` and `content`, its file in base 64.

  Returns:
    The answer.

  Raises:
    ValueError: if the request cannot be answered; the message tells a person
      what to do.
  """
  with asked():
    classes = [
      Class(str(entry['name']).strip(), [*map(picture_of, entry['pictures'])])
      for entry in request['classes']
    ]
    query = picture_of(request['query']) if request['query'] else None
    head: Any = str(request['head'])
  return classify(model, classes, query, head)


def classify(
  model: Model,
  classes: Sequence[Class],
  query: Picture | None,
  head: Head = 'auto',
) -> Answer:
  """Classifies one picture by itself.

  Args:
    model: of a learner.
    classes: with different names.
    query: None if there is none yet.
    head: as in `FewShotClassifier`.

  Returns:
    The answer.

  Raises:
    ValueError: if examples or the query are missing, too many, too large or
      no pictures, or the head is not for so many classes or for this model.
  """
  shown = [entry for entry in classes if entry.pictures]
  _check(shown)
  if query is None:
    raise ValueError('Add a picture to classify.')
  height, width, channels = models.image_shape(model.card)
  images, labels = [], []
  for entry in shown:
    for picture in entry.pictures:
      images.append(read(picture, entry.name, (height, width), channels))
      labels.append(entry.name)
  pixels = read(query, 'the query', (height, width), channels)
  classifier = FewShotClassifier(model, head=head)
  classifier.fit(np.stack(images), labels)
  probabilities = classifier.predict_proba(pixels[None])[0]
  by_name = dict(zip(map(str, classifier.classes_), probabilities, strict=True))
  return Answer(
    {entry.name: float(by_name[entry.name]) for entry in shown},
    models.account(model.card, classifier.head_, inductive=True),
  )


def _check(shown: Sequence[Class]) -> None:
  if not shown:
    raise ValueError('There are no examples yet. Add some to two classes.')
  if len(shown) == 1:
    raise ValueError(
      f'Only {shown[0].name or "one class"} has examples. Add some to a second '
      'class.'
    )
  names = [entry.name for entry in shown]
  if not all(names):
    raise ValueError('A class with examples has no name. Give it one.')
  for name in names:
    if names.count(name) > 1:
      raise ValueError(f'Two classes are named {name}. Rename one.')
  pictures = sum(len(entry.pictures) for entry in shown)
  if len(shown) > MAX_CLASSES or pictures > MAX_PICTURES:
    raise ValueError(
      f'{len(shown)} classes with {pictures} examples are too many; there may '
      f'be {MAX_CLASSES} with {MAX_PICTURES}.'
    )


def prepare(model: Model, classes: int) -> None:
  """Compiles what the first answer needs, so that it comes at once.

  Args:
    model: of a learner.
    classes: that there will be one example of each of.

  Raises:
    BadModel: if the model is no learner.
  """
  blank = np.zeros((classes, *models.image_shape(model.card)), np.uint8)
  FewShotClassifier(model).fit(blank, range(classes)).predict(blank[:1])
