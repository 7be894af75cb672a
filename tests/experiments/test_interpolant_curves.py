"""Curves of several runs in one figure, from files that a hand wrote."""

import copy
import json

import numpy as np
import pytest
from PIL import Image
from whole_program import config_of

from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import Places
from experiments.systems import interpolative
from experiments.systems.interpolative_figures import draw

WEIGHTS = np.linspace(0, 1, 5)
# The error between the ends, and at both of them.
MODELS = {'acai': (14, 4), 'autoencoder': (12, 2), 'interpolative': (6, 2)}
RANGES = {
  'rotation': '-20 to 20 degrees',
  'slant': 'tangents of -0.3 to 0.3',
}


def curve(at, mean):
  return {'at': list(at), 'mean': list(mean), 'ci95': [0.25] * len(at)}


def arch(middle, ends):
  return {
    'weight': curve(WEIGHTS, ends + (middle - ends) * np.sin(np.pi * WEIGHTS)),
    'gap': curve([0.5, 1.0], [middle / 2, middle]),
  }


def page(name):
  by = {name: arch(*MODELS[name]), 'pixels': arch(16, 0)}
  return {
    factor: {'range': words, 'by': copy.deepcopy(by)}
    for factor, words in RANGES.items()
  }


@pytest.fixture
def workdirs(tmp_path):
  return [write(tmp_path / f'my-{name}', name, page(name)) for name in MODELS]


def write(folder, name, curves, **fields):
  config = config_of(f'interpolative/glyphs.py:{name}')
  config.update_from_flattened_dict(fields)
  settings = settings_of(config, interpolative.system())
  folder.mkdir(exist_ok=True)
  (folder / 'config.json').write_text(json.dumps(settings))
  (folder / 'interpolants.json').write_text(json.dumps(curves))
  return folder


def drawn(workdirs, out):
  return draw('interpolants', workdirs, Places(), out, count=1, seed=0)


def test_all_models_are_in_one_figure(workdirs, tmp_path):
  png = drawn(workdirs, tmp_path / 'out')
  told = json.loads((tmp_path / 'out.json').read_text())
  assert told['figure'] == 'interpolants'
  assert told['runs'] == [
    f'configs/interpolative/glyphs.py:{x}' for x in MODELS
  ]
  assert told['changes'].keys() == RANGES.keys()
  of_one = told['changes']['slant']
  assert of_one['range'] == RANGES['slant']
  assert list(of_one['by']) == [*(f'my-{name}' for name in MODELS), 'pixels']
  for name in MODELS:
    assert of_one['by'][f'my-{name}'] == page(name)['slant']['by'][name]
  # The sine is 0.71 at a quarter: pixels 11.3, the lowest model 4.8.
  assert of_one['lowest']['weight'] == ['my-interpolative'] * 3
  assert of_one['lowest']['gap'] == ['my-interpolative'] * 2
  # Two panels a row; each has the colors of three models, and of pixels.
  image = np.asarray(Image.open(png))
  assert image.shape[0] < image.shape[1]
  rows = [half for row in np.split(image, 2) for half in np.split(row, 2, 1)]
  for panel in rows:
    assert len(np.unique(panel.reshape(-1, 3), axis=0)) > 4


def test_what_is_not_lowest_is_said(workdirs, tmp_path):
  worse = page('interpolative')
  worse['slant']['by']['interpolative']['weight']['mean'][1] = 99.0
  write(workdirs[2], 'interpolative', worse)
  drawn(workdirs, tmp_path / 'out')
  changes = json.loads((tmp_path / 'out.json').read_text())['changes']
  assert changes['slant']['lowest']['weight'] == [
    *('my-autoencoder', 'my-interpolative', 'my-interpolative'),
  ]
  assert set(changes['rotation']['lowest']['weight']) == {'my-interpolative'}


def test_a_curve_moves_the_picture(workdirs, tmp_path):
  one = np.asarray(Image.open(drawn(workdirs, tmp_path / 'one'))).astype(int)
  other = page('acai')
  other['rotation']['by']['acai']['weight']['mean'][2] = 10.0
  write(workdirs[0], 'acai', other)
  two = np.asarray(Image.open(drawn(workdirs, tmp_path / 'two')))
  changed = np.abs(one - two).sum(-1) > 0
  height, width = changed.shape
  assert changed[: height // 2, : width // 2].any()
  assert not changed[height // 2 :].any() and not changed[:, width // 2 :].any()


def test_what_cannot_stand_side_by_side(workdirs, tmp_path):
  out = tmp_path / 'out'
  (workdirs[1] / 'interpolants.json').unlink()
  with pytest.raises(
    BadConfig, match=r'my-autoencoder has no interpolants\.json'
  ):
    drawn(workdirs, out)
  own = page('autoencoder')
  write(workdirs[1], 'autoencoder', own, seed=1)
  with pytest.raises(BadConfig, match='my-autoencoder has another seed'):
    drawn(workdirs, out)
  write(workdirs[1], 'autoencoder', own, **{'known_interpolants.slant': 0.2})
  with pytest.raises(BadConfig, match='has another known_interpolants'):
    drawn(workdirs, out)
  own['slant']['by']['pixels']['gap']['mean'][1] = 15.0
  write(workdirs[1], 'autoencoder', own)
  with pytest.raises(
    BadConfig, match=r'my-autoencoder.*\(slant\).*other images'
  ):
    drawn(workdirs, out)
  other = write(tmp_path / 'pixels', 'acai', page('acai'))
  with pytest.raises(BadConfig, match='A run is called pixels'):
    drawn([other], out)
  assert not out.with_suffix('.png').exists()
