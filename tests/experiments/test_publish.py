"""RESULTS.md holds what runs found, and what they were."""

import importlib
import json
import shutil

import pytest

from experiments import publish as door
from experiments.papers import publish
from experiments.papers.changed import changed
from experiments.papers.over_samples import is_of_a_sample, over_samples
from experiments.papers.side_by_side import side_by_side
from experiments.papers.tables import tables
from experiments.run.config import flatten

KIND = {'ways': 5, 'queries': 15, 'seed': 0, 'normalization': 'transductive'}
ENTRY = {
  'name': 'a-run',
  'metric': 'accuracy',
  'value': 0.5,
  'ci95': 0.01,
  'n': 1000,
  'of': 'tasks',
  'dataset': 'omniglot',
  'protocol': {**KIND, 'shots': 1},
  'steps': 1000,
  'config': 'configs/a.py:a-run',
}
PAGE = {
  'results': [ENTRY, {**ENTRY, 'protocol': {**KIND, 'shots': 5}}],
  'settings': {
    'system': 'lasium',
    'data.split': 'random',
    'tasks.name': 'labeled',
    'learner.name': 'maml',
    'meta.iterations': 1_000,
    'meta.batch': 4,
  },
  'seconds': {'meta_train': 61.0},
  'changed': {'meta.clip': 10.0},
}


def lines(*pages):
  return tables(pages).splitlines()


def test_the_tables_are_those_of_the_files(tmp_path):
  path = tmp_path / 'RESULTS.md'
  shutil.copy(door.ROOT / 'RESULTS.md', path)
  pages = publish.kept(door.ROOT / 'results', door._defaults)
  publish.write_tables(path, pages)
  assert path.read_text() == (door.ROOT / 'RESULTS.md').read_text()


def test_files_of_before_have_both_tables_of_the_paper():
  pages = publish.kept(door.ROOT / 'results', door._defaults)
  head, _, *rows = lines(*pages['omniglot'].values())
  # Tasks of another number of ways have columns behind these.
  assert '1-shot | LASIUM Table 7 | LASIUM Table 1 | ' in head
  (row,) = [row for row in rows if '`ro-msgan-maml`' in row]
  cells = row.split(' | ')
  assert cells[2] == '77.62 ± 0.64'
  assert cells[3] == '83.26 ± 0.55 (longer training, alpha not said)'
  assert cells[5] == '95.29 ± 0.22 (longer training, alpha not said)'


def test_a_row_of_a_table():
  head, rule, row = lines(PAGE)
  assert head == (
    '| run | 1-shot | LASIUM Table 1 | 5-shot | LASIUM Table 1 '
    '| normalization | meta-training | other settings |'
  )
  assert rule == '|---|---|---|---|---|---|---|---|'
  assert row == (
    '| `a-run` | 50.00 ± 1.00 | 94.46 ± 0.35 (iterations not said) '
    '| 50.00 ± 1.00 | 98.83 ± 0.12 (iterations not said) | transductive '
    '| 1,000 x 4, 1 min 1 s | meta.clip=10.0 |'
  )


def test_members_and_floors_have_rows_of_their_own():
  floor = {**ENTRY, 'name': 'scratch', 'floor': True}
  members = [
    {**ENTRY, 'name': 'a', 'member': {'seed': seed}} for seed in (0, 1)
  ]
  page = {**PAGE, 'results': [*members, floor]}
  rows = [row.split(' | ') for row in lines(page)[2:]]
  assert [row[0] for row in rows] == [
    '| `a seed=0`',
    '| `a seed=1`',
    '| `scratch`',
  ]
  assert [row[4] for row in rows] == [*['1,000 x 4, 1 min 1 s'] * 2, '']


def test_kinds_of_other_ways_are_told_apart():
  other = {**ENTRY, 'protocol': {**KIND, 'ways': 20, 'shots': 1}}
  head, _, row = lines({**PAGE, 'results': [ENTRY, {**other, 'value': 0.25}]})
  assert '| 5-way 1-shot |' in head and '| 20-way 1-shot |' in head
  assert '50.00 ± 1.00' in row and '25.00 ± 1.00' in row


def test_tasks_within_groups_have_a_column_of_their_own():
  other = {**ENTRY, 'protocol': {**KIND, 'shots': 1, 'within_groups': True}}
  head, _, row = lines({**PAGE, 'results': [ENTRY, {**other, 'value': 0.25}]})
  assert '| 1-shot |' in head and '| 1-shot within groups |' in head
  assert '50.00 ± 1.00' in row and '25.00 ± 1.00' in row


def test_runs_measured_in_many_ways_stand_side_by_side():
  def entry(name, value, **more):
    protocol = {'trained on': name, 'part': 'second'}
    base = {**ENTRY, 'name': name, 'metric': 'error', 'dataset': 'letters'}
    return {**base, 'value': value, 'protocol': protocol, **more}

  def page(*entries, **changed):
    settings = {
      'system': 'interpolative',
      'file': 'configs/a.py',
      'name': 'run',
      'generator_training.steps': 4_000,
      'generator_training.batch_size': 64,
    }
    seconds = {'train_generator': 61.0}
    return {
      **{'results': list(entries), 'settings': settings, 'seconds': seconds},
      'changed': changed,
    }

  floor = entry('pixels', 9.0, floor=True)
  first = page(entry('run', 1.23456), floor, mapped=True)
  second = page(entry('run', 2.0), {**floor, 'value': 10.0})
  measures, runs = side_by_side({'one': first, 'two': second}).split('\n\n')
  head, _, row = measures.splitlines()
  assert head == '| measure | `one` | `two` | `pixels` |'
  measure = 'error (1,000 tasks of letters, part=second)'
  assert row.startswith(f'| {measure} | 1.235 ± 0.01 |')
  assert '| 9 ± ' in row and '| 10' not in row
  *_, one, two = runs.splitlines()
  assert one == (
    '| `one` | `configs/a.py:run` | 4,000 x 64, 1 min 1 s | mapped=True |'
  )
  assert two.endswith('1 min 1 s |  |')


def test_how_many_images_a_run_was_trained_on_is_said():
  protocol = {'trained on': 'letters', 'training images': 1_200}
  settings = {
    **{'system': 'interpolative', 'file': 'a.py', 'name': 'run'},
    **{'generator_training.steps': 4, 'generator_training.batch_size': 64},
  }
  results = [{**ENTRY, 'metric': 'error', 'protocol': protocol}]
  page = {'results': results, 'settings': settings}
  measures, runs = side_by_side(
    {'a': {**page, 'seconds': {'train_generator': 2.0}, 'changed': {}}}
  ).split('\n\n')
  assert '| error (1,000 tasks of omniglot) |' in measures
  assert '| 4 x 64 of 1,200 images, 2.0 s |' in runs


def test_runs_of_other_training_data_are_told_apart():
  """Where all have the same, that is not said."""

  def page(**data):
    settings = {
      **{'system': 'interpolative', 'file': 'a.py', 'name': 'run'},
      **{'generator_training.steps': 4, 'generator_training.batch_size': 64},
      **{f'data.{name}': value for name, value in data.items()},
    }
    return {'results': [], 'settings': settings, 'seconds': {}, 'changed': {}}

  background = page(name='tfds', dataset='omniglot', split='train', part='all')
  others = page(name='tfds', dataset='omniglot', split='test', part='all')
  half = page(name='tfds', dataset='emnist', split='test', part='first')
  _, runs = side_by_side({'a': background, 'b': others, 'c': half}).split(
    '\n\n'
  )
  head, _, *rows = [line.strip('| ').split(' | ') for line in runs.split('\n')]
  assert head[2] == 'trained on'
  assert [row[2] for row in rows] == [
    *('omniglot, train', 'omniglot, test', 'emnist, test, first'),
  ]
  assert 'trained on' not in side_by_side({'a': half, 'b': half})


def sample(number, mixed, real, shots=10, **changed):
  """A page of classifiers of one sample."""
  told = {'classes': 10, 'images a class': shots, 'sample': number}
  mine = {**ENTRY, 'dataset': 'cifar10', 'of': 'images', 'protocol': told}
  settings = {
    'system': 'cola',
    'name': 'scola',
    'seed': number,
    'data.dataset': 'cifar10',
    'small_sample.shots': shots,
    'small_sample.split_seed': number,
    'generator.name': 'cola',
    'generator.network': 'infogan',
    'generator.latent_size': 64,
    'generator.loss': 'l1',
    'classifier.name': 'resnet20',
    'optimizer.schedule': 'steps',
    'batches.name': 'generated',
    'training.steps': 1_000,
    'training.batch_size': 64,
    'generator_training.steps': 500,
    'generator_training.batch_size': 50,
  }
  return {
    'results': [
      # Two seeds, and their mean.
      *(
        {**mine, 'name': 'scola', 'value': mixed + difference, 'note': 'both'}
        for difference in (-0.2, 0.2)
      ),
      {**mine, 'name': 'scola', 'value': mixed, 'note': 'both', 'of': 'runs'},
      {**mine, 'name': 'real', 'value': real, 'note': 'real alone'},
    ],
    'settings': settings | changed,
    'seconds': {'train_classifier_mixed': 60.0, 'train_classifier_real': 20.0},
    'changed': {
      **{'small_sample.shots': shots, 'small_sample.split_seed': number},
      **changed,
    },
  }


def test_samples_of_one_size_have_one_row():
  pages = [
    sample(0, 0.30, 0.20),
    sample(0, 0.50, 0.40, shots=20),
    sample(1, 0.40, 0.26),
    sample(0, 0.10, 0.10, **{'training.steps': 5}),
  ]
  table, of_the_paper = over_samples(pages).split('\n\n')
  head, _, *rows = [line.strip('| ').split(' | ') for line in table.split('\n')]
  assert head[:5] == ['run', 'images a class', 'samples', 'both', 'real alone']
  # By hand: the deviations of two numbers from their mean are half their gap,
  # and the variance is the sum of their squares.
  first, *_ = [row for row in rows if row[1:3] == ['10', '2']]
  assert first[3:5] == ['35.00 ± 7.07 (paper 42.86 ± 2.04)', '23.00 ± 4.24']
  assert first[5:7] == ['500 x 50', '1,000 x 64, 1 min 20 s']
  (other,) = [row for row in rows if row[1] == '20']
  assert other[2:5] == ['1', '50.00 (paper 49.63 ± 1.29)', '40.00']
  assert len(rows) == 3 and rows[-1] == other
  assert [row[-1] for row in rows if 'training.steps=5' in row[-1]]
  words = 'Of the paper: mean of three samples, batches of 128, a Lap'
  assert of_the_paper.startswith(words)


def test_a_run_without_a_setting_is_beside_those_with_its_default():
  """Made images were new at every step before a set could be asked for."""
  pages = [
    sample(0, 0.30, 0.20),
    sample(1, 0.40, 0.26, **{'batches.made': 0}),
    sample(2, 0.20, 0.26, **{'batches.made': 50}),
  ]
  table, *_ = over_samples(pages).split('\n\n')
  _, _, *rows = [line.strip('| ').split(' | ') for line in table.split('\n')]
  assert sorted(row[2] for row in rows) == ['1', '2']


def test_only_runs_with_classifiers_are_of_a_sample():
  assert is_of_a_sample(sample(0, 0.3, 0.2))
  assert not is_of_a_sample(PAGE)
  assert not is_of_a_sample({'settings': {'system': 'cola'}})
  for section in ('clustered.views', 'code_clusters.steps'):
    clustered = {'system': 'cola', 'training.steps': 9, section: 3}
    assert not is_of_a_sample({'settings': clustered})


def test_distances_of_a_sample_have_a_table_of_their_own(tmp_path):
  """And none where nothing was compared in features."""
  page = sample(0, 0.3, 0.2, file='configs/cola/cifar10.py')
  page['hardware'] = 'a core'
  near = {**ENTRY, 'metric': 'to training', 'value': 7.0, 'dataset': 'cifar10'}
  far = {**near, 'metric': 'distance', 'value': 3.0}
  far['protocol'] = {'features': 'a network'}
  file = tmp_path / 'RESULTS.md'
  written = {}
  for name, more in (('plain', [near]), ('compared', [near, far])):
    file.write_text('<!-- cifar10 --><!-- /cifar10 -->')
    own = {**page, 'results': [*page['results'], *more]}
    publish.write_tables(file, {'cifar10': {'run-0': own}})
    written[name] = file.read_text()
  assert 'to training' not in written['plain']
  assert '| both |' in written['compared']
  assert '| measure | `run-0` |' in written['compared']
  assert 'a network) | 3 ±' in written['compared']


def test_any_metric_has_a_table():
  distance = {
    **ENTRY,
    'metric': 'frechet distance',
    'value': 12.3456,
    'n': 5000,
    'of': 'images',
    'protocol': {'feature_layer': 3},
  }
  plain = {**distance, 'metric': 'accuracy', 'value': 0.97, 'ci95': 0.005}
  del distance['ci95']
  page = {**PAGE, 'results': [ENTRY, distance, plain]}
  page['seconds'] = {'train_classifier': 90.0}
  few_shot, others = tables([page]).split('\n\n')
  assert few_shot.startswith('| run | 1-shot')
  head, _, *rows = others.splitlines()
  assert head == (
    '| run | metric | value | of | measured with | other training '
    '| other settings |'
  )
  assert rows[0] == (
    '| `a-run` | frechet distance | 12.35 | 5,000 images | feature layer=3 '
    '| train classifier 1 min 30 s | meta.clip=10.0 |'
  )
  assert '| accuracy | 97.00 ± 0.50 % |' in rows[1]


def defaults(config):
  return config.to_dict()


def file_config(**changes):
  config = importlib.import_module('configs.lasium.glyphs').get_config(
    'ro-vae-maml'
  )
  with config.unlocked():
    for field, value in changes.items():
      section, _, name = field.rpartition('__')
      (config[section] if section else config)[name] = value
  return config.to_dict()


@pytest.fixture
def workdir(tmp_path):
  """A finished run that borrowed its generator."""
  generator = tmp_path / 'another'
  generator.mkdir()
  write_metrics(generator, train_generator=70.0, meta_train=2.0)
  run = tmp_path / 'run'
  run.mkdir()
  config = file_config(
    evaluation__queries=3,
    meta__iterations=5,
    evaluation__shots=(1,),
    generator_training__workdir=str(generator),
  )
  (run / 'config.json').write_text(json.dumps(config))
  results = [{**ENTRY, 'dataset': 'glyphs'}]
  page = {'results': results, 'hardware': 'a machine'}
  (run / 'results.json').write_text(json.dumps(page))
  write_metrics(run, meta_train=61.0, **{'evaluate-a-run-1-shot': 3.0})
  return run


def write_metrics(folder, **seconds):
  entries = [
    {'stage': stage, 'step': step, 'seconds': step * value}
    for stage, value in seconds.items()
    for step in (0.5, 1)
  ]
  text = ''.join(json.dumps(entry) + '\n' for entry in entries)
  (folder / 'metrics.jsonl').write_text(text)


def test_a_run_is_collected_with_what_made_it(workdir):
  page = publish.collect(workdir, defaults)
  config = json.loads((workdir / 'config.json').read_text())
  assert page['results'][0]['value'] == 0.5
  assert page['changed'] == {'evaluation.queries': 3, 'evaluation.shots': [1]}
  assert page['seconds'] == {'meta_train': 61.0, 'train_generator': 70.0}
  left_out = {'generator_training.workdir', 'meta.workdir'}
  assert page['settings'] == {
    k: v for k, v in flatten(config).items() if k not in left_out
  }
  assert str(workdir.parent) not in json.dumps(page)


BEFORE = {'cluster_images': 3.0, 'train_generator': 4.0, 'meta_train': 5.0}
LENT = {
  'embedding_training': {'train_embedding': 7.0},
  'generator_training': {'cluster_images': 3.0, 'train_generator': 4.0},
  'meta': {**BEFORE, 'cluster_rounds': 6.0},
  'rounds': BEFORE,
}


@pytest.mark.parametrize('section', LENT)
def test_time_is_of_the_stages_that_another_run_lent(section, tmp_path):
  lender, own = tmp_path / 'lender', tmp_path / 'own'
  for folder in (lender, own):
    folder.mkdir()
    (folder / 'config.json').write_text('{}')
  write_metrics(lender, **BEFORE, cluster_rounds=6.0, train_embedding=7.0)
  write_metrics(own, evaluate=1.0)
  settings = {f'{section}.workdir': str(lender)}
  assert publish._all_seconds(own, settings) == LENT[section]


def test_clusters_of_rounds_are_kept(workdir):
  """Those that each round began with; no others have that name."""
  assert 'clusters' not in publish.collect(workdir, defaults)
  found = [
    {'clusters': 9.0, 'images': 5.3333333, 'covered': 0.5},
    {'clusters': 8.0, 'images': 7.0, 'covered': 0.75, 'purity': 0.9},
  ]
  with (workdir / 'metrics.jsonl').open('a') as file:
    for step, entry in zip((1, 4), found, strict=True):
      head = {'stage': 'cluster_rounds', 'seconds': 1.0, 'loss': 2.0}
      file.write(json.dumps({**head, 'step': step, **entry}) + '\n')
      file.write(json.dumps({**head, 'step': step + 1}) + '\n')
  kept = publish.collect(workdir, defaults)['clusters']
  assert kept == [{**found[0], 'images': 5.333}, found[1]]


def test_curves_are_kept_with_four_digits(workdir):
  """Of known interpolants; a run without them has nothing by that name."""
  assert 'interpolants' not in publish.collect(workdir, defaults)
  curve = {'at': [0.0, 0.1 + 0.2], 'mean': [12.34567, 0.0123456], 'n': 12345}
  curves = {'slant': {'range': '0 to 1', 'by': {'pixels': {'gap': curve}}}}
  (workdir / 'interpolants.json').write_text(json.dumps(curves))
  page = publish.collect(workdir, defaults)
  kept = page['interpolants']['slant']
  assert kept['range'] == '0 to 1'
  assert kept['by']['pixels']['gap'] == {
    **{'at': [0.0, 0.3], 'mean': [12.35, 0.01235]},
    'n': 12345,
  }


def test_what_the_file_leaves_open_is_no_change(workdir):
  config = json.loads((workdir / 'config.json').read_text())
  config['data']['size'] = 84
  config['network']['filters'] = 16
  (workdir / 'config.json').write_text(json.dumps(config))

  def by_size(config):
    config.network.filters = 16 if config.data.size == 84 else 64
    return config.to_dict()

  page = publish.collect(workdir, by_size)
  assert 'network.filters' not in page['changed']
  assert page['changed']['data.size'] == 84
  assert publish.collect(workdir, defaults)['changed']['network.filters'] == 16


def saved(file, run, **evaluation):
  """The settings of a run as its config file has them today."""
  module = importlib.import_module(f'configs.lasium.{file}')
  config = door._defaults(module.get_config(run))
  settings = json.loads(json.dumps(flatten(config)))
  for name, value in evaluation.items():
    settings[f'evaluation_learner.{name}'] = value
  return settings


def test_what_a_run_did_before_there_was_a_setting_is_said():
  """Views at each step came later than runs that were judged by a head."""

  def own():
    return changed(settings, door._defaults)

  settings = saved('folder', 'umtra-protonets')
  assert settings['evaluation_learner.head_views'] is True
  assert own() == {}
  del settings['learner.head_views']
  assert own() == {}
  del settings['evaluation_learner.head_views']
  assert own() == {'evaluation_learner.head_views': False}
  # One that trained with them was judged with them.
  settings['learner.head_views'] = True
  assert own() == {'learner.head_views': True}


def test_what_is_not_known_of_a_run_is_not_said():
  """Of a setting that was never without effect, of a whole section, and where
  the file leaves evaluation as training was."""
  settings = saved('folder', 'umtra-protonets')
  del settings['evaluation.tasks'], settings['learner.head_views']
  plain = {k: v for k, v in settings.items() if 'evaluation_learner' not in k}
  supervised = saved('glyphs', 'supervised-protonets')
  assert supervised.pop('evaluation_learner.head_views') is None
  for own in (settings, plain, supervised):
    assert changed(own, door._defaults) == {}


def test_published_pages_are_told_apart_from_todays_file(tmp_path):
  """What was changed by the file of their day is not what is changed now."""
  settings = saved('folder', 'umtra-protonets', head_steps=None)
  page = {**PAGE, 'settings': settings, 'changed': {'evaluation.tasks': 9}}
  older = {k: v for k, v in page.items() if k != 'settings'}
  folder = tmp_path / 'folder'
  folder.mkdir()
  for name, own in (('page', page), ('older', older)):
    (folder / f'{name}.json').write_text(json.dumps(own))
  pages = publish.kept(tmp_path, door._defaults)['folder']
  assert pages['page']['changed'] == {'evaluation_learner.head_steps': None}
  assert pages['older']['changed'] == {'evaluation.tasks': 9}


def test_published_runs_are_in_the_tables(workdir, tmp_path):
  (tmp_path / 'RESULTS.md').write_text('Top\n<!-- glyphs --><!-- /glyphs -->\n')
  publish.publish([workdir], tmp_path, defaults)
  assert (tmp_path / 'results' / 'glyphs' / 'run.json').exists()
  text = (tmp_path / 'RESULTS.md').read_text()
  assert '| `a-run` | 50.00 ± 1.00 |' in text
  assert 'Hardware: a machine.' in text
  assert '1 min 10 s' in text and '1 min 1 s' in text


def test_a_generator_that_is_gone_is_named(workdir):
  shutil.rmtree(workdir.parent / 'another')
  with pytest.raises(ValueError, match='another, which is gone'):
    publish.collect(workdir, defaults)


def test_a_config_that_is_gone_is_named(workdir):
  config = file_config(name='no-such-run')
  (workdir / 'config.json').write_text(json.dumps(config))
  with pytest.raises(ValueError, match="no run 'no-such-run'"):
    publish.collect(workdir, defaults)
  config['file'] = 'configs/lasium/gone.py'
  (workdir / 'config.json').write_text(json.dumps(config))
  with pytest.raises(ValueError, match=r'configs/lasium/gone\.py has no run'):
    publish.collect(workdir, defaults)


def test_an_older_run_can_still_be_published(workdir):
  config = {
    'benchmark': 'glyphs',
    'name': 'ro-vae-maml',
    'data': {'name': 'glyphs', 'path': ''},
    'generator': {'name': 'vae', 'workdir': '', 'steps': 10},
    'tasks': {'source': 'lasium'},
    'latents': {'sampler': 'ro', 'alpha': 0.3},
    'meta': {'iterations': 7, 'batch': 4},
    'evaluation': {'nearest': True},
  }
  (workdir / 'config.json').write_text(json.dumps(config))
  page = publish.collect(workdir, defaults)
  assert page['changed'] == {'latents.alpha': 0.3}
  assert page['settings']['latents.name'] == 'ro'


def test_older_views_of_clusters_have_today_s_name(workdir):
  """In a run that is published, and on a page that was."""
  module = importlib.import_module('configs.lasium.glyphs')
  config = module.get_config('ro-cola-maml').to_dict()
  config['cluster_views'] = config.pop('clustered_views') | {'rotation': 9.0}
  (workdir / 'config.json').write_text(json.dumps(config))
  page = publish.collect(workdir, defaults)
  assert page['changed'] == {'clustered_views.rotation': 9.0}
  assert page['settings']['clustered_views.rotation'] == 9.0
  kept = publish.kept(door.ROOT / 'results', door._defaults)['omniglot']
  assert kept['cola-maml']['changed'] == {'clustered_training.steps': 6000}


def test_a_run_without_results_is_named(tmp_path, capsys):
  with pytest.raises(SystemExit):
    door.main([str(tmp_path)])
  assert f'{tmp_path} has no results' in capsys.readouterr().err


def test_a_data_set_without_its_place_is_named(tmp_path):
  path = tmp_path / 'RESULTS.md'
  path.write_text('Nothing\n')
  with pytest.raises(ValueError, match='<!-- digits -->'):
    publish.write_tables(path, {'digits': []})
  assert path.read_text() == 'Nothing\n'


def test_the_door_fills_in_what_the_run_filled_in():
  config = importlib.import_module('configs.lasium.folder').get_config(
    'ro-vae-protonets'
  )
  assert config.network.filters is None
  for size, filters in ((32, 64), (84, 32)):
    config.data.size = size
    assert door._defaults(config)['network']['filters'] == filters
