"""Pictures in the requests and the answers of the page of web_demo.py."""

import base64
import binascii
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lasium_jax.data.pictures import read_picture

MAX_PICTURES = 200  # One request may have so many.
MAX_BYTES = 8_000_000  # One picture may have so many.


class Picture(NamedTuple):
  """A picture file: the name that messages say, and the content."""

  name: str
  content: bytes


@contextlib.contextmanager
def asked() -> Iterator[None]:
  """Lets errors in what is taken from a request say so to a person."""
  try:
    yield
  except (KeyError, TypeError, AttributeError, binascii.Error) as error:
    raise ValueError(
      'The request is not one of this page. Load the page again.'
    ) from error


def picture_of(entry: Any) -> Picture:
  """A picture from its `name` and its `content`, a file in base 64."""
  content = base64.b64decode(entry['content'], validate=True)
  return Picture(str(entry['name']), content)


def read(
  picture: Picture, place: str, size: tuple[int, int], channels: int
) -> np.ndarray:
  """A picture as `lasium_jax.data.pictures.read_picture` says.

  Args:
    picture: of a request.
    place: where it is on the page, for messages.
    size: `(H, W)`.
    channels: 1 (gray) or 3.

  Returns:
    `[H, W, channels]` uint8.

  Raises:
    ValueError: if it has too many bytes, or does not decode.
  """
  if len(picture.content) > MAX_BYTES:
    raise ValueError(
      f'{picture.name} has {len(picture.content) / 1e6:.1f} MB; '
      f'{MAX_BYTES / 1e6:.0f} MB are the most.'
    )
  try:
    return read_picture(picture.content, size, channels)
  except ValueError as error:
    raise ValueError(f'{picture.name} of {place}: {error}') from error
