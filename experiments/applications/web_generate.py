"""From a few pictures of a kind to new ones.

This is a service of the page of experiments/web_demo.py: it reads no file, and
keeps nothing.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.applications.makers import (
  ABOUT,
  Maker,
  Way,
  maker,
  samplers_of,
)
from experiments.applications.web_pictures import (
  Picture,
  asked,
  picture_of,
  read,
)
from experiments.pages.few_shot import as_pixels
from experiments.pages.pictures import png_base64
from lasium_jax import models
from lasium_jax.models import Model
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Seed, check_value

# There is a program for each number of pictures, so these are few.
MAX_PICTURES = 20
NUMBER = 24  # New images of one answer.
VIEWS = 4  # Of each picture, where they are asked for.
FRAMES = 21  # Of a path from one picture to another, with both ends.

_Images = list[str]  # PNG files in base 64.


class Services(NamedTuple):
  """What a page may ask, by requests and answers of JSON types.

  A picture has a `name` and `content`, its file in base 64. All raise
  ValueError if a request cannot be answered; the message tells a person what
  to do.

  Attributes:
    generate: from `pictures`, `sampler`, `views` (true or false) and `seed` to
      `seeds`, the pictures as the model sees them, `made`, new images, and
      `account`, sentences on how they were made.
    between: from two `pictures` to `frames`, from the one to the other. None if
      the model has no encoder.
  """

  generate: Callable[[Any], dict[str, Any]]
  between: Callable[[Any], dict[str, Any]] | None


def services(model: Model) -> Services:
  """The services of a generator.

  Raises:
    BadModel: if the model is none.
    ValueError: if it cannot make images like others.
  """
  known = samplers_of(model)

  @functools.cache
  def made_by(sampler: str, views: int) -> Maker:
    return maker(model, Way(sampler, views=views))

  def generate(request: Any) -> dict[str, Any]:
    with asked():
      pictures = [*map(picture_of, request['pictures'])]
      sampler, views = str(request['sampler']), bool(request['views'])
      seed = request['seed']
    check_value(Seed, seed, 'The seed')
    x = _read(model, pictures)
    making = made_by(sampler, VIEWS if views else 0)
    made = making.make(jax.random.key(seed), x, NUMBER)
    return {'seeds': _pngs(x), 'made': _pngs(made), 'account': making.account}

  def between(request: Any) -> dict[str, Any]:
    with asked():
      pictures = [*map(picture_of, request['pictures'])]
    if len(pictures) != 2:
      raise ValueError('A path goes between two pictures. Choose two.')
    x = _read(model, pictures)
    making = made_by('paths', 0)
    assert making.back is not None
    first, last = making.back(x)
    path = making.make(jax.random.key(0), x, FRAMES - 2)
    return {'frames': _pngs(np.stack([first, *path, last]))}

  return Services(generate, between if 'paths' in known else None)


def _read(model: Model, pictures: Sequence[Picture]) -> np.ndarray:
  """`[k, H, W, C]` in [0, 1], as they look."""
  if len(pictures) < 2:
    raise ValueError(
      'New images are made from two pictures of a kind or more. Add '
      f'{"one more" if pictures else "some"}.'
    )
  if len(pictures) > MAX_PICTURES:
    raise ValueError(
      f'{len(pictures)} pictures are too many; {MAX_PICTURES} are the most.'
    )
  height, width, channels = models.image_shape(model.card)
  pixels = [read(p, 'the seeds', (height, width), channels) for p in pictures]
  return np.asarray(as_floats(np.stack(pixels)))


def _pngs(images: np.ndarray) -> _Images:
  return [png_base64(image) for image in as_pixels(images)]


def settings(model: Model) -> dict[str, Any]:
  """What the page must know of the model, of JSON types."""
  known = samplers_of(model)
  run = model.card['training'].get('run')
  return {
    'model': model.card['architecture']['name'],
    'run': run if isinstance(run, str) else '',
    'image': model.card['image'],
    # As pairs, because an object may not keep their order.
    'samplers': [(name, ABOUT.get(name, name)) for name in known],
    'slider': 'paths' in known,
  }


def prepare(model: Model, offered: Services) -> None:
  """Compiles what the first answers need, so that they come at once."""
  height, width, _ = models.image_shape(model.card)
  blank = png_base64(np.zeros((height, width, 3), np.uint8))
  pictures = [{'name': 'blank', 'content': blank}] * 2
  request = {'pictures': pictures, 'sampler': '', 'views': False, 'seed': 0}
  offered.generate(request)
  if offered.between is not None:
    offered.between(request)
