"""Bars in percent of their width, and times in words."""

import xml.etree.ElementTree as ET

import pytest

from experiments.pages.tables import accuracy_bar, accuracy_table
from experiments.run.record import duration


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


def test_no_results_no_table():
  assert accuracy_table([]) == ''


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
