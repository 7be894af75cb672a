"""The page on which to try a model: its logic, its server, and in a browser."""

import asyncio
import contextlib
import json
import logging
import socket
import time
import zlib
from http.client import HTTPConnection

import jax
import numpy as np
import pytest
from web_page import PATIENCE, ask, encoded, impatient, png, serving

from experiments.applications import web_answer, web_offers, web_pictures
from experiments.applications.web_answer import Class
from experiments.applications.web_pictures import Picture
from lasium_jax import FewShotClassifier, models

SIDE = 12
LEARNERS = {
  'protonets': {'name': 'protonets', 'distance': 'sum'},
  'maml': {'name': 'maml', 'steps': 2},
}
ENTRY = {
  'dataset': 'glyphs',
  'ways': 3,
  'shots': 1,
  'accuracy': 0.9,
  'ci95': 0.01,
  'normalization': 'inductive',
}


def make_model(channels=1, learner='protonets'):
  """A learner of three ways, with the weights that training begins with."""
  card = {
    'kind': 'learner',
    'architecture': {
      'network': {'name': 'conv4', 'filters': 4},
      'learner': LEARNERS[learner],
      'ways': 3,
    },
    'image': {
      'height': SIDE,
      'width': SIDE,
      'channels': channels,
      'invert': channels == 1,
    },
    'training': {'run': 'tests'},
    'accuracy': [ENTRY],
  }
  x = np.zeros((1, SIDE, SIDE, channels), np.float32)
  params = models.learner(card).init(jax.random.key(0), x)
  return models.Model(card, jax.device_get(params))


def pixels(seed, class_, channels=1):
  """Noise around the pattern of a class, one for each."""
  shape = (SIDE, SIDE, channels)
  pattern = np.random.default_rng(class_).integers(200, size=shape)
  noise = np.random.default_rng(seed).integers(55, size=shape)
  return (pattern + noise).astype(np.uint8)


def picture(seed, class_, channels=1):
  name = f'{class_}-{seed}.png'
  return Picture(name, png(pixels(seed, class_, channels)))


@pytest.fixture(scope='module')
def model():
  return make_model()


@pytest.mark.parametrize('channels', [1, 3])
def test_probabilities_are_those_of_the_classifier(channels):
  model = make_model(channels)
  counts = {'zebra': 2, 'ant': 1, 'bee': 3}
  classes, images, labels = [Class('nothing', [])], [], []
  for class_, (name, count) in enumerate(counts.items()):
    shown = [picture(seed, class_, channels) for seed in range(count)]
    classes.append(Class(name, shown))
    images += [pixels(seed, class_, channels) for seed in range(count)]
    labels += [name] * count
  query = picture(9, 2, channels)
  shares = web_answer.classify(model, classes, query).probabilities
  assert list(shares) == list(counts)
  expected = FewShotClassifier(model).fit(np.stack(images), labels)
  row = expected.predict_proba(pixels(9, 2, channels)[None])[0]
  for name, share in zip(expected.classes_, row, strict=True):
    assert shares[name] == share
  assert max(shares, key=shares.get) == 'bee'


@pytest.mark.parametrize(
  ('head', 'count', 'used'),
  [
    ('auto', 3, 'trained'),
    ('auto', 4, 'mean'),
    ('trained', 2, 'trained'),
    ('mean', 2, 'mean'),
  ],
)
def test_the_head_that_was_asked_for_is_used_and_said(head, count, used):
  model = make_model(learner='maml')
  classes = [Class(str(c), [picture(0, c)]) for c in range(count)]
  shares, account = web_answer.classify(model, classes, picture(9, 1), head)
  expected = FewShotClassifier(model, head=used)
  images = np.stack([pixels(0, c) for c in range(count)])
  expected.fit(images, [str(c) for c in range(count)])
  row = expected.predict_proba(pixels(9, 1)[None])[0]
  assert [*shares.values()] == row.tolist()
  assert account[0].endswith(f'each query by itself, with the {used} head.')
  assert ('90.0 ± 1.0 % on glyphs' in account[1]) == (used == 'trained')


@pytest.mark.parametrize('head', ['prototypes', 'fitted'])
def test_prototypes_may_have_a_head(head, model):
  classes = [Class(str(c), [picture(0, c)]) for c in range(3)]
  shares, account = web_answer.classify(model, classes, picture(9, 1), head)
  images = np.stack([pixels(0, c) for c in range(3)])
  expected = FewShotClassifier(model, head=head).fit(images, list('012'))
  row = expected.predict_proba(pixels(9, 1)[None])[0]
  assert [*shares.values()] == row.tolist()
  assert ('with the fitted head' in account[0]) == (head == 'fitted')


@pytest.mark.parametrize(
  ('learner', 'settings', 'heads'),
  [
    ('maml', {}, ['auto', 'trained', 'mean']),
    ('protonets', {}, ['prototypes', 'fitted']),
    ('protonets', {'head_steps': 3}, ['fitted', 'prototypes']),
  ],
)
def test_the_page_offers_the_heads_of_its_model(learner, settings, heads):
  """The first, which the page begins with, is as the model was judged."""
  made = make_model(learner=learner)
  architecture = made.card['architecture']
  own = {**architecture['learner'], **settings}
  card = {**made.card, 'architecture': {**architecture, 'learner': own}}
  model = models.Model(card, made.params)
  offered = web_offers.classification(model, 2).about['classify']['heads']
  assert [option['head'] for option in offered] == heads
  first, auto = (
    FewShotClassifier(model, head=head).fit(
      np.stack([pixels(0, c) for c in range(2)]), [0, 1]
    )
    for head in (heads[0], 'auto')
  )
  assert first.head_ == auto.head_


def test_the_trained_head_for_too_many_classes_is_refused():
  classes = [Class(str(c), [picture(0, c)]) for c in range(4)]
  with pytest.raises(ValueError, match='for 3 classes, and there are 4'):
    web_answer.classify(
      make_model(learner='maml'), classes, picture(9, 1), 'trained'
    )


def two(first=None, second=None):
  return [
    Class('a', [first or picture(0, 0)]),
    Class('b', [second or picture(0, 1)]),
  ]


def noise_of(size):
  return np.random.default_rng(0).bytes(size)


TEXT = Picture('notes.txt', b'no picture at all')
# It would be read by a program that Pillow starts.
EPS = Picture(
  'a.png', b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n'
)
LARGE = Picture('large.png', noise_of(web_pictures.MAX_BYTES + 1))
BAD = {
  'no examples': ([Class('a', [])], picture(0, 0), 'no examples yet'),
  'no classes': ([], None, 'no examples yet'),
  'one class': ([two()[0], Class('b', [])], picture(0, 0), 'Only a has'),
  'no query': (two(), None, 'Add a picture to classify'),
  'no name': ([two()[0], Class('', [TEXT])], TEXT, 'no name'),
  'one name': ([*two(), two()[0]], TEXT, 'Two classes are named a'),
  'text': (two(second=TEXT), TEXT, 'notes.txt of b: .*it is no PNG, JPEG'),
  'text as query': (two(), TEXT, 'notes.txt of the query: .*no PNG'),
  'program': (two(EPS), TEXT, 'a.png of a: .*it is no PNG'),
  'many bytes': (two(LARGE), TEXT, r'large.png has 8.0 MB; 8 MB are the most'),
  'many': ([*two(), Class('c', [TEXT] * 199)], TEXT, '201 examples are too'),
}


@pytest.mark.parametrize('name', BAD)
def test_what_is_wrong_is_said(name, model):
  classes, query, said = BAD[name]
  with pytest.raises(ValueError, match=said):
    web_answer.classify(model, classes, query)


def test_a_bomb_is_not_decoded(model):
  """Its header is enough: pixels that are not there are not missed."""
  content = bytearray(picture(0, 0).content)
  content[16:24] = (9_000).to_bytes(4, 'big') * 2
  checked = content[12:29]
  content[29:33] = zlib.crc32(checked).to_bytes(4, 'big')
  with pytest.raises(ValueError, match=r'bomb.png of a: .*9000x9000 pixels'):
    web_answer.classify(
      model, two(Picture('bomb.png', bytes(content))), picture(0, 0)
    )


def request_of(classes, query, head='auto'):
  return {
    'classes': [
      {'name': name, 'pictures': [encoded(p) for p in shown]}
      for name, shown in classes
    ],
    'query': query and encoded(query),
    'head': head,
  }


@pytest.mark.parametrize(
  'request_',
  [
    *(None, [], {}, {'classes': 3, 'query': None}),
    {'classes': [{'name': 'a'}], 'query': None, 'head': 'auto'},
    {'classes': [], 'query': None},
    {
      'classes': [],
      'query': {'name': 'a', 'content': 'no base 64!'},
      'head': '',
    },
    {'classes': [], 'query': {'name': 'a', 'content': 7}},
  ],
)
def test_a_request_of_another_page(request_, model):
  with pytest.raises(ValueError, match='Load the page again'):
    web_answer.answer(model, request_)


@pytest.fixture(scope='module')
def web_server():
  for package in ('starlette', 'uvicorn'):
    pytest.importorskip(package)
  from experiments.applications import web_server

  return web_server


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
  return models.save_model(
    tmp_path_factory.mktemp('web') / 'model', make_model()
  )


@pytest.fixture(scope='module')
def page(folder, tmp_path_factory):
  """The address; in the end nothing lies where temporary files would."""
  kept = tmp_path_factory.mktemp('kept')
  arguments = (f'--model={folder}', '--classes=3')
  with serving(*arguments, TMPDIR=str(kept)) as address:
    yield address
    assert not [path for path in kept.rglob('*') if path.is_file()]


def refused_length(address, length):
  """The answer to a body of which nothing is sent yet."""
  connection = HTTPConnection(address.removeprefix('http://'), timeout=30)
  with contextlib.closing(connection):
    connection.putrequest('POST', '/classify')
    connection.putheader('Content-Length', str(length))
    connection.endheaders()
    return connection.getresponse().status


def test_server(page, model, web_server):
  classes, query = two(), picture(5, 1)
  body = json.dumps(request_of(classes, query)).encode()
  status, _, reply = ask(f'{page}/classify', body)
  assert status == 200
  answer = json.loads(reply)
  assert [name for name, _ in answer['probabilities']] == ['a', 'b']
  expected, account = web_answer.classify(model, classes, query)
  assert dict(answer['probabilities']) == pytest.approx(expected, rel=1e-3)
  assert answer['account'] == account

  status, _, reply = ask(f'{page}/classify', b'{"classes"')
  assert status == 400
  assert 'error' in json.loads(reply)
  assert refused_length(page, web_server.MAX_REQUEST + 1) == 413
  assert ask(page, Host='elsewhere.example')[0] == 400
  assert ask(f'{page}/../web_demo.py')[0] == 404
  policy = ask(page)[1]['Content-Security-Policy']
  assert policy.startswith("default-src 'none'")


def status_for(application, host):
  """Of the answer to a request of the page by that name."""
  scope = {'type': 'http', 'method': 'GET', 'path': '/settings'}
  scope |= {'headers': [(b'host', host.encode())], 'query_string': b''}
  sent = []

  async def receive():
    return {'type': 'http.request', 'body': b'', 'more_body': False}

  async def send(message):
    sent.append(message)

  asyncio.run(application(scope, receive, send))
  return sent[0]['status']


@pytest.mark.parametrize(
  ('host', 'names', 'others'),
  [
    ('127.0.0.1', ('localhost', '127.0.0.1'), ('10.0.0.2', 'a.example')),
    ('::1', ('[::1]', 'localhost'), ('[::2]', 'a.example')),
    ('10.0.0.2', ('10.0.0.2', 'localhost'), ('10.0.0.3', 'a.example')),
    ('fd00::2', ('[fd00::2]', '[::1]'), ('[fd00::3]', 'a.example')),
    ('0.0.0.0', ('10.0.0.2', 'a.example'), ()),
    ('::', ('[fd00::2]', 'a.example'), ()),
  ],
)
def test_the_page_answers_to_its_own_names_only(
  model, host, names, others, web_server
):
  offer = web_offers.classification(model, 2)
  page = web_server.application([offer], web_server.allowed_hosts(host))
  statuses = {name: status_for(page, f'{name}:7860') for name in names + others}
  assert statuses == dict.fromkeys(names, 200) | dict.fromkeys(others, 400)


def test_wrong_starts(folder, tmp_path, web_server):
  offers = web_offers.offers(str(folder), None, 2)
  with (
    socket.create_server(('127.0.0.1', 0)) as other,
    pytest.raises(OSError, match='in use'),
  ):
    web_server.run(offers, '127.0.0.1', other.getsockname()[1])
  with pytest.raises(models.BadModel, match='is no model'):
    web_offers.offers(str(tmp_path), None, 2)
  with pytest.raises(ValueError, match=r'--model.*--generator, or both'):
    web_offers.offers(None, None, 2)
  with pytest.raises(models.BadModel, match='is a learner, and new images'):
    web_offers.offers(None, str(folder), 2)


def test_a_generator_does_not_classify(tmp_path):
  card = {
    **make_model().card,
    'kind': 'generator',
    'architecture': {'name': 'msgan', 'latent_size': 2, 'filters': 2},
  }
  params = jax.tree.map(
    lambda leaf: np.zeros(leaf.shape, leaf.dtype), models.shapes(card)
  )
  folder = models.save_model(tmp_path / 'model', models.Model(card, params))
  with pytest.raises(models.BadModel, match=r'is a generator.*--generator'):
    web_offers.offers(str(folder), None, 2)


def begin(address, length=1_000, sent=b'{'):
  """A connection on which the request has begun, and does not go on."""
  connection = socket.create_connection(address, timeout=20)
  head = (
    f'POST /classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}'
  )
  connection.sendall(f'{head}\r\n\r\n'.encode() + sent)
  return connection


def read_all(connection):
  """What comes until the other side closes."""
  parts = iter(lambda: connection.recv(65_536), b'')
  return b''.join(parts).decode()


def test_a_client_that_leaves_leaves_no_traceback(model, web_server, caplog):
  # Uvicorn's loggers do not hand on what they log.
  log = logging.getLogger('uvicorn.error')
  offer = web_offers.classification(model, 2)
  with impatient(web_server, offer) as address, contextlib.ExitStack() as stack:
    log.addHandler(caplog.handler)
    stack.callback(log.removeHandler, caplog.handler)
    for _ in range(3):
      begin(address).close()
    assert ask(f'http://127.0.0.1:{address[1]}/settings')[0] == 200
  assert caplog.text == ''


def test_bodies_that_never_come_keep_nobody_out(model, web_server):
  """Neither while they are waited for, nor for longer than is allowed."""
  body = json.dumps(request_of(two(), picture(5, 1))).encode()
  offer = web_offers.classification(model, 2)
  with impatient(web_server, offer) as address, contextlib.ExitStack() as stack:
    page = f'http://127.0.0.1:{address[1]}'
    assert ask(f'{page}/classify', body)[0] == 200  # Compiled by now.
    start = time.monotonic()
    waiting = [
      stack.enter_context(contextlib.closing(begin(address))) for _ in range(40)
    ]
    assert ask(f'{page}/settings')[0] == 200
    assert ask(f'{page}/classify', body)[0] == 200
    answers = [read_all(connection) for connection in waiting]
    assert time.monotonic() - start < PATIENCE + 10
  for answer in answers:
    assert answer.startswith('HTTP/1.1 408 ')
    assert 'took too long' in answer


def test_a_connection_that_asks_nothing_is_closed(model, web_server):
  offer = web_offers.classification(model, 2)
  with (
    impatient(web_server, offer) as address,
    socket.create_connection(address, timeout=10) as silent,
    socket.create_connection(address, timeout=10) as slow,
  ):
    slow.sendall(b'GET / HTTP/1.1\r\nHost: 127')
    assert read_all(silent) == read_all(slow) == ''


def test_bodies_have_so_many_bytes_together(model, web_server):
  """And their room is free again when they are gone."""
  offer = web_offers.classification(model, 2)
  with impatient(web_server, offer, patience=60, max_bytes=1_000) as address:
    page = f'http://127.0.0.1:{address[1]}/classify'
    with contextlib.closing(begin(address, sent=b'x' * 900)):
      wait_for(503, page, b'y' * 200)
      assert ask(page, b'y' * 50)[0] == 400  # It fits, and is no JSON.
    wait_for(400, page, b'y' * 900)


def wait_for(status, page, body):
  """Asks until the answer is this."""
  end = time.monotonic() + 20
  while ask(page, body)[0] != status:
    assert time.monotonic() < end
    time.sleep(0.02)


def test_in_a_browser(page, browser, model, tmp_path):
  browser.open(page)
  browser.classify()
  assert 'no examples yet' in browser.error()

  files = {}
  for class_, seed in ((0, 0), (0, 1), (1, 0), (1, 9)):
    files[class_, seed] = tmp_path / f'{class_}-{seed}.png'
    files[class_, seed].write_bytes(picture(seed, class_).content)
  browser.upload(0, [files[0, 0], files[0, 1]])
  browser.rename(0, '<b>')
  browser.classify()
  assert 'Only <b> has examples' in browser.error()

  browser.upload(1, [files[1, 0]])
  browser.rename(1, 'other')
  browser.rename(2, '3')  # And without pictures.
  query = 3  # After three classes.
  browser.upload(query, [files[1, 9]])
  shown = browser.probabilities()
  expected, account = web_answer.classify(
    model,
    [
      Class('<b>', [picture(0, 0), picture(1, 0)]),
      Class('other', [picture(0, 1)]),
    ],
    picture(9, 1),
  )
  percent = {name: 100 * share for name, share in expected.items()}
  assert shown == pytest.approx(percent, abs=0.11)
  assert browser.find('.best th')[0].text == max(percent, key=percent.get)
  assert browser.wait_for('#account') == [' '.join(account)]
  options = browser.find('#head option')
  assert [option.get_attribute('value') for option in options] == [
    *('prototypes', 'fitted')
  ]

  (tmp_path / 'notes.png').write_bytes(b'no picture')
  browser.upload(query, [tmp_path / 'notes.png'])
  assert 'notes.png of the query' in browser.error()

  # Drawings: an angle stands in the third class, and another is asked for.
  browser.draw(2, (-60, -60), (-60, 60), (60, 60))
  browser.draw(query, (-55, -60), (-60, 55), (60, 60))
  shown = browser.probabilities()
  assert list(shown) == ['<b>', 'other', '3']
  assert max(shown, key=shown.get) == '3'

  sources = browser.driver.execute_script(
    'return performance.getEntriesByType("resource").map(e => e.name)'
  )
  own = [url for url in sources if url.startswith(('blob:', 'data:', page))]
  assert sources == own


def test_the_head_is_chosen_in_a_browser(browser, web_server, tmp_path):
  from selenium.webdriver.support.ui import Select

  paths = [tmp_path / f'{class_}.png' for class_ in range(2)]
  for class_, path in enumerate(paths):
    path.write_bytes(picture(0, class_).content)
  offer = web_offers.classification(make_model(learner='maml'), 2)
  with impatient(web_server, offer, patience=60) as (_, port):
    browser.open(f'http://127.0.0.1:{port}')
    heads = browser.find('#head option')
    assert heads[1].text == 'trained, for up to 3 classes'
    for place in (0, 1, 2):  # The query is of the first class.
      browser.upload(place, [paths[place % 2]])
    browser.wait_until_account_has('with the trained head')
    Select(browser.find('#head')[0]).select_by_value('mean')
    browser.wait_until_account_has('with the mean head')
