"""Several learners in one run are what runs of their own would be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import metrics

from experiments.components import build, checks
from experiments.run import members
from experiments.run.record import Record
from experiments.stages import evaluation as stage_evaluation
from experiments.stages import meta as stage_meta

ONLY = {'evaluation__scratch': False}


def train_and_judge(config, splits, workdir):
  """The best parameters, and the entries of results.json."""
  (workdir / 'samples').mkdir(parents=True)
  files = Record(workdir, {})
  _, trainer = build.generator(config, splits.train.shape)
  generator = trainer.init(jax.random.key(0), jnp.zeros((2, 16, 16, 1))).params
  params = stage_meta.meta_train(config, splits, files, generator)
  return params, stage_evaluation.evaluate(config, splits, files, params)


def test_each_member_is_what_its_own_run_would_be(
  shrunk, splits, tmp_path, capsys
):
  """Of 2 seeds x 2 alphas the last, whose parameters all differ."""
  config = shrunk('ro-vae-protonets', seeds=2, sweep__alpha=(0.1, 0.7), **ONLY)
  config.over_members = 'vectorize'
  params, entries = train_and_judge(config, splits, tmp_path / 'together')
  output = capsys.readouterr().out
  alone = shrunk('ro-vae-protonets', seed=1, latents__alpha=0.7, **ONLY)
  own, expected = train_and_judge(alone, splits, tmp_path / 'alone')

  assert [entry['member'] for entry in entries] == [
    {'seed': seed, 'alpha': alpha} for alpha in (0.1, 0.7) for seed in (0, 1)
  ]
  assert len({entry['accuracy'] for entry in entries}) > 1
  np.testing.assert_allclose(
    entries[3]['accuracy'], expected[0]['accuracy'], atol=0.02
  )
  for ours, theirs in zip(
    jax.tree.leaves(params), jax.tree.leaves(own), strict=True
  ):
    if ours[3].ndim > 1:  # The gradients of biases are rounding alone.
      np.testing.assert_allclose(ours[3], theirs[0], atol=1e-4)
      assert np.abs(ours[3] - ours[1]).max() > 1e-3
      assert np.abs(ours[3] - ours[2]).max() > 1e-2
  assert '2 seeds alpha=0.7: mean' in output
  trained = metrics(tmp_path / 'together')
  last = [m for m in trained if m['stage'] == 'meta_train'][-1]
  values = [v for name, v in last.items() if name.startswith('accuracy/')]
  assert len(values) == 4
  assert last['accuracy'] == pytest.approx(np.mean(values))


def test_members_are_mapped_or_vectorized_to_the_same(shrunk):
  batch = {'a': jnp.arange(3.0)}, jnp.arange(6.0).reshape(3, 2)

  def fn(member):
    values, weights = member
    return values['a'] * weights.sum()

  for over in ('map', 'vectorize', 'auto'):
    config = shrunk('ro-vae-maml', over_members=over)
    np.testing.assert_allclose(
      members.over_members(config)(fn, batch), [0, 5, 18]
    )


def test_the_best_parameters_are_each_members_own():
  """Of three members one is better now, one is not, and one is as good."""
  state = stage_meta.Training(
    meta=stage_meta.meta.MetaState(jnp.full((3, 2), 1.0), ()),
    best=jnp.zeros((3, 2)),
    best_accuracy=jnp.array([0.5, 0.5, 0.5]),
    best_step=jnp.array([1, 1, 1]),
  )
  after = stage_meta._keep_best(state, np.array([0.6, 0.4, 0.5]), 7)
  np.testing.assert_array_equal(after.best[:, 0], [1, 0, 0])
  np.testing.assert_allclose(after.best_accuracy, [0.6, 0.5, 0.5])
  np.testing.assert_array_equal(after.best_step, [7, 1, 1])


BAD = [
  ('n-vae-maml', {'sweep__alpha': (0.1,)}, 'config.sweep.alpha'),
  ('ro-vae-protonets', {'sweep__inner_rate': (0.1,)}, 'config.sweep.inner'),
  ('ro-vae-maml', {'sweep__alpha': (0.1, 1.5)}, 'config.latents.alpha is 1.5'),
  ('ro-vae-maml', {'sweep__alpha': ('a',)}, 'numbers'),
  ('ro-vae-maml', {'seeds': 0}, 'config.seeds is 0'),
  ('ro-vae-maml', {'over_members': 'x'}, 'config.over_members'),
  ('ro-vae-maml', {'devices': 3}, 'a multiple of config.devices, 3'),
  ('ro-vae-maml', {'devices': 64, 'meta__batch': 64}, 'config.generator.batch'),
]


@pytest.mark.parametrize(('run', 'fields', 'message'), BAD)
def test_members_that_cannot_be_are_refused(shrunk, run, fields, message):
  with pytest.raises(checks.BadConfig, match=message):
    build.check(shrunk(run, **fields))


def test_one_member_has_no_name_of_its_own(shrunk):
  found = members.members(shrunk('ro-vae-maml', seed=5))
  assert found == [members.Member(5, {})]
  named = members.named({'loss': jnp.array([2.0])}, found)
  assert named == {'loss': 2.0}
