"""From a few examples of each class, and a query, to probabilities.

This is all of the page of experiments/web_demo.py that is not the web: it reads
no file, and keeps nothing.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lasium_jax import FewShotClassifier, models
from lasium_jax.data.pictures import read_picture
from lasium_jax.models import Model

if TYPE_CHECKING:
  from lasium_jax.classifier import Head

MAX_CLASSES = 20
MAX_PICTURES = 200  # All classes together may have so many.
MAX_BYTES = 8_000_000  # One picture may have so many.


class Picture(NamedTuple):
  """A picture file: the name that messages say, and the content."""

  name: str
  content: bytes


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
  try:
    classes = [
      Class(str(entry['name']).strip(), [*map(_picture, entry['pictures'])])
      for entry in request['classes']
    ]
    query = _picture(request['query']) if request['query'] else None
    head: Any = str(request['head'])
  except (KeyError, TypeError, AttributeError, binascii.Error) as error:
    raise ValueError(
      'The request is not one of this page. Load the page again.'
    ) from error
  return classify(model, classes, query, head)


def _picture(entry: Any) -> Picture:
  content = base64.b64decode(entry['content'], validate=True)
  return Picture(str(entry['name']), content)


def classify(
  model: Model,
  classes: Sequence[Class],
  query: Picture | None,
  head: 'Head' = 'auto',
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
      no pictures, or the head is not for so many classes.
  """
  shown = [entry for entry in classes if entry.pictures]
  _check(shown)
  if query is None:
    raise ValueError('Add a picture to classify.')
  height, width, channels = models.image_shape(model.card)
  images, labels = [], []
  for entry in shown:
    for picture in entry.pictures:
      images.append(_read(picture, entry.name, (height, width), channels))
      labels.append(entry.name)
  pixels = _read(query, 'the query', (height, width), channels)
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


def _read(
  picture: Picture, place: str, size: tuple[int, int], channels: int
) -> np.ndarray:
  if len(picture.content) > MAX_BYTES:
    raise ValueError(
      f'{picture.name} has {len(picture.content) / 1e6:.1f} MB; '
      f'{MAX_BYTES / 1e6:.0f} MB are the most.'
    )
  try:
    return read_picture(picture.content, size, channels)
  except ValueError as error:
    raise ValueError(f'{picture.name} of {place}: {error}') from error


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
