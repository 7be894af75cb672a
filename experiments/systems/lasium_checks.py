"""The parts of a run of LASIUM, if its settings can work."""

from collections.abc import Callable
from typing import Any

import jax

from experiments.components.clustering import CLUSTERING
from experiments.components.data import DATA, image_shape
from experiments.components.few_shot import (
  Parts,
  also_judged,
  as_judged,
  as_told,
  parts_of,
)
from experiments.components.floors import FLOORS
from experiments.components.latents import ANCHORS, SAMPLERS
from experiments.components.measures import NEEDED
from experiments.components.orders import reads_labels
from experiments.components.parts import (
  Sections,
  check_sections,
)
from experiments.components.tasks import (
  AUGMENTATION,
  CLUSTER_TASKS,
  TASKS,
  augment_of,
)
from experiments.run.config import (
  BadConfig,
  Settings,
  replaced,
  require,
  require_shared,
)
from experiments.run.members import members
from experiments.stages import (
  evaluation,
  generator,
  meta,
  partitions,
  rounds,
)
from experiments.systems import cactus, clustered_images
from experiments.systems.clustered_images import are_clustered
from lasium_jax import parallel
from lasium_jax.models.build import (
  GENERATORS,
  LEARNERS,
  NETWORKS,
  checked,
  make_network,
)
from lasium_jax.settings import Part, check_value, pick
from lasium_jax.settings import check as check_part

SECTIONS: Sections = {
  'data': DATA,
  'generator': GENERATORS,
  'generator_training': Part(generator.train),
  'anchors': ANCHORS,
  'latents': SAMPLERS,
  'tasks': TASKS,
  'augment': AUGMENTATION,
  'network': NETWORKS,
  'learner': LEARNERS,
  'meta': Part(meta.train),
  'partitions': Part(partitions.find),
  'clustering': CLUSTERING,
  'rounds': Part(rounds.train),
  'cluster_tasks': CLUSTER_TASKS,
  'cluster_views': AUGMENTATION,
  **clustered_images.SECTIONS,
  'also_judged': Part(also_judged),
  'evaluation': Part(evaluation.evaluate),
}
# What tasks are made of, by `reads` of `TASKS`.
_MADE_OF = {
  'generator': "a generator's images",
  'images': 'images',
  'clusters': 'clusters of encoded images',
  'labels': 'labeled images',
}
_CHANGES = (
  'set config.augment.views=True, or config.augment.shift, or one or more of '
  'rotation, translation, scale, shear, stretch, elastic and thickness there'
)
# Checked by functions of their own.
_OTHERS = ('evaluation_learner', 'floors')


def build(settings: Settings) -> Parts:
  """The parts of a run of LASIUM.

  Raises:
    ValueError: if its settings cannot work; the message names the field.
  """
  if 'tasks' in settings:
    _check_tasks(settings)  # First: its settings would be another's.
  of_member = [replaced(settings, m.fields()) for m in members(settings)]
  for own in [settings, *of_member]:
    sections = {k: v for k, v in own.items() if k not in _OTHERS}
    check_sections(sections, SECTIONS)
  _check_learner(settings)
  _check_floors(settings)
  _check_together(settings)
  _check_network(settings)
  return _made(settings)


def _check_learner(settings: Settings) -> None:
  if 'learner' not in settings:
    return
  known = set(settings['learner'])
  for name in settings['evaluation_learner']:
    if name not in known:
      raise BadConfig(
        f'config.evaluation_learner has {name!r}, which config.learner has not.'
      )
  own = as_judged(settings)
  checked(LEARNERS, own, 'config.evaluation_learner')
  _check_refined(settings, own)
  # Who says 0 there wants prototypes, whatever else a head would have.
  if settings['evaluation_learner'].get('head_steps') is None:
    _check_stepless(as_told(settings))
  _check_head_views(settings, own)


def _check_stepless(told: Settings) -> None:
  """That a learner without steps of a head is not told how these should be."""
  for name, said in (('tune_network', 'tuned'), ('head_views', 'seen')):
    if told.get(name) and not told['head_steps']:
      raise BadConfig(
        f'{name} (of config.evaluation_learner, or of config.learner where '
        'that is None) is True, and head_steps is 0, so that nothing would be '
        f'{said}: give it steps, such as 50, or set {name} to False.'
      )


def _check_head_views(settings: Settings, own: Settings) -> None:
  """That ink which is changed in other ways is not mirrored and cropped."""
  if not (own.get('head_views') and own['head_steps']):
    return
  otherwise = augment_of(settings, 'augment') is not None
  if otherwise and not settings['augment']['views']:
    raise BadConfig(
      'config.evaluation_learner.head_views is True, so that a head would see '
      'its images cropped, mirrored and recolored as photographs are, and '
      'config.augment changes images in other ways: set head_views to False, '
      'or config.augment to views=True alone.'
    )


def _check_refined(settings: Settings, own: Settings) -> None:
  """That prototypes are refined only by queries that may know each other."""
  also = settings.get('also_judged', {}).get('refine_steps')
  require(
    settings,
    'also_judged.refine_steps',
    not also or 'refine_steps' in own,
    '0 for this learner, which has no prototypes',
  )
  alone = own.get('inductive') or own.get('head_steps')
  if steps := own.get('refine_steps', 0) if alone else 0:
    raise BadConfig(
      f'Queries would refine prototypes in {steps} steps (refine_steps of '
      'config.evaluation_learner, or of config.learner where that is None), '
      'and a head or each query by itself is judged. Set one of them to 0 or '
      'False.'
    )


def _check_floors(settings: Settings) -> None:
  for name, section in settings['floors'].items():
    if name not in FLOORS:
      raise BadConfig(
        f'config.floors has {name!r}; there are {", ".join(FLOORS)}.'
      )
    where = f'config.floors.{name}'
    own = dict(section)
    check_value(bool, own.pop('judge', None), f'{where}.judge')
    check_part(FLOORS[name].part, own, where)
  judged = [s for s in settings['floors'].values() if s['judge']]
  if 'learner' not in settings and not judged:
    raise BadConfig(
      'There is nothing to do: the run has no learner, and judges none of '
      'config.floors.'
    )


def _check_together(settings: Settings) -> None:
  """Settings that must suit each other."""
  trains = 'learner' in settings
  wanted = '1 where nothing is trained'
  require(settings, 'seeds', trains or settings['seeds'] == 1, wanted)
  if settings['data']['name'] == 'folder':
    require(
      settings,
      'data.path',
      bool(settings['data']['path']),
      'a folder of images: add --config.data.path=FOLDER',
    )
    require(
      settings, 'data.held_out', settings['data']['held_out'] < 1, 'below 1'
    )
  if 'generator' in settings and 'tasks' not in settings:
    raise BadConfig(
      'The config has a generator, and no section `tasks` that says how many '
      'classes are drawn from it: add one.'
    )
  if 'generator' in settings:
    _check_generator(settings)
  shared = 'meta.batch', 'rounds.batch', 'generator_training.batch_size'
  for field in shared:
    if field.partition('.')[0] in settings:
      require_shared(settings, field)
  if 'meta' in settings:
    _check_meta(settings)


def _check_generator(settings: Settings) -> None:
  """That it has the classes that it is trained with, and tasks are made of."""
  section = settings['generator']
  labels, found = reads_labels(section), are_clustered(settings)
  wanted = 'one that is trained without labels'
  if found:
    wanted = 'one that is trained with labels, for which clusters stand'
  require(settings, 'generator.name', labels == found, wanted)
  needs_none = section.get('loss') not in NEEDED
  wanted = f'none of {list(NEEDED)}: these runs are given no weights'
  require(settings, 'generator.loss', needs_none, wanted)
  if cactus.are_partitioned(settings):
    return
  of_clusters = settings['anchors']['name'] == 'clusters'
  if settings['latents']['name'] == 'ic':
    wanted = "'clusters', of which config.latents.name = 'ic' draws images"
    require(settings, 'anchors.name', of_clusters, wanted)
  if of_clusters:
    wanted = 'of prior or encoded images: this generator has no clusters'
    require(settings, 'anchors.name', found, wanted)
    ways = settings['tasks']['ways']
    wanted = f'config.tasks.ways, {ways}, or more: each is of another cluster'
    enough = section['clusters'] >= ways
    require(settings, 'generator.clusters', enough, wanted)


def _check_meta(settings: Settings) -> None:
  iteration, tasks = settings['meta'], settings['tasks']
  evaluated = settings['evaluation']
  require(
    settings,
    'meta.validate_every',
    iteration['validate_every'] % iteration['steps_per_dispatch'] == 0,
    'a multiple of config.meta.steps_per_dispatch, '
    f'{iteration["steps_per_dispatch"]}',
  )
  has_head = 'ways' not in LEARNERS[settings['learner']['name']].given
  require(
    settings,
    'tasks.ways',
    not has_head or tasks['ways'] == evaluated['ways'],
    f'config.evaluation.ways, {evaluated["ways"]}: this learner keeps the '
    'number that it trained with',
  )
  changed = augment_of(settings, 'augment') is not None
  if TASKS[tasks['name']].reads == 'images' and not changed:
    raise BadConfig(
      'config.augment leaves images as they are, and UMTRA would have nothing '
      f'to tell apart: {_CHANGES}.'
    )
  for section in ('tasks', 'cluster_tasks'):
    require(
      settings,
      f'{section}.augment_support',
      changed or not settings.get(section, {}).get('augment_support'),
      'False where config.augment leaves images as they are; otherwise '
      f'{_CHANGES}',
    )
  if 'clustering' in settings:
    _check_clustering(settings)


def _check_clustering(settings: Settings) -> None:
  found, tasks = settings['clustering'], settings['cluster_tasks']
  least = found['least']
  require(
    settings,
    'clustering.least',
    tasks['shots'] + tasks['queries'] <= least <= found['most'],
    f'at least {tasks["shots"] + tasks["queries"]}, the images that '
    'config.cluster_tasks has of a cluster, and at most config.clustering.most',
  )
  require(
    settings,
    'clustering.expansion',
    found['expansion'] <= found['neighbors'] + 1,
    'at most config.clustering.neighbors and one',
  )
  require(
    settings,
    'rounds.workdir',
    not (settings['meta']['workdir'] and settings['rounds']['workdir']),
    "'' where config.meta.workdir names a run, whose rounds are taken over too",
  )


def _check_tasks(settings: Settings) -> None:
  """That the tasks are made of what the run has."""
  name = settings['tasks']['name']
  reads = pick(TASKS, name, 'config.tasks.name').reads
  has: tuple[str, ...] = ('images', 'labels')
  if 'generator' in settings:
    has = ('clusters',) if 'partitions' in settings else ('generator',)
  if reads not in has:
    raise BadConfig(
      f'config.tasks.name is {name!r}, whose tasks are made of '
      f'{_MADE_OF[reads]}, and those of this run of '
      f'{" or ".join(_MADE_OF[name] for name in has)}. Choose the tasks by the '
      "config's argument, such as ro-vae-maml, umtra-maml, cactus-vae-maml or "
      'supervised-maml.'
    )


def _made(settings: Settings) -> Parts:
  """All parts, whose own errors name what does not go together."""
  try:
    parts = _with_clusters(parts_of(settings))
    if cactus.are_partitioned(settings):
      cactus.check(parts)
    for member in members(settings):
      for make in _makers(parts):
        make(dict(member.values))
    parallel.mesh(settings['devices'] or 1)
  except ValueError as error:
    raise BadConfig(f'This config cannot work: {error}') from error
  return parts


def _with_clusters(parts: Parts) -> Parts:
  """The parts with what finds the classes of the generator, if it has any."""
  made, settings = parts.generating, parts.settings
  if made is None or not are_clustered(settings):
    return parts
  count = settings['generator']['clusters']
  clusters = clustered_images.build(settings, count)
  return parts._replace(generating=made._replace(clusters=clusters))


def _makers(parts: Parts) -> list[Callable[[dict[str, Any]], Any]]:
  """What makes learners and tasks of a member's values of what is swept."""
  if parts.meta is None:
    return []
  task_fn, learner, judged, others = parts.meta
  return [task_fn, learner, judged, *(other.learner for other in others)]


def _check_network(settings: Settings) -> None:
  """That the network leaves something of the images."""
  network = make_network(settings['network'])(None)
  x = jax.ShapeDtypeStruct((1, *image_shape(settings)), 'float32')
  try:
    jax.eval_shape(network.init, jax.random.key(0), x)
  except ValueError as error:
    raise BadConfig(
      f'config.network does not suit config.data.size: {error}'
    ) from error
