"""The built-in set: its classes against clean renderings, its drawings."""

import importlib
import inspect
import itertools
import pathlib
import sys
import unicodedata

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageFont
from scipy import ndimage

from lasium_jax.data import glyphs as module
from lasium_jax.data.glyphs import glyphs

DRAWINGS = 4
SCRIPTS = {
  'test': {
    *('GEORGIAN', 'ARMENIAN', 'HEBREW'),
    *('ARABIC', 'ARABIC-INDIC', 'EXTENDED'),
  },
  'validation': {'TIFINAGH', 'LAO', 'NKO', 'OGHAM'},
}


@pytest.fixture(scope='module')
def splits():
  return glyphs(drawings=DRAWINGS)


def names(splits):
  return [name for split in splits for name in split.class_names]


def clean(class_names):
  """Renders characters by their names: `[n, 24 * 24]`, blurred, unit norm."""
  path = pathlib.Path(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf')
  font = ImageFont.truetype(path, 64, layout_engine=ImageFont.Layout.BASIC)
  pictures = []
  for name in class_names:
    image = Image.new('L', (192, 192))
    mask = font.getmask(unicodedata.lookup(name), mode='L')
    image.im.paste(255, (64, 64, 64 + mask.size[0], 64 + mask.size[1]), mask)
    ink = image.crop(image.getbbox())
    scale = 20 / max(ink.size)
    ink = ink.resize([max(1, round(side * scale)) for side in ink.size])
    square = Image.new('L', (24, 24))
    square.paste(ink, ((24 - ink.width) // 2, (24 - ink.height) // 2))
    pictures.append(np.asarray(square, np.float32))
  blurred = ndimage.gaussian_filter(np.stack(pictures), (0, 0.7, 0.7))
  flat = blurred.reshape(len(blurred), -1)
  return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def test_sizes(splits):
  train, validation, test = (len(split.class_names) for split in splits)
  assert train + validation + test >= 1000
  assert train >= 0.6 * (train + validation + test)
  assert validation >= 100
  assert test >= 200
  assert inspect.signature(glyphs).parameters['drawings'].default == 20


def test_layout(splits):
  for split in splits:
    classes = len(split.class_names)
    assert split.images.shape == (DRAWINGS * classes, 28, 28, 1)
    assert split.images.dtype == np.uint8
    assert split.labels.dtype == np.int32
    np.testing.assert_array_equal(
      split.labels, np.repeat(np.arange(classes), DRAWINGS)
    )


@pytest.mark.parametrize('size', [14, 40])
def test_other_sizes_are_the_same_drawings(splits, size):
  for other, split in zip(
    glyphs(size=size, drawings=DRAWINGS), splits, strict=True
  ):
    assert other.images.shape[1:] == (size, size, 1)
    # Ink covers about as much of the paper, and the paper is black.
    covered = other.images.mean((1, 2, 3)), split.images.mean((1, 2, 3))
    assert np.corrcoef(*covered)[0, 1] > 0.95
    assert np.median(other.images) == 0


def test_ink_is_white_on_black(splits):
  for split in splits:
    images = split.images[..., 0]
    assert (images.max((1, 2)) > 200).all(), 'a drawing is blank'
    covered = (images > 127).mean((1, 2))
    assert (covered > 0.005).all()
    assert (covered < 0.6).all()
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 0).mean() > 0.99
    assert np.median(images) == 0


def test_strokes_stay_on_the_paper(splits):
  for split in splits:
    images = np.float32(split.images[..., 0])
    edges = images.copy()
    edges[:, 1:-1, 1:-1] = 0
    assert edges.sum() < 0.02 * images.sum()


def test_one_name_a_class(splits):
  assert len(set(names(splits))) == len(names(splits))


def test_scripts_are_disjoint(splits):
  words = {
    split: {name.split()[0] for name in dataset.class_names}
    for split, dataset in splits._asdict().items()
  }
  assert words['test'] == SCRIPTS['test']
  assert words['validation'] == SCRIPTS['validation']
  assert not words['train'] & (words['test'] | words['validation'])
  assert words['train'] > {'DIGIT', 'LATIN', 'GREEK', 'CYRILLIC', 'CANADIAN'}


@pytest.mark.parametrize(
  'alike',
  [
    (
      'LATIN CAPITAL LETTER A',
      'GREEK CAPITAL LETTER ALPHA',
      'CYRILLIC CAPITAL LETTER A',
    ),
    ('LATIN CAPITAL LETTER C', 'LATIN SMALL LETTER C'),
    ('LATIN CAPITAL LETTER O', 'LATIN SMALL LETTER O'),
    ('LATIN CAPITAL LETTER S', 'ARMENIAN CAPITAL LETTER TIWN'),
    ('LATIN CAPITAL LETTER L', 'CANADIAN SYLLABICS MA'),
    ('LATIN CAPITAL LETTER I', 'LATIN SMALL LETTER L', 'OGHAM LETTER BEITH'),
    ('GREEK CAPITAL LETTER PHI', 'CYRILLIC CAPITAL LETTER EF'),
  ],
  ids=lambda alike: alike[0],
)
def test_look_alikes_are_one_class(splits, alike):
  assert len(set(alike) & set(names(splits))) == 1


@pytest.mark.parametrize(
  'name',
  [
    'DIGIT FOUR',
    'LATIN SMALL LETTER A',
    'GREEK CAPITAL LETTER OMEGA',
    'CYRILLIC CAPITAL LETTER ZHE',
    'CANADIAN SYLLABICS PO',
    'HEBREW LETTER SHIN',
    'ARABIC LETTER JEEM',
    'GEORGIAN LETTER LAS',
    'LAO LETTER KO',
  ],
)
def test_characters_of_their_own_are_classes(splits, name):
  assert name in names(splits)


def test_nothing_held_out_looks_like_training(splits):
  held_out = splits.validation.class_names + splits.test.class_names
  cosines = clean(held_out) @ clean(splits.train.class_names).T
  assert cosines.max() < 0.96
  # The bound means something: real look-alikes exceed it.
  latin = ['LATIN CAPITAL LETTER U', 'LATIN SMALL LETTER H']
  armenian = ['ARMENIAN CAPITAL LETTER SEH', 'ARMENIAN SMALL LETTER HO']
  assert ((clean(latin) * clean(armenian)).sum(1) > 0.96).all()


def test_drawings_differ(splits):
  for split in splits:
    images = split.images.reshape(-1, DRAWINGS, 28 * 28)
    for i, j in itertools.combinations(range(DRAWINGS), 2):
      assert (images[:, i] != images[:, j]).any(1).all()


def test_drawings_of_a_class_are_closest(splits):
  for split in splits:
    blurred = ndimage.gaussian_filter(
      np.float32(split.images[..., 0]) / 255, (0, 2, 2)
    ).reshape(-1, DRAWINGS, 28 * 28)
    within = np.linalg.norm(blurred[:, 0] - blurred[:, 1], axis=1)
    others = np.roll(blurred[:, 0], len(blurred) // 2, axis=0)
    between = np.linalg.norm(others - blurred[:, 1], axis=1)
    assert within.mean() < 0.85 * between.mean()


def test_seed(splits):
  again, other = glyphs(drawings=DRAWINGS), glyphs(seed=1, drawings=DRAWINGS)
  for a, b, c in zip(splits, again, other, strict=True):
    np.testing.assert_array_equal(a.images, b.images)
    assert a.class_names == b.class_names == c.class_names
    assert (a.images != c.images).any((1, 2, 3)).all()


def test_says_which_typeface_is_missing(monkeypatch, tmp_path):
  monkeypatch.setattr(matplotlib, 'get_data_path', lambda: str(tmp_path))
  monkeypatch.setattr(module, '_characters', module._characters.__wrapped__)
  with pytest.raises(FileNotFoundError, match=r'DejaVuSans\.ttf is missing'):
    glyphs(drawings=1)


def test_says_which_extra_is_missing(monkeypatch):
  monkeypatch.setitem(sys.modules, 'matplotlib', None)
  monkeypatch.delitem(sys.modules, module.__name__)
  with pytest.raises(ImportError, match=r'lasium_jax\[glyphs\]'):
    importlib.import_module(module.__name__)
