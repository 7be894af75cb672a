"""Whom a run's folder belongs to."""

import pytest

from experiments import record

SAVED = {'seed': 0, 'devices': 1, 'meta': {'rate': 0.1, 'shots': (1, 5)}}


@pytest.mark.parametrize(
  'changes',
  [{}, {'devices': 2}, {'newer': 1}, {'meta': SAVED['meta'] | {'newer': 1}}],
  ids=['none', 'free', 'newer field', 'newer field of a section'],
)
def test_a_run_may_be_resumed(tmp_path, changes):
  record.open_record(tmp_path, SAVED).keep_config(SAVED)
  record.open_record(tmp_path, SAVED | changes)


@pytest.mark.parametrize(
  ('config', 'said'),
  [
    (SAVED | {'seed': 1, 'newer': 1}, 'seed: 0 there, 1 now'),
    (SAVED | {'meta': {'rate': 0.1}}, r"shots: \[1, 5\] there, 'absent' now"),
  ],
)
def test_another_config_is_refused(tmp_path, config, said):
  record.open_record(tmp_path, SAVED).keep_config(SAVED)
  with pytest.raises(record.WrongWorkdir, match=said) as error:
    record.open_record(tmp_path, config)
  assert 'newer' not in str(error.value)
