"""New images of one seed, judged: from a real config, and each part by hand."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batch_of import training_set
from whole_program import (
  ROOT,
  assert_same_run,
  config_of,
  interrupted,
  random_splits,
  results,
)

from experiments.components import data
from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import Places, open_run
from experiments.stages import contrastive, new_drawings, one_shot
from experiments.stages.new_drawings import (
  Maker,
  Sampling,
  as_seen,
  draw,
  make,
  makers,
)
from experiments.systems import one_shot as system
from lasium_jax import models
from lasium_jax.data.dataset import Dataset, select_classes
from lasium_jax.latents import differences, mixtures
from lasium_jax.learners import nearest_neighbors
from lasium_jax.models.build import make_generator, make_learner
from lasium_jax.ops.images import as_floats
from lasium_jax.types import Generator

GLYPHS = 'one_shot/glyphs.py:interpolative'
SIZE = 12  # Of what critics see.
SMALL = {
  'critics__size': SIZE,
  'network__features': 6,
  'network__width': 2,
  'embedding_training__steps': 3,
  'embedding_training__batch_size': 16,
  'one_shot__images': 4,
  'one_shot__tasks': 6,
  'one_shot__views': 2,
  'checkpoint_seconds': 0,
}
GLYPH_DATA = {'name': 'glyphs'}
CONV4 = {'name': 'conv4', 'filters': 2}


def card_of(kind, architecture, side, **card):
  image = {'height': side, 'width': side, 'channels': 1, 'invert': True}
  rest = {'training': {'data': GLYPH_DATA}, 'accuracy': []}
  return (
    {'kind': kind, 'architecture': architecture, 'image': image} | rest | (card)
  )


def saved(folder, card, params):
  params = jax.tree.map(np.asarray, params)
  return str(models.save_model(folder, models.Model(card, params)))


def generator(folder, section, side=28, **training):
  """As experiments/export.py leaves it, untrained."""
  shape = (side, side, 1)
  _, trainer = make_generator(section, shape)
  made = jax.jit(
    lambda key: trainer.params(trainer.init(key, training_set(shape)))
  )
  card = card_of('generator', section, side)
  card['training'] |= training
  return saved(folder, card, made(jax.random.key(0)))


def learner(folder, name='protonets', side=SIZE, data=GLYPH_DATA, **image):
  section = {'name': name}
  architecture = {'network': CONV4, 'learner': section, 'ways': 5}
  own = make_learner(section, CONV4, 5)
  params = own.init(jax.random.key(0), jnp.zeros((1, side, side, 1)))
  card = card_of('learner', architecture, side)
  card['image'] |= image
  card['training'] = {'data': data}
  card['training']['meta'] = {'iterations': 7}
  return saved(folder, card, params)


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
  base = tmp_path_factory.mktemp('models')
  section = {'name': 'interpolative', 'latent_size': 3, 'width': 2}
  return {
    'borrowed.folder': generator(base / 'generator', section),
    'one_shot.recognizer': learner(base / 'learner'),
  }


def fields(folders, **others):
  given = {name.replace('.', '__'): value for name, value in folders.items()}
  return given | SMALL | others


@pytest.fixture(scope='module')
def run(program, folders, tmp_path_factory):
  """The workdir of a run, and what it printed."""
  workdir = tmp_path_factory.mktemp('one-shot') / 'run'
  command = program.command('one_shot', workdir, GLYPHS, **fields(folders))
  return workdir, program.run(command)


# Its codes are the pixels of images of 6x6.
FLAT = Generator(
  decode=lambda params, z: z.reshape(-1, 6, 6, 1),
  encode=lambda params, x: x.reshape(len(x), -1),
)
MIXTURES = Sampling('mixtures', mixtures())
MAKERS = ('interpolative', 'copies', 'views', 'pixels')


def test_one_command_leaves_a_whole_record(run):
  workdir, printed = run
  found = {(e['name'], e['metric']): e for e in results(workdir)}
  kinds = (one_shot.RECOGNIZABILITY, one_shot.DIVERSITY, one_shot.SHARE)
  assert found.keys() == {
    (name, kind) for name in ('real', *MAKERS) for kind in kinds
  }
  for (name, kind), entry in found.items():
    told = entry['protocol']
    assert entry['dataset'] == 'glyphs'
    assert entry.get('floor', False) == (name != 'interpolative')
    if kind == one_shot.RECOGNIZABILITY:
      assert 0 <= entry['value'] <= 1 and entry['n'] == 6
      assert (told['ways'], told['recognizer']) == (20, 'protonets of glyphs')
      assert told['recognizer iterations'] == 7
    else:
      assert told['embedding'] == 'SimCLR of glyphs, 3 steps'
      assert (entry['n'], entry['of']) == (215, 'classes')
    if name != 'real':
      assert (told['seeds'], told['images of each']) == (1, 4)
    assert ('generator trained on' in told) == (name == 'interpolative')
    if name in ('interpolative', 'pixels'):
      assert (told['sampler'], told['views']) == ('mixtures', 2)
  diversity = {n: found[n, one_shot.DIVERSITY]['value'] for n, _ in found}
  assert diversity['copies'] == pytest.approx(0, abs=1e-5)
  assert min(diversity['real'], diversity['views']) > 1e-3
  shares = {n: found[n, one_shot.SHARE]['value'] for n, _ in found}
  ratio = shares['views'] / shares['real']
  assert ratio == pytest.approx(diversity['views'] / diversity['real'])
  assert 0 < shares['real'] < 1
  pictures = json.loads((workdir / 'samples/pictures.json').read_text())
  assert 'an image of a class' in pictures['few_shot_generation']['caption']
  page = (workdir / 'report.html').read_text()
  assert 'recognizability' in page and 'Embedding' in page
  assert f'Report: {workdir}' in printed


def test_it_resumes_bit_for_bit(program, folders, run, tmp_path):
  workdir, _ = run
  again = interrupted(workdir, tmp_path / 'run', 'train_embedding')
  command = program.command('one_shot', again, GLYPHS, **fields(folders))
  assert 'going on from step 2' in program.run(command)
  assert_same_run(again, workdir)


def test_an_embedding_is_shared(program, folders, run, tmp_path):
  """By runs that judge other things in its features."""
  workdir, _ = run
  given = fields(folders, embedding_training__workdir=str(workdir))
  again = tmp_path / 'run'
  printed = program.run(program.command('one_shot', again, GLYPHS, **given))
  assert 'train_embedding' not in printed
  assert results(again) == results(workdir)
  # The size of what a generator makes is nothing to it.
  contrastive.check_borrowed(configured(folders, **given, data__size=50))
  for field, said in (
    ('embedding__temperature', r'embedding\.temperature = 0\.5.* 0\.3'),
    ('critics__threshold', r'critics\.threshold = 0\.0.* 0\.3'),
  ):
    settings = configured(folders, **{**given, field: 0.3})
    with pytest.raises(BadConfig, match=said):
      contrastive.check_borrowed(settings)
  splits = random_splits(SIZE)
  with pytest.raises(BadConfig, match='learned from other images than those'):
    contrastive.check_borrowed_data(configured(folders, **given), splits)
  settings = configured(folders, embedding_training__workdir=str(tmp_path))
  with pytest.raises(BadConfig, match='is not a run'):
    system.ready(system.build(settings), None)


def test_what_goes_beyond_the_seed_is_judged(program, folders, run, tmp_path):
  """By a word in front of the run's name; `differences` needs 3 codes."""
  config = GLYPHS.replace(':', ':differences-')
  given = fields(folders, embedding_training__workdir=str(run[0]))
  workdir = tmp_path / 'run'
  program.run(program.command('one_shot', workdir, config, **given))
  found = {(e['name'], e['metric']): e for e in results(workdir)}
  mixed = {(e['name'], e['metric']): e for e in results(run[0])}
  mine = 'differences-interpolative'
  for name in (mine, 'pixels'):
    told = found[name, one_shot.DIVERSITY]['protocol']
    assert (told['sampler'], told['views']) == ('differences', 2)
  # What is not drawn by it is the same as ever.
  for name in ('real', 'copies', 'views'):
    for metric in (one_shot.RECOGNIZABILITY, one_shot.DIVERSITY):
      ours, theirs = found[name, metric], mixed[name, metric]
      assert ours['value'] == theirs['value']
  assert (
    found['pixels', one_shot.DIVERSITY]['value']
    != mixed['pixels', one_shot.DIVERSITY]['value']
  )


@pytest.mark.parametrize(
  'run,sampler,generator',
  [
    ('vae', 'mixtures', 'variational'),
    ('wgan-gp', 'mixtures', 'wgan_gp'),
    ('dagan', 'own', 'dagan'),
    ('differences-acai', 'differences', 'acai'),
    ('midpoints-mapped-autoencoder', 'midpoints', 'autoencoder'),
    ('mapped-autoencoder', 'mixtures', 'autoencoder'),
  ],
)
def test_a_runs_name_says_how_it_draws(folders, run, sampler, generator):
  settings = configured(folders, f'one_shot/glyphs.py:{run}', one_shot__views=0)
  assert settings['name'] == run
  assert settings['sampler']['name'] == sampler
  assert settings['borrowed']['generator'] == generator
  settings['one_shot']['views'] = 0 if sampler == 'own' else 2
  assert system.build(settings).sampling.name == sampler


@pytest.mark.parametrize(
  'run', ['novel-vae', 'differences-dagan', 'own-vae', 'differences', 'zz-vae']
)
def test_runs_that_are_not_there(run):
  with pytest.raises(ValueError, match=f"has no run '{run}'.*differences"):
    config_of(f'one_shot/glyphs.py:{run}')


def test_pixels_beyond_black_and_white_are_cut_off(key):
  """`differences` of white seeds and black ones is not whiter than white."""
  seeds = np.zeros((1, 4, 6, 6, 1), np.uint8)
  seeds[:, 2:] = 255
  sampling = Sampling('differences', differences())
  subject = Maker('mine', FLAT, (), {})
  beyond, *_, cut = (
    make(key, maker, seeds, 40)
    for maker in makers(subject, sampling, (6, 6, 1), seeds=4, views=0)
  )
  assert beyond.min() < -0.1 and beyond.max() > 1.1
  np.testing.assert_allclose(cut, np.clip(beyond, 0, 1), atol=1e-6)
  assert cut.min() >= 0 and cut.max() <= 1


def test_images_as_they_are_seen():
  """Stretched by their own extremes, cut, and as large as is wanted."""
  x = np.zeros((3, 2, 2, 1), np.float32)
  x[0] = [[[0.1], [0.15]], [[0.24], [0.3]]]
  x[1, 0, 0] = 1
  x[2] = 0.7
  seen = np.asarray(as_seen(jnp.asarray(x), size=2))
  assert seen.dtype == np.uint8
  assert seen[0, ..., 0].tolist() == [[0, 0], [255, 255]]
  assert seen[1, ..., 0].tolist() == [[255, 0], [0, 0]]
  assert not seen[2].any()
  as_bytes = (255 * x).astype(np.uint8)
  np.testing.assert_array_equal(as_seen(jnp.asarray(as_bytes), size=2), seen)
  high = as_seen(jnp.asarray(x), size=2, threshold=0.8)
  assert np.asarray(high)[0, ..., 0].tolist() == [[0, 0], [0, 255]]
  gray = as_seen(jnp.asarray(as_bytes), size=2, threshold=0)
  np.testing.assert_array_equal(gray, as_bytes)
  larger = np.asarray(as_seen(jnp.asarray(x), size=6))
  assert larger.shape == (3, 6, 6, 1)
  # Bilinear between 1 and 0: a corner of about the size of the pixel.
  assert larger[1, :2, :2].all() and not larger[1, 3:].any()


def drawn_at(size, **form):
  """As `read_prepared`: 4 images each of 30 characters, white but for a corner.

  The corner of image i of character c is as large as an eighth of a side, and
  as bright as 5 c + i; the characters are the first six of five alphabets.
  """
  del form
  level = (5 * np.arange(30)[:, None] + np.arange(4)).ravel().astype(np.uint8)
  images = np.full((120, size, size, 1), 255, np.uint8)
  corner = size // 8
  images[:, :corner, :corner] = level[:, None, None, None]
  names = tuple(f'{a}_{i}' for a in 'ABCDE' for i in range(6))
  return Dataset(images, np.repeat(np.arange(30, dtype=np.int32), 4), names)


def read_drawn(places, dataset, split, **form):
  """Half of the characters for each of TFDS's splits."""
  del places, dataset
  return select_classes(drawn_at(**form), np.arange(30)[split == 'test' :: 2])


def test_real_images_are_read_in_the_size_that_critics_see(
  folders, monkeypatch
):
  """And seeds in the generator's: the same drawings."""
  monkeypatch.setattr(data, 'read_prepared', read_drawn)
  settings = configured(
    folders,
    'one_shot/omniglot.py:interpolative',
    critics__size=48,
    one_shot__ways=5,
  )
  splits = system.read(settings, Places())
  assert splits.train.shape == splits.validation.shape == (48, 48, 1)
  assert splits.test.shape == (28, 28, 1)
  assert len(splits.train.class_names) == len(splits.test.class_names) == 15
  assert {name[2] for name in splits.test.class_names} == {'0', '1', '2'}
  # The corners say which they are.
  seeds, judged = (
    draw(jax.random.key(1), dataset, 1)
    for dataset in (splits.test, splits.validation)
  )
  for small, large in zip(seeds, judged, strict=True):
    np.testing.assert_array_equal(small[..., 0, 0, 0], large[..., 0, 0, 0])
  other = splits.test._replace(labels=splits.test.labels[::-1])
  with pytest.raises(BadConfig, match='evaluation_data has other classes'):
    new_drawings.check_same(splits.validation, other)


def test_drawings_are_apart():
  dataset = random_splits(4).test
  drawn = draw(jax.random.key(0), dataset, 3)
  assert [part.shape[:2] for part in drawn] == [(8, 3), (8, 2), (8, 3)]
  for c in range(8):
    own = {i.tobytes() for i in dataset.images[dataset.labels == c]}
    parts = [i.tobytes() for part in drawn for i in part[c]]
    assert len(set(parts)) == 8 and set(parts) == own


def test_what_needs_no_generator_makes():
  subject = Maker('mine', FLAT, (), {})
  seeds = random_splits(6).test.images[:6].reshape(3, 2, 6, 6, 1)
  shape = (6, 6, 1)
  mine, copies, views, pixels = makers(
    subject, MIXTURES, shape, seeds=2, views=0
  )
  made = [
    make(jax.random.key(0), maker, seeds, 5)
    for maker in (mine, copies, views, pixels)
  ]
  assert {images.shape for images in made} == {(3, 5, 6, 6, 1)}
  x = seeds.astype(np.float32) / 255
  np.testing.assert_allclose(made[1], x[:, [0, 1, 0, 1, 0]], atol=1e-6)
  assert np.abs(made[2] - made[1]).max() > 0.1
  # A mixture of two lies on the line between them, at one place of all pixels.
  np.testing.assert_array_equal(made[0], made[3])
  a, b = (x[:, i].reshape(3, 1, -1) for i in range(2))
  rest = made[0].reshape(3, 5, -1) - b
  share = (rest * (a - b)).sum(-1) / ((a - b) ** 2).sum(-1)
  assert (share >= 0).all() and (share <= 1).all()
  np.testing.assert_allclose(rest, share[..., None] * (a - b), atol=1e-5)
  alone = makers(subject, Sampling('own', None), shape, seeds=1, views=0)
  assert alone[0].model is FLAT  # It draws in its own way.
  assert alone[0].told == {'sampler': 'own', 'views': 0}
  assert [maker.name for maker in alone] == ['mine', 'copies', 'views']


def of_colors(run):
  """The run, with classes of one color each; only a corner differs.

  The corner of image i of class c is 30 c + i.
  """
  dataset = random_splits(6).test
  levels = np.arange(8)[dataset.labels].reshape(-1, 1, 1, 1)
  images = np.tile(np.uint8(30 * levels), (1, 6, 6, 1))
  images[..., 0, 0, 0] += np.tile(np.arange(8, dtype=np.uint8), 8)
  test = dataset._replace(images=images)
  splits = run.splits._replace(validation=test, test=test)
  return run._replace(splits=splits)


# They see bytes as they are, and know an image by its pixels or its corner.
CRITICS = one_shot.Critics(
  lambda x: jnp.rint(255 * as_floats(x)).astype(jnp.uint8),
  one_shot.Recognizer('pixels', nearest_neighbors(ways=4), (), '', {}),
  lambda params, x: 255 * x[:, :1, :1].reshape(len(x), 1),
  (),
  'corner',
)


def measured(run, model, sampling, *, labels):
  subject = Maker('mine', model, (), {})
  found = one_shot.measure(
    of_colors(run), subject, sampling, CRITICS, 'colors', labels=labels,
    seeds=2, views=0, images=3, ways=4, tasks=3,
  )  # fmt: skip
  return {(result.name, result.metric): result for result in found}


def test_scores_by_hand(folders, tmp_path):
  """All are recognized, and differ by their corners."""
  run, _ = opened(folders, tmp_path)
  found = measured(run, FLAT, MIXTURES, labels=False)
  for name in ('real', 'mine', 'copies', 'pixels'):
    assert found[name, one_shot.RECOGNIZABILITY].value == 1
  each = np.std(np.arange(8), ddof=1)
  every = np.std((30 * np.arange(8)[:, None] + np.arange(8)).ravel(), ddof=1)
  real = found['real', one_shot.DIVERSITY]
  assert real.value == pytest.approx(each, rel=1e-4)
  assert real.ci95 == pytest.approx(0, abs=1e-5)
  share = found['real', one_shot.SHARE].value
  assert share == pytest.approx(each / every, rel=1e-4)


def test_a_generator_draws_in_its_own_way(folders, tmp_path):
  """White, whatever the seeds are: it is recognized by chance."""
  run, _ = opened(folders, tmp_path)
  wrong = FLAT._replace(
    encode=None, sample_like=lambda key, params, x, n: jnp.ones((n, 36))
  )
  found = measured(run, wrong, Sampling('own', None), labels=True)
  mine = found['mine', one_shot.RECOGNIZABILITY]
  # All are told to be of the brightest of four classes.
  assert mine.value == pytest.approx(0.25)
  assert (mine.protocol['sampler'], mine.protocol['views']) == ('own', 0)
  assert found['mine', one_shot.DIVERSITY].value == 0
  pixels = found['pixels', one_shot.RECOGNIZABILITY].protocol
  assert (pixels['sampler'], pixels['seeds']) == ('mixtures', 2)
  path = tmp_path / 'run/samples/pictures.json'
  pictures = json.loads(path.read_text())
  caption = pictures['few_shot_generation']['caption']
  assert '2 images of a class' in caption and 'with labels' in caption


def configured(folders, path=GLYPHS, **others):
  config = config_of(path)
  small = {k.replace('__', '.'): v for k, v in fields(folders).items()}
  small |= {k.replace('__', '.'): v for k, v in others.items()}
  config.update_from_flattened_dict(small)
  return settings_of(config, system.system())


def opened(folders, workdir):
  settings = configured(folders)
  files = record.open_record(workdir / 'run', settings)
  return open_run(settings, files, random_splits(6)), system.build(settings)


def test_a_generator_without_a_way_of_its_own(folders):
  settings = configured(folders, 'one_shot/glyphs.py:dagan', one_shot__views=0)
  borrowed = {**settings['borrowed'], 'generator': 'interpolative'}
  parts = system.build({**settings, 'borrowed': borrowed})
  with pytest.raises(BadConfig, match="'interpolative' has not a way of its"):
    system.ready(parts, None)
  with pytest.raises(BadConfig, match='views is 2; it must be 0'):
    system.build(configured(folders, 'one_shot/glyphs.py:dagan'))


@pytest.mark.parametrize(
  ('others', 'said'),
  [
    ({'borrowed.folder': ''}, r'borrowed\.folder is .*interpolative\.py'),
    ({'one_shot.recognizer': ''}, r'recognizer is .*supervised-protonets'),
    ({'borrowed.generator': 'zz'}, r"config\.borrowed\.generator is 'zz'"),
    ({'one_shot.views': 0}, r'views 0: mixtures needs the codes of 2'),
    ({'critics.threshold': 2.0}, 'config.critics.threshold is 2.0'),
    ({'seeds': 2}, 'config.seeds is 2'),
    ({'embedding.temperature': 0.0}, 'temperature is 0.0'),
  ],
)
def test_settings_that_cannot_work(folders, others, said):
  with pytest.raises(ValueError, match=said):
    system.build(configured(folders, **others))


def test_other_sizes_in_one_run_are_refused(folders):
  """As settings that no config of ours can have."""
  settings = configured(folders)
  settings['evaluation_data'] = {**settings['evaluation_data'], 'size': 20}
  with pytest.raises(BadConfig, match=r'evaluation_data\.size is 20'):
    system.build(settings)


def test_generators_of_50x50_are_judged_as_they_are(
  folders, tmp_path, monkeypatch
):
  """One flag says that seeds are as large; what is made is not enlarged."""
  monkeypatch.setattr(data, 'read_prepared', read_drawn)
  section = {'name': 'interpolative', 'latent_size': 3, 'width': 2}
  large = generator(tmp_path / 'large', section, 50)
  told = {
    'one_shot.recognizer': learner(tmp_path / 'learner', side=50),
    'critics.size': 50,
  }
  path = 'one_shot/omniglot.py:interpolative'

  def given(**others):
    others = {'one_shot__ways': 5, 'critics__threshold': 0.0, **others}
    names = {name.replace('.', '__'): value for name, value in told.items()}
    return configured(folders, path, **names, borrowed__folder=large, **others)

  settings = given(data__size=50)
  system.ready(system.build(settings), record.Record(tmp_path, {}))
  splits = system.read(settings, Places())
  np.testing.assert_array_equal(splits.test.images, splits.validation.images)
  seeds = splits.test.images[:3]
  seen = as_seen(jnp.asarray(seeds), size=50, threshold=0.0)
  np.testing.assert_array_equal(seen, seeds)
  with pytest.raises(BadConfig, match=r'\(50, 50, 1\), .* \(28, 28, 1\)'):
    system.ready(system.build(given()), record.Record(tmp_path, {}))


def test_folders_that_cannot_be_used(folders, tmp_path):
  def ready(**others):
    settings = configured(folders, **others)
    system.ready(system.build(settings), record.Record(tmp_path, {}))

  ready()
  nothing, learned = str(tmp_path / 'none'), folders['one_shot.recognizer']
  section = {'name': 'interpolative', 'latent_size': 3, 'width': 2}
  large = generator(tmp_path / 'large', section, 32)
  gan = generator(tmp_path / 'gan', {'name': 'msgan', 'filters': 2})
  maml = learner(tmp_path / 'maml', 'maml')
  light = learner(tmp_path / 'light', invert=False)
  other = learner(tmp_path / 'other', side=16)
  cut = {'name': 'tfds', 'dataset': 'others', 'threshold': 0.5}
  halved = learner(tmp_path / 'cut', data=cut)
  for fields, said in (
    ({'borrowed__folder': nothing}, 'is not a run'),
    ({'borrowed__folder': learned}, 'is a learner; name a generator'),
    ({'borrowed__folder': large}, r'\(32, 32, 1\)'),
    ({'borrowed__generator': 'vae'}, "is 'interpolative': name another"),
    (
      {'borrowed__folder': gan, 'borrowed__generator': 'msgan'},
      "'msgan' has not an encoder",
    ),
    ({'one_shot__recognizer': nothing}, 'is not a run'),
    ({'one_shot__recognizer': large}, 'the model of a generator'),
    ({'one_shot__recognizer': other}, r'\(16, 16, 1\).*config\.critics\.size'),
    ({'one_shot__recognizer': light}, 'invert was False'),
    ({'one_shot__recognizer': halved}, r'threshold was 0\.5.* = 0\.0'),
    ({'critics__threshold': 0.5}, r'threshold was 0;.* = 0\.5 .*the same'),
    ({'one_shot__recognizer': maml}, r'by maml of 5 ways.* Set it to 5'),
  ):
    with pytest.raises(BadConfig, match=said):
      ready(**fields)
  ready(one_shot__recognizer=maml, one_shot__ways=5)
  ready(one_shot__recognizer=halved, critics__threshold=0.5)


def test_what_may_have_seen_the_characters_is_refused(folders, tmp_path):
  """Plain runs on random characters; those of the others' commands are not."""
  random = config_of('lasium/omniglot.py:supervised-protonets').data.to_dict()
  others = {**random, 'split': 'first_characters'}
  drawn = config_of('interpolative/characters.py:vae').data.to_dict()
  background = config_of('interpolative/omniglot.py:vae').data.to_dict()
  section = {'name': 'interpolative', 'latent_size': 3, 'width': 2}

  def ready(recognizer, lent):
    name = str(len(list(tmp_path.iterdir())))
    data = {**recognizer, 'threshold': 0.5} if recognizer else {}
    settings = configured(
      folders,
      'one_shot/omniglot.py:interpolative',
      one_shot__recognizer=learner(tmp_path / f'r{name}', data=data),
      borrowed__folder=generator(tmp_path / f'g{name}', section, data=lent),
    )
    parts = system.build(settings)
    system.ready(parts, record.Record(tmp_path, {}))
    return system.recognizer_of(settings), system._subject(settings)

  recognizer, subject = ready(others, drawn)
  assert recognizer.told['recognizer division'] == 'split first_characters'
  division = 'split train, classes first_characters'
  assert subject.told['generator division'] == division
  ready(others, others)
  said = r'omniglot \(split random\): it may .*--config.data.split=first_char'
  for split in ('random', 'vinyals'):
    seen = {**random, 'split': split}
    with pytest.raises(BadConfig, match=said.replace('random', split)):
      ready(seen, drawn)
    with pytest.raises(
      BadConfig, match=r'folder is .*, a generator, which was'
    ):
      ready(others, seen)
  with pytest.raises(BadConfig, match=r'omniglot \(split train\).*command'):
    ready(others, background)
  with pytest.raises(BadConfig, match='unknown data'):
    ready(others, {})


def test_data_that_are_too_few():
  check = functools.partial(
    new_drawings.check_images, random_splits(6).test, images=3
  )
  check(seeds=6, ways=8)
  with pytest.raises(BadConfig, match=r'ways is 9, .* 8 classes'):
    check(seeds=1, ways=9)
  with pytest.raises(BadConfig, match=r'seeds is 7, .* 8 images'):
    check(seeds=7, ways=8)


@pytest.mark.parametrize(
  'run', ['interpolative', 'mapped-autoencoder', 'vae', 'dagan']
)
@pytest.mark.parametrize(
  'path', sorted((ROOT / 'configs/one_shot').glob('[a-z]*.py'))
)
def test_every_config_can_work(folders, path, run):
  given = {k.replace('.', '__'): v for k, v in folders.items()}
  config = config_of(f'one_shot/{path.name}:{run}')
  config.update_from_flattened_dict(
    {k.replace('__', '.'): v for k, v in given.items()}
  )
  settings = settings_of(config, system.system())
  system.build(settings)
  json.dumps(settings)
