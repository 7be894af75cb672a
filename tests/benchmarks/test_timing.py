"""The clock, on runs whose times are known."""

import time

import jax
import jax.numpy as jnp
import pytest

from benchmarks import timing


def test_runs_take_turns():
  calls = []
  runs = {name: lambda name=name: calls.append(name) for name in 'ab'}
  times = timing.measure(runs, 3)
  assert calls == ['a', 'b'] * 4  # The first is the warm-up.
  assert {name: len(values) for name, values in times.items()} == {
    'a': 3,
    'b': 3,
  }


def test_milliseconds_of_one_repeat():
  times = timing.measure({'sleep': lambda: time.sleep(0.02)}, 2)['sleep']
  assert min(times) >= 20
  assert timing.summary([4.0, 1.0, 10.0], repeats=2) == (2.0, 0.5, 5.0)


def test_there_must_be_a_round():
  with pytest.raises(ValueError, match='1 round or more'):
    timing.measure({}, 0)


def test_a_donated_state_is_handed_on():
  step = jax.jit(lambda state: (state + 1, state.sum()), donate_argnums=0)
  run = timing.threaded(step, jnp.zeros(3))
  run()
  state, total = run()
  assert state.tolist() == [2, 2, 2] and total == 3


def test_memory_counts_donated_arguments_once():
  x = jax.ShapeDtypeStruct((1000, 250), jnp.float32)  # A megabyte.
  for donated, megabytes in (((), 2.0), ((0,), 1.0)):
    program = jax.jit(lambda x: x + 1, donate_argnums=donated).lower(x)
    peak = timing.peak_megabytes(program.compile())
    assert peak == pytest.approx(megabytes, rel=0.01)
