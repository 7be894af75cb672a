"""Workdirs and results of older versions have pages and tables too."""

import json

import numpy as np
import pytest
from test_report import headings, image, read, save_pictures, words, write_json

from experiments.pages import pictures
from experiments.pages.workdir import read_workdir
from experiments.papers import older
from experiments.papers.published import published
from experiments.run.config import flatten

CONFIG = {
  'benchmark': 'omniglot',
  'name': 'ro-vae-maml',
  'data': {'name': 'omniglot', 'split': 'random', 'size': 28, 'channels': 1},
  'generator': {'name': 'vae', 'steps': 1000, 'workdir': ''},
  'latents': {'sampler': 'ro', 'alpha': 0.2},
  'tasks': {'source': 'lasium', 'ways': 5, 'shots': 1, 'queries': 5},
  'learner': {'name': 'maml', 'inner_rate': 0.4, 'inner_steps': 5},
  'meta': {'iterations': 1000, 'batch': 4, 'rate': 0.001},
  'evaluation': {'inner_rate': 0.4, 'inner_steps': 50, 'scratch': True},
}
RESULT = {
  'name': 'ro-vae-maml',
  'dataset': 'omniglot',
  'ways': 5,
  'shots': 1,
  'queries': 15,
  'tasks': 1000,
  'seed': 42,
  'accuracy': 0.8131,
  'ci95': 0.0061,
  'normalization': 'transductive',
  'steps': 1234,
  'config': 'configs/omniglot.py:ro-vae-maml',
  'paper_accuracy': 0.1234,
  'paper_ci95': 0.0071,
}
SCRATCH = {**RESULT, 'name': 'scratch', 'accuracy': 0.525, 'steps': 0}


@pytest.fixture
def workdir(tmp_path):
  write_json(tmp_path / 'config.json', CONFIG)
  write_json(tmp_path / 'results.json', {'results': [SCRATCH, RESULT]})
  lines = [
    {'stage': 'train_generator', 'step': 1, 'loss': 300.0},
    {'stage': 'meta_train', 'step': 2, 'validation_accuracy': 0.75},
    {'stage': 'evaluate-x-1-shot', 'step': 3, 'accuracy': 0.5},
  ]
  (tmp_path / 'metrics.jsonl').write_text(
    ''.join(json.dumps({**line, 'seconds': 14.0}) + '\n' for line in lines)
  )
  save_pictures(tmp_path / 'samples')
  (tmp_path / 'samples' / 'pictures.json').unlink()
  return tmp_path


def test_an_older_page_has_every_section_and_number(workdir):
  text = words(workdir)
  for part in (
    'ro-vae-maml on omniglot',
    'Meta-trained for 1,234 iterations, then judged on 1,000 real tasks',
    '81.3 ± 0.6',
    'scratch trained on each task alone 52.5 ± 0.6',
    '75.0 ± 0.7 LASIUM Table 7',
    '15 queries a class, tasks of seed 42',
    '75.0 %',
    'loss nats',
    'Evaluation: x-1-shot 14.0 s',
    '--config=configs/lasium/omniglot.py:ro-vae-maml',
  ):
    assert part in text, part
  assert len(headings(workdir)) == 7


def test_older_pictures_are_known_by_their_names(workdir):
  captions = [i['alt'] for i in read(workdir).all('img')]
  assert captions[:3] == ['A real task', 'Synthetic task 1', 'Synthetic task 2']
  snapshots = [c for c in captions if c.startswith('Step')]
  assert len(snapshots) == 6
  assert (snapshots[0], snapshots[-1]) == ('Step 100', 'Step 2,000')
  assert captions[-2:] == ['Real images', 'Reconstructions']


def test_a_wide_task_scrolls(workdir):
  wide = np.zeros((2, 1000, 3), np.uint8)
  pictures.save_png(workdir / 'samples' / 'task_real.png', wide)
  styles = [i.get('style') for i in read(workdir).all('img')]
  assert styles.count('min-width:500px') == 1


def test_a_supervised_run_says_nothing_of_anchors(workdir):
  assert 'anchor of its class' in words(workdir)
  for path in workdir.glob('samples/task_synthetic_*.png'):
    path.unlink()
  assert 'anchor of its class' not in words(workdir)


def test_the_tasks_of_umtra_are_of_no_generator(workdir):
  assert 'latent space' in words(workdir)
  write_json(workdir / 'config.json', {'tasks': {'source': 'umtra'}})
  text = words(workdir)
  assert 'augmented' in text
  assert 'latent space' not in text


def test_a_number_is_the_one_it_was_kept_with_where_no_settings_are(workdir):
  (workdir / 'config.json').unlink()
  text = words(workdir)
  assert '12.3 ± 0.7' in text and 'Table' not in text


def test_settings_of_then_have_the_names_of_today():
  fields = older.renamed(flatten(CONFIG))
  assert fields['data.name'] == 'tfds'
  assert fields['data.dataset'] == 'omniglot'
  assert fields['file'] == 'configs/lasium/omniglot.py'
  assert fields['latents.name'] == 'ro'
  assert fields['evaluation_learner.steps'] == 50
  assert 'tasks.source' not in fields
  today = {'system': 'x', 'generator.steps': 3}
  assert older.renamed(today) == today


@pytest.mark.parametrize(
  ('run', 'shots', 'changed', 'expected'),
  [
    ('ro-vae-maml', 1, {}, (0.7502, ())),
    ('ro-vae-maml', 1, {'latents.alpha': 0.4}, (0.7131, ())),
    ('ro-vae-maml', 5, {}, None),
    ('n-vae-maml-paper', 1, {}, (0.7041, ())),
    ('n-vae-maml-released', 1, {}, (0.7041, ('sigma^2 = 0.5',))),
    ('supervised-maml', 5, {}, (0.9883, ('iterations not said',))),
    ('scratch', 5, {}, (0.7144, ())),
    ('something', 1, {}, (0.1234, ())),
  ],
)
def test_a_published_page_has_its_settings_in_its_name(
  run, shots, changed, expected
):
  meta = {'iterations': 1000, 'batch': 4}
  page = {'meta': meta, 'changed': changed}
  entry = {
    'name': run,
    'metric': 'accuracy',
    'dataset': 'omniglot',
    'protocol': {
      'ways': 5,
      'shots': shots,
      'queries': 15,
      'normalization': 'transductive',
    },
    'config': f'configs/omniglot.py:{run}',
    'floor': run == 'scratch',
    'published': {'value': 0.1234, 'ci95': 0.01},
  }
  number = published(older.settings_of(page, entry), entry)
  assert (number and (number.value, number.differs)) == expected


def test_reading_an_older_workdir_gives_todays_entries(workdir):
  entry = read_workdir(workdir).results[1]
  assert entry['value'] == 0.8131 and entry['n'] == 1000
  assert entry['protocol']['shots'] == 1


def test_pictures_that_nobody_noted_are_left_out(tmp_path):
  pictures.save_png(tmp_path / 'samples' / 'other.png', image())
  assert not read_workdir(tmp_path).pictures
