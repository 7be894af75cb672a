"""Folders of images: every kind of file, and every kind of trouble."""

import io
import json
import logging
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lasium_jax.data import (
  Dataset,
  ImageForm,
  decode_image,
  evenly_spaced,
  folder,
  read_folder,
  split_folder,
)

COLOR, GRAY = ImageForm(8, 3), ImageForm(8, 1)
RED, LIGHT = (200, 40, 60), 0.299 * 200 + 0.587 * 40 + 0.114 * 60


def flat(mode, value, size=(16, 16)):
  return Image.new(mode, size, value)


def with_palette(transparent=False):
  image = flat('P', 3)
  image.putpalette([0, 0, 0] * 3 + list(RED))
  if transparent:
    image.info['transparency'] = 3
  return image


def sixteen_bits(value):
  return Image.fromarray(np.full((16, 16), value, np.uint16))


# File name, image, and the color that it must come to.
PLAIN = {
  'rgb.png': (flat('RGB', RED), RED),
  'rgb.jpg': (flat('RGB', RED), RED),
  'rgb.JPEG': (flat('RGB', RED), RED),
  'rgb.webp': (flat('RGB', RED), RED),
  'rgb.bmp': (flat('RGB', RED), RED),
  'rgb.tif': (flat('RGB', RED), RED),
  'gray.png': (flat('L', 77), (77,) * 3),
  'gray.jpg': (flat('L', 77), (77,) * 3),
  'gray.bmp': (flat('L', 77), (77,) * 3),
  'bits.png': (flat('1', 1), (255,) * 3),
  'palette.png': (with_palette(), RED),
  'palette.bmp': (with_palette(), RED),
  'clear palette.png': (with_palette(transparent=True), (255,) * 3),
  'half clear.png': (flat('RGBA', (*RED, 51)), (244, 212, 216)),
  'half clear.webp': (flat('RGBA', (*RED, 51)), (244, 212, 216)),
  'clear.tiff': (flat('RGBA', (*RED, 0)), (255,) * 3),
  'clear gray.png': (flat('LA', (0, 102)), (153,) * 3),
  '16 bits.png': (sixteen_bits(30_000), (117,) * 3),
  '16 bits.tif': (sixteen_bits(30_000), (117,) * 3),
  '16 bits, white.png': (sixteen_bits(65_535), (255,) * 3),
  'floats.tif': (Image.fromarray(np.full((16, 16), 0.5, 'f4')), (128,) * 3),
  'cmyk.tif': (flat('CMYK', (0, 255, 255, 0)), (255, 0, 0)),
  'cmyk.jpg': (flat('CMYK', (0, 255, 255, 0)), (255, 0, 0)),
}


def save(path, image, **options):
  path.parent.mkdir(parents=True, exist_ok=True)
  image.save(path, **options)
  return path


def lossless(name):
  return {'lossless': True, 'exact': True} if name.endswith('webp') else {}


@pytest.mark.parametrize('name', PLAIN)
def test_every_format_and_mode(tmp_path, name):
  image, color = PLAIN[name]
  path = save(tmp_path / name, image, **lossless(name))
  pixels = decode_image(path, COLOR)
  assert pixels.shape == (8, 8, 3) and pixels.dtype == np.uint8
  np.testing.assert_allclose(pixels, np.broadcast_to(color, (8, 8, 3)), atol=2)
  gray = np.dot(color, (0.299, 0.587, 0.114))
  np.testing.assert_allclose(decode_image(path, GRAY), gray, atol=2)
  inverted = decode_image(path, GRAY._replace(invert=True))
  np.testing.assert_allclose(inverted, 255 - gray, atol=2)


@pytest.mark.parametrize('values', [[-0.5, 1], [0, 300], [np.nan, 1]])
def test_levels_of_unknown_range_are_refused(tmp_path, values):
  pixels = np.tile(np.array(values, 'f4'), (16, 8))
  path = save(tmp_path / 'x.tif', Image.fromarray(pixels))
  with pytest.raises(ValueError, match='not from 0 to 1'):
    decode_image(path, GRAY)


# EXIF's orientation, and where the dark corner of the stored image ends up.
ORIENTATIONS = {
  1: (0, 0),
  2: (0, 1),
  3: (1, 1),
  4: (1, 0),
  5: (0, 0),
  6: (0, 1),
  7: (1, 1),
  8: (1, 0),
}


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp', 'tif'])
@pytest.mark.parametrize('orientation', ORIENTATIONS)
def test_exif_orientation(tmp_path, suffix, orientation):
  pixels = np.full((16, 16), 255, np.uint8)
  pixels[:8, :8] = 0
  exif = Image.Exif()
  exif[0x0112] = orientation
  path = save(tmp_path / f'x.{suffix}', Image.fromarray(pixels), exif=exif)
  corners = decode_image(path, GRAY)[:, :, 0].astype(int)[1::5, 1::5]
  expected = np.full((2, 2), 255)
  expected[ORIENTATIONS[orientation]] = 0
  np.testing.assert_allclose(corners, expected, atol=40)


def test_the_center_of_a_long_image(tmp_path):
  pixels = np.zeros((30, 90), np.uint8)
  pixels[:, 30:60] = 200
  for name, array in {'wide.png': pixels, 'tall.png': pixels.T}.items():
    path = save(tmp_path / name, Image.fromarray(array))
    middle = decode_image(path, GRAY)[1:7, 1:7]  # Filters see past the edge.
    np.testing.assert_allclose(middle, 200, atol=4)


def test_small_images_grow_and_large_ones_are_averaged(tmp_path):
  """A chessboard of single pixels is gray from afar: no aliasing."""
  board = np.indices((256, 256)).sum(0) % 2 * np.uint8(255)
  fine = save(tmp_path / 'fine.png', Image.fromarray(board.astype(np.uint8)))
  np.testing.assert_allclose(decode_image(fine, GRAY), 127.5, atol=3)
  one = save(tmp_path / 'one.png', flat('L', 9, (1, 1)))
  assert (decode_image(one, GRAY) == 9).all()


def png_header(width, height):
  """The beginning of a PNG that claims to be as large."""
  body = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
  chunk = struct.pack('>I', 13) + body + struct.pack('>I', zlib.crc32(body))
  return b'\x89PNG\r\n\x1a\n' + chunk + b'\0\0\0\0IDAT\0\0\0\0'


BAD = {
  'a text.png': (lambda: b'no image', 'no PNG, JPEG'),
  'another format.png': (lambda: b'GIF89a' + bytes(40), 'no PNG, JPEG'),
  'empty.jpg': (lambda: b'', 'no PNG, JPEG'),
  'torn.png': (lambda: encoded('PNG')[:-60], ''),
  'torn.jpg': (lambda: encoded('JPEG')[:-60], 'truncated'),
  'bomb.png': (lambda: png_header(40_000, 3_000), '40000x3000 pixels'),
  'giant bomb.png': (lambda: png_header(2**30, 2**30), 'bomb'),
}


def encoded(form):
  noise = np.random.default_rng(0).integers(256, size=(32, 32, 3))
  data = io.BytesIO()
  Image.fromarray(noise.astype(np.uint8)).save(data, form)
  return data.getvalue()


@pytest.fixture
def photos(tmp_path):
  """Twelve images in three folders and at the top; gray level is number."""
  top = tmp_path / 'photos'
  for i, name in enumerate(
    f'{here}{n}.png' for here in ('', 'b/', 'a/', 'a/c d/') for n in 'xyz'
  ):
    save(top / name, flat('L', 10 * i))
  return top


@pytest.fixture
def read(photos, tmp_path):
  def make(form=GRAY, **options):
    return read_folder(photos, form, cache_dir=tmp_path / 'cache', **options)

  return make


@pytest.fixture
def warnings(caplog):
  caplog.set_level(logging.WARNING)
  return lambda: [record.getMessage() for record in caplog.records]


def levels(dataset):
  return dataset.images[:, 0, 0, 0].tolist()


def no_decoding(*args):
  raise AssertionError('an image was decoded')


def test_folders_are_classes(read):
  dataset = read()
  assert isinstance(dataset, Dataset)
  assert dataset.class_names == ('', 'a', 'a/c d', 'b')
  assert dataset.labels.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
  assert dataset.labels.dtype == np.int32
  expected = [0, 10, 20, 60, 70, 80, 90, 100, 110, 30, 40, 50]
  assert levels(dataset) == expected
  assert isinstance(dataset.images, np.memmap)


def test_a_flat_folder_is_one_class(photos, tmp_path):
  dataset = read_folder(photos / 'b', GRAY, cache_dir=tmp_path / 'cache')
  assert dataset.class_names == ('',) and dataset.labels.tolist() == [0, 0, 0]


def test_the_second_time_nothing_is_decoded(read, monkeypatch):
  first = read()
  monkeypatch.setattr(folder, 'decode_image', no_decoding)
  again = read()
  assert isinstance(again.images, np.memmap)
  np.testing.assert_array_equal(again.images, first.images)
  np.testing.assert_array_equal(again.labels, first.labels)
  assert again.class_names == first.class_names


CHANGES = {
  'a new file': (lambda top: save(top / 'b/new.png', flat('L', 7)), 7),
  'another image': (lambda top: save(top / 'b/x.png', flat('L', 8, (9, 9))), 8),
  'a later time': (lambda top: retimed(save(top / 'b/x.png', flat('L', 9))), 9),
  'a file less': (lambda top: (top / 'b/x.png').unlink(), None),
  'another name': (lambda top: (top / 'b').rename(top / 'c'), None),
}


def retimed(path):
  os.utime(path, ns=(1, 1))


@pytest.mark.parametrize('change', CHANGES)
def test_a_changed_folder_is_noticed(read, photos, change):
  before = read()
  make, level = CHANGES[change]
  make(photos)
  after = read()
  assert level is None or level in levels(after)
  assert (levels(after), after.class_names) != (
    levels(before),
    before.class_names,
  )


def test_forms_have_entries_of_their_own(read):
  assert read().images.shape[1:] == (8, 8, 1)
  assert read(ImageForm(6, 3)).images.shape[1:] == (6, 6, 3)
  inverted = read(GRAY._replace(invert=True))
  np.testing.assert_array_equal(inverted.images, 255 - read().images)


def test_a_renewed_folder_leaves_no_old_copy(read, photos, tmp_path):
  read()
  (photos / 'x.png').unlink()
  read()
  assert len(list((tmp_path / 'cache').iterdir())) == 1


@pytest.mark.parametrize('name', ['images.npy', 'files.json'])
@pytest.mark.parametrize('damage', ['shorter', 'gone', 'header'])
def test_a_damaged_cache_is_renewed(read, tmp_path, warnings, name, damage):
  first = read()
  images = np.array(first.images)
  (path,) = (tmp_path / 'cache').glob(f'*/{name}')
  if damage == 'shorter':
    os.truncate(path, path.stat().st_size - 1)
  elif damage == 'gone':
    path.unlink()
  else:
    path.write_bytes(path.read_bytes().replace(b'1', b'2'))
  np.testing.assert_array_equal(read().images, images)
  assert str(path.parent) in warnings()[0]
  np.testing.assert_array_equal(read().images, images)
  assert len(warnings()) == 1


@pytest.mark.parametrize('name', BAD)
def test_a_file_that_does_not_decode_is_named_and_left_out(
  read, photos, warnings, name
):
  make, reason = BAD[name]
  (photos / 'b' / name).write_bytes(make())
  for _ in range(2):  # From the cache it is named too.
    assert len(read(max_bad_share=0.1).images) == 12
    message = warnings().pop()
    assert '1 of 13' in message and f"'b/{name}'" in message
    assert reason in message and 'left out' in message


def test_too_many_bad_files_are_an_error(read, photos):
  for i in range(7):
    (photos / f'bad {i}.png').write_text('no image')
  for share, refused in ((0.36, True), (0.37, False)):
    if not refused:
      assert len(read(max_bad_share=share).images) == 12
      continue
    with pytest.raises(ValueError, match=r'7 of 19 .*bad 0') as error:
      read(max_bad_share=share)
    assert 'bad 4' in str(error.value) and 'bad 5' not in str(error.value)
    assert '0.36' in str(error.value)


def test_bad_files_alone_are_an_error(tmp_path):
  (tmp_path / 'x.png').write_text('no image')
  with pytest.raises(ValueError, match='1 of 1 image files'):
    read_folder(tmp_path, GRAY, cache_dir=tmp_path / 'c', max_bad_share=1.0)


def test_the_limit_of_pixels(read):
  with pytest.raises(ValueError, match='16x16 pixels are more than 255'):
    read(GRAY._replace(max_pixels=255))
  assert len(read(GRAY._replace(max_pixels=256)).images) == 12


def test_a_bomb_is_refused_by_its_header(tmp_path, monkeypatch):
  path = tmp_path / 'x.png'
  path.write_bytes(png_header(5_000, 3_000))
  monkeypatch.setattr(Image.Image, 'load', no_decoding)
  with pytest.raises(ValueError, match='5000x3000 pixels'):
    decode_image(path, GRAY._replace(max_pixels=10**7))


def test_links_are_followed_and_their_loops_end(photos, tmp_path, read):
  outside = tmp_path / 'outside'
  save(outside / 'in.png', flat('L', 200))
  (outside / 'back').symlink_to(photos)
  (photos / 'a' / '0 loop').symlink_to('..')
  (photos / 'b' / 'loop').symlink_to('loop')
  (photos / 'link').symlink_to(outside)
  (photos / '0 alias').symlink_to('b')
  (photos / 'file.png').symlink_to(outside / 'in.png')
  dataset = read()
  assert dataset.class_names == ('', 'a', 'a/c d', 'b', 'link')
  assert len(dataset.images) == 14


def test_a_link_to_nothing_is_a_bad_file(read, photos, warnings):
  (photos / 'gone.png').symlink_to('nowhere')
  assert len(read(max_bad_share=0.5).images) == 12
  assert 'gone.png' in warnings()[0] and 'No such file' in warnings()[0]


def test_what_is_no_image_is_ignored(read, photos, warnings):
  (photos / 'notes.txt').write_text('BM and other letters')
  (photos / '.hidden.png').write_text('no image')
  (photos / '.git').mkdir()
  save(photos / '.git' / 'x.png', flat('L', 1))
  os.mkfifo(photos / 'pipe.png')
  os.mkfifo(photos / 'pipe')
  assert len(read().images) == 12 and not warnings()


@pytest.mark.parametrize('form', ['PNG', 'JPEG', 'WEBP', 'TIFF'])
def test_images_of_any_name_are_known_by_their_beginning(tmp_path, form):
  flat('L', 50).save(tmp_path / "b'1.jpg'", form)
  dataset = read_folder(tmp_path, GRAY, cache_dir=tmp_path / 'cache')
  np.testing.assert_allclose(dataset.images, 50, atol=1)


@pytest.mark.parametrize(
  'make,error,said',
  [
    (lambda path: None, FileNotFoundError, 'There is no folder'),
    (lambda path: path.write_text(''), NotADirectoryError, 'is a file'),
    (lambda path: path.mkdir(), ValueError, 'has no images.*webp'),
  ],
  ids=['missing', 'file', 'empty'],
)
def test_folders_that_are_none(tmp_path, make, error, said):
  path = tmp_path / 'x'
  make(path)
  with pytest.raises(error, match=said) as raised:
    read_folder(path, GRAY, cache_dir=tmp_path / 'cache')
  assert str(path) in str(raised.value)


def test_an_unwritable_cache_is_an_error(photos, tmp_path):
  (tmp_path / 'file').touch()
  with pytest.raises(OSError, match='--cache_dir'):
    read_folder(photos, GRAY, cache_dir=tmp_path / 'file' / 'cache')


def test_an_interrupted_decoding_leaves_no_entry(read, tmp_path, monkeypatch):
  written = folder._write_header

  def interrupted(output, shape):
    written(output, shape)
    raise KeyboardInterrupt

  monkeypatch.setattr(folder, '_write_header', interrupted)
  with pytest.raises(KeyboardInterrupt):
    read()
  assert not list((tmp_path / 'cache').iterdir())


def test_files_are_held_out_by_their_names(tmp_path):
  top, options = tmp_path / 'many', {'held_out': (0.1, 0.2)}
  options['cache_dir'] = tmp_path / 'cache'
  for i in range(120):
    save(top / 'ab'[i % 2] / f'{i}.png', flat('L', i))
  parts = split_folder(top, GRAY, **options)
  first = [set(levels(part)) for part in parts]
  assert sorted(level for part in first for level in part) == [*range(120)]
  # 12 and 24, within three standard deviations.
  assert 2 < len(first[1]) < 22 and 11 < len(first[2]) < 37
  for dataset in parts:
    names = [dataset.class_names[label] for label in dataset.labels]
    assert names == ['ab'[level % 2] for level in levels(dataset)]
  # Whatever comes and goes, each stays on its side.
  for i in range(0, 120, 3):
    (top / 'ab'[i % 2] / f'{i}.png').unlink()
  for i in range(120, 180):
    save(top / 'ab'[i % 2] / f'{i}.png', flat('L', i))
  for i, part in enumerate(split_folder(top, GRAY, **options)):
    others = set().union(*first[:i], *first[i + 1 :])
    assert not set(levels(part)) & others


def test_the_description_is_json_without_the_images(read, tmp_path):
  read()
  (path,) = (tmp_path / 'cache').glob('*/files.json')
  assert json.loads(path.read_text())['count'] == 12


def test_evenly_spaced_keeps_shares():
  images = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
  labels = np.repeat(np.arange(3, dtype=np.int32), [20, 2, 18])
  dataset = Dataset(images, labels, ('a', 'b', 'c'))
  assert evenly_spaced(dataset, 40) is dataset
  half = evenly_spaced(dataset, 20)
  assert levels(half) == list(range(0, 40, 2))
  assert np.bincount(half.labels).tolist() == [10, 1, 9]
  few = evenly_spaced(dataset, 2)
  assert levels(few) == [0, 20] and few.class_names == ('a', 'b')
  assert levels(evenly_spaced(dataset, 0)) == [0]
