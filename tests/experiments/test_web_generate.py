"""The tab of the page that makes new images: its logic, and its server."""

import base64
import io
import json

import jax
import numpy as np
import pytest
from PIL import Image
from tiny_generator import (
  SIDE,
  make_inverted,
  make_model,
  pixels,
  seen_by_the_model,
)
from web_page import ask, encoded, impatient, png, serving
from whole_program import ROOT

from experiments.applications import web_generate, web_offers, web_pictures
from experiments.applications.makers import Way, maker
from experiments.applications.web_pictures import Picture
from lasium_jax import models


@pytest.fixture(scope='module')
def model():
  return make_model()


def picture(seed):
  return encoded(Picture(f'{seed}.png', png(pixels(seed)[..., None])))


def request_of(count, **changes):
  return {
    'pictures': [picture(seed) for seed in range(count)],
    'sampler': 'mixtures',
    'views': False,
    'seed': 5,
    **changes,
  }


def decoded(pngs):
  files = [io.BytesIO(base64.b64decode(content)) for content in pngs]
  return np.stack([np.asarray(Image.open(file)) for file in files])


def shown(count):
  """The pictures of a request as they look."""
  return seen_by_the_model([pixels(s) for s in range(count)], invert=False)


@pytest.mark.parametrize('sampler', ['mixtures', 'differences'])
@pytest.mark.parametrize('views', [False, True])
def test_new_images_are_the_makers(model, sampler, views):
  request = request_of(3, sampler=sampler, views=views)
  reply = web_generate.services(model).generate(request)
  np.testing.assert_array_equal(
    decoded(reply['seeds']), [pixels(seed) for seed in range(3)]
  )
  making = maker(model, Way(sampler, views=views * web_generate.VIEWS))
  made = making.make(jax.random.key(5), shown(3), web_generate.NUMBER)
  expected = np.rint(255 * made[..., 0])
  np.testing.assert_allclose(decoded(reply['made']), expected, atol=1)
  assert reply['account'] == making.account


def test_frames_go_from_one_to_the_other(model):
  reply = web_generate.services(model).between(request_of(2))
  frames = decoded(reply['frames'])
  generator = models.generator(model.card)
  z = jax.jit(generator.encode)(model.params, 1 - shown(2))
  first, last = np.asarray(z)
  weights = np.linspace(0, 1, web_generate.FRAMES, dtype=np.float32)[:, None]
  z = (1 - weights) * first + weights * last
  expected = 255 * (1 - jax.jit(generator.decode)(model.params, z)[..., 0])
  np.testing.assert_allclose(frames, expected, atol=1)


TEXT = encoded(Picture('notes.txt', b'no picture at all'))
LARGE = encoded(Picture('large.png', bytes(web_pictures.MAX_BYTES + 1)))
BAD = {
  'none': (request_of(0), 'Add some'),
  'one': (request_of(1), 'two pictures of a kind or more. Add one more'),
  'many': (request_of(2, pictures=[picture(0)] * 21), '21 pictures are too'),
  'text': (
    request_of(2, pictures=[TEXT] * 2),
    'notes.txt of the seeds.*no P',
  ),
  'large': (request_of(2, pictures=[LARGE] * 2), r'8.0 MB; 8 MB are the most'),
  'sampler': (request_of(2, sampler='zz'), "'zz' is not for this model"),
  'own': (request_of(2, sampler='own'), "'own' is not for this model"),
  'three': (request_of(2, sampler='differences'), 'needs the codes of 3'),
  'seed': (request_of(2, seed=-1), 'The seed is -1'),
  'no number': (request_of(2, seed='1'), "The seed is '1'"),
  'no list': (request_of(2, pictures=7), 'Load the page again'),
  'no base 64': (
    *(request_of(2, pictures=[{'name': 'a', 'content': '!'}]),),
    'Load the page again',
  ),
  'nothing': (None, 'Load the page again'),
  'no sampler': ({'pictures': []}, 'Load the page again'),
}


@pytest.mark.parametrize('name', BAD)
def test_requests_that_cannot_be_answered(name, model):
  request, said = BAD[name]
  with pytest.raises(ValueError, match=said):
    web_generate.services(model).generate(request)


def test_a_path_is_between_two(model):
  with pytest.raises(ValueError, match='between two pictures'):
    web_generate.services(model).between(request_of(3))


def test_models_that_cannot_make_images_like_others_are_refused(tmp_path):
  folder = models.save_model(tmp_path / 'gan', make_model('msgan'))
  with pytest.raises(ValueError, match='msgan, has no encoder'):
    web_offers.offers(None, str(folder), 2)


def test_a_gan_with_what_inverts_it_has_all_that_an_autoencoder_has(tmp_path):
  folder = models.save_model(tmp_path / 'gan', make_inverted())
  (offer,) = web_offers.offers(None, str(folder), 2)
  assert {*offer.services} == {'/generate', '/between'}
  about = offer.about['generate']
  assert about['model'] == 'msgan' and about['slider'] is True
  assert 'midpoints' in dict(about['samplers'])
  reply = offer.services['/generate'](request_of(2))
  assert 'Its encoder was trained afterwards, to invert it.' in reply['account']


def test_without_an_encoder_there_is_no_slider(monkeypatch):
  model = make_model('vae')
  alone = models.generator(model.card)._replace(encode=None)
  monkeypatch.setattr(models, 'generator', lambda card: alone)
  offer = web_offers.generation(model)
  assert {*offer.services} == {'/generate'}
  assert offer.about['generate']['slider'] is False
  assert [name for name, _ in offer.about['generate']['samplers']] == ['own']
  offer.prepare()


@pytest.fixture(scope='module')
def page(tmp_path_factory):
  """The address; in the end nothing lies where temporary files would."""
  base = tmp_path_factory.mktemp('web')
  folder = models.save_model(base / 'model', make_model())
  kept = base / 'kept'
  kept.mkdir()
  with serving(f'--generator={folder}', TMPDIR=str(kept)) as address:
    yield address
    assert not [path for path in kept.rglob('*') if path.is_file()]


def post(address, request):
  status, headers, reply = ask(address, json.dumps(request).encode())
  assert headers['Content-Security-Policy'].startswith("default-src 'none'")
  return status, json.loads(reply)


def test_server(page, model):
  settings = json.loads(ask(f'{page}/settings')[2])
  assert 'classify' not in settings
  about = settings['generate']
  assert (about['model'], about['run']) == ('interpolative', 'tests')
  assert about['slider'] and about['samplers'][0][0] == 'mixtures'
  for name in ('', 'web_demo.js', 'web_generate.js', 'web_pictures.js'):
    assert ask(f'{page}/{name}')[0] == 200

  status, reply = post(f'{page}/generate', request_of(2))
  assert status == 200
  expected = web_generate.services(model).generate(request_of(2))
  assert reply['seeds'] == expected['seeds']
  assert decoded(reply['made']).shape == (web_generate.NUMBER, SIDE, SIDE)
  status, reply = post(f'{page}/between', request_of(2))
  assert status == 200 and len(reply['frames']) == web_generate.FRAMES
  status, reply = post(f'{page}/generate', request_of(1))
  assert status == 400 and 'Add one more' in reply['error']
  assert ask(f'{page}/classify', b'{}')[0] == 404


def test_one_page_offers_both(model):
  pytest.importorskip('starlette')
  from experiments.applications import web_server

  learner = ROOT / 'tests/models/version_1'
  offers = [
    *web_offers.offers(str(learner), None, 2),
    web_offers.generation(model),
  ]
  with impatient(web_server, *offers, patience=60) as (_, port):
    page = f'http://127.0.0.1:{port}'
    settings = json.loads(ask(f'{page}/settings')[2])
    assert {'classify', 'generate'} <= settings.keys()
    assert post(f'{page}/generate', request_of(2))[0] == 200
    status, reply = post(f'{page}/classify', {'classes': []})
    assert status == 400 and 'Load the page again' in reply['error']


def test_in_a_browser(page, browser, tmp_path):
  files = [tmp_path / f'{seed}.png' for seed in range(2)]
  for seed, file in enumerate(files):
    file.write_bytes(png(pixels(seed)[..., None]))
  (tmp_path / 'notes.png').write_bytes(b'no picture')
  browser.open(page)
  assert not browser.find('#tabs')[0].is_displayed()  # There is one alone.
  browser.find('#generate')[0].click()
  assert 'Add some' in browser.wait_for('#new-error')[0]

  browser.upload(0, files)
  frame = browser.wait_for_one('#frame')
  middle = frame.get_attribute('src')
  browser.find('#position')[0].send_keys('\ue014')  # The arrow to the right.
  assert frame.get_attribute('src') != middle
  browser.draw(0, (-60, -60), (-60, 60), (60, 60))  # The third seed.
  browser.find('#generate')[0].click()
  browser.wait_for('#new-account')
  assert len(browser.find('#seen img')) == 3
  assert len(browser.find('#made img')) == web_generate.NUMBER
  assert [e.text for e in browser.find('#to option')] == ['1', '2', '3']

  browser.find('.pictures button')[0].click()  # One is taken away.
  assert not browser.find('#made')[0].is_displayed()
  browser.upload(0, [tmp_path / 'notes.png'])
  browser.find('#generate')[0].click()
  assert 'notes.png of the seeds' in browser.wait_for('#new-error')[0]
  assert len(browser.find('#frame')) == 1
