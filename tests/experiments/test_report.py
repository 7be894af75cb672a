"""A run's page: what it says, and what it must not need."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from experiments.pages import pictures
from experiments.pages.report import write_report

VOID = {'meta', 'img', 'br', 'link', 'input'}
EVIL = '"><script>alert(1)</script>&amp;'

CONFIG = {
  'seed': 7,
  'generator': {'kind': 'vae', 'filters': [64, 32], 'kl': {'weight': 0.05}},
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
  'config': 'configs/lasium/omniglot.py:ro-vae-maml',
}
PAPER = {'paper_accuracy': 0.7482, 'paper_ci95': 0.0071}
SCRATCH = {**RESULT, 'name': 'scratch', 'accuracy': 0.525, 'steps': 0}


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


def read(workdir):
  return Page(write_report(workdir).read_text())


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
    'results': [SCRATCH, {**RESULT, **PAPER}],
    'hardware': '2 CPU cores',
    'rejected_anchors': {'tasks': 1000, 'rejected': 37},
  }
  write_json(tmp_path / 'results.json', record)
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
  samples = tmp_path / 'samples'
  for step in range(1, 21):
    pictures.save_png(samples / f'generator_{100 * step:06}.png', image())
  for name in ('generator_real', 'generator_reconstructions', 'task_real'):
    pictures.save_png(samples / f'{name}.png', image())
  for i in range(2):
    pictures.save_png(samples / f'task_synthetic_{i}.png', image())
  return tmp_path


def test_page_has_every_number(workdir):
  text = ' '.join(read(workdir).text.split())
  for number in (
    '81.3 ± 0.6',
    '52.5 ± 0.6',
    '74.8 ± 0.7',
    'chance one of 5 20.0',
    '5-way 1-shot',
    '15 queries',
    '1,234 iterations',
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
  path = write_report(workdir)
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
  return re.findall('<h2>(.*?)</h2>', write_report(workdir).read_text())


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
  source = write_report(workdir).read_text()
  rows = re.findall(r'<th scope="row">(\S+) <small>([^<]*)', source)[:3]
  assert rows == [
    ('ro-vae-maml', '1,234 iterations'),
    ('scratch', 'the floor'),
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
  write_json(workdir / 'config.json', {EVIL: {EVIL: EVIL}})
  entry = {**RESULT, 'name': EVIL, 'dataset': EVIL, 'config': EVIL}
  entry['normalization'] = EVIL
  write_json(
    workdir / 'results.json',
    {'results': [entry], 'hardware': EVIL},
  )
  entry = {'step': 1, EVIL: 2.0}
  stages = [EVIL, f'evaluate-{EVIL}']
  write_metrics(workdir, [{**entry, 'stage': stage} for stage in stages])
  page = read(workdir)
  assert not page.all('script')
  assert page.text.count(EVIL) >= 10


@pytest.mark.parametrize(
  ('missing', 'section'),
  [
    (['results.json'], 'Accuracy'),
    (['config.json'], 'Settings'),
    (['metrics.jsonl'], 'Training'),
    (['samples/task_real.png', 'samples/task_synthetic_*.png'], 'Tasks'),
    (['samples/generator_*.png'], 'Generated images'),
  ],
)
def test_what_is_missing_is_left_out(workdir, missing, section):
  before = headings(workdir)
  for pattern in missing:
    for path in workdir.glob(pattern):
      path.unlink()
  also = {'How to repeat it'} if section == 'Accuracy' else set()
  assert section in before
  assert set(before) - set(headings(workdir)) == {section} | also


def test_an_empty_workdir_has_a_page(tmp_path):
  page = read(tmp_path)
  assert 'Not evaluated yet' in page.text
  assert not page.all('section')


def test_a_supervised_run_says_nothing_of_anchors(workdir):
  assert 'anchor of its class' in read(workdir).text
  for path in workdir.glob('samples/task_synthetic_*.png'):
    path.unlink()
  assert 'anchor of its class' not in read(workdir).text


def test_the_tasks_of_umtra_are_of_no_generator(workdir):
  assert 'latent space' in read(workdir).text
  write_json(workdir / 'config.json', {'tasks': {'source': 'umtra'}})
  text = read(workdir).text
  assert 'augmented' in text
  assert 'latent space' not in text


def test_without_paper_numbers_there_is_no_column_for_them(workdir):
  assert 'Paper' in read(workdir).text
  write_json(workdir / 'results.json', {'results': [RESULT]})
  assert 'aper' not in read(workdir).text


def test_times_come_from_the_metrics_where_not_recorded(tmp_path):
  entries = [
    {'stage': 'evaluate-x-1-shot', 'step': i, 'seconds': 7.0 * i, 'loss': 1.0}
    for i in range(3)
  ]
  write_metrics(tmp_path, entries)
  assert 'Evaluation: x-1-shot 14.0 s' in re.sub(
    r'\s+', ' ', read(tmp_path).text
  )


def test_torn_files(workdir):
  whole = write_report(workdir).read_text()
  with (workdir / 'metrics.jsonl').open('a') as file:
    file.write('{"stage": "generator", "st')
  (workdir / 'samples' / 'task_synthetic_9.png').write_bytes(b'\x89PNG\r\n')
  assert write_report(workdir).read_text() == whole
  (workdir / 'results.json').write_text('{"results": [')
  with pytest.raises(ValueError, match=r'results\.json is not JSON'):
    write_report(workdir)
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
  steps = [{'stage': 's', 'step': i, **values} for i in range(2)]
  write_metrics(tmp_path, steps)
  (chart,) = [a for a in read(tmp_path).all('path') if a['class'] == 'band']
  # From 40 to 60 % on an axis of just that.
  assert chart['d'] == 'M48.0,154.0 302.0,154.0 302.0,10.0 48.0,10.0Z'


def test_of_a_step_recorded_twice_the_later_counts(tmp_path):
  entries = [{'stage': 's', 'step': 1, 'loss': v} for v in (111.0, 222.0)]
  write_metrics(tmp_path, entries)
  assert '222' in read(tmp_path).text and '111' not in read(tmp_path).text
