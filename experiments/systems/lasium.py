"""LASIUM: a generator, meta-training on its tasks, evaluation, a page."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from experiments.components import by_size
from experiments.components.data import DATA, image_shape
from experiments.components.few_shot import Parts, as_judged, normalization
from experiments.components.floors import FLOORS
from experiments.components.folders import Needs
from experiments.components.parts import make
from experiments.components.tasks import TASKS
from experiments.pages import report, sections
from experiments.run import loop, record, streams
from experiments.run.config import BadConfig, Settings
from experiments.run.members import Member
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.run.run import Places, Run, System
from experiments.stages import evaluation, generator, meta
from experiments.stages.evaluation import Contestant
from experiments.stages.pictures import keep_task
from experiments.systems.lasium_checks import build, check_data
from lasium_jax import latents, parallel
from lasium_jax.data import Splits, evenly_spaced, image_set
from lasium_jax.data.dataset import Dataset
from lasium_jax.models.build import LEARNERS
from lasium_jax.tasks import labeled
from lasium_jax.types import AnchorFn, GeneratorSource, Learner, Params

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
}
_COUNTED = 1_000  # Tasks whose rejected anchors are counted (Table 9).

PAGE = {
  'Accuracy': sections.accuracy,
  'Tasks': sections.stage_pictures(meta.NAME),
  'Generated images': sections.stage_pictures(generator.NAME),
  'Training': sections.training_curves,
  'Settings': sections.settings,
  'Time and hardware': sections.times,
  'How to repeat it': sections.commands,
}


def read(settings: Settings, places: Places) -> Splits:
  """The run's data, checked against its tasks."""
  evaluated = settings['evaluation']
  shots = settings.get('tasks', {}).get('shots', 1)
  needs = Needs(
    evaluated['ways'],
    shots + evaluated['queries'],
    max(evaluated['shots']) + evaluated['queries'],
    settings['device_bytes'],
  )
  splits: Splits = make(DATA, settings['data'], places=places, needs=needs)
  check_data(settings, splits)
  if 'generator' in settings:
    generator.check_borrowed_data(settings, splits)
  return splits


def train_generator(run: Run, parts: Parts) -> Params | None:
  """The first stage; None if the run has no generator."""
  if parts.model is None or parts.trainer is None:
    return None
  return generator.train(
    run, parts.model, parts.trainer, **parts.settings['generator_training']
  )


def meta_train(run: Run, parts: Parts, params: Params | None) -> Params | None:
  """The second stage, on a generator's parameters; None if there is none."""
  if parts.learner is None:
    return None
  return meta.train(
    run, _learning(run, parts, params), **parts.settings['meta']
  )


def evaluate(run: Run, parts: Parts, params: Params | None) -> None:
  """The third stage, on the learners' parameters, and the page."""
  evaluation.evaluate(
    run, _contestants(run, parts, params), **parts.settings['evaluation']
  )
  page = report.write_report(run.files.workdir, PAGE)
  print(f'Report: {page}')


def work(run: Run, parts: Parts) -> None:
  """All stages in order; what has come to its end is not looked at again."""
  try:
    finished = _is_meta_trained(parts, run.files)
    learned = _meta_trained(run, parts) if finished else None
  except loop.Damaged:  # Meta-training goes on from the checkpoint before.
    finished = False
  if not finished:
    learned = meta_train(run, parts, train_generator(run, parts))
  evaluate(run, parts, learned)


def ready(parts: Parts, files: Record) -> None:
  """Sees that a generator that is to be borrowed is the one that is meant."""
  if parts.trainer is not None and not _is_meta_trained(parts, files):
    generator.check_borrowed(parts.settings)


def system(
  work: Callable[[Run, Parts], None] = work,
  build: Callable[[Settings], Parts] = build,
  ready: Callable[[Parts, Record], None] = ready,
) -> System:
  """LASIUM, or with other work one of its stages."""
  return System('lasium', by_size.resolved, build, ready, read, work)


def _is_meta_trained(parts: Parts, files: Record) -> bool:
  """Whether nothing before the evaluation is left to do."""
  if parts.learner is None:
    return False
  iterations: int = parts.settings['meta']['iterations']
  return loop.steps_done(files, meta.NAME) >= iterations


def _meta_trained(run: Run, parts: Parts) -> Params:
  """What meta-training left: the best parameters of each member."""
  assert parts.learner is not None
  state = meta.left_behind(
    parts.learner({}),
    run.members,
    run.files,
    image_shape(parts.settings),
    **parts.settings['meta'],
  )
  return parallel.replicate(run.task_mesh, state.best)


def build_generator(settings: Settings) -> Parts:
  """As `build`, where there must be a generator to train here."""
  parts = build(settings)
  if parts.trainer is None:
    raise BadConfig(
      f'The config {settings["name"]!r} has no generator to train.'
    )
  if settings['generator_training']['workdir']:
    raise BadConfig(
      'config.generator_training.workdir names a generator that is trained '
      'already; leave it out to train one.'
    )
  return parts


def work_generator(run: Run, parts: Parts) -> None:
  """What experiments/train_generator.py does."""
  train_generator(run, parts)


def build_meta(settings: Settings) -> Parts:
  """As `build`, where there must be something to meta-train."""
  parts = build(settings)
  if parts.learner is None:
    raise BadConfig(f'The config {settings["name"]!r} has no meta-training.')
  return parts


def ready_meta(parts: Parts, files: Record) -> None:
  """Sees that the generator is trained to its end, here or elsewhere."""
  if parts.trainer is None:
    return
  generator.check_borrowed(parts.settings)
  training = parts.settings['generator_training']
  lender = generator.lender(files, training['workdir'])
  loop.check_finished(lender, generator.NAME, training['steps'])


def work_meta(run: Run, parts: Parts) -> None:
  """What experiments/meta_train.py does: the generator is trained already."""
  params = None
  if parts.trainer is not None:
    training = parts.settings['generator_training']
    params = generator.trained(parts.trainer, run.files, **training)
  meta_train(run, parts, params)


def ready_evaluation(parts: Parts, files: Record) -> None:
  """Sees that the learner is trained to its end."""
  if parts.learner is not None:
    iterations = parts.settings['meta']['iterations']
    loop.check_finished(files, meta.NAME, iterations)


def work_evaluation(run: Run, parts: Parts) -> None:
  """What experiments/evaluate_learner.py does: all else is trained already."""
  trains = parts.learner is not None
  evaluate(run, parts, _meta_trained(run, parts) if trains else None)


def _learning(run: Run, parts: Parts, params: Params | None) -> meta.Learning:
  settings = parts.settings
  tasks, evaluated = settings['tasks'], settings['evaluation']
  assert parts.learner and parts.judged and parts.task_fn
  source = _source(run, parts, params)
  validation = labeled(
    ways=evaluated['ways'],
    shots=tasks['shots'],
    queries=evaluated['queries'],
  )

  def before() -> None:
    if parts.anchors is not None:
      rejected = rejections(settings, parts.anchors, source, _COUNTED)
      counts = {'tasks': _COUNTED, 'rejected': rejected}
      record.write_json(run.files.workdir / 'anchors.json', counts)
    _show_tasks(run, parts, source)

  return meta.Learning(
    parts.learner,
    parts.judged,
    parts.task_fn,
    source,
    validation,
    before,
    _ABOUT.get(tasks['name'], _TASKS),
  )


def _source(run: Run, parts: Parts, params: Params | None) -> Any:
  """What the tasks of meta-training are made of."""
  images, reads = run.splits.train, TASKS[parts.settings['tasks']['name']].reads
  if parts.model is not None:
    encodes = parts.settings['anchors']['name'] == 'encoded'
    if encodes or parts.model.sample is None:
      images = _fitting(run, images, 'Latents are encoded from')
    else:  # No image is ever looked at.
      images = evenly_spaced(images, run.device_bytes)
    return GeneratorSource(params, jnp.asarray(images.images))
  if reads == 'images':
    images = _fitting(run, images, 'Tasks are made of')
  return image_set(images)


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


def _show_tasks(run: Run, parts: Parts, source: Any) -> None:
  """Keeps pictures of real tasks and of those that meta-training sees."""
  tasks, evaluated = parts.settings['tasks'], parts.settings['evaluation']
  keys = jax.random.split(streams.stream(run.seed, streams.PICTURES), 4)
  shots, queries = tasks['shots'], evaluated['queries']
  keep = functools.partial(keep_task, run, meta.NAME, shots=shots)
  if len(run.splits.test.images):
    real = labeled(ways=evaluated['ways'], shots=shots, queries=queries)
    task = jit(real)(keys[3], image_set(run.splits.test))
    keep('task_real', task, 'A real task', queries=queries, anchors=False)
  if TASKS[tasks['name']].reads == 'labels' or parts.task_fn is None:
    return
  make_task = jit(parts.task_fn(dict(run.members[0].values)))
  for i in range(3):
    keep(
      f'task_synthetic_{i}',
      make_task(keys[i], source),
      f'Synthetic task {i + 1}',
      queries=tasks['queries'],
      anchors=True,
    )


def _contestants(
  run: Run, parts: Parts, params: Params | None
) -> list[Contestant]:
  """The run's learners, and the floors that it judges."""
  settings, contestants = parts.settings, []
  if parts.judged is not None and params is not None:
    judged = as_judged(settings)
    contestants.append(
      Contestant(
        settings['name'],
        parts.judged,
        normalization(judged),
        run.members,
        params,
        settings['meta']['iterations'],
        use=_use(judged),
      )
    )
  for name, learner in parts.floors.items():
    contestants.append(
      Contestant(
        name,
        functools.partial(_always, learner),
        normalization(settings['floors'][name]),
        [Member(settings['seed'], {})],
        jnp.zeros(1),
        floor=True,
        note=FLOORS[name].note,
      )
    )
  return contestants


def _always(learner: Learner, values: dict[str, Any]) -> Learner:
  del values  # Nothing that is swept is a floor's.
  return learner


def _use(section: Settings) -> dict[str, Any]:
  """How a classifier of the exported learner comes to this accuracy."""
  has_head = 'ways' not in LEARNERS[section['name']].given
  return {
    'head': 'trained' if has_head else None,
    'inductive': normalization(section) == 'inductive',
  }
