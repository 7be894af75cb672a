"""From folders of pictures to a table and a page."""

import csv
import html
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from whole_program import ROOT

from experiments.applications import folders
from experiments.pages import predictions as html_predictions
from lasium_jax import FewShotClassifier

MODEL = ROOT / 'tests/models/version_1'
CLASSES = ('<b>', 'circle', 'square')


def draw(folder, counts, *, nested=True):
  """Pictures that differ by class, `counts[c]` of class c."""
  patterns = np.random.default_rng(0).integers(256, size=(3, 8, 8))
  for name, pattern, count in zip(CLASSES, patterns, counts, strict=True):
    for i in range(count):
      place = folder / name if nested else folder
      place.mkdir(parents=True, exist_ok=True)
      image = Image.fromarray(pattern.astype(np.uint8))
      image.save(place / f'{name.strip("<>")}{i}.png')
  return folder


def rows(out):
  with (out / 'predictions.csv').open() as file:
    return list(csv.reader(file))


def test_queries_whose_classes_are_known(tmp_path):
  support = draw(tmp_path / 'support', (1, 3, 2))
  queries = draw(tmp_path / 'queries', (2, 1, 1))
  out = tmp_path / 'deep/out'
  page, table_path, account = folders.classify(MODEL, support, queries, out)
  assert table_path == out / 'predictions.csv'
  head, *table = rows(out)
  assert head == ['file', 'label', 'p(<b>)', 'p(circle)', 'p(square)']
  files = ['<b>/b0.png', '<b>/b1.png', 'circle/circle0.png']
  assert [row[0] for row in table] == [*files, 'square/square0.png']
  for row in table:
    probabilities = [float(p) for p in row[2:]]
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert row[1] == CLASSES[int(np.argmax(probabilities))]
  text = page.read_text()
  right = sum(row[0].split('/')[0] == row[1] for row in table)
  assert f'{right} of 4 are right' in text
  assert text.count('<img') == 4
  assert '<b>/' not in text
  assert ' '.join(account) in text
  assert not re.search(r'(src|href)="(?!data:)', text)


def test_queries_of_one_folder(tmp_path):
  support = draw(tmp_path / 'support', (1, 1, 1))
  queries = draw(tmp_path / 'queries', (1, 1, 1), nested=False)
  page = folders.classify(
    MODEL, support, queries, tmp_path / 'out', transductive=True
  ).page
  assert [row[0] for row in rows(tmp_path / 'out')[1:]] == [
    'b0.png',
    'circle0.png',
    'square0.png',
  ]
  assert 'Confusion matrix' not in page.read_text()


@pytest.mark.parametrize(
  ('options', 'used'),
  [
    ({}, 'each query by itself, with the trained head'),
    ({'head': 'mean'}, 'each query by itself, with the mean head'),
    ({'transductive': True}, 'all queries together, with the trained head'),
  ],
)
def test_what_was_used_is_said_and_done(options, used, tmp_path):
  support = draw(tmp_path / 'support', (1, 1, 1))
  queries = draw(tmp_path / 'queries', (2, 2, 2))
  done = folders.classify(MODEL, support, queries, tmp_path / 'out', **options)
  assert done.account[0] == f'The model classifies {used}.'
  assert done.account[0] in done.page.read_text()
  known = folders.find_pictures(support)
  classifier = FewShotClassifier.load(
    MODEL,
    head=options.get('head', 'trained'),
    inductive='transductive' not in options,
  ).fit(known.files, known.labels)
  expected = classifier.predict_proba(folders.find_pictures(queries).files)
  probabilities = [
    [float(p) for p in row[2:]] for row in rows(tmp_path / 'out')[1:]
  ]
  np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_the_trained_head_for_too_many_classes_is_refused(tmp_path):
  support = draw(tmp_path / 'support', (1, 1, 1))
  (tmp_path / 'support/fourth').mkdir()
  shutil.copy(support / 'circle/circle0.png', support / 'fourth/0.png')
  with pytest.raises(ValueError, match='for 3 classes, and there are 4'):
    folders.classify(MODEL, support, support, tmp_path / 'out', head='trained')


def test_a_head_that_the_learner_has_not_is_refused(tmp_path):
  support = draw(tmp_path / 'support', (1, 1, 1))
  out = tmp_path / 'out'
  with pytest.raises(ValueError, match="'fitted', which maml has not"):
    folders.classify(MODEL, support, support, out, head='fitted')
  assert not out.exists()


def test_hidden_files_and_folders_are_no_pictures(tmp_path):
  folder = draw(tmp_path / '.data', (1, 2, 0))
  expected = folders.find_pictures(folder)
  assert expected.labels == ['<b>', 'circle', 'circle']
  shown = folder / 'circle/circle0.png'
  (folder / '.ipynb_checkpoints').mkdir()
  for hidden in ('._a.png', 'circle/._a.png', '.ipynb_checkpoints/a.png'):
    shutil.copy(shown, folder / hidden)
  assert folders.find_pictures(folder) == expected
  # Named otherwise, but a picture by how it begins.
  shutil.copy(shown, folder / 'circle/scan')
  pictures = folders.find_pictures(folder)
  assert {*pictures.files} - {*expected.files} == {folder / 'circle/scan'}


def test_confusion_matrix_by_hand():
  table = html_predictions.confusion_matrix(
    ['a', 'a', 'b', '<c>'], ['a', 'b', 'b', 'b'], ['a', 'b']
  )
  rows_of_page = [
    (html.unescape(name), [int(n) for n in re.findall(r'>(\d+)</td>', cells)])
    for name, cells in re.findall(
      r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table
    )
  ]
  assert rows_of_page == [('<c>', [0, 1]), ('a', [1, 1]), ('b', [0, 1])]
  assert '2 of 4 are right, 50.0' in table


def change_nothing(folder):
  del folder


def spoil(folder):
  (folder / 'queries/circle/circle0.png').write_bytes(b'no picture')


BAD = {
  'no model': ({'--model': 'nothing'}, change_nothing, 'nothing is no model'),
  'no folder': ({'--support': 'none'}, change_nothing, 'no folder none'),
  'empty': ({'--queries': str(ROOT / 'lasium_jax')}, change_nothing, 'no pict'),
  'picture': ({}, spoil, 'circle0.png cannot be read as a picture'),
  'flat': ({'--support': 'flat'}, change_nothing, 'one sub-folder a class'),
}


@pytest.mark.parametrize('name', BAD)
def test_what_cannot_be_used_is_named(name, tmp_path, monkeypatch):
  flags, damage, said = BAD[name]
  draw(tmp_path / 'support', (1, 1, 1))
  draw(tmp_path / 'queries', (1, 1, 1))
  draw(tmp_path / 'flat', (1, 1, 1), nested=False)
  damage(tmp_path)
  monkeypatch.chdir(tmp_path)
  places = {'--model': str(MODEL), '--support': 'support'}
  places |= {'--queries': 'queries'} | flags
  with pytest.raises(ValueError, match=said):
    folders.classify(*map(Path, places.values()), tmp_path / 'out')
  assert not (tmp_path / 'out').exists()


def test_the_command_says_what_was_used(program, tmp_path):
  support = draw(tmp_path / 'support', (1, 1, 1))
  out = tmp_path / 'out'
  command = [sys.executable, 'experiments/classify.py', f'--model={MODEL}']
  command += [f'--support={support}', f'--queries={support}', f'--out={out}']
  said = program.run([*command, '--head=mean', '--transductive'])
  assert 'all queries together, with the mean head.' in said
  assert f'Report: {out / "report.html"}' in said


def test_an_error_is_one_message_and_exit_code_1(program):
  command = [sys.executable, 'experiments/classify.py', '--model=nothing']
  command += ['--support=a', '--queries=b', '--out=c']
  assert 'Error: nothing is no model' in program.run(command, code=1)
  export = [sys.executable, 'experiments/export.py', '--workdir=a', '--out=b']
  assert 'Error: a is not a run' in program.run(export, code=1)
