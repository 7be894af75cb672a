"""Boutin et al.'s numbers stand beside their two measures, of few models."""

import pytest
from whole_program import config_of

from experiments.papers import boutin
from experiments.papers.published import candidates
from experiments.run.app import settings_of
from experiments.run.config import flatten
from experiments.stages import one_shot
from experiments.systems import one_shot as system

METRICS = (one_shot.RECOGNIZABILITY, one_shot.SHARE)
# Those of the figure that a run can have: recognizability and diversity.
RUNS = {'statistician': (0.85, 0.56), 'dagan': (0.88, 0.09)}
PEOPLE = (0.975, 0.39)


def found(run, metric, **more):
  more = {'benchmark': 'omniglot', 'fields': {}} | more
  config = config_of(f'one_shot/{more.pop("benchmark")}.py:{run}')
  config.update_from_flattened_dict(more.pop('fields'))
  settings = settings_of(config, system.system())
  protocol = {'seeds': 1, 'images of each': 20, 'ways': 20}
  entry = {
    'name': run,
    'metric': metric,
    'value': 0.5,
    'dataset': 'omniglot',
    'of': 'tasks',
    'protocol': protocol | more.pop('protocol', {}),
    **more,
  }
  return candidates(flatten(settings), entry)


@pytest.mark.parametrize('run', RUNS)
def test_models_have_both_numbers(run):
  both = [found(run, metric) for metric in METRICS]
  assert tuple(number.value for (number,) in both) == RUNS[run]
  for (number,) in both:
    assert 'read off a figure' in number.differs
    assert 'images made of 50x50' in number.differs  # Ours are of 28x28.
    assert 'one seed' not in number.differs


@pytest.mark.parametrize('run', RUNS)
def test_generators_of_50x50_make_what_the_authors_do(run):
  for metric in METRICS:
    (number,) = found(run, metric, fields={'data.size': 50})
    assert not [words for words in number.differs if '50x50' in words]


def test_what_people_drew_is_real_images():
  for run in (*RUNS, 'interpolative'):
    real = [found(run, m, floor=True, name='real') for m in METRICS]
    assert tuple(number.value for (number,) in real) == PEOPLE
    for floor in ('copies', 'views', 'pixels'):
      assert not found(run, METRICS[0], floor=True, name=floor)


def test_what_differs_is_said():
  (number,) = found('dagan', METRICS[0], protocol={'seeds': 5, 'ways': 5})
  assert {'one seed', '20 ways'} <= set(number.differs)
  (number,) = found('dagan', METRICS[1], protocol={'images of each': 9})
  assert '20 images a character' in number.differs
  (number,) = found('dagan', METRICS[1], fields={'critics.size': 28})
  assert 'images seen of 50x50' in number.differs


def test_other_runs_have_none():
  assert not found('interpolative', METRICS[0])
  assert not found('dagan', one_shot.DIVERSITY)  # Of another unit.
  assert not found('dagan', METRICS[0], benchmark='glyphs', dataset='glyphs')
  random = {'evaluation_data.classes': 'random'}
  assert not found('dagan', METRICS[0], fields=random)


def test_metrics_are_called_as_results_call_them():
  assert tuple(boutin.OF_METRICS) == METRICS
