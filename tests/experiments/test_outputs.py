"""What cannot be written is said before the work, and who can go on."""

import os
from pathlib import Path

import pytest

from experiments.applications import folders
from experiments.run import outputs, record
from experiments.run.run import Places
from experiments.systems import cola_figures, interpolative_figures


def test_folders_that_can_be_written(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  for name in ('', 'new', 'deep/new'):
    outputs.check_folder(tmp_path / name)
  outputs.check_files(tmp_path / 'deep/figure', '.png', '.json')
  outputs.check_files(Path('figure'), '.png')
  assert not list(tmp_path.iterdir())  # Nothing is made yet.


def test_what_is_in_the_way(tmp_path):
  (tmp_path / 'file').write_text('')
  (tmp_path / 'gone').symlink_to(tmp_path / 'nowhere')
  (tmp_path / 'figure.json').mkdir()
  for name in ('file', 'file/deep/new', 'gone', 'gone/new'):
    with pytest.raises(NotADirectoryError, match=r'--out is .*no folder: name'):
      outputs.check_folder(tmp_path / name)
  with pytest.raises(IsADirectoryError, match=r'figure\.json is a folder'):
    outputs.check_files(tmp_path / 'figure', '.png', '.json')
  outputs.check_files(tmp_path / 'figure', '.png')
  with pytest.raises(IsADirectoryError, match='name the files in it'):
    outputs.check_files(Path('.'), '.png')


def test_what_may_not_be_written(tmp_path, monkeypatch):
  """As told by the system, which lets the superuser write anywhere."""
  asked = []

  def access(place, mode):
    asked.append((place, mode))
    return False

  monkeypatch.setattr(os, 'access', access)
  with pytest.raises(PermissionError, match=r'--out is .*may be written in'):
    outputs.check_folder(tmp_path / 'deep/new')
  assert asked == [(tmp_path, os.W_OK | os.X_OK)]


def test_doors_say_it_before_they_read(tmp_path):
  """Neither runs, nor pictures, nor models are there."""
  (tmp_path / 'file').write_text('')
  out, nothing = tmp_path / 'file/out', tmp_path / 'nothing'
  with pytest.raises(NotADirectoryError, match='--out is'):
    interpolative_figures.draw(
      'paths', [nothing], Places(), out, count=1, seed=0
    )
  request = cola_figures.Request(nothing, Places())
  with pytest.raises(NotADirectoryError, match='--out is'):
    cola_figures.draw('spread', out, request)
  with pytest.raises(NotADirectoryError, match='--out is'):
    folders.classify(nothing, nothing, nothing, out)


def test_only_what_failed_first_is_named(tmp_path):
  """Of a file in a folder, the file; and no flag that there may not be."""
  with (
    pytest.raises(record.CannotWrite) as error,
    record.writing(tmp_path),
  ):
    record.write_json(tmp_path / 'absent/page.json', {})
  said = str(error.value)
  assert said.count('Cannot write') == 1
  assert 'page.json: No such file or directory' in said
  assert '--workdir' not in said and 'goes on' not in said
