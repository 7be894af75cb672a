"""Groups of classes, such as alphabets, from the names of the classes."""

import re
import unicodedata
from collections.abc import Sequence

# A class and its number; `with_rotations` writes behind it.
_NUMBERED = re.compile(r'(.*?\D)_?\d+( rotated by \d+)?')


def class_groups(class_names: Sequence[str]) -> tuple[str, ...] | None:
  """The group that each class is of, by the first way of naming that all have.

  Classes in folders ('Greek/alpha') are of their folder; numbered ones
  ('Greek_0', as TFDS names Omniglot's) of what stands before the number, and
  turned ones ('Greek_0 rotated by 90') of a group of their own; characters
  with their Unicode names ('GREEK SMALL LETTER ALPHA', as the built-in data
  have them) of the first word, which is their script.

  Args:
    class_names: of a data set.

  Returns:
    A name for each class, equal for those of one group; None if the classes
    are not named in one of these ways, or there are none.
  """
  if not class_names:
    return None
  for way in (_folder, _alphabet, _script):
    groups = [group for name in class_names if (group := way(name))]
    if len(groups) == len(class_names):
      return tuple(groups)
  return None


def _folder(name: str) -> str:
  return name.rpartition('/')[0]


def _alphabet(name: str) -> str:
  found = _NUMBERED.fullmatch(name)
  return found[1] + (found[2] or '') if found else ''


def _script(name: str) -> str:
  try:
    character = unicodedata.lookup(name)
  except KeyError:
    return ''
  # Unicode's names are upper case, and 'cat' would be found too; 'can' is a
  # control character's alias, which has no name.
  same = len(character) == 1 and unicodedata.name(character, '') == name
  return name.split(maxsplit=1)[0] if same else ''
