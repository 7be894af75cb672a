"""Several learners in one run are what runs of their own would be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import metrics
from whole_program import results as results_in

from experiments.run import members
from experiments.run.app import settings_of
from experiments.run.members import Member
from experiments.stages import evaluation, meta
from experiments.stages.judging import judge
from experiments.systems import lasium, lasium_stages
from lasium_jax.data import image_set
from lasium_jax.meta import MetaState
from lasium_jax.types import TrainingSet


def train_and_judge(run, parts):
  """The best parameters, and the results."""
  data = TrainingSet(run.splits.train.images)
  state = parts.generating.trainer.init(jax.random.key(0), data)
  params = lasium.meta_train(run, parts, parts.generating.trainer.params(state))
  contestants = lasium_stages.contestants(run, parts, params)[:1]
  settings = parts.settings['evaluation']
  return params, evaluation.evaluate(run, contestants, **settings)


def test_each_member_is_what_its_own_run_would_be(shrunk, opened, capsys):
  """Of 2 seeds x 2 alphas the last, whose parameters all differ.

  Its validation tasks are those of its own run too: of seed 1, not of 0.
  """
  fields = {'seeds': 2, 'sweep__alpha': (0.1, 0.7)}
  config = shrunk('ro-vae-protonets', over_members='vectorize', **fields)
  run, parts = opened(config, 'together')
  params, results = train_and_judge(run, parts)
  output = capsys.readouterr().out
  alone = {'seed': 1, 'latents__alpha': 0.7}
  own, expected = train_and_judge(
    *opened(shrunk('ro-vae-protonets', **alone), 'alone')
  )

  assert [result.member for result in results] == [
    {'seed': seed, 'alpha': alpha} for alpha in (0.1, 0.7) for seed in (0, 1)
  ]
  assert len({result.value for result in results}) > 1
  np.testing.assert_allclose(results[3].value, expected[0].value, atol=0.02)
  for ours, theirs in zip(
    jax.tree.leaves(params), jax.tree.leaves(own), strict=True
  ):
    if ours[3].ndim > 1:  # The gradients of biases are rounding alone.
      np.testing.assert_allclose(ours[3], theirs[0], atol=1e-4)
      assert np.abs(ours[3] - ours[1]).max() > 1e-3
      assert np.abs(ours[3] - ours[2]).max() > 1e-2
  assert '2 seeds alpha=0.7: mean' in output
  together, single = (
    [
      m
      for m in metrics(run.files.workdir.parent / name)
      if m['stage'] == meta.NAME and 'validation_accuracy' in m
    ]
    for name in ('together', 'alone')
  )
  for ours, theirs in zip(together, single, strict=True):
    assert ours['validation_accuracy/seed=1,alpha=0.7'] == pytest.approx(
      theirs['validation_accuracy'], abs=0.02
    )
  last = [m for m in metrics(run.files.workdir) if m['stage'] == meta.NAME][-1]
  values = [v for name, v in last.items() if name.startswith('accuracy/')]
  assert len(values) == 4
  assert last['accuracy'] == pytest.approx(np.mean(values))


def test_members_have_keys_of_their_own(shrunk, opened):
  """Learners that answer by chance agree only where keys are the same."""
  run, parts = opened(shrunk('supervised-protonets', seeds=2))
  task_fn = parts.meta.task_fn({})
  accuracies = judge(run, task_fn, parts.meta.judged, 2)
  params = jax.vmap(parts.meta.learner({}).init, in_axes=(0, None))(
    jnp.stack([jax.random.key(0)] * 2), jnp.zeros((1, 16, 16, 1))
  )
  source = image_set(run.splits.train)
  one, two = jax.random.split(jax.random.key(1))
  for keys, same in (
    (jnp.stack([one, one]), True),
    (jnp.stack([one, two]), False),
  ):
    first, second = accuracies(keys, {}, params, source, np.arange(6))
    assert np.array_equal(first, second) == same


def test_members_are_mapped_or_vectorized_to_the_same():
  batch = {'a': jnp.arange(3.0)}, jnp.arange(6.0).reshape(3, 2)

  def fn(member):
    values, weights = member
    return values['a'] * weights.sum()

  for over in ('map', 'vectorize', 'auto'):
    np.testing.assert_allclose(
      members.over_members(over)(fn, batch), [0, 5, 18]
    )


def test_the_best_parameters_are_each_members_own():
  """Of three members one is better now, one is not, and one is as good."""
  state = meta.Training(
    meta=MetaState(jnp.full((3, 2), 1.0), ()),
    best=jnp.zeros((3, 2)),
    best_accuracy=jnp.array([0.5, 0.5, 0.5]),
    best_step=jnp.array([1, 1, 1]),
  )
  after = meta.keep_best(state, np.array([0.6, 0.4, 0.5]), 7)
  np.testing.assert_array_equal(after.best[:, 0], [1, 0, 0])
  np.testing.assert_allclose(after.best_accuracy, [0.6, 0.5, 0.5])
  np.testing.assert_array_equal(after.best_step, [7, 1, 1])


BAD = [
  ('ro-vae-maml', {'sweep__alpha': (0.1, 1.5)}, 'config.latents.alpha is 1.5'),
  ('ro-vae-maml', {'sweep__alpha': ('a',)}, 'numbers'),
  ('ro-vae-maml', {'sweep__alpha': (0.1, 0.1)}, 'different numbers'),
  ('ro-vae-maml', {'seeds': 0}, 'config.seeds is 0'),
  ('ro-vae-maml', {'over_members': 'x'}, 'config.over_members'),
  ('ro-vae-maml', {'devices': 64, 'meta__batch': 64}, 'multiple of .*, 64'),
]


@pytest.mark.parametrize(('run', 'fields', 'message'), BAD)
def test_members_that_cannot_be_are_refused(shrunk, run, fields, message):
  with pytest.raises(ValueError, match=message):
    lasium.build(settings_of(shrunk(run, **fields), lasium.system()))


@pytest.mark.parametrize(
  ('run', 'names'),
  [
    ('ro-vae-maml', {'alpha', 'inner_rate', 'meta_rate'}),
    ('n-msgan-protonets', {'sigma', 'meta_rate'}),
    ('supervised-maml', {'inner_rate', 'meta_rate'}),
    ('scratch', set()),
  ],
)
def test_a_run_sweeps_what_it_has_a_use_for(shrunk, run, names):
  assert set(shrunk(run).sweep) == names


def test_one_member_has_no_name_of_its_own(shrunk):
  found = members.members(shrunk('ro-vae-maml', seed=5).to_dict())
  assert found == [Member(5, {})]
  named = members.named({'loss': jnp.array([2.0])}, found)
  assert named == {'loss': 2.0}


def test_cores_judge_whatever_the_meta_batch_is(shrunk, opened):
  """Two share what is learned, three what is judged; one comes to the same."""
  fields = {
    'meta__batch': 2,
    'meta__iterations': 2,
    'meta__validate_every': 2,
    'evaluation__tasks_per_dispatch': 3,
    'floors__scratch__judge': False,
  }
  found = []
  for devices, expected in ((0, (2, 3)), (1, (1, 1))):
    config = shrunk('umtra-protonets', devices=devices, **fields)
    run, parts = opened(config, f'{devices}')
    meshes = run.task_mesh, run.judging_mesh
    assert tuple(mesh.size if mesh else 1 for mesh in meshes) == expected
    lasium.work(run, parts)
    found.append([entry['value'] for entry in results_in(run.files.workdir)])
  np.testing.assert_allclose(*found, atol=0.03)  # A query or two by rounding.
