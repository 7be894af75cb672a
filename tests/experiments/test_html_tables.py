"""Bars in percent of their width, and times in words."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from experiments.pages.accuracy import accuracy
from experiments.pages.bars import accuracy_bar
from experiments.pages.measures import metrics_table
from experiments.pages.settings import settings
from experiments.pages.workdir import Workdir
from experiments.papers import published as papers
from experiments.papers.numbers import Condition, Number
from experiments.run.record import duration

ERROR = {
  'name': 'a',
  'metric': 'L1',
  'value': 0.5,
  'n': 10,
  'of': 'images',
  'dataset': 'digits',
  'protocol': {},
  'steps': 0,
}


def elements(svg, tag):
  return [element.attrib for element in ET.fromstring(svg).iter(tag)]


def test_bar():
  svg = accuracy_bar(0.81, 0.01, chance=0.2, paper=0.75)
  assert [r['width'] for r in elements(svg, 'rect')] == ['100%', '81.00%']
  chance, *whisker = [(x['x1'], x['x2']) for x in elements(svg, 'line')]
  assert chance == ('20.00%', '20.00%')
  assert whisker == [
    ('80.00%', '82.00%'),
    ('80.00%', '80.00%'),
    ('82.00%', '82.00%'),
  ]
  assert elements(svg, 'svg')[1]['x'] == '75.00%'


def test_bar_stays_inside_its_cell():
  svg = accuracy_bar(0.999, 0.01, chance=0.2)
  assert elements(svg, 'line')[1]['x2'] == '100.00%'
  assert len(elements(svg, 'svg')) == 1


def workdir(*results):
  return Workdir(Path(), {}, {'results': list(results)}, [], {}, [])


def test_no_results_no_table():
  assert accuracy(workdir()) == '' and metrics_table(workdir()) == ''


def test_a_few_shot_result_with_the_least_there_is():
  entry = {
    'name': 'a',
    'metric': 'accuracy',
    'value': 0.5,
    'n': 10,
    'of': 'tasks',
    'dataset': 'digits',
    'protocol': {'ways': 4, 'shots': 2},
    'steps': 0,
  }
  table = accuracy(workdir(entry))
  assert 'digits, 4-way 2-shot' in table
  assert '<td class="value">50.0</td>' in table
  assert '<td class="value">25.0</td>' in table  # Chance.
  assert 'Normalization:' not in table
  assert metrics_table(workdir(entry)) == ''


@pytest.mark.parametrize(
  ('metric', 'ci95', 'shown'),
  [
    ('accuracy', None, '<b>50.0</b>&nbsp;%'),
    ('accuracy', 0.0123, '<b>50.0</b>&nbsp;±&nbsp;1.2&nbsp;%'),
    ('L1', 0.0123, '<b>0.500</b>&nbsp;±&nbsp;0.0123'),
    ('L1', None, '<b>0.500</b>'),
  ],
)
def test_a_value_by_its_metric(metric, ci95, shown):
  entry = {**ERROR, 'metric': metric, 'ci95': ci95}
  assert f'<td data-of="a">{shown}</td>' in metrics_table(workdir(entry))
  assert accuracy(workdir(entry)) == ''


@pytest.mark.parametrize(
  ('seconds', 'words'),
  [
    (8.06, '8.1 s'),
    (59.94, '59.9 s'),
    (59.99, '1 min 0 s'),
    (252.4, '4 min 12 s'),
    (7530, '2 h 5 min'),
  ],
)
def test_durations(seconds, words):
  assert duration(seconds) == words


def test_a_papers_number_of_any_metric_says_what_it_is(monkeypatch):
  number = Number(
    'A Table',
    12.5,
    None,
    {'result.metric': 'L1', 'result.floor': None},
    (Condition('more epochs'),),
  )
  monkeypatch.setattr(papers, 'NUMBERS', (number,))
  entry = ERROR
  floor = {**entry, 'name': 'b', 'floor': True}
  page = Workdir(Path(), {'seed': 0}, {'results': [entry, floor]}, [], {}, [])
  table = metrics_table(page)
  assert '<b>12.5</b> <small>A Table, more epochs</small>' in table
  assert table.count('A Table') == 1
  assert '<th scope="col">Paper</th>' in table
  # One row: the run's value, the floor's and the paper's.
  assert table.count('<tr><th scope="row">') == 1
  assert table.count('<td') == 3 and table.count('<td class=floor') == 1


def test_what_differs_in_a_measure_has_a_row_of_its_own():
  entry = {**ERROR, 'protocol': {'part': 'first'}, 'steps': 2_000}
  other = {**entry, 'protocol': {'part': 'second'}, 'value': 0.75}
  seeds = [{**entry, 'member': {'seed': seed}} for seed in (3, 4)]
  letters = {**entry, 'dataset': 'letters'}
  floor = {**entry, 'name': 'b', 'floor': True, 'note': 'of pixels'}
  table = metrics_table(workdir(floor, letters, entry, other, *seeds))
  assert table.count('<tr><th scope="row">') == 5
  assert table.count('class="kind"') == 2
  # Columns: the run, whatever comes first, then floors.
  heads = re.findall('<th scope="col">(.*?)</th>', table)
  assert heads == [
    *('Measure', 'a <small>2,000 steps</small>', 'b <small>of pixels</small>')
  ]
  assert 'L1 <small>seed=3, 10 images, part first</small>' in table


def test_what_is_said_of_one_value_alone_stands_beside_it():
  """A run's classifiers learn from other images, and its generator longer."""
  mixed = {**ERROR, 'steps': 1_000, 'note': 'of both'}
  made = {**mixed, 'metric': 'score', 'note': 'of made images'}
  far = {**ERROR, 'metric': 'distance', 'steps': 3_000}
  real = {**mixed, 'name': 'b', 'note': 'of real images'}
  table = metrics_table(workdir(mixed, made, far, real))
  heads = re.findall('<th scope="col">(.*?)</th>', table)
  assert heads[1:] == ['a', 'b <small>1,000 steps, of real images</small>']
  cells = re.findall('<td data-of="(.)"><b>.*?</b>(.*?)</td>', table)
  assert cells == [
    ('a', ' <small>1,000 steps, of both</small>'),
    ('b', ''),
    ('a', ' <small>1,000 steps, of made images</small>'),
    ('a', ' <small>3,000 steps</small>'),
  ]


def test_settings_of_the_run_come_before_those_of_its_parts():
  config = {'data': {'size': 28}, 'seed': 0, 'kl': {'a': {'b': 1}}}
  table = settings(Workdir(Path(), config, {}, [], {}, []))
  captions = re.findall('<caption>(.*?)</caption>', table)
  assert captions == ['run', 'data', 'kl.a']
  assert settings(workdir()) == ''
