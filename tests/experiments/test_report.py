"""A run's page: what it says, and what it must not need."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from experiments.pages import pictures
from experiments.pages.report import write_report
from experiments.pages.sections import (
  accuracy,
  commands,
  metrics_table,
  settings,
  stage_pictures,
  times,
  training_curves,
)

VOID = {'meta', 'img', 'br', 'link', 'input'}
EVIL = '"><script>alert(1)</script>&amp;'
SECTIONS = {
  'Accuracy': accuracy,
  'Other metrics': metrics_table,
  'Tasks': stage_pictures('meta_train'),
  'Generated images': stage_pictures('train_generator'),
  'Training': training_curves,
  'Settings': settings,
  'Time and hardware': times,
  'How to repeat it': commands,
}

CONFIG = {
  'system': 'lasium',
  'file': 'configs/lasium/omniglot.py',
  'name': 'ro-vae-maml',
  'seed': 7,
  'data': {'name': 'tfds', 'dataset': 'omniglot', 'split': 'random'},
  'generator': {'name': 'vae', 'filters': [64, 32], 'kl': {'weight': 0.05}},
  'latents': {'name': 'ro', 'alpha': 0.2},
  'tasks': {'name': 'lasium', 'ways': 5, 'shots': 1, 'queries': 5},
  'learner': {'name': 'maml'},
  'meta': {'iterations': 1000, 'batch': 4},
}
RESULT = {
  'name': 'ro-vae-maml',
  'metric': 'accuracy',
  'value': 0.8131,
  'ci95': 0.0061,
  'n': 1000,
  'of': 'tasks',
  'dataset': 'omniglot',
  'protocol': {
    'ways': 5,
    'shots': 1,
    'queries': 15,
    'seed': 42,
    'normalization': 'transductive',
  },
  'steps': 1000,
  'config': 'configs/lasium/omniglot.py:ro-vae-maml',
}
SCRATCH = {
  **RESULT,
  'name': 'scratch',
  'value': 0.525,
  'steps': 0,
  'floor': True,
  'note': 'trained on each task alone',
}
IMAGES = {
  'name': 'resnet',
  'metric': 'accuracy',
  'value': 0.9712,
  'ci95': 0.0034,
  'n': 4800,
  'of': 'images',
  'dataset': 'omniglot',
  'protocol': {'classes': 1200},
  'steps': 2000,
}
STAGES = {
  'train_generator': {'title': 'Generator', 'units': {'loss': 'nats'}},
  'meta_train': {
    'title': 'Meta-training',
    'part': '',
    'units': {'validation_accuracy': '%'},
    'about': 'Every row is a class. The anchor has a thick dark ring.',
  },
}


class Page(HTMLParser):
  """Tags with their attributes, and the text; fails where tags cross."""

  def __init__(self, text):
    super().__init__()
    self.tags, self.text, self.open = [], '', []
    self.feed(text)
    self.close()
    assert not self.open

  def handle_starttag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))
    if tag not in VOID:
      self.open.append(tag)

  def handle_startendtag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_data(self, data):
    if self.open[-1:] != ['style']:
      self.text += ' ' + data.replace('\xa0', ' ')

  def all(self, tag):
    return [attributes for name, attributes in self.tags if name == tag]


def report(workdir):
  return write_report(workdir, SECTIONS)


def read(workdir):
  return Page(report(workdir).read_text())


def words(workdir):
  return ' '.join(read(workdir).text.split())


def write_json(path, content):
  path.write_text(json.dumps(content))


def write_metrics(workdir, entries, end=''):
  lines = ''.join(json.dumps({'seconds': 1.0, **e}) + '\n' for e in entries)
  (workdir / 'metrics.jsonl').write_text(lines + end)


def image():
  return np.zeros((6, 8, 3), np.uint8)


@pytest.fixture
def workdir(tmp_path):
  """A whole run."""
  write_json(tmp_path / 'config.json', CONFIG)
  record = {
    'results': [SCRATCH, RESULT],
    'hardware': '2 CPU cores',
    'rejected_anchors': {'tasks': 1000, 'rejected': 37},
  }
  write_json(tmp_path / 'results.json', record)
  write_json(tmp_path / 'stages.json', STAGES)
  entries = [
    {
      'stage': 'train_generator',
      'step': i,
      'loss': 300 / i,
      'seconds': i * 0.28,
    }
    for i in range(1, 901)
  ]
  values = {'validation_accuracy': 0.75, 'validation_ci95': 0.02}
  times = {'step': 100, 'seconds': 59.0}
  entries.append({'stage': 'meta_train', **times, **values})
  write_metrics(tmp_path, entries)
  save_pictures(tmp_path / 'samples')
  return tmp_path


def save_pictures(samples):
  noted = {
    f'generator_{100 * step:06}': {
      'stage': 'train_generator',
      'caption': f'Step {100 * step:,}',
      'step': 100 * step,
    }
    for step in range(1, 21)
  }
  for name in ('real', 'reconstructions'):
    noted[f'generator_{name}'] = {
      'stage': 'train_generator',
      'caption': name.capitalize(),
      'step': None,
      'scroll': False,
    }
  for name in ('task_real', 'task_synthetic_0', 'task_synthetic_1'):
    caption = name.replace('_', ' ')
    noted[name] = {'stage': 'meta_train', 'caption': caption, 'scroll': True}
  for name in noted:
    pictures.save_png(samples / f'{name}.png', image())
  write_json(samples / 'pictures.json', noted)


def test_page_has_every_number(workdir):
  text = words(workdir)
  for number in (
    '81.3 ± 0.6',
    '52.5 ± 0.6',
    'trained on each task alone',
    '75.0 ± 0.7 LASIUM Table 7',
    '51.6 ± 0.7 LASIUM Table 1',
    'chance one of 5 20.0',
    '5-way 1-shot',
    '15 queries',
    '1,000 iterations',
    'seed 42',
    'transductive',
    '4 min 12 s',
    '5 min 11 s',
    '2 CPU cores',
    '37 sets rejected',
    '75.0 %',
    'generator.kl',
    '64, 32',
    '0.05',
    '--config=configs/lasium/omniglot.py:ro-vae-maml',
  ):
    assert number in text, number


def test_page_needs_nothing_else(workdir):
  path = report(workdir)
  source, page = path.read_text(), Page(path.read_text())
  assert path == workdir / 'report.html'
  assert '://' not in source and 'url(' not in source
  assert not page.all('script') and not page.all('link')
  images = page.all('img')
  assert all(i['src'].startswith('data:image/png;base64,') for i in images)
  assert page.all('meta')[1]['content'].startswith("default-src 'none'")
  assert not any(name[:2] == 'on' for _, a in page.tags for name in a)
  assert source.isascii()


def headings(workdir):
  return re.findall('<h2>(.*?)</h2>', report(workdir).read_text())


def test_sections_come_in_order(workdir):
  assert headings(workdir) == [
    'Accuracy',
    'Tasks',
    'Generated images',
    'Training',
    'Settings',
    'Time and hardware',
    'How to repeat it',
  ]


def test_floor_and_chance_come_after_the_methods(workdir):
  source = report(workdir).read_text()
  rows = re.findall(r'<th scope="row">(\S+) <small>([^<]*)', source)[:3]
  assert rows == [
    ('ro-vae-maml', '1,000 iterations'),
    ('scratch', 'trained on each task alone'),
    ('chance', 'one of 5'),
  ]


def test_few_of_many_snapshots_with_the_first_and_the_last(workdir):
  text = read(workdir).text
  steps = [int(s.replace(',', '')) for s in re.findall(r'Step ([\d,]+)', text)]
  assert len(steps) == 6 and steps == sorted(steps)
  assert steps[0] == 100 and steps[-1] == 2000


def test_pictures_are_embedded_as_they_are(workdir):
  sizes = {(i['width'], i['height']) for i in read(workdir).all('img')}
  assert sizes == {('8', '6')}


def test_only_a_wide_task_scrolls(workdir):
  wide = np.zeros((2, 1000, 3), np.uint8)
  pictures.save_png(workdir / 'samples' / 'task_real.png', wide)
  pictures.save_png(workdir / 'samples' / 'generator_real.png', wide)
  styles = [i.get('style') for i in read(workdir).all('img')]
  assert styles.count('min-width:500px') == 1
  assert styles.count(None) == len(styles) - 1


def test_markup_in_a_run_is_text(workdir):
  config = {EVIL: {EVIL: EVIL}, 'file': EVIL, 'name': EVIL}
  write_json(workdir / 'config.json', config)
  entry = {**RESULT, 'name': EVIL, 'dataset': EVIL, 'note': EVIL}
  entry['protocol'] = {**RESULT['protocol'], 'normalization': EVIL}
  other = {**entry, 'metric': EVIL, 'of': EVIL, 'protocol': {EVIL: EVIL}}
  write_json(
    workdir / 'results.json',
    {'results': [entry, other], 'hardware': EVIL},
  )
  stage = {'title': EVIL, 'part': EVIL, 'units': {EVIL: EVIL}, 'about': EVIL}
  write_json(workdir / 'stages.json', {EVIL: stage, 'meta_train': stage})
  noted = {'task_real': {'stage': 'meta_train', 'caption': EVIL}}
  write_json(workdir / 'samples' / 'pictures.json', noted)
  entry = {'step': 1, EVIL: 2.0}
  stages = [EVIL, f'evaluate-{EVIL}']
  write_metrics(workdir, [{**entry, 'stage': stage} for stage in stages])
  page = read(workdir)
  assert not page.all('script')
  assert page.text.count(EVIL) >= 26


@pytest.mark.parametrize(
  ('missing', 'sections'),
  [
    ('results.json', {'Accuracy'}),
    ('config.json', {'Settings'}),
    ('metrics.jsonl', {'Training'}),
    ('samples/task_*.png', {'Tasks'}),
    ('samples/generator_*.png', {'Generated images'}),
  ],
)
def test_what_is_missing_is_left_out(workdir, missing, sections):
  before = headings(workdir)
  for path in workdir.glob(missing):
    path.unlink()
  assert sections < set(before)
  assert set(before) - set(headings(workdir)) == sections


def test_an_empty_workdir_has_a_page(tmp_path):
  page = read(tmp_path)
  assert 'Not evaluated yet' in page.text
  assert not page.all('section')


def test_a_run_without_results_has_its_name(workdir):
  (workdir / 'results.json').unlink()
  assert 'ro-vae-maml on omniglot' in words(workdir)
  write_json(workdir / 'results.json', {'results': [], 'hardware': 'x'})
  assert 'no labeled images to evaluate on' in words(workdir)


def test_an_ordinary_classifier_has_no_ways_and_shots(workdir):
  write_json(workdir / 'results.json', {'results': [IMAGES]})
  config = {'system': 'recognizer', 'file': 'configs/r.py', 'name': 'resnet'}
  write_json(workdir / 'config.json', config)
  text = words(workdir)
  assert 'resnet on omniglot' in text
  assert (
    'Trained for 2,000 steps, then judged by accuracy, on 4,800 images.' in text
  )
  assert 'accuracy 4,800 images, classes 1200 97.1 ± 0.3 %' in text
  assert 'python experiments/recognizer.py --config=configs/r.py:resnet' in text
  assert 'chance' not in text and 'Paper' not in text and 'hot' not in text


def test_any_metric_has_a_row(workdir):
  distance = {**IMAGES, 'metric': 'frechet distance', 'value': 23.456}
  del distance['ci95']
  write_json(workdir / 'results.json', {'results': [RESULT, distance, IMAGES]})
  text = words(workdir)
  assert (
    'Judged also by frechet distance and accuracy, on 4,800 images.' in text
  )
  assert 'frechet distance 4,800 images, classes 1200 23.5' in text
  assert headings(workdir)[:2] == ['Accuracy', 'Other metrics']


def test_a_stage_says_what_its_pictures_are(workdir):
  source = report(workdir).read_text()
  assert 'a <span class="anchor">thick dark ring</span>.' in source
  stages = {**STAGES, 'meta_train': {**STAGES['meta_train'], 'about': ''}}
  write_json(workdir / 'stages.json', stages)
  assert 'class="anchor"' not in report(workdir).read_text()


def test_a_snapshot_has_its_step_once(workdir):
  noted = {
    'task_real': {'stage': 'meta_train', 'caption': 'Made', 'step': 1200},
    'generator_real': {'stage': 'meta_train', 'caption': '', 'step': 1300},
  }
  write_json(workdir / 'samples' / 'pictures.json', noted)
  captions = [i['alt'] for i in read(workdir).all('img')]
  assert captions == ['Made, step 1,200', 'Step 1,300']


def test_stages_of_one_title_are_charted_together(tmp_path):
  units = {'title': 'Evaluation', 'units': {'accuracy': '%'}}
  names = ('x', 'y')
  stages = {f'evaluate-{n}': {**units, 'part': f'{n}, 1-shot'} for n in names}
  write_json(tmp_path / 'stages.json', stages)
  entry = {'step': 1, 'accuracy': 0.875, 'loss': 0.875}
  write_metrics(tmp_path, [{**entry, 'stage': name} for name in stages])
  source, text = report(tmp_path).read_text(), words(tmp_path)
  assert re.findall('<h3>(.*?)</h3>', source) == ['Evaluation']
  assert re.findall('[xy], 1-shot', text)[:4] == [
    *['x, 1-shot'] * 2,
    *['y, 1-shot'] * 2,
  ]
  assert source.count('accuracy, at last 87.5&#160;%') == 2
  assert source.count('loss, at last 0.875"') == 2
  assert 'Evaluation: x, 1-shot 1.0 s' in text


def test_without_paper_numbers_there_is_no_column_for_them(workdir):
  assert 'Paper' in read(workdir).text
  entry = {**RESULT, 'protocol': {**RESULT['protocol'], 'ways': 20}}
  write_json(workdir / 'results.json', {'results': [entry]})
  assert 'aper' not in read(workdir).text


def test_tasks_within_groups_are_a_kind_of_their_own(workdir):
  entry = {
    **RESULT,
    'value': 0.125,
    'protocol': {**RESULT['protocol'], 'within_groups': True},
  }
  write_json(workdir / 'results.json', {'results': [RESULT, entry]})
  text = words(workdir)
  assert 'omniglot, 5-way 1-shot within groups 15 queries' in text
  assert '5-way 1-shot and 5-way 1-shot within groups, made of' in text
  assert text.index('81.3') < text.index('1-shot within groups 15 queries')


def test_a_number_of_other_settings_says_how_it_differs(workdir):
  meta = {'iterations': 300, 'batch': 2}
  write_json(workdir / 'config.json', {**CONFIG, 'meta': meta})
  text = words(workdir)
  assert '75.0 ± 0.7 LASIUM Table 7, 1,000 iterations, meta-batch 4' in text
  assert 'how its run differs' in text


def test_the_like_stands_alone_and_what_comes_near_together(workdir):
  config = {**CONFIG, 'generator': {'name': 'msgan'}}
  write_json(workdir / 'results.json', {'results': [RESULT]})
  write_json(workdir / 'config.json', config)
  assert '77.6 ± 0.6 LASIUM Table 7' in words(workdir)
  assert 'Table 1' not in words(workdir)
  write_json(
    workdir / 'config.json', {**config, 'meta': {'iterations': 60_000}}
  )
  text = words(workdir)
  assert 'LASIUM Table 7, 1,000 iterations 83.3 ± 0.5 LASIUM Table 1,' in text


def test_each_member_has_the_number_of_its_own_alpha(workdir):
  results = [
    {**RESULT, 'member': {'seed': 0, 'alpha': alpha}} for alpha in (0.2, 0.4)
  ]
  write_json(workdir / 'results.json', {'results': results})
  text = words(workdir)
  assert 'seed=0,alpha=0.4, 1,000 iterations' in text
  assert text.index('75.0 ± 0.7') < text.index('71.3 ± 0.7')


def test_torn_files(workdir):
  whole = report(workdir).read_text()
  with (workdir / 'metrics.jsonl').open('a') as file:
    file.write('{"stage": "generator", "st')
  (workdir / 'samples' / 'task_synthetic_9.png').write_bytes(b'\x89PNG\r\n')
  assert report(workdir).read_text() == whole
  (workdir / 'results.json').write_text('{"results": [')
  with pytest.raises(ValueError, match=r'results\.json is not JSON'):
    report(workdir)
  assert (workdir / 'report.html').read_text() == whole


def test_values_that_are_not_finite_are_counted(tmp_path):
  values = [1.0, float('nan'), float('inf'), 2.0]
  write_metrics(
    tmp_path,
    [
      {'stage': 's', 'step': i, 'loss': v, 'kl': float('nan'), 'note': 'text'}
      for i, v in enumerate(values)
    ],
  )
  page = read(tmp_path)
  assert '2 not finite' in page.text and '4 not finite' in page.text
  assert len([a for a in page.all('svg') if a['class'] == 'chart']) == 1


def test_a_validation_has_its_interval_as_a_band(tmp_path):
  values = {'validation_accuracy': 0.5, 'validation_ci95': 0.1}
  write_json(
    tmp_path / 'stages.json', {'s': {'units': {'validation_accuracy': '%'}}}
  )
  steps = [{'stage': 's', 'step': i, **values} for i in range(2)]
  write_metrics(tmp_path, steps)
  (chart,) = [a for a in read(tmp_path).all('path') if a['class'] == 'band']
  # From 40 to 60 % on an axis of just that.
  assert chart['d'] == 'M48.0,154.0 302.0,154.0 302.0,10.0 48.0,10.0Z'


def test_of_a_step_recorded_twice_the_later_counts(tmp_path):
  entries = [{'stage': 's', 'step': 1, 'loss': v} for v in (111.0, 222.0)]
  write_metrics(tmp_path, entries)
  assert '222' in read(tmp_path).text and '111' not in read(tmp_path).text
