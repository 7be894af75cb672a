"""Learners of one run are judged in another, as that one's config says."""

import json
import re
import shutil

import pytest
from whole_program import final_states, random_splits, results

from experiments.papers import publish
from experiments.publish import _defaults
from experiments.run import record
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.systems import lasium, learned


@pytest.fixture
def judging(shrunk, reference):
  """A config whose learners are those of the reference run."""

  def make(**fields):
    workdir = {'meta.workdir': str(reference), 'data.size': 28}
    return shrunk('ro-vae-maml', **{**workdir, **fields})

  return make


def ready(config, workdir, look=lasium.ready):
  """What a door looks at before the workdir is anyone's."""
  parts = lasium.build(settings_of(config, lasium.system()))
  look(parts, record.Record(workdir / 'new', {}))


def test_learners_are_judged_in_another_run(program, reference, tmp_path):
  """As in their own; and on other tasks."""
  fields = {'meta__workdir': reference}
  same, other = tmp_path / 'same', tmp_path / 'other'
  program.run(program.command('lasium', same, **fields))
  assert results(same) == results(reference)
  assert not any('train' in stage for stage in final_states(same))
  fields['evaluation__queries'] = 2
  program.run(program.command('evaluate_learner', other, **fields))
  found = results(other)[0]
  assert found['protocol']['queries'] == 2
  assert found['value'] != results(reference)[0]['value']
  page = publish.collect(other, _defaults)
  assert page['seconds'].keys() == {'train_generator', 'meta_train'}
  assert str(reference) not in json.dumps(page)


@pytest.mark.parametrize(
  ('field', 'value'),
  [
    ('meta.iterations', 8),
    ('learner.steps', 2),
    ('data.split_seed', 1),
    ('seed', 1),
    ('tasks.shots', 2),
  ],
)
def test_learners_of_other_settings_are_refused(
  judging, tmp_path, field, value
):
  message = f'  {re.escape(field)}: .* there, {value} here\n'
  with pytest.raises(BadConfig, match=message):
    ready(judging(**{field: value}), tmp_path)


def test_learners_may_come_of_other_dispatches(judging, tmp_path):
  ready(judging(**{'meta.steps_per_dispatch': 1}), tmp_path)


@pytest.mark.parametrize('look', [lasium.ready, lasium.ready_evaluation])
def test_only_finished_runs_lend(judging, reference, tmp_path, look):
  with pytest.raises(BadConfig, match='is not a run'):
    ready(judging(**{'meta.workdir': str(tmp_path)}), tmp_path, look)
  lender = tmp_path / 'lender'
  lender.mkdir()
  for name in ('config.json', 'data.json'):
    shutil.copy(reference / name, lender)
  config = judging(**{'meta.workdir': str(lender)})
  with pytest.raises(FileNotFoundError, match='0 of 6 steps'):
    ready(config, tmp_path, look)


def test_learners_of_other_images_are_refused(judging):
  """Though the configs are the same."""
  settings = settings_of(judging(), lasium.system())
  with pytest.raises(BadConfig, match='learned from other images'):
    learned.check_borrowed_data(settings, random_splits(28))


def test_borrowed_learners_are_not_trained(judging):
  settings = settings_of(judging(), lasium.system())
  with pytest.raises(BadConfig, match='are trained already'):
    lasium.build_meta(settings)
