"""Any trainer on epochs of rows, by what a toy trainer sees of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import final_states

from experiments.run import loop, streams
from experiments.run.members import Member
from experiments.run.record import Record
from experiments.stages import training
from lasium_jax.batches import shuffled, unchanged
from lasium_jax.types import Array, Trainer, TrainingSet

IMAGES, SIZE = 11, 4
STEPS_PER_EPOCH = IMAGES // SIZE


class Seen(NamedTuple):
  """What came in: by step the rows, and sums that depend on everything."""

  rows: Array
  steps: Array
  epochs: Array
  total: Array
  ends: Array


def toy(updates=1):
  """Writes down the rows of each step, and which update saw them."""

  def update_of(number):
    def update(key, state, batch):
      noise = jax.random.uniform(key)
      rows = state.rows.at[state.steps].set(batch.rows)
      epochs = state.epochs.at[state.steps].set(
        100 * number + batch.epoch.astype(jnp.int32)
      )
      total = 0.9 * state.total + noise * (batch.x.mean() + batch.y.sum())
      seen = Seen(rows, state.steps + 1, epochs, total, state.ends)
      return seen, {'total': total}

    return update

  def init(key, data):
    assert len(data.images) == IMAGES
    nothing = jnp.full((20, SIZE), -1, jnp.int32)
    zero = jnp.int32(0)
    return Seen(nothing, zero, jnp.zeros(20, jnp.int32), 0.0 * zero, zero)

  def end_epoch(key, state, data):
    assert state.steps % STEPS_PER_EPOCH == 0
    return state._replace(
      ends=state.ends + 1, total=state.total + jax.random.uniform(key)
    )

  return Trainer(
    init,
    tuple(update_of(i) for i in range(updates)),
    lambda state: state.total,
    end_epoch,
  )


def trained(
  tmp_path, name, *, steps=7, chunk=1, host=False, updates=1, seeds=(0,)
):
  rng = np.random.default_rng(0)
  images = rng.integers(256, size=(IMAGES, 2, 2, 1), dtype=np.uint8)
  data = TrainingSet(images, jnp.arange(IMAGES))
  fit = training.Fit(
    toy(updates), data, steps, chunk, shuffled(SIZE), unchanged()
  )
  stage = training.stage_of(
    'toy',
    fit,
    [Member(seed, {}) for seed in seeds],
    streams.GENERATOR,
    mesh=None,
    device_bytes=1 if host else 2**20,
  )
  files = Record(tmp_path / name, {})
  files.workdir.mkdir(exist_ok=True)
  return loop.run(stage, files, checkpoint_seconds=0)


def test_every_epoch_is_a_permutation_of_its_own(tmp_path):
  (state,) = trained(tmp_path, 'run', steps=3 * STEPS_PER_EPOCH)
  epochs = np.asarray(state.rows)[: 3 * STEPS_PER_EPOCH].reshape(3, -1)
  for epoch in epochs:
    assert len(set(epoch)) == STEPS_PER_EPOCH * SIZE
    assert set(epoch) <= set(range(IMAGES))
  assert len({tuple(epoch) for epoch in epochs}) == 3


def test_steps_know_their_epoch_and_updates_alternate(tmp_path):
  (state,) = trained(tmp_path, 'run', steps=6, updates=2)
  expected = [0, 0, 101, 101, 2, 2]
  assert np.asarray(state.epochs)[:6].tolist() == expected


@pytest.mark.parametrize('steps', [5, 6])
def test_epochs_end_where_they_do_and_no_earlier(tmp_path, steps):
  (state,) = trained(tmp_path, 'run', steps=steps)
  assert state.ends == steps // STEPS_PER_EPOCH


@pytest.mark.parametrize('cut', [1, 3, 4])
def test_a_run_that_stops_anywhere_goes_on_bit_for_bit(tmp_path, cut):
  """In the middle of an epoch, and at its end."""
  whole = trained(tmp_path, 'whole')
  trained(tmp_path, 'cut', steps=cut)
  again = trained(tmp_path, 'cut')
  assert_same(again, whole)
  ours, theirs = (final_states(tmp_path / name) for name in ('cut', 'whole'))
  assert_same(ours, theirs)


@pytest.mark.parametrize('chunk', [1, 2, 5])
def test_images_of_the_host_are_those_of_the_device(tmp_path, chunk):
  on_device = trained(tmp_path, 'device', chunk=chunk)
  on_host = trained(tmp_path, 'host', chunk=chunk, host=True)
  assert_same(on_device, on_host)


@pytest.mark.parametrize('chunk', [2, 5])
def test_steps_of_a_dispatch_are_steps_one_by_one(tmp_path, chunk):
  one = trained(tmp_path, 'one')
  many = trained(tmp_path, 'many', chunk=chunk)
  np.testing.assert_array_equal(many[0].rows, one[0].rows)
  np.testing.assert_allclose(many[0].total, one[0].total, rtol=1e-6)


def test_each_member_is_what_its_own_run_would_be(tmp_path):
  together = trained(tmp_path, 'together', seeds=(3, 4))
  alone = trained(tmp_path, 'alone', seeds=(4,))
  assert_same(together[1], alone[0])
  assert (np.asarray(together[0].rows) != np.asarray(together[1].rows)).any()


def test_a_stage_that_goes_on_without_fast_convolutions_says_so(
  tmp_path, monkeypatch, capsys
):
  images = np.zeros((IMAGES, 2, 2, 1), np.uint8)
  data = TrainingSet(images, jnp.arange(IMAGES))
  fit = training.Fit(
    toy(), data, 7, 1, shuffled(SIZE), unchanged(), fast_convolutions=True
  )
  trained(tmp_path, 'run', steps=3)
  files = Record(tmp_path / 'run', {})
  files.note('toy', {'fast_convolutions': training.uses_fast_convolutions(fit)})
  training.note(files, 'toy', fit)
  assert capsys.readouterr().out == ''
  monkeypatch.setattr(training.xla_convolutions, 'available', lambda: False)
  training.note(files, 'toy', fit)
  printed = capsys.readouterr().out
  assert 'toy began with fast convolutions' in printed
  training.note(files, 'toy', fit)  # From now on it is without.
  assert capsys.readouterr().out == ''


def test_a_note_that_does_not_say_how_is_no_change(tmp_path, capsys):
  data = TrainingSet(np.zeros((IMAGES, 2, 2, 1), np.uint8), jnp.arange(IMAGES))
  fit = training.Fit(
    toy(), data, 7, 1, shuffled(SIZE), unchanged(), fast_convolutions=True
  )
  trained(tmp_path, 'run', steps=3)
  files = Record(tmp_path / 'run', {})
  files.note('toy', {'images': [IMAGES, 2, 2, 1]})
  training.note(files, 'toy', fit)
  assert capsys.readouterr().out == ''
  used = training.uses_fast_convolutions(fit)
  assert files.notes()['toy']['fast_convolutions'] == used


def test_a_stage_that_begins_without_fast_convolutions_says_so(
  tmp_path, monkeypatch, capsys
):
  data = TrainingSet(np.zeros((IMAGES, 2, 2, 1), np.uint8), jnp.arange(IMAGES))
  files = Record(tmp_path, {})
  monkeypatch.setattr(training.xla_convolutions, 'available', lambda: False)
  for asked in (True, False):
    fit = training.Fit(
      toy(), data, 7, 1, shuffled(SIZE), unchanged(), fast_convolutions=asked
    )
    training.note(files, 'toy', fit)
    assert ('has not the option' in capsys.readouterr().out) == asked


def test_a_finished_stage_keeps_what_was_noted_of_it(
  tmp_path, monkeypatch, capsys
):
  data = TrainingSet(np.zeros((IMAGES, 2, 2, 1), np.uint8), jnp.arange(IMAGES))
  fit = training.Fit(
    toy(), data, 7, 1, shuffled(SIZE), unchanged(), fast_convolutions=True
  )
  trained(tmp_path, 'run')
  files = Record(tmp_path / 'run', {})
  training.note(files, 'toy', fit)
  before = files.notes()
  monkeypatch.setattr(training.xla_convolutions, 'available', lambda: False)
  training.note(files, 'toy', fit)
  assert files.notes() == before
  assert capsys.readouterr().out == ''


@pytest.mark.parametrize(
  'chunk, asked, uses', [(1, True, True), (1, False, False), (2, True, False)]
)
def test_single_steps_are_compiled_for_fast_convolutions(chunk, asked, uses):
  data = TrainingSet(np.zeros((IMAGES, 2, 2, 1), np.uint8))
  seen = []

  def update(key, state, batch):
    seen.append(training.xla_convolutions.used())
    return state, {'loss': batch.x.mean()}

  trainer = Trainer(lambda key, data: jnp.zeros(()), (update,), lambda s: s)
  fit = training.Fit(
    trainer,
    data,
    2,
    chunk,
    shuffled(SIZE),
    unchanged(),
    fast_convolutions=asked,
  )
  stage = training.stage_of(
    'toy',
    fit,
    [Member(0, {})],
    streams.GENERATOR,
    mesh=None,
    device_bytes=2**20,
  )
  stage.advance(stage.init(), 0, chunk)
  assert set(seen) == {uses}


def assert_same(ours, theirs):
  assert jax.tree.structure(ours) == jax.tree.structure(theirs)
  for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
    np.testing.assert_array_equal(a, b)
