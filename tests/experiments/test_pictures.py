"""Pictures, pixel by pixel."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from experiments.pages import pictures
from experiments.stages import pictures as stage
from lasium_jax.types import Examples, Task


def examples(ways, count, value=0.0, shape=(4, 4, 1)):
  x = np.full((ways * count, *shape), value, np.float32)
  return Examples(x, np.repeat(np.arange(ways, dtype=np.int32), count))


def test_grid_draws_ink_dark_and_leaves_room_empty():
  images = np.zeros((3, 2, 2, 1))
  images[1, 0, 1] = 1.0
  images[2] = 0.4
  sheet = pictures.image_grid(images, 2, scale=3)
  assert sheet.shape == (2 * (6 + 2) + 2, 2 * (6 + 2) + 2, 3)
  assert sheet.dtype == np.uint8
  assert (sheet[[0, 8, 17]] == pictures.RULE).all()
  assert (sheet[2:8, 2:8] == 255).all()
  assert (sheet[2:5, 13:16] == 0).all() and sheet[5, 13, 0] == 255
  assert (sheet[10:16, 2:8] == 153).all()
  assert (sheet[10:16, 10:16] == 255).all()


def test_gray_photographs_stay_as_they_are():
  images = np.full((1, 2, 2, 1), 0.2)
  sheet = pictures.image_grid(images, 1, scale=1, ink=False)
  assert (sheet[2:4, 2:4] == 51).all()
  task = Task(examples(1, 1, 0.2), examples(1, 1, 0.2))
  for ink, level in ((False, 51), (True, 204)):
    drawn = pictures.task_picture(task, 1, 1, anchors=False, scale=1, ink=ink)
    assert (drawn[14:18, 14:18] == level).all()


def test_grid_leaves_colors_and_clips():
  images = np.broadcast_to([1.2, 0.2, -0.1], (1, 2, 2, 3))
  sheet = pictures.image_grid(images, 1, scale=1)
  assert (sheet[2:4, 2:4] == [255, 51, 0]).all()


@pytest.mark.parametrize(
  'images',
  [np.zeros((2, 2, 1)), np.zeros((1, 2, 2, 4)), np.zeros((0, 2, 2, 1))],
)
def test_grid_names_a_wrong_shape(images):
  with pytest.raises(ValueError, match=re.escape(str(images.shape))):
    pictures.image_grid(images, 2)


def test_grid_refuses_nan():
  with pytest.raises(ValueError, match='not finite'):
    pictures.image_grid(np.full((1, 2, 2, 1), np.nan), 2)


@pytest.mark.parametrize('anchors', [True, False])
def test_task_picture_geometry(anchors):
  # An image of 4 * 3 pixels in an edge of 2, a ring of 4 and a space of 2: 28.
  support, query = examples(2, 2), examples(2, 3)
  support.x[0, 0, 0] = 1.0
  query.x[5, 3, 3] = 1.0
  drawn = pictures.task_picture(
    Task(support, query), 2, 3, anchors=anchors, scale=3
  )
  columns = [6, 34, 6 + 56 + 28, 6 + 56 + 28 + 28, 6 + 56 + 28 + 56]
  assert drawn.shape == (6 + 2 * 28 + 6, columns[-1] + 28 + 6, 3)
  for row, color in enumerate(pictures.CLASSES[:2]):
    for column, left in enumerate(columns):
      tile = drawn[6 + 28 * row :, left:][:28, :28]
      ring = anchors and column == 0
      assert (tile[:2] == pictures.PAPER).all()
      expected = pictures.ANCHOR if ring else pictures.PAPER
      assert (tile[2:6, 2:26] == expected).all()
      assert (tile[22:26, 2:26] == expected).all()
      assert (tile[6:8, 6:22] == color).all()
      assert (tile[6:22, 20:22] == color).all()
  assert (drawn[6:-6, 62 + 13 : 62 + 15] == pictures.RULE).all()
  # The first pixel of the first support image, the last of the last query.
  assert (drawn[14:17, 14:17] == 0).all() and drawn[14, 17, 0] == 255
  corner = drawn[6 + 28 + 8 : 6 + 28 + 20, columns[-1] + 8 : columns[-1] + 20]
  assert (corner[9:, 9:] == 0).all() and corner[8, 9, 0] == 255


def test_more_classes_than_colors():
  task = Task(examples(12, 1), examples(12, 1))
  drawn = pictures.task_picture(task, 1, 1, anchors=False, scale=1)
  pitch = 4 + 2 * 8
  edges = drawn[6 + 6 :: pitch, 12][:12]
  assert (edges == (pictures.CLASSES * 2)[:12]).all()


@pytest.mark.parametrize(
  ('ways', 'drawn', 'caption'),
  [(20, 20, 'A task'), (21, 20, 'A task, 20 of its 21 classes')],
)
def test_a_task_of_many_classes_shows_the_first(
  monkeypatch, ways, drawn, caption
):
  kept = []
  monkeypatch.setattr(stage, 'keep', lambda *own, **_: kept.append(own))
  train = SimpleNamespace(shape=(4, 4, 1))
  run = SimpleNamespace(
    splits=SimpleNamespace(train=train), ink=True, files=None
  )
  task = Task(examples(ways, 1), examples(ways, 2))
  stage.keep_task(
    run, 'meta', 'task', task, 'A task', shots=1, queries=2, anchors=False
  )
  ((*_, picture, said),) = kept
  whole = pictures.task_picture(
    Task(examples(drawn, 1), examples(drawn, 2)), 1, 2, anchors=False
  )
  assert said == caption
  assert picture.shape == whole.shape


def test_task_picture_wants_classes_in_order():
  good = examples(2, 2)
  mixed = good._replace(y=np.array([0, 1, 0, 1]))
  with pytest.raises(ValueError, match='ordered by class'):
    pictures.task_picture(Task(mixed, good), 2, 2, anchors=False)
  with pytest.raises(ValueError, match='2 classes in its support and 3'):
    pictures.task_picture(Task(good, examples(3, 2)), 2, 2, anchors=False)


def blank(value):
  return np.full((6, 8, 3), value, np.uint8)


def test_png_is_whole_or_what_it_was(tmp_path):
  path = tmp_path / 'samples' / 'x.png'
  pictures.save_png(path, blank(9))
  pictures.save_png(path, blank(17))
  with pytest.raises(TypeError):
    pictures.save_png(path, blank(0).astype(np.complex64))
  np.testing.assert_array_equal(np.asarray(Image.open(path)), blank(17))
  assert list(Path(path.parent).iterdir()) == [path]
