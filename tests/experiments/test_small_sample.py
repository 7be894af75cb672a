"""From a folder of few pictures to a classifier, and what is said of it."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest
from whole_program import ROOT, results

from experiments.applications import folders
from experiments.components.labeled_folder import labeled_folder
from experiments.components.small_sample import folds
from experiments.pages import cross_validation
from experiments.run.record import WrongWorkdir
from experiments.stages import few_pictures
from experiments.systems import small_sample, small_sample_command
from lasium_jax import SmallSampleClassifier, models
from lasium_jax.data.decode import ImageForm

NAMES = ('<ant>', 'bee', 'cat')
FORM = ImageForm(8, 3)
TINY = {
  'network': 'infogan',  # It compiles in a tenth of the time.
  'width': 2,
  'steps': 12,
  'batch_size': 6,
  'learning_rate': 0.02,
  'margin': 0,
  'mirror': False,
}
WITH_COLA = {'generator': 'cola', 'generator_epochs': 2, 'generator_width': 2}


def draw(folder, counts=(3, 2, 4), side=8):
  """Pictures whose pattern tells the class, `counts[c]` of class c."""
  patterns = np.random.default_rng(0).integers(40, 215, (3, side, side, 3))
  rng = np.random.default_rng(1)
  for name, pattern, count in zip(NAMES, patterns, counts, strict=True):
    place = folder / name
    place.mkdir(parents=True)
    for i in range(count):
      noise = rng.integers(-20, 20, pattern.shape)
      image = Image.fromarray((pattern + noise).astype(np.uint8))
      image.save(place / f'{i}.png')
  return folder


@pytest.fixture(scope='module')
def images(tmp_path_factory):
  return draw(tmp_path_factory.mktemp('given') / 'animals')


@pytest.fixture(scope='module')
def learn(tmp_path_factory, images):
  cache_dir = tmp_path_factory.mktemp('cache')

  def learn(workdir, images=images, form=FORM, **recipe):
    return small_sample.learn(
      images,
      workdir,
      recipe={**TINY, **recipe},
      form=form,
      cache_dir=cache_dir,
    )

  return learn


@pytest.fixture(scope='module')
def learned(learn, tmp_path_factory):
  """A run with a generator, from the command to the page."""
  return learn(tmp_path_factory.mktemp('run') / 'mine', **WITH_COLA)


@pytest.mark.parametrize(
  ('counts', 'k'), [((2, 2), 2), ((5, 7, 5), 5), ((9, 3, 4), 3), ((6,) * 8, 5)]
)
def test_folds_are_even_and_each_image_is_in_one(counts, k):
  labels = np.repeat(np.arange(len(counts)), counts)
  places = folds(labels, k, seed=0)
  assert set(places) == set(range(k))
  sizes = np.bincount(places)
  assert sizes.max() - sizes.min() <= 1
  for label in range(len(counts)):
    own = np.bincount(places[labels == label], minlength=k)
    assert own.max() - own.min() <= 1
    assert own.min() >= 1  # Each class is judged, and learned from, in each.
  assert (places == folds(labels, k, seed=0)).all()
  if k > 2:
    assert (places != folds(labels, k, seed=1)).any()


def test_no_picture_is_judged_by_a_model_that_saw_it(
  learn, images, tmp_path, monkeypatch
):
  """Neither by its classifier nor by the generator of that."""
  trained, judged = [], []
  train, judge = few_pictures.train, small_sample._judge

  def noted_train(plan, dataset, **options):
    trained.append({image.tobytes() for image in dataset.images})
    return train(plan, dataset, **options)

  def noted_judge(classify, params, sample, rows):
    judged.append({sample.dataset.images[row].tobytes() for row in rows})
    return judge(classify, params, sample, rows)

  monkeypatch.setattr(few_pictures, 'train', noted_train)
  monkeypatch.setattr(small_sample, '_judge', noted_judge)
  learn(tmp_path / 'run')
  *others, everything = trained
  assert len(everything) == 9
  assert len(others) == len(judged) == 2  # As the smallest class has pictures.
  for seen, asked in zip(others, judged, strict=True):
    assert not seen & asked
    assert seen | asked == everything
  assert judged[0] | judged[1] == everything


def test_what_is_said_follows_from_what_was_judged(learned):
  workdir = learned.model.parent
  found = json.loads((workdir / 'cross_validation.json').read_text())
  entries = [entry for fold in found.values() for entry in fold]
  truth = {entry['file']: entry['truth'] for entry in entries}
  assert len(truth) == len(entries) == 9
  assert all(file.split('/')[0] == name for file, name in truth.items())
  right = sum(entry['truth'] == entry['label'] for entry in entries)
  (result,) = results(workdir)
  assert result['value'] == pytest.approx(right / 9)
  exact = binomtest(right, 9).proportion_ci(method='wilson')
  assert result['protocol']['low'] == pytest.approx(exact.low)
  assert result['protocol']['high'] == pytest.approx(exact.high)
  assert (result['n'], result['protocol']['folds']) == (9, 2)
  page = learned.page.read_text()
  assert f'{right} of 9 pictures were' in page
  assert '44.4&nbsp;%.' in page  # Of the largest class.
  told = f'Accuracy to expect: {100 * right / 9:.1f} %'
  assert learned.account[0].startswith(told)


def test_the_page_shows_what_was_given_and_made(learned):
  page = learned.page.read_text()
  for heading in ('Accuracy to expect', 'What is confused', 'Given images'):
    assert f'<h2>{heading}</h2>' in page
  assert '<h2>Made images</h2>' in page
  assert '<ant>' not in page
  assert '&lt;ant&gt;' in page
  samples = learned.model.parent / 'samples'
  with Image.open(samples / 'made_images.png') as made:
    assert np.asarray(made).std() > 0


def test_without_a_generator_nothing_is_made(learn, tmp_path):
  done = learn(tmp_path / 'run')
  assert 'Made images' not in done.page.read_text()
  assert not (tmp_path / 'run/checkpoints/train_generator').exists()


def test_the_model_is_what_all_pictures_taught(learned, images):
  card = models.load_model(learned.model).card
  assert card['class_names'] == list(NAMES)
  assert card['training']['images'] == 9
  assert card['accuracy'] == results(learned.model.parent)
  done = folders.classify(
    learned.model, None, images, learned.model.parent / 'out'
  )
  found = folders.find_pictures(images)
  classifier = SmallSampleClassifier.load(learned.model)
  rows = done.table.read_text().splitlines()
  assert rows[0] == 'file,label,p(<ant>),p(bee),p(cat)'
  labels = [row.split(',')[1] for row in rows[1:]]
  assert labels == classifier.predict(found.files).tolist()
  assert 'tells apart the 3 classes of its training' in done.account[0]
  assert '95 % interval between' in done.account[1]
  assert 'on animals, by 2-fold cross-validation' in done.account[1]
  assert 'trained on these classes' in done.page.read_text()


def test_more_steps_tell_the_classes_apart(learn, images, tmp_path):
  """The whole way works: patterns like these are no riddle."""
  done = learn(tmp_path / 'run', steps=60)
  (result,) = results(tmp_path / 'run')
  assert result['value'] > 0.7
  classifier = SmallSampleClassifier.load(done.model)
  found = folders.find_pictures(images)
  assert classifier.score(found.files, found.labels) > 0.8


@pytest.mark.parametrize('support', [True, False])
def test_classify_says_what_a_model_needs(learned, images, tmp_path, support):
  model = learned.model if support else ROOT / 'tests/models/version_1'
  said = 'no use for --support' if support else 'name a folder .* --support'
  with pytest.raises(ValueError, match=said):
    folders.classify(
      model, images if support else None, images, tmp_path / 'out'
    )
  assert not (tmp_path / 'out').exists()


def test_a_run_goes_on_where_it_stopped(learn, tmp_path, monkeypatch):
  """What a fold has found stays, and the rest comes to the same."""
  done = learn(tmp_path / 'whole')
  train, calls = few_pictures.train, []

  def stopped(plan, dataset, *, part=''):
    calls.append(part)
    if calls == ['fold 1', 'fold 2']:
      raise KeyboardInterrupt
    return train(plan, dataset, part=part)

  monkeypatch.setattr(few_pictures, 'train', stopped)
  with pytest.raises(KeyboardInterrupt):
    learn(tmp_path / 'cut')
  again = learn(tmp_path / 'cut')
  assert calls == ['fold 1', 'fold 2', 'fold 2', '']
  assert results(tmp_path / 'cut') == results(tmp_path / 'whole')
  ours, theirs = (models.load_model(d.model).card for d in (again, done))
  assert ours['weights_sha256'] == theirs['weights_sha256']
  stages = {p.name for p in (tmp_path / 'cut/checkpoints').iterdir()}
  assert stages == {'train_classifier'}  # Those of folds are removed.


def test_another_recipe_has_another_workdir(learn, learned, images, tmp_path):
  workdir = learned.model.parent
  with pytest.raises(WrongWorkdir, match=r'recipe\.steps: 12 there, 13 now'):
    learn(workdir, **WITH_COLA, steps=13)
  said = r"recipe\.recipe: 'paper' there, 'strong' now"
  with pytest.raises(WrongWorkdir, match=said):
    learn(workdir, **WITH_COLA, recipe='strong')
  changed = tmp_path / 'animals'
  shutil.copytree(images, changed)
  learn(tmp_path / 'run', changed)
  shutil.copy(images / 'cat/0.png', changed / 'cat/9.png')
  Image.new('RGB', (8, 8)).save(changed / 'cat/9.png')
  with pytest.raises(WrongWorkdir, match='other images'):
    learn(tmp_path / 'run', changed)


def lonely(folder):
  shutil.rmtree(folder / 'bee')
  (folder / 'bee').mkdir()
  Image.new('RGB', (8, 8)).save(folder / 'bee/0.png')


def alone(folder):
  for name in NAMES[1:]:
    shutil.rmtree(folder / name)


def twice(folder):
  shutil.copy(folder / 'bee/0.png', folder / 'cat/copy.png')


def spoiled(folder):
  (folder / 'bee/0.png').write_bytes(b'no picture')


def beside(folder):
  shutil.copy(folder / 'bee/0.png', folder / 'loose.png')


def deeper(folder):
  shutil.copytree(folder / 'bee', folder / 'cat/more')


BAD = {
  'one image of a class': (lonely, "Class 'bee' has one image"),
  'one class': (alone, 'only 1 class'),
  'a picture twice': (twice, 'bee/0.png and cat/copy.png .* same picture'),
  'no picture': (spoiled, "1 of 9 image files .* 'bee/0.png'"),
  'beside sub-folders': (beside, 'loose.png is in none'),
  'two levels': (deeper, r'cat/more/\d.png is deeper'),
  'an empty class': (lambda f: (f / 'wasp').mkdir(), 'wasp has no pictures'),
  'no folder': (shutil.rmtree, 'no folder'),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_folders_are_refused_before_work(name, learn, images, tmp_path):
  damage, said = BAD[name]
  folder = tmp_path / 'animals'
  shutil.copytree(images, folder)
  damage(folder)
  with pytest.raises((OSError, ValueError), match=said):
    learn(tmp_path / 'run', folder)
  assert not (tmp_path / 'run').exists()


def test_sizes_that_the_generator_cannot_draw_are_refused(learn, tmp_path):
  with pytest.raises(ValueError, match='4 divides'):
    learn(tmp_path / 'run', form=ImageForm(10, 3), **WITH_COLA)
  with pytest.raises(ValueError, match=r'recipe\.width is 0'):
    learn(tmp_path / 'run', width=0)


def test_pictures_of_any_size_are_made_of_one(tmp_path):
  folder = draw(tmp_path / 'animals', (2, 2, 2), side=12)
  Image.new('L', (30, 20), 7).save(folder / 'bee/wide.png')
  dataset, paths = labeled_folder(folder, FORM, tmp_path)
  assert dataset.images.shape == (7, 8, 8, 3)
  assert (dataset.images[paths.index('bee/wide.png')] == 7).all()
  assert dataset.class_names == NAMES
  for path, label in zip(paths, dataset.labels, strict=True):
    assert path.split('/')[0] == NAMES[label]


def test_counts_of_a_class_by_hand():
  pairs = [('a', 'a'), ('b', 'a'), ('a', 'b'), ('a', 'a')]
  entries = [{'truth': t, 'label': found} for t, found in pairs]
  assert cross_validation._counts(entries) == {'a': (2, 3), 'b': (0, 1)}


def test_ten_of_ten_have_no_symmetric_interval(tmp_path):
  """Wilson's ends are n / (n + z^2) and 1 then."""
  entries = [{'file': str(i), 'truth': 'a', 'label': 'a'} for i in range(10)]
  (tmp_path / cross_validation.FILE).write_text(json.dumps({'fold 1': entries}))
  plan = SimpleNamespace(
    files=SimpleNamespace(workdir=tmp_path), recipe=SimpleNamespace(steps=3)
  )
  dataset = SimpleNamespace(class_names=('a', 'b'))
  result = small_sample._result(
    plan, SimpleNamespace(dataset=dataset), 'animals'
  )
  assert (result.value, result.ci95) == (1, None)
  ends = result.protocol['low'], result.protocol['high']
  assert ends == pytest.approx((10 / (10 + 1.959964**2), 1))
  (entry,) = results(tmp_path)
  assert 'ci95' not in entry
  assert 'of 72.2 to 100.0 %' in small_sample._account(result)[0]


@pytest.mark.parametrize(
  ('fields', 'hinted'),
  [
    ({}, True),
    ({'mirror': False}, False),  # Characters.
    ({'recipe': 'strong'}, False),
    ({'generator': 'none'}, False),
  ],
)
def test_photographs_by_the_defaults_are_told_of_a_better_way(fields, hinted):
  defaults = {'recipe': 'paper', 'generator': 'cola', 'mirror': True}
  said = small_sample_command.hint(SimpleNamespace(**defaults | fields))
  for flag in ('--recipe=strong', '--generator=none', 'saves the time'):
    assert (flag in said) == hinted
  assert bool(said) == hinted


def test_the_command(program, images, tmp_path):
  command = [sys.executable, 'experiments/small_sample.py', '--size=8']
  command += [f'--images={images}', f'--workdir={tmp_path / "run"}']
  command += [f'--cache_dir={tmp_path}', '--generator=none', '--nomirror']
  command += ['--network=infogan', '--width=2', '--steps=3', '--batch_size=6']
  command += ['--recipe=strong', '--share=0.25']
  said = program.run(command)
  assert 'Fold 2 of 2: ' in said
  card = models.load_model(tmp_path / 'run/model').card
  recipe = card['training']['recipe']
  assert (recipe['recipe'], recipe['learning_rate']) == ('strong', 4.55e-3)
  assert recipe['share'] == 0.25
  assert (recipe['steps'], recipe['batch_size']) == (3, 6)
  assert f'Model: {tmp_path / "run/model"}' in said
  wrong = [c.replace(str(images), 'nothing') for c in command]
  assert 'Error: There is no folder nothing.' in program.run(wrong, code=1)
