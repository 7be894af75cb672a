"""What LASIUM's stages are given: tasks to learn from, and who is judged."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from experiments.components import few_shot
from experiments.components.few_shot import (
  MetaTraining,
  Parts,
  as_judged,
  normalization,
  note_of,
)
from experiments.components.floors import FLOORS
from experiments.components.tasks import TASKS
from experiments.run import record, streams
from experiments.run.config import BadConfig, Settings
from experiments.run.members import Member
from experiments.run.precision import jit
from experiments.run.run import Run
from experiments.stages import meta, rounds
from experiments.stages.evaluation import Contestant, always
from experiments.stages.pictures import keep_task
from experiments.systems import cactus, clustered_images, learned
from experiments.systems.cluster_floors import by_clusters
from lasium_jax import latents
from lasium_jax.data import evenly_spaced, image_set
from lasium_jax.data.dataset import Dataset
from lasium_jax.models.build import LEARNERS
from lasium_jax.tasks import labeled
from lasium_jax.types import (
  AnchorFn,
  GeneratorSource,
  Params,
  TaskFn,
)

_TASKS = (
  'Every row is a class. Left of the rule are its support images, to learn '
  'from; right of it its queries, to be classified.'
)
_RING = (
  ' In a synthetic task the image in a thick dark ring is the anchor of its '
  'class; the rest of the row '
)
# What pages say of the pictures of tasks, by `config.tasks.name`.
_ABOUT = {
  'lasium': f'{_TASKS}{_RING}was made around it, in the latent space of the '
  'generator.',
  'umtra': f'{_TASKS}{_RING}is the same image, as it is to the left and '
  'augmented to the right.',
  'cactus': f'{_TASKS} A synthetic one has images of one cluster in each row.',
}
_COUNTED = 1_000  # Tasks whose rejected anchors are counted (Table 9).


def learning(
  run: Run, parts: Parts, own: MetaTraining, params: Params | None
) -> meta.Learning:
  """What meta-training is given.

  Args:
    run: with all splits.
    parts: of the run.
    own: those of meta-training.
    params: the generator's, or None if it has none.
  """
  settings = parts.settings
  tasks, evaluated = settings['tasks'], settings['evaluation']
  source = source_of(run, parts, params)
  validation = labeled(
    ways=evaluated['ways'],
    shots=tasks['shots'],
    queries=evaluated['queries'],
  )

  def before() -> None:
    if parts.generating is not None and parts.generating.anchors is not None:
      anchors = parts.generating.anchors
      rejected = rejections(settings, anchors, source, _COUNTED)
      counts = {'tasks': _COUNTED, 'rejected': rejected}
      record.write_json(run.files.workdir / 'anchors.json', counts)
    make_task = own.task_fn(dict(run.members[0].values))
    _show_tasks(run, settings, make_task, source)

  return meta.Learning(
    own.learner,
    own.judged,
    own.task_fn,
    source,
    validation,
    before,
    _about(tasks),
  )


def _about(tasks: Settings) -> str:
  """What pages say of the pictures of tasks."""
  if tasks['name'] == 'umtra' and tasks['augment_support']:
    return f'{_TASKS} A synthetic one has other views of one image in each row.'
  return _ABOUT.get(tasks['name'], _TASKS)


def _ringed(tasks: Settings) -> bool:
  """Whether the support of a synthetic task begins with anchors, not views."""
  return tasks['name'] in ('lasium', 'umtra') and not tasks.get(
    'augment_support'
  )


def source_of(run: Run, parts: Parts, params: Params | None) -> Any:
  """What the tasks of meta-training are made of."""
  images, reads = run.splits.train, TASKS[parts.settings['tasks']['name']].reads
  if reads == 'clusters':
    images = _fitting(run, images, 'Partitions are made of')
    return cactus.source_of(run, parts, params, images)
  if parts.generating is not None:
    encodes = parts.settings['anchors']['name'] == 'encoded'
    if encodes or parts.generating.model.sample is None:
      images = _fitting(run, images, 'Latents are encoded from')
    else:  # No image is ever looked at.
      images = evenly_spaced(images, run.device_bytes)
    return GeneratorSource(params, jnp.asarray(images.images))
  if reads == 'images':
    images = _fitting(run, images, 'Tasks are made of')
  return image_set(images)


def clustered_learning(run: Run, own: few_shot.Clustering) -> rounds.Learning:
  """What rounds of clustering are given: all images, labels to look at alone.

  Args:
    run: with the training images.
    own: its parts of clustering.
  """
  dataset = _fitting(run, run.splits.train, 'Clusters are made of')
  images = jnp.asarray(dataset.images)
  return rounds.Learning(
    own.learner,
    functools.partial(always, own.task_fn),
    functools.partial(own.find, images=images),
    images,
    dataset.labels if len(dataset.class_names) > 1 else None,
  )


def _fitting(run: Run, dataset: Dataset, what: str) -> Dataset:
  """As many images as a device has room for, and a word if not all."""
  fitting = evenly_spaced(dataset, run.device_bytes)
  if len(fitting.images) < len(dataset.images):
    print(
      f'{what} {len(fitting.images):,} of {len(dataset.images):,} images, '
      'evenly spaced: config.device_bytes has room for no more.',
      flush=True,
    )
  return fitting


def rejections(
  settings: Settings, anchors: AnchorFn, source: GeneratorSource, tasks: int
) -> int:
  """How often the anchors of so many tasks are redrawn (Table 9).

  Raises:
    BadConfig: if epsilon cannot be met, in place of a NaN later.
  """
  key = streams.stream(settings['seed'], streams.REJECTIONS)
  try:
    # One alone first: where none can be met, a thousand take very long.
    latents.count_rejections(key, anchors, source, 1)
    return latents.count_rejections(key, anchors, source, tasks)
  except ValueError as error:
    raise BadConfig(
      f'config.anchors.epsilon = {settings["anchors"]["epsilon"]}: {error} To '
      'keep the trained generator, name this workdir with '
      '--config.generator_training.workdir, and another with --workdir.'
    ) from error


def _show_tasks(
  run: Run, settings: Settings, task_fn: TaskFn, source: Any
) -> None:
  """Keeps pictures of real tasks and of those that meta-training sees."""
  tasks, evaluated = settings['tasks'], settings['evaluation']
  keys = jax.random.split(streams.stream(run.seed, streams.PICTURES), 4)
  shots, queries = tasks['shots'], evaluated['queries']
  keep = functools.partial(keep_task, run, meta.NAME, shots=shots)
  if len(run.splits.test.images):
    real = labeled(
      ways=evaluated['ways'],
      shots=shots,
      queries=queries,
      within_groups=evaluated['within_groups'],
    )
    task = jit(real)(keys[3], image_set(run.splits.test))
    keep('task_real', task, 'A real task', queries=queries, anchors=False)
  if TASKS[tasks['name']].reads == 'labels':
    return
  make_task = jit(task_fn)
  for i in range(3):
    keep(
      f'task_synthetic_{i}',
      make_task(keys[i], source),
      f'Synthetic task {i + 1}',
      queries=tasks['queries'],
      anchors=_ringed(tasks),
    )


def contestants(
  run: Run, parts: Parts, params: Params | None
) -> list[Contestant]:
  """The run's learners, and the floors that it judges.

  A learner is judged in other ways too, where `MetaTraining` has some, and so
  is what found the run's clusters.
  """
  settings, everyone = parts.settings, []
  if parts.meta is not None and params is not None:
    judged = as_judged(settings)
    own = Contestant(
      settings['name'],
      parts.meta.judged,
      normalization(judged),
      run.members,
      params,
      learned.steps(settings),
      note=note_of(judged),
      use=_use(judged),
    )
    everyone.append(own)
    everyone += [
      own._replace(
        name=f'{own.name}-{other.name}',
        learner=other.learner,
        normalization=normalization(other.section),
        note=other.note,
        use=_use(other.section),
      )
      for other in parts.meta.others
    ]
  if clustered_images.are_clustered(settings) and not any(
    settings.get(section, {}).get('workdir')  # Whose run has judged it.
    for section in ('generator_training', 'meta', 'rounds')
  ):
    everyone += by_clusters(run, settings)
  for name, learner in parts.floors.items():
    everyone.append(
      Contestant(
        name,
        functools.partial(always, learner),
        normalization(settings['floors'][name]),
        [Member(settings['seed'], {})],
        jnp.zeros(1),
        floor=True,
        note=FLOORS[name].note,
      )
    )
  return everyone


def _use(section: Settings) -> dict[str, Any]:
  """How a classifier of the exported learner comes to this accuracy."""
  has_head = 'ways' not in LEARNERS[section['name']].given
  fitted = 'fitted' if section.get('head_steps') else None
  refined = 'refined' if section.get('refine_steps') else None
  return {
    'head': 'trained' if has_head else fitted or refined,
    'inductive': normalization(section) == 'inductive',
  }
