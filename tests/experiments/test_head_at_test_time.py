"""A head that is fitted to each task is judged beside the prototypes."""

import jax
import jax.numpy as jnp
import pytest
from whole_program import config_of, random_splits, results

from experiments import publish as door
from experiments.components.few_shot import as_judged, note_of, parts_of
from experiments.papers import publish
from experiments.papers.tables import tables
from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.systems import lasium
from experiments.systems.exports import export
from lasium_jax import models

RUN = 'supervised-protonets'
SHORT = {'meta__iterations': 2, 'floors__scratch__judge': False}
# Two steps so large that it shows.
HEAD = {
  'evaluation_learner__head_steps': 2,
  'evaluation_learner__head_learning_rate': 3.0,
}
NAMES = [RUN, f'{RUN}-prototypes']
NOTES = [
  'a linear head, 2 steps from prototypes',
  'its prototypes, without the head',
]


@pytest.fixture
def finished(shrunk, opened):
  """A run that was judged with a head, and its parts."""
  config = shrunk(RUN, **HEAD, **SHORT)
  run, parts = opened(config, splits=random_splits(16))
  run.files.keep_config(settings_of(config, lasium.system()))
  run.files.keep_data(run.splits)
  lasium.work(run, parts)
  return run, parts


def test_both_are_judged_and_shown_everywhere(
  finished, shrunk, opened, tmp_path
):
  run, parts = finished
  workdir = run.files.workdir
  entries = results(workdir)
  assert [entry['name'] for entry in entries] == NAMES
  assert [entry['note'] for entry in entries] == NOTES
  assert [entry['use']['head'] for entry in entries] == ['fitted', None]
  assert [entry['steps'] for entry in entries] == [2, 2]
  assert not any(entry.get('floor') for entry in entries)

  # The second is what the run would have had without a head.
  config = shrunk(RUN, **SHORT)
  other, plain = opened(config, 'plain', splits=run.splits)
  lasium.evaluate(other, plain, lasium._learned(run, parts))
  expected = results(other.files.workdir)[0]
  assert expected['value'] == entries[1]['value'] != entries[0]['value']
  assert expected['name'] == RUN and 'note' not in expected

  text = (workdir / 'report.html').read_text()
  for name, note in zip(NAMES, NOTES, strict=True):
    assert f'{name} <small>2 iterations, {note}</small>' in text
  page = publish.collect(workdir, door._defaults)
  rows = tables([page]).splitlines()[2:]
  for row, name, note in zip(rows, NAMES, NOTES, strict=True):
    assert row.startswith(f'| `{name}` ({note}) |')

  card = models.load_model(export(workdir, tmp_path / 'model')).card
  assert card['architecture']['learner']['head_steps'] == 2
  uses = models.uses(card)
  assert [use.head for use in uses] == ['fitted', None]
  assert [use.value for use in uses] == [entry['value'] for entry in entries]
  *_, measured = models.account(card, 'fitted', False)
  assert measured.startswith('The accuracy of this use by its card: ')


@pytest.mark.parametrize(
  ('fields', 'trains', 'judges', 'beside'),
  [
    ({}, False, False, False),
    ({'evaluation_learner__head_steps': 2}, False, True, True),
    ({'learner__head_steps': 2}, True, True, True),
    (
      {'learner__head_steps': 2, 'evaluation_learner__head_steps': 0},
      *(True, False, False),
    ),
  ],
)
def test_training_has_a_head_only_if_told(
  shrunk, task, key, fields, trains, judges, beside
):
  ways = {'data__size': 16, 'tasks__ways': 3, 'evaluation__ways': 3}
  config = shrunk(RUN, **ways, **fields)
  parts = parts_of(settings_of(config, lasium.system())).meta

  def has_head(learner):
    params = learner.init(key, task.support.x)
    return learner.adapt(key, params, task.support).head is not None

  assert has_head(parts.learner({})) == trains
  assert has_head(parts.judged({})) == judges
  assert [other.name for other in parts.others] == ['prototypes'] * beside
  for other in parts.others:
    assert not has_head(other.learner({}))


@pytest.mark.parametrize('fields', [{}, HEAD])
def test_queries_refine_prototypes_in_another_evaluation(
  shrunk, opened, fields
):
  also = {'also_judged__refine_steps': 2, 'also_judged__inductive': True}
  config = shrunk(RUN, **fields, **SHORT, **also)
  run, parts = opened(config, splits=random_splits(16))
  params = jax.vmap(parts.meta.learner({}).init, in_axes=(0, None))(
    jax.random.split(jax.random.key(0), 1), jnp.zeros((1, 16, 16, 1))
  )
  lasium.evaluate(run, parts, params)
  by_name = {entry['name']: entry for entry in results(run.files.workdir)}
  entry = by_name[f'{RUN}-refined']
  assert entry['note'] == 'queries refine the prototypes, 2 steps'
  assert entry['use'] == {'head': 'refined', 'inductive': False}
  assert entry['protocol']['normalization'] == 'transductive'
  by_itself = by_name[f'{RUN}-inductive']
  head = 'fitted' if fields else None
  assert by_itself['use'] == {'head': head, 'inductive': True}
  notes = ['each query by itself', *NOTES[:1] * bool(fields)]
  assert by_itself['note'] == '; '.join(notes)

  # They are what a run has that is judged so alone, without a head.
  also = {'evaluation_learner__refine_steps': 2, 'also_judged__inductive': True}
  config = shrunk(RUN, **SHORT, **also)
  other, alone = opened(config, 'alone', splits=run.splits)
  lasium.evaluate(other, alone, params)
  refined, prototypes = results(other.files.workdir)
  assert refined['value'] == entry['value']
  assert refined['note'] == entry['note']
  name = f'{RUN}-prototypes-inductive' if fields else f'{RUN}-inductive'
  assert prototypes['value'] == by_name[name]['value']
  assert by_name[name]['protocol']['normalization'] == 'inductive'

  # So that a model knows how accurate each of its uses is.
  card = {
    'kind': 'learner',
    'architecture': {'learner': as_judged(parts.settings)},
    'accuracy': list(by_name.values()),
  }
  for asked in ('prototypes', 'auto'):
    use = models.choose(card, asked, None, 5, inductive=True).head
    _, measured = models.account(card, use, inductive=True)
    assert measured.startswith('The accuracy of this use by its card: ')


@pytest.mark.parametrize(
  ('run', 'field', 'others', 'said'),
  [
    (
      'supervised-maml',
      'also_judged',
      {},
      r'also_judged\.refine.*no prototypes',
    ),
    (RUN, 'evaluation_learner', {'head_steps': 2}, 'in 2 steps .* a head'),
    (RUN, 'evaluation_learner', {'inductive': True}, 'in 2 steps .* by itself'),
  ],
)
def test_what_cannot_be_refined_is_refused(shrunk, run, field, others, said):
  fields = {f'evaluation_learner__{k}': v for k, v in others.items()}
  config = shrunk(run, **{f'{field}__refine_steps': 2}, **fields)
  settings = settings_of(config, lasium.system())
  with pytest.raises(BadConfig, match=said):
    lasium.build(settings)


def test_an_inductive_learner_is_judged_by_no_refined_prototypes():
  """Its config may have them: what queries do together is left out."""
  own = config_of('lasium/omniglot.py:clustered-protonets')
  own.learner.inductive = True
  assert own.also_judged.refine_steps
  assert not lasium.build(settings_of(own, lasium.system())).meta.others


@pytest.mark.parametrize('section', ['learner', 'evaluation_learner'])
@pytest.mark.parametrize(
  ('field', 'said'), [('tune_network', 'tuned'), ('head_views', 'seen')]
)
def test_what_is_for_a_heads_steps_needs_some(shrunk, section, field, said):
  config = shrunk(RUN, **{f'{section}__{field}': True})
  settings = settings_of(config, lasium.system())
  with pytest.raises(BadConfig, match=f'{field}.*nothing would be {said}'):
    lasium.build(settings)


@pytest.mark.parametrize(
  ('changes', 'refused'),
  [
    ({}, False),
    ({'views': True}, False),
    ({'shift': (-2, 2)}, True),
    ({'rotation': 9.0}, True),
  ],
)
def test_a_head_does_not_mirror_what_is_no_photograph(changes, refused):
  config = config_of('lasium/folder.py')
  config.data.path = 'PHOTOS'
  config.augment.update(changes)
  if refused:
    with pytest.raises(BadConfig, match='head_views to False'):
      lasium.build(settings_of(config, lasium.system()))
    config.evaluation_learner.head_views = False
  parts = lasium.build(settings_of(config, lasium.system()))
  assert parts.meta.others


def test_what_is_said_of_a_head_that_is_fitted():
  own = {'head_steps': 7}
  assert note_of(own) == 'a linear head, 7 steps from prototypes'
  own['tune_network'] = True
  assert note_of(own) == 'all weights, 7 steps from prototypes'
  own['head_views'] = True
  assert note_of(own) == 'all weights, 7 steps on views from prototypes'


def test_maml_has_no_such_setting():
  config = config_of('lasium/glyphs.py:supervised-maml')
  assert set(config.evaluation_learner) == {
    *('steps', 'learning_rate', 'inductive')
  }
  parts = parts_of(settings_of(config, lasium.system()))
  assert not parts.meta.others
