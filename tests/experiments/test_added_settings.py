"""Runs that are older than a setting go on, and lend what they trained."""

import copy
import json

import pytest
from whole_program import settings_of

from configs.cola import cifar10
from configs.interpolative import emnist
from configs.lasium import cifar_fs, omniglot
from experiments.run.added_settings import ADDED, by_todays_names, with_added
from experiments.run.config import flatten
from experiments.run.record import WrongWorkdir, open_record, read_config
from experiments.systems import cola, interpolative, lasium

# Of each kind of run one that has the settings.
RUNS = {
  'lasium': (
    lasium,
    {
      omniglot: (
        *('clustered-protonets', 'cola-protonets', 'supervised-protonets'),
        *('clustered-cola-protonets', 'ro-interpolative-maml'),
      ),
      cifar_fs: ('clustered-protonets',),
    },
  ),
  'cola': (cola, {cifar10: ('scola', 'glo')}),
  'interpolative': (interpolative, {emnist: ('interpolative',)}),
}


def all_settings(system):
  module, named = RUNS[system]
  return [
    settings_of(configs.get_config(run), module.system())
    for configs, runs in named.items()
    for run in runs
  ]


def of(added):
  """The settings of a run that has the one that was added."""
  for settings in all_settings(added.system):
    section = settings.get(added.section, {})
    if added.parts and section.get('name') not in added.parts:
      continue
    if section.get(added.field) == added.value:
      return settings
  raise AssertionError(f'No run here has {added}.')


def lacking(settings, added):
  older = copy.deepcopy(settings)
  del older[added.section][added.field]
  return older


@pytest.mark.parametrize('added', ADDED, ids=lambda added: added.field)
def test_what_is_absent_is_what_changes_nothing(added):
  """Some run of today has that value; one that is there is left alone."""
  settings = of(added)
  assert with_added(lacking(settings, added)) == settings
  other = copy.deepcopy(settings)
  other[added.section][added.field] = 'another'
  assert with_added(other) == other


@pytest.mark.parametrize('system', RUNS)
def test_runs_of_today_lack_nothing(system):
  for settings in all_settings(system):
    assert with_added(settings) == settings


def test_an_older_run_goes_on_by_that_value_alone(tmp_path):
  settings = json.loads(json.dumps(of(ADDED[0])))
  older = lacking(settings, ADDED[0])
  (tmp_path / 'config.json').write_text(json.dumps(older))
  assert read_config(tmp_path) == settings
  open_record(tmp_path, settings)
  settings['data']['threshold'] = 0.5
  with pytest.raises(WrongWorkdir, match=r'data.threshold: 0.0 there, 0.5 now'):
    open_record(tmp_path, settings)


def by_old_name(settings):
  """With the views of COLA's clusters where older runs have them."""
  old = {'clustered_views': 'cluster_views'}
  return {old.get(name, name): value for name, value in settings.items()}


@pytest.mark.parametrize(
  ('system', 'run'), [('lasium', 'ro-cola-maml'), ('cola', 'cola')]
)
def test_a_section_of_an_older_run_has_today_s_name(system, run, tmp_path):
  """Nested and flattened; of rounds of clustering it is another section."""
  module, (configs, *_) = RUNS[system]
  config = configs.get_config(run)
  settings = json.loads(json.dumps(settings_of(config, module.system())))
  older = by_old_name(settings)
  assert 'clustered_views' not in older and with_added(older) == settings
  assert by_todays_names(flatten(older)) == flatten(settings)
  (tmp_path / 'config.json').write_text(json.dumps(older))
  open_record(tmp_path, settings)
  settings['clustered_views']['translation'] = 0.2
  with pytest.raises(WrongWorkdir, match=r'clustered_views.translation: 0\.'):
    open_record(tmp_path, settings)


def test_an_evaluation_that_lacks_a_setting_has_that_of_training(tmp_path):
  """Photographs' runs were tuned without views; by a flag they go on so."""
  settings = json.loads(
    json.dumps(
      settings_of(cifar_fs.get_config('umtra-protonets'), lasium.system())
    )
  )
  open_record(tmp_path, settings)
  older = copy.deepcopy(settings)
  del older['evaluation_learner']['head_views'], older['learner']['head_views']
  (tmp_path / 'config.json').write_text(json.dumps(older))
  with pytest.raises(WrongWorkdir, match=r'head_views: False there, True now'):
    open_record(tmp_path, settings)
  settings['evaluation_learner']['head_views'] = False
  open_record(tmp_path, settings)
