"""Figures of COLA: of its propositions, and of a short run."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from whole_program import config_of

from experiments.pages import pictures, plots
from experiments.pages.plots import Curve, Panel
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.run.run import Places
from experiments.stages import one_gaussian, spreads
from experiments.stages.distances import Embedding
from experiments.systems import cola, cola_figures, propositions
from experiments.systems.cola_figures import Request, draw
from lasium_jax import surrogates
from lasium_jax.data.dataset import Dataset
from lasium_jax.generators.gaussians import with_prior
from lasium_jax.types import Classified, Generator, Trainer

CLASSES, SIDE = 3, 4


def dark(picture):
  """Where something is drawn, by rows and columns."""
  return picture.min(-1) < 250


def test_a_line_goes_where_its_numbers_say():
  """From corner to corner, and nowhere where they are not finite."""
  x = np.linspace(0, 1, 101)
  whole = plots.figure([Panel('', '', '', [Curve('', x, x)])], 1)
  cut = np.where((x > 0.4) & (x < 0.6), np.nan, x)
  gap = plots.figure([Panel('', '', '', [Curve('', x, cut)])], 1)
  right, bottom = plots.WIDTH - plots.RIGHT, plots.HEIGHT - plots.BOTTOM
  for share, drawn in ((0.23, True), (0.55, False), (0.7, True)):
    column = round(plots.LEFT + share * (right - plots.LEFT))
    row = round(bottom + share * (plots.TOP - bottom))
    assert whole[row, column].max() < 100
    assert (gap[row, column].max() < 100) == drawn
  two = plots.figure([Panel('', '', '', [Curve('', x, x)])] * 3, 2)
  assert two.shape == (2 * plots.HEIGHT, 2 * plots.WIDTH, 3)


@pytest.mark.parametrize('log', [False, True])
def test_marks_and_points_stand_at_their_numbers(log):
  x = np.array([1.0, 10.0, 100.0])
  place = 0.5 if log else 9.0 / 100 + 0.01
  points = np.array([[10.0], [10.0]])
  curve = Curve('', x, np.full(3, np.nan), points=points, marks=(10.0,))
  frame = Curve('', x, x)
  drawn, plain = (
    plots.figure([Panel('', '', '', curves, log_x=log, log_y=log)], 1)
    for curves in ([frame, curve], [frame])
  )
  changed = (drawn != plain).any(-1)
  columns = np.flatnonzero(changed[plots.TOP + 20 : plots.TOP + 60].any(0))
  width = plots.WIDTH - plots.RIGHT - plots.LEFT
  assert columns.mean() == pytest.approx(plots.LEFT + place * width, abs=2)


def test_names_are_not_over_each_other():
  x = np.linspace(0, 1, 5)
  curves = [Curve(f'line {i}', x, np.zeros(5)) for i in range(4)]
  sheet = plots.figure([Panel('', '', '', [*curves, Curve('', x, x)])], 1)
  names = dark(sheet)[:, plots.WIDTH - plots.RIGHT + 6 :].any(1)
  starts = np.flatnonzero(np.diff(names.astype(int)) == 1)
  below = [s for s in starts if s < plots.HEIGHT - plots.BOTTOM]
  assert len(below) == 4


def test_sheets_stand_side_by_side_below_their_titles():
  red, blue = (np.full((9, 80, 3), c, np.uint8) for c in ([9, 0, 0], [0, 0, 9]))
  sheet = pictures.titled(red, 'one')
  assert (sheet[-9:] == red).all() and dark(sheet[:-9]).any()
  both = pictures.side_by_side([red, blue])
  np.testing.assert_array_equal(both[:, :80], red)
  np.testing.assert_array_equal(both[:, -80:], blue)
  assert (both[:, 80:-80] == 255).all()
  assert both.shape[1] == 160 + pictures.GAP


@pytest.fixture(scope='module')
def page():
  return propositions.page(seed=1, trials=2_000)


def test_simulations_are_near_their_theory(page):
  """Each point is drawn, and each break-even solves the proposition."""
  panels = [panel.title for panel in page.panels]
  assert len(panels) == 6
  for title in panels[:4]:
    for told in page.numbers[title].values():
      if 'x' in told:
        np.testing.assert_allclose(
          told['simulated'], told['line'], rtol=0.2, atol=2e-3
        )
  first = page.numbers[panels[0]]
  assert first['d = 0.2']['marks'] == [pytest.approx(10 / 0.6)]
  assert first['d = 0.4']['marks'] == []  # 10 d^2 is above Var[X].
  second = page.numbers[panels[1]]
  assert second['d = 0.2']['marks'] == [pytest.approx(1 / 0.041)]
  third = page.numbers[panels[2]]['n = 100']['marks'][0]
  fourth = page.numbers[panels[3]]['n = 100']['marks'][0]
  for variance, d in ((1.0, third), (fourth, 0.2)):
    error = surrogates.mean_error(variance, 100, d)
    assert error == pytest.approx(0.1)
  for told in page.numbers[panels[5]].values():
    seen, bound = np.array(told['simulated']), np.array(told['line'])
    assert (seen <= bound + 0.01).all()


def test_made_samples_that_are_as_good_are_counted_by_simulation(page):
  """Without an offset they are as many as the real ones; then more or none."""
  told = page.numbers[page.panels[4].title]
  none, some = told['d = 0'], told['d = 0.2']
  np.testing.assert_allclose(none['simulated'], none['x'], rtol=0.2, atol=1)
  assert max(some['x']) < 25 <= max(none['x'])
  assert some['simulated'][-1] > 2 * some['x'][-1]


def plain_generator():
  """Images of a class have its gray level, give or take the spread."""
  generator = Generator(
    decode=lambda params, z: jnp.broadcast_to(
      z.clip(0, 1)[:, :, None, None], (len(z), SIDE, SIDE, 1)
    )
  )
  prior = {
    'mean': jnp.array([[0.3], [0.5], [0.7]]),
    'root': jnp.full((3, 1, 1), 0.02),
  }
  model = spreads.spreadable(
    lambda spread: with_prior(generator, lambda z: z, spread=spread)
  )
  return spreads.Spreading(model, {'prior': prior}, (0.0, 1.0, 2.0))


def real_images(each):
  rng = np.random.default_rng(0)
  levels = np.repeat([0.3, 0.5, 0.7], each) + 0.02 * rng.normal(size=3 * each)
  images = np.broadcast_to(
    np.rint(255 * levels)[:, None, None, None], (3 * each, SIDE, SIDE, 1)
  )
  labels = np.repeat(np.arange(3, dtype=np.int32), each)
  return Dataset(images.astype(np.uint8), labels, ('a', 'b', 'c'))


def nearest_level():
  """A classifier that keeps the mean level of each class it was shown."""

  def update(key, state, batch):
    del key
    level = batch.x.mean((1, 2, 3))
    own = jax.nn.one_hot(batch.y, CLASSES)
    means = own.T @ level / own.sum(0)
    return means, {'loss': jnp.zeros(())}

  def classify(params, x):
    level = x.mean((1, 2, 3))[:, None]
    return Classified(-jnp.abs(level - params[None]), level)

  trainer = Trainer(
    init=lambda key, data: jnp.zeros(CLASSES),
    updates=(update,),
    params=lambda state: state,
  )
  return classify, trainer


def test_spreads_are_judged(key):
  """Deviations are as the spread, which the distance of all hardly sees."""
  classify, trainer = nearest_level()
  real = real_images(40)
  judging = spreads.Judging(
    Embedding('level', classify, jnp.zeros(CLASSES)),
    real,
    classify,
    trainer,
    steps=2,
    batch_size=60,
  )
  found, halves = spreads.judge(key, plain_generator(), judging, 120)
  assert [own.accuracy for own in found.values()] == [1, 1, 1]
  deviations = [own.diversity for own in found.values()]
  np.testing.assert_allclose(deviations, [0, 0.02, 0.04], atol=0.004)
  distances = [own.distance for own in found.values()]
  # Without a spread there are three levels, as bytes; by hand of one feature:
  made = np.repeat(np.rint([76.5, 127.5, 178.5]), 40) / 255
  levels = real.images[:, 0, 0, 0] / 255
  expected = (made.mean() - levels.mean()) ** 2
  expected += (made.std(ddof=1) - levels.std(ddof=1)) ** 2
  assert distances[0] == pytest.approx(expected, rel=1e-3, abs=1e-9)
  assert max(distances) < 1e-4 and halves < 1e-3


def test_classes_stand_in_rows_and_spreads_in_groups(key):
  spreading = plain_generator()
  sheet = spreads.sheet(key, spreading, real_images(5), 2, ink=False)
  names = ['a', 'b', 'c']
  real = real_images(5).images.reshape(3, 5, SIDE, SIDE, 1)[:, :4] / 255
  left = pictures.labeled_grid(real, names, scale=2, ink=False)
  head = len(sheet) - len(left)
  np.testing.assert_array_equal(sheet[head:, : left.shape[1]], left)
  narrow = sheet[head:, left.shape[1] + pictures.GAP :]
  levels = [narrow[i * 10 + 6, 6, 0] for i in range(3)]
  np.testing.assert_allclose(levels, 255 * np.array([0.3, 0.5, 0.7]), atol=1)


@pytest.fixture(scope='module')
def run(program):
  workdir = program.base / 'spreads'
  fields = {
    'small_sample__classes': CLASSES,
    'small_sample__shots': 2,
    'generator__clusters': CLASSES,
    'generator_training__steps': 2,
    'training__steps': 2,
    'training__batch_size': 8,
    'classifier__name': 'infogan',
    'classifier__width': 2,
    'seeds': 1,
  }
  program.run(program.command('cola', workdir, 'cola/glyphs.py', **fields))
  return workdir, Places(cache_dir=program.base / 'data')


def test_propositions_are_drawn_without_a_run(tmp_path, monkeypatch):
  monkeypatch.setattr(
    propositions, 'page', functools.partial(propositions.page, trials=50)
  )
  request = Request(None, Places(tmp_path))
  png = draw('propositions', tmp_path / 'figure', request)
  assert np.asarray(Image.open(png)).std() > 10
  told = json.loads(png.with_suffix('.json').read_text())
  assert (told['figure'], told['trials']) == ('propositions', 50)


FIGURES = ['spread', 'concentrated', 'one-gaussian']


@pytest.mark.parametrize('figure', FIGURES)
def test_figures_are_drawn_of_a_run(run, tmp_path, figure):
  request = Request(*run, spreads=(0.5, 2.0), columns=2, images=20, steps=2)
  png = draw(figure, tmp_path / 'figures' / figure, request)
  assert np.asarray(Image.open(png)).std() > 10
  told = json.loads(png.with_suffix('.json').read_text())
  assert (told['figure'], told['seed']) == (figure, 0)
  if figure == 'concentrated':
    assert told['features'] == 'infogan of 2 real images a class of glyphs'
    assert list(told['spreads']) == ['0.5', '2']
    for own in told['spreads'].values():
      assert 0 <= own['accuracy'] <= 1 and own['distance'] > 0
  if figure == 'one-gaussian':
    found = told['Fréchet distances to real images']
    assert set(found) == {'mixture', 'one Gaussian'}
    assert min(found.values()) > 0 and len(set(found.values())) == 2


@pytest.mark.parametrize('figure', FIGURES[1:])
def test_images_are_compared_in_the_features_that_are_named(
  run, tmp_path, monkeypatch, figure
):
  """In place of those of the run's own classifier of real images."""
  asked = []

  def bright(place, shape, field):
    asked.append((place, shape, field))
    return Embedding(
      'brightness',
      lambda params, x: Classified(x, params * x.mean((1, 2))),
      jnp.float32(3),
    )

  monkeypatch.setattr(cola_figures, 'embedding_at', bright)
  request = Request(
    *run, spreads=(1.0,), columns=2, images=20, steps=2, recognizer='runs/a'
  )
  png = draw(figure, tmp_path / figure, request)
  assert asked == [('runs/a', (28, 28, 1), '--recognizer')]
  told = json.loads(png.with_suffix('.json').read_text())
  assert told['features'] == 'brightness'
  if figure == 'concentrated':
    # By hand, of the one feature that there is.
    settings = json.loads((run[0] / 'config.json').read_text())
    real = cola.read(settings, run[1]).test.images
    places = np.linspace(0, len(real) - 1, 20).round().astype(int)
    means = 3 * real[places].mean((1, 2, 3)) / 255
    one, two = means[::2], means[1::2]
    expected = (one.mean() - two.mean()) ** 2
    expected += (one.std(ddof=1) - two.std(ddof=1)) ** 2
    halves = told['Fréchet distance of two halves of the real images']
    assert halves == pytest.approx(expected, rel=1e-3, abs=1e-9)


def test_one_gaussian_is_between_the_classes(key):
  """Codes of two classes are -1 and 1; an image has its code for its gray."""
  root = jnp.full((2, 1, 1), 1e-3)
  prior = {'mean': jnp.array([[-1.0], [1.0]]), 'root': root}
  plain = Generator(
    lambda params, z: jnp.broadcast_to(
      (z[:, :, None, None].clip(-3, 3) + 3) / 6, (len(z), 2, 2, 1)
    )
  )
  model = with_prior(plain, lambda z: z)
  mixture, one = one_gaussian.draws(key, model, {'prior': prior}, 2, 400)
  assert mixture.shape == one.shape == (400, 2, 2, 1)
  np.testing.assert_allclose(mixture[::2], 85, atol=2)
  np.testing.assert_allclose(mixture[1::2], 170, atol=2)
  codes = one[:, 0, 0, 0] / 255 * 6 - 3
  assert abs(codes.mean()) < 0.2
  # 68 % of a Gaussian are within its deviation, which is 1.
  assert 0.6 < (np.abs(codes) < 1).mean() < 0.76


BAD = {
  'no run': ({'workdir': None}, 'name a finished one of experiments/cola.py'),
  'negative': ({'spreads': (-1.0,)}, r'--spreads is \[-1.0\]; it must be'),
  'twice': ({'spreads': (1.0, 1.0)}, 'it must be different numbers'),
  'many': ({'images': 999}, r'--images is 999; it must be 6 to 54'),
  'few': ({'images': 5}, r'--images is 5; it must be 6 to 54'),
  'no run there': ({'recognizer': 'runs/none'}, 'runs/none is not a run'),
}


@pytest.mark.parametrize('name', BAD)
def test_what_cannot_be_drawn_is_refused(run, tmp_path, name):
  fields, said = BAD[name]
  request = Request(*run)._replace(**fields)
  with pytest.raises(BadConfig, match=said):
    draw('concentrated', tmp_path / 'figure', request)
  assert not list(tmp_path.iterdir())


OTHERS = {
  'cgan-pd': ('spread', "generator 'cgan_pd' has no Gaussians"),
  'cola': ('concentrated', "'cola' has no labels"),
  'glo-unlabeled': ('concentrated', "'glo-unlabeled' has no labels"),
}


@pytest.mark.parametrize('name', OTHERS)
def test_a_run_of_another_kind_is_refused(tmp_path, name):
  """By its config alone, before anything is read."""
  figure, said = OTHERS[name]
  settings = settings_of(config_of(f'cola/glyphs.py:{name}'), cola.system())
  (tmp_path / 'config.json').write_text(json.dumps(settings))
  with pytest.raises(BadConfig, match=said):
    draw(figure, tmp_path / 'figure', Request(tmp_path, Places()))


def test_the_spread_is_a_parameter(key):
  """Without it draws are means, and twice as wide they are twice as far."""
  spreading = plain_generator()
  y = jnp.array([0, 2, 1, 1])
  sample = jax.jit(spreading.model.sample_class)
  draws = [
    sample(key, (spreading.params, spread), y) for spread in (0.0, 1.0, 2.0)
  ]
  np.testing.assert_allclose(draws[0][:, 0], [0.3, 0.7, 0.5, 0.5], atol=1e-6)
  np.testing.assert_allclose(
    draws[2] - draws[0], 2 * (draws[1] - draws[0]), atol=1e-6
  )
