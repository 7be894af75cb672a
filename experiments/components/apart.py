"""Whether two sections of data can have an image in common."""

from experiments.run.config import Settings

# Divisions of classes that depend on no numbers, as far as the test goes.
_FIXED = ('background', 'vinyals', 'first_characters', 'cifar_fs')
_NUMBERS = ('split_seed', 'validation_classes', 'test_classes')


def apart(learned: Settings, judged: Settings) -> bool:
  """Whether what was learned from has surely none of the images judged on.

  Args:
    learned: the section of `LABELED` that a recognizer was trained on.
    judged: a section of `IMAGES`.

  Returns:
    True also for data sets of other names, of which all is believed.
  """
  if _source(learned) != _source(judged):
    return True
  kind, split = learned['name'], learned.get('split')
  if kind == 'glyphs':
    return bool(judged['split'] != 'train')
  if kind == 'tfds':
    return _of_other_classes(learned, split, judged)
  if kind == 'omniglot_images' and split == 'train':
    return _of_other_classes(learned, learned.get('classes'), judged)
  if kind != f'{judged["name"]}_images':
    return False
  return (
    split != judged.get('split')
    or _halves(learned, judged, 'part', by='part_seed')
    or _halves(learned, judged, 'present', by='attribute')
  )


def _halves(
  learned: Settings, judged: Settings, field: str, *, by: str
) -> bool:
  """Whether they are the two halves that a setting chooses from."""
  both = {section.get(field) for section in (learned, judged)}
  same = learned.get(by) == judged.get(by)
  return same and both in ({'first', 'second'}, {True, False})


def _source(section: Settings) -> str:
  """The data set, whatever is taken of it."""
  name = str(section['name']).removesuffix('_images')
  return str(section.get('dataset', name))


def _of_other_classes(
  learned: Settings, division: str | None, judged: Settings
) -> bool:
  """Whether training classes of a division are none of those judged."""
  if judged['name'] == 'tfds':  # TFDS's own splits.
    return division == 'background' and judged['split'] == 'test'
  same = division == judged.get('classes')
  if division not in _FIXED:
    same = same and all(learned.get(n) == judged.get(n) for n in _NUMBERS)
  return same and judged['split'] == 'test'
