"""Whether two sections of data can have an image in common."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.components.data import tfds
from experiments.components.images import IMAGES, LABELED, name_of
from experiments.run.config import BadConfig, Settings
from lasium_jax.settings import Part, defaults, parameters

# Divisions whose test depends on no numbers; what they hold out of the others
# for validation follows from these.
_FIXED = ('background', 'vinyals', 'first_characters', 'cifar_fs', 'glyphs')
_NUMBERS = ('split_seed', 'validation_classes')
# What a random division follows from, in the order in which classes are dealt.
_SHUFFLE = ('split_seed', 'tfds_splits')
_DEALT = ('train_classes', 'validation_classes', 'test_classes')
_ALL = 'all'  # A split, or a part, that is of all images.


class _Taken(NamedTuple):
  """Classes that a section takes of a data set.

  Attributes:
    division: how the classes are divided.
    part: 'train', 'validation' or 'test'.
    numbers: the settings that the division depends on.
  """

  division: str
  part: str
  numbers: Mapping[str, Any]


def apart(learned: Settings, judged: Settings) -> bool:
  """Whether what was learned from has surely none of the images judged on.

  Args:
    learned: a section of `LABELED` or of `IMAGES`; one without a name says
      nothing of what it was.
    judged: likewise.

  Returns:
    True also for data sets of other names, of which all is believed. Of the
    same classes, drawn anew, it is not said.
  """
  if 'name' not in learned:
    return False
  mine, theirs = _labeled(learned), _labeled(judged)
  if _source(mine) != _source(theirs):
    return True
  one, other = _taken(mine), _taken(theirs)
  if one is None or other is None:
    return _other_images(mine, theirs)
  return _other_classes(one, other) or _other_halves(mine, theirs)


def require_apart(
  given: str, learned: Settings, judged: Settings, field: str, way_out: str
) -> None:
  """Sees that something trained has learned from no image that is judged.

  Args:
    given: what was trained, and where it was named.
    learned: the section of what it learned from, as of `apart`.
    judged: likewise of what is judged.
    field: of the latter.
    way_out: how to have another.

  Raises:
    BadConfig: if it may have.
  """
  if not apart(learned, judged):
    raise BadConfig(
      f'{given}, which was trained on {_told(learned)}: it may have seen what '
      f'is judged, {_told(judged)} ({field}). {way_out}'
    )


def division_of(section: Settings) -> str:
  """Which images of a data set they are, in a few words, such as 'split test'.

  '' where nothing is said of it.
  """
  words = {k: section.get(k) for k in ('split', 'part', 'classes')}
  if words['part'] == _ALL:
    del words['part']
  return ', '.join(f'{k} {value}' for k, value in words.items() if value)


def _told(section: Settings) -> str:
  if 'name' not in section:
    return 'unknown data'
  division = division_of(section)
  return name_of(section) + (f' ({division})' if division else '')


def _labeled(section: Settings) -> Settings:
  """The section with its name in `LABELED`.

  Rows of `DATA` and of `IMAGES` may have one name, but not the same settings.
  """
  name = str(section['name'])
  own = section.keys() - {'name'}
  of_images = name in IMAGES and (
    name not in LABELED or bool(own - parameters(LABELED[name]).keys())
  )
  return {**section, 'name': f'{name}_images' if of_images else name}


def _source(section: Settings) -> str:
  """The data set, whatever is taken of it."""
  name = str(section['name']).removesuffix('_images')
  return str(section.get('dataset', name)).partition('/')[0]


def _taken(section: Settings) -> _Taken | None:
  """The classes that it takes; None where classes are not divided."""
  match section['name']:
    case 'glyphs':
      return _Taken('glyphs', 'train', {})
    case 'glyphs_images':
      return _Taken('glyphs', section['split'], {})
    case 'tfds':
      return _Taken(section.get('split', ''), 'train', section)
    case 'omniglot_images':
      own = {**defaults(Part(tfds)), **section}
      return _Taken(section.get('classes', ''), own['split'], own)
    case 'tfds_images' if section.get('dataset') == 'omniglot':
      return _Taken('background', section.get('split', ''), {})
  return None


def _other_classes(mine: _Taken, theirs: _Taken) -> bool:
  """Whether two parts of one division have no class in common."""
  divisions = {
    'random' if own.division == 'rotations' else own.division
    for own in (mine, theirs)
  }
  if len(divisions) > 1:
    return False
  if divisions == {'random'}:
    return _dealt_apart(mine, theirs)
  (division,) = divisions
  if division not in _FIXED or mine.part == theirs.part:
    return False
  if 'test' in (mine.part, theirs.part):
    return True
  return all(mine.numbers.get(n) == theirs.numbers.get(n) for n in _NUMBERS)


def _dealt_apart(mine: _Taken, theirs: _Taken) -> bool:
  """Whether one shuffle of the classes deals them to one of the two alone."""
  one, other = mine.numbers, theirs.numbers
  if not {*_SHUFFLE, *_DEALT} <= one.keys() & other.keys():
    return False
  if any(_plain(one[name]) != _plain(other[name]) for name in _SHUFFLE):
    return False
  (first, end), (their_first, their_end) = _places(mine), _places(theirs)
  return end <= their_first or their_end <= first


def _plain(value: Any) -> Any:
  """As JSON has it, which knows no tuples."""
  return list(value) if isinstance(value, tuple) else value


def _places(taken: _Taken) -> tuple[int, int]:
  """Of the first class in a shuffle, and behind the last."""
  first = 0
  for name in _DEALT:
    number: int = taken.numbers[name]
    if name == f'{taken.part}_classes':
      break
    first += number
  return first, first + number


def _other_images(mine: Settings, theirs: Settings) -> bool:
  """Whether two sections, not divided by classes, have no image in common."""
  splits = {mine.get('split'), theirs.get('split')}
  others = len(splits) > 1 and not splits & {_ALL, None}
  return _alike(mine, theirs) and (others or _other_halves(mine, theirs))


def _alike(mine: Settings, theirs: Settings) -> bool:
  """Whether they read the same files in the same way."""
  fields = ('name', 'dataset')
  return all(mine.get(field) == theirs.get(field) for field in fields)


def _other_halves(mine: Settings, theirs: Settings) -> bool:
  """Whether they are two halves of one data set."""
  return _alike(mine, theirs) and (
    _halves(mine, theirs, 'part', by='part_seed')
    or _halves(mine, theirs, 'present', by='attribute')
  )


def _halves(mine: Settings, theirs: Settings, field: str, *, by: str) -> bool:
  """Whether they are the two halves that a setting chooses from."""
  both = {section.get(field) for section in (mine, theirs)}
  same = mine.get(by) == theirs.get(by)
  return same and both in ({'first', 'second'}, {True, False})
