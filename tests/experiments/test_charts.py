"""Curves in pixels: the plot spans x from 48 to 302 and y from 154 up to 10."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from experiments.pages import charts


def elements(svg, tag):
  return [element.attrib for element in ET.fromstring(svg).iter(tag)]


def series(steps, values, half=0.0):
  steps, values = np.array(steps, float), np.array(values, float)
  return charts.Series(steps, values, values - half, values + half)


def paths(svg, name='line'):
  return [a['d'] for a in elements(svg, 'path') if a['class'] == name]


def test_curve_in_pixels():
  svg = charts.curve(series([0, 50, 100], [0, 1, 0.5]), label='loss')
  assert paths(svg) == ['M48.0,154.0 175.0,10.0 302.0,82.0']
  assert not paths(svg, 'band')
  (end,) = elements(svg, 'circle')
  assert (end['cx'], end['cy']) == ('302.0', '82.0')


def test_axes_in_pixels():
  svg = charts.curve(series([0, 400], [0, 40]), unit='%', label='a')
  rules = [a['y1'] for a in elements(svg, 'line') if a['class'] == 'rule']
  assert rules == ['154.0', '118.0', '82.0', '46.0', '10.0']
  words = ' '.join(ET.fromstring(svg).itertext()).split()
  assert ' '.join(words[:10]) == '0 % 10 % 20 % 30 % 40 %'
  assert words[10:] == ['step', '0', '100', '200', '300', '400', '40.0', '%']


def test_band_goes_there_and_back():
  svg = charts.curve(series([0, 10], [1, 3], half=1), label='accuracy')
  assert paths(svg, 'band') == ['M48.0,154.0 302.0,82.0 302.0,10.0 48.0,82.0Z']


def test_gaps_split_a_curve():
  nan = np.nan
  svg = charts.curve(series(range(6), [0, 1, nan, 0, nan, nan]), label='loss')
  assert paths(svg) == ['M48.0,154.0 98.8,10.0']
  dot, end = elements(svg, 'circle')
  assert (dot['class'], dot['cx']) == ('dot', '200.4')
  assert (end['cx'], end['cy']) == ('200.4', '154.0')


@pytest.mark.parametrize('value', [0.0, -3.0, 1e-7, 1e12])
@pytest.mark.parametrize('step', [0, 5])
def test_one_point_is_a_dot_inside(value, step):
  svg = charts.curve(series([step], [value]), label='x')
  dot = elements(svg, 'circle')[0]
  assert float(dot['cx']) == (302 if step else 48)
  assert 10 < float(dot['cy']) < 154


def test_thin_joins_neighbors():
  values = np.arange(1000.0)
  values[[0, 2]] = np.nan
  values[5:10] = np.inf
  thinned = charts.thin(series(np.arange(1000), values, half=0.5), limit=200)
  np.testing.assert_array_equal(thinned.steps, np.arange(4, 1000, 5))
  assert thinned.values[0] == (1 + 3 + 4) / 3
  assert (thinned.low[0], thinned.high[0]) == (0.5, 4.5)
  assert np.isnan(thinned.values[1])
  np.testing.assert_array_equal(thinned.values[2:], np.arange(12, 1000, 5))


def test_few_points_stay():
  short = series(range(200), range(200))
  assert charts.thin(short) is short


@pytest.mark.parametrize(
  ('low', 'high', 'expected'),
  [
    (0, 1, [0, 0.25, 0.5, 0.75, 1]),
    (0.1, 0.4, [0.1, 0.2, 0.3, 0.4]),
    (-3, 96, [-25, 0, 25, 50, 75, 100]),
    (1999, 2001, [1999, 1999.5, 2000, 2000.5, 2001]),
    (0, 0, [-1, -0.5, 0, 0.5, 1]),
  ],
)
def test_ticks(low, high, expected):
  np.testing.assert_allclose(charts.ticks(low, high), expected, rtol=1e-12)


def test_ticks_are_few_and_enclose_their_range():
  rng = np.random.default_rng(0)
  for _ in range(200):
    low, high = np.sort(rng.normal(size=2) * 10.0 ** rng.integers(-6, 6))
    levels = charts.ticks(low, high)
    slack = 1e-6 * (high - low)
    assert levels[0] <= low + slack and levels[-1] >= high - slack
    assert 3 <= len(levels) <= 7


@pytest.mark.parametrize(
  ('value', 'text'),
  [
    (0.0, '0'),
    (81.31, '81.3'),
    (0.07071, '0.0707'),
    (1234.5, '1,234'),
    (-2.5, '\u22122.50'),
    (3e-7, '3e\u22127'),
    (-2.5e10, '\u22122.5e10'),
  ],
)
def test_numbers(value, text):
  assert charts.number(value) == text
  assert charts.number(value, '%') == text + '\xa0%'


def test_lines_in_pixels():
  """From 0 to 1 across, named at their ends without one over another."""
  svg = charts.lines(
    {
      'codes': series([0, 0.5, 1], [0, 4, 0]),
      'pixels': series([0, 1], [2, 0], half=1),
    },
    across='weight',
    label='error',
  )
  # Of the levels -2, 0, 2, 4 the lowest is at 154 and the highest at 10.
  pixels, codes = paths(svg)
  assert codes == 'M48.0,106.0 175.0,10.0 302.0,106.0'
  assert pixels == 'M48.0,58.0 302.0,106.0'
  assert paths(svg, 'band') == ['M48.0,82.0 302.0,130.0 302.0,82.0 48.0,34.0Z']
  names = {
    text.text: float(text.attrib['y'])
    for text in ET.fromstring(svg).iter('text')
    if text.attrib.get('class', '').startswith('last')
  }
  assert names == {'codes': 110, 'pixels': 122}
  words = ' '.join(ET.fromstring(svg).itertext()).split()
  assert words[4:10] == ['weight', '0', '0.25', '0.5', '0.75', '1']
