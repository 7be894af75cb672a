"""From a folder of a few pictures to new ones."""

import re
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from tiny_generator import (
  SIDE,
  draw,
  make_inverted,
  make_model,
  pixels,
  seen_by_the_model,
)
from whole_program import ROOT

from experiments.applications import makers
from experiments.applications.few_shot import generate
from experiments.applications.makers import SAMPLERS, Way, maker, samplers_of
from experiments.components.latents import FEW_SHOT
from experiments.pages import few_shot as html_few_shot
from lasium_jax import models
from lasium_jax.nets.infogan import Encoder


@pytest.fixture(scope='module')
def model(tmp_path_factory):
  folder = tmp_path_factory.mktemp('generator') / 'model'
  return models.save_model(folder, make_model())


def read(paths):
  return np.stack([np.asarray(Image.open(path)) for path in sorted(paths)])


def test_new_images_are_decoded_midpoints(model, tmp_path):
  seeds = draw(tmp_path / 'seeds', 3)
  out = tmp_path / 'deep/out'
  done = generate(model, seeds, out, way=Way('midpoints'))
  made = read(done.folder.iterdir())
  # Three seeds have three midpoints, and none is written twice.
  assert made.shape == (3, SIDE, SIDE)
  loaded = models.load_model(model)
  generator = models.generator(loaded.card)
  x = seen_by_the_model([pixels(seed) for seed in range(3)])
  z = np.asarray(jax.jit(generator.encode)(loaded.params, x))
  pairs = z[[0, 0, 1]] / 2 + z[[1, 2, 2]] / 2
  decoded = jax.jit(generator.decode)(loaded.params, pairs)
  expected = 255 * (1 - decoded[..., 0])
  for image in made:
    errors = np.abs(np.asarray(expected) - image).max((1, 2))
    assert errors.min() <= 0.51  # Its own midpoint, rounded.
  assert done.account == [
    'The model is interpolative, trained without labels.',
    'New images are the midpoints of all pairs (midpoints).',
    'Of seeds there are no 24 that differ.',
  ]
  assert {p.name for p in out.iterdir()} == {
    *('images', 'contact_sheet.png', 'index.html')
  }


def test_it_is_said_who_saw_labels(model):
  loaded = models.load_model(model)
  training = {**loaded.card['training'], 'labels': True}
  labeled = loaded._replace(card={**loaded.card, 'training': training})
  account = makers.maker(labeled, Way()).account
  assert account[0] == 'The model is interpolative, trained with labels.'


def test_a_page_has_seeds_beside_what_was_made(model, tmp_path):
  for name, count in (('<b>', 2), ('zebra', 5)):
    draw(tmp_path / 'seeds' / name, count)
  done = generate(model, tmp_path / 'seeds', tmp_path / 'out', number=10)
  for name in ('<b>', 'zebra'):
    assert len([*(done.folder / name).iterdir()]) == 10
  page = done.page.read_text()
  assert '20 new images' in page
  assert '2 of &lt;b&gt; and 5 of zebra' in page and '<b>' not in page
  assert page.count('<img') == 6  # Seeds, the same given back, new ones.
  assert page.count('class="beside"') == 2
  assert ' '.join(done.account) in page
  assert not re.search(r'(src|href)="(?!data:)|<script', page)
  # Eight in a row, and so 1 + 2 + 1 + 2 rows of pixels twice as large.
  sheet = np.asarray(Image.open(done.sheet))
  side = 2 * SIDE + 2
  height = 6 * side + 4 * 2 + 3 * html_few_shot.BREAK
  assert sheet.shape == (height, 8 * side + 2, 3)
  first = sheet[2 : 2 + 2 * SIDE : 2, 2 : 2 + 2 * SIDE : 2, 0]
  np.testing.assert_array_equal(first, pixels(0))


def test_a_seed_repeats_it(model, tmp_path):
  seeds = draw(tmp_path / 'seeds', 3)
  made = {}
  for name, seed in (('first', 0), ('again', 0), ('other', 1)):
    done = generate(model, seeds, tmp_path / name, number=5, seed=seed)
    made[name] = read(done.folder.iterdir())
  np.testing.assert_array_equal(made['first'], made['again'])
  assert (made['first'] != made['other']).any()


def test_an_encoder_that_was_trained_to_invert_a_gan(tmp_path):
  """New images are of its codes, and it is said where it is from."""
  inverted = make_inverted()
  model = models.save_model(tmp_path / 'model', inverted)
  seeds = draw(tmp_path / 'seeds', 2)
  done = generate(model, seeds, tmp_path / 'out', way=Way('midpoints'))
  encoder, decoder = (
    Encoder(2, width=2),
    models.generator(make_model('msgan')[0]),
  )
  x = seen_by_the_model([pixels(seed) for seed in range(2)])
  z = jax.jit(encoder.apply)(inverted.params['encoder'], x)
  decode = jax.jit(decoder.decode)
  expected = 255 * (1 - decode(inverted.params['generator'], z.mean(0)[None]))
  (made,) = read(done.folder.iterdir())
  np.testing.assert_allclose(made, expected[0, ..., 0], atol=0.51)
  said = 'Its encoder was trained afterwards, to invert it.'
  assert done.account[:2] == [
    *('The model is msgan, trained without labels.', said),
  ]
  page = done.page.read_text()
  assert said in page and page.count('<img') == 3


@pytest.mark.parametrize('invert', [None, True, False])
def test_what_is_dark_may_be_1_or_0_for_the_model(invert):
  loaded = make_model()
  making = maker(loaded, Way('paths', invert=invert))
  x = seen_by_the_model([pixels(0), pixels(1)], invert=False)
  generator = models.generator(loaded.card)
  asked = x if invert is False else 1 - x
  z = np.asarray(jax.jit(generator.encode)(loaded.params, asked))
  expected = jax.jit(generator.decode)(loaded.params, np.stack([*z, z.mean(0)]))
  shown = expected if invert is False else 1 - expected
  np.testing.assert_allclose(making.back(x), shown[:2], atol=1e-6)
  made = making.make(jax.random.key(0), x, 1)
  np.testing.assert_allclose(made, shown[2:], atol=1e-6)


def test_samplers_are_those_that_a_model_can():
  assert samplers_of(make_model())[0] == 'mixtures'
  assert {*samplers_of(make_model())} == {*FEW_SHOT}
  assert {*samplers_of(make_model('vae'))} == {*SAMPLERS}


def test_a_models_own_way(monkeypatch):
  """A VAE draws from the posterior of one seed each; here it has no encoder."""
  model = make_model('vae')
  generator = models.generator(model.card)
  alone = generator._replace(encode=None)
  monkeypatch.setattr(models, 'generator', lambda card: alone)
  making = maker(model, Way())
  assert making.back is None
  assert making.account[1] == "New images are the model's own way."
  x = seen_by_the_model([pixels(0), pixels(1)], invert=False)
  key = jax.random.key(0)
  draw = jax.jit(generator.sample_like, static_argnums=3)
  z = draw(key, model.params, 1 - x, 4)
  expected = 1 - jax.jit(generator.decode)(model.params, z)
  np.testing.assert_allclose(making.make(key, x, 4), expected, atol=1e-6)
  with pytest.raises(ValueError, match="'mixtures' is not for this model"):
    maker(model, Way('mixtures'))
  with pytest.raises(ValueError, match='neither settings nor views'):
    maker(model, Way('own', views=2))


def test_pictures_that_do_not_fit_are_made_to(model, tmp_path):
  seeds = draw(tmp_path / 'seeds', 2, side=30, channels=3)
  done = generate(model, seeds, tmp_path / 'out', number=2, fit=True)
  assert read(done.folder.iterdir()).shape == (2, SIDE, SIDE)


def test_colors(tmp_path):
  model = models.save_model(tmp_path / 'model', make_model(channels=3))
  seeds = draw(tmp_path / 'seeds', 2, channels=3)
  done = generate(model, seeds, tmp_path / 'out', number=2)
  assert read(done.folder.iterdir()).shape == (2, SIDE, SIDE, 3)


def nothing(folder):
  del folder


def one_alone(folder):
  draw(folder / 'seeds/a', 2)
  draw(folder / 'seeds/b', 1)
  for path in (folder / 'seeds').glob('*.png'):
    path.unlink()


def a_text(folder):
  (folder / 'seeds/2.png').write_bytes(b'no picture')


def larger(folder):
  Image.fromarray(pixels(0, side=30)).save(folder / 'seeds/2.png')


def colored(folder):
  Image.fromarray(pixels(0, channels=3)).save(folder / 'seeds/2.png')


def another_kind(folder):
  models.save_model(folder / 'gan', make_model('msgan'))


def without_its_encoder(folder):
  models.save_model(folder / 'gan', make_model('wgan_gp'))


LEARNER = ROOT / 'tests/models/version_1'
BAD = {
  'no model': (nothing, {'model': Path('none')}, 'none is no model'),
  'a learner': (nothing, {'model': LEARNER}, 'is a learner.*--what=generator'),
  'no encoder': (
    another_kind,
    {'model': Path('gan')},
    r'msgan, has no encoder.*interpolative\.py\.$',
  ),
  'its encoder left out': (
    without_its_encoder,
    {'model': Path('gan')},
    r'wgan_gp, has no encoder.*export it anew with experiments/export\.py',
  ),
  'no folder': (nothing, {'images': Path('none')}, 'no folder none'),
  'one image': (one_alone, {}, r'one picture of b, 0\.png.*two or more'),
  'a text': (a_text, {}, r'2\.png cannot be read as a picture'),
  'a size': (
    larger,
    {},
    r'2\.png is 30x30 and gray.*8x8 and gray.*--fit',
  ),
  'channels': (colored, {}, r'2\.png is 8x8 and of colors.*8x8 and gray'),
  'two for three': (nothing, {'way': Way('differences')}, 'codes of 3 images'),
  'a setting': (
    *(nothing, {'way': Way('paths', {'alpha': 0.1})}),
    "sampler paths has no 'alpha'",
  ),
  'a bound': (
    *(nothing, {'way': Way('mixtures', {'concentration': 0.0})}),
    r'mixtures\.concentration is 0\.0',
  ),
}


@pytest.mark.parametrize('name', BAD)
def test_what_cannot_be_used_is_named(name, model, tmp_path, monkeypatch):
  damage, changes, said = BAD[name]
  draw(tmp_path / 'seeds', 2)
  damage(tmp_path)
  monkeypatch.chdir(tmp_path)
  given = {'model': model, 'images': Path('seeds'), **changes}
  with pytest.raises(ValueError, match=said):
    generate(out=tmp_path / 'out', **given)
  assert not (tmp_path / 'out').exists()


def test_nothing_is_written_over(model, tmp_path):
  seeds = draw(tmp_path / 'seeds', 2)
  before = {p.name: p.read_bytes() for p in seeds.iterdir()}
  with pytest.raises(FileExistsError, match='name another'):
    generate(model, seeds, seeds)
  assert {p.name: p.read_bytes() for p in seeds.iterdir()} == before


def test_where_nothing_can_be_written_is_said_first(tmp_path):
  """Before the model is read, which is not even there."""
  (tmp_path / 'file').write_text('mine')
  given = Path('no model'), Path('no seeds')
  with pytest.raises(OSError, match=r'--out is .*file is no folder') as error:
    generate(*given, tmp_path / 'file/out')
  assert 'workdir' not in str(error.value)
  with pytest.raises(OSError, match=r'--out is .*file is no folder'):
    generate(*given, tmp_path / 'file')
  assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_the_command(program, model, tmp_path):
  seeds = draw(tmp_path / 'seeds', 2)
  command = [sys.executable, 'experiments/few_shot_generation.py']
  command += [f'--model={model}', f'--images={seeds}']
  out = tmp_path / 'out'
  way = ['--sampler=differences', '--alpha=0.25', '--views=2', '--number=5']
  said = program.run([*command, f'--out={out}', *way])
  assert f'Page: {out / "index.html"}' in said
  assert '(differences, alpha 0.25)' in said and 'counts 3 times' in said
  assert len([*(out / 'images').iterdir()]) == 5


def test_an_error_is_one_message_and_exit_code_1(program, model, tmp_path):
  seeds = draw(tmp_path / 'seeds', 1)
  command = [sys.executable, 'experiments/few_shot_generation.py']
  command += [f'--model={model}', f'--images={seeds}', f'--out={tmp_path}/out']
  assert 'Error: ' in program.run(command, code=1)
  assert not (tmp_path / 'out').exists()
