"""What entry points without a config set up before they work."""

from types import SimpleNamespace

import jax
import pytest

from experiments.run import command

VARIABLES = (
  'JAX_COMPILATION_CACHE_DIR',
  'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS',
)
SETTINGS = tuple(name.lower() for name in VARIABLES)


@pytest.fixture(autouse=True)
def settings_as_before(monkeypatch):
  for name in VARIABLES:
    monkeypatch.delenv(name, raising=False)
  before = {name: getattr(jax.config, name) for name in SETTINGS}
  yield
  for name, value in before.items():
    jax.config.update(name, value)


def settings_at_work(monkeypatch, **given):
  """JAX's, as an entry point with these flags finds them."""
  values = []
  monkeypatch.setattr(command.flags, 'FLAGS', SimpleNamespace(**given))
  monkeypatch.setattr(command.app, 'run', lambda main: main(['program']))
  command.start(
    lambda: None,
    lambda _: values.extend(getattr(jax.config, name) for name in SETTINGS),
    [],
  )
  return values


@pytest.mark.parametrize('given', [{}, {'cache_dir': None}], ids=str)
def test_compiled_programs_are_kept(monkeypatch, tmp_path, given):
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
  values = settings_at_work(monkeypatch, **given)
  assert values == [str(tmp_path / 'lasium_jax/compiled'), 0.2]


def test_they_are_kept_where_a_flag_says(monkeypatch, tmp_path):
  values = settings_at_work(monkeypatch, cache_dir=str(tmp_path))
  assert values[0] == str(tmp_path / 'compiled')


def test_a_variable_of_the_environment_has_precedence(monkeypatch, tmp_path):
  before = jax.config.jax_compilation_cache_dir
  monkeypatch.setenv('JAX_COMPILATION_CACHE_DIR', '')
  assert settings_at_work(monkeypatch, cache_dir=str(tmp_path))[0] == before
