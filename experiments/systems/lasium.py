"""LASIUM: a generator, meta-training on its tasks, evaluation, a page."""

from collections.abc import Callable

from experiments.components import by_size
from experiments.components.data import DATA
from experiments.components.few_shot import Parts
from experiments.components.folders import Needs
from experiments.components.parts import make
from experiments.pages import report, sections
from experiments.run import loop
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.run.run import Places, Run, System
from experiments.stages import (
  class_samples,
  clustered,
  evaluation,
  generator,
  meta,
  partitions,
  rounds,
)
from experiments.systems import clustered_images, learned
from experiments.systems.lasium_checks import build
from experiments.systems.lasium_data import check_data
from experiments.systems.lasium_stages import (
  clustered_learning,
  contestants,
  learning,
)
from lasium_jax.data import Splits
from lasium_jax.types import Params, TrainingSet

PAGE = {
  'Accuracy': sections.accuracy,
  'Clusters': sections.stage_pictures(rounds.NAME),
  'Partitions': sections.stage_pictures(partitions.NAME),
  'Images of each cluster': sections.stage_pictures(class_samples.NAME),
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
  learned.check_borrowed_data(settings, splits)
  generator.check_borrowed_data(settings, splits)
  return splits


def train_generator(run: Run, parts: Parts) -> Params | None:
  """The first stage; None if the run has no generator.

  Where the generator has clusters for classes, they are found before it.
  """
  if parts.generating is None:
    return None
  settings, made = parts.settings, parts.generating
  training = settings['generator_training']
  y = None  # Images are without their labels.
  if made.clusters is not None and not training['workdir']:
    found = clustered.train(
      run, made.clusters, **settings['clustered_training']
    )
    run, y = clustered_images.by_cluster(run, found)
  given = generator.Learning(
    made.model,
    made.trainer,
    TrainingSet(run.splits.train.images, y),
    units=generator.units_of(settings['generator']),
  )
  params = generator.train(run, given, **training)
  if y is not None:
    class_samples.show(run, made.model, params, 'cluster')
  return params


def meta_train(run: Run, parts: Parts, params: Params | None) -> Params | None:
  """The second stage, on a generator's parameters; None if there is none.

  Where the run has clusters, rounds of these follow.
  """
  if parts.meta is None:
    return None
  given = learning(run, parts, parts.meta, params)
  best = meta.train(run, given, **parts.settings['meta'])
  return best if parts.clustering is None else learn_rounds(run, parts, best)


def learn_rounds(run: Run, parts: Parts, params: Params) -> Params:
  """Rounds of clustering, from what a meta-training left."""
  assert parts.clustering is not None
  clusters = clustered_learning(run, parts.clustering)
  return rounds.train(run, clusters, params, **parts.settings['rounds'])


def evaluate(run: Run, parts: Parts, params: Params | None) -> None:
  """The third stage, on the learners' parameters, and the page."""
  evaluation.evaluate(
    run, contestants(run, parts, params), **parts.settings['evaluation']
  )
  page = report.write_report(run.files.workdir, PAGE)
  print(f'Report: {page}')


def work(run: Run, parts: Parts) -> None:
  """All stages in order; what has come to its end is not looked at again."""
  try:
    finished = _is_learned(parts, run.files)
    params = _learned(run, parts) if finished else None
  except loop.Damaged:  # Meta-training goes on from the checkpoint before.
    if parts.settings['meta']['workdir']:  # It is the other run's.
      raise
    finished = False
  if not finished:
    begun = learned.warm_up(parts, run.members)
    params = (
      meta_train(run, parts, train_generator(run, parts))
      if begun is None
      else learn_rounds(run, parts, begun)
    )
  evaluate(run, parts, params)


def ready(parts: Parts, files: Record) -> None:
  """Sees that what is to be borrowed is what is meant."""
  learned.check_borrowed(parts.settings)
  begun = parts.settings.get('rounds', {}).get('workdir')
  if not (begun or _is_learned(parts, files)):
    generator.check_borrowed(parts.settings)


def system(
  work: Callable[[Run, Parts], None] = work,
  build: Callable[[Settings], Parts] = build,
  ready: Callable[[Parts, Record], None] = ready,
) -> System:
  """LASIUM, or with other work one of its stages."""
  return System('lasium', by_size.resolved, build, ready, read, work)


def _is_learned(parts: Parts, files: Record) -> bool:
  """Whether nothing before the evaluation is left to do."""
  if parts.meta is None:
    return parts.generating is None
  name, steps = learned.last_stage(parts.settings)
  theirs = learned.lender(parts.settings, files)
  return loop.steps_done(theirs, name) >= steps


def _learned(run: Run, parts: Parts) -> Params | None:
  """What meta-training left: the best parameters of each member, or None."""
  if parts.meta is None:
    return None
  return learned.left_behind(parts, run.members, run.files).params


def build_generator(settings: Settings) -> Parts:
  """As `build`, where there must be a generator to train here."""
  parts = build(settings)
  if parts.generating is None:
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
  if parts.meta is None:
    raise BadConfig(f'The config {settings["name"]!r} has no meta-training.')
  for section in ('meta', 'rounds'):
    if settings.get(section, {}).get('workdir'):
      raise BadConfig(
        f'config.{section}.workdir names learners that are trained already; '
        'leave it out to train some.'
      )
  return parts


def ready_meta(parts: Parts, files: Record) -> None:
  """Sees that the generator is trained to its end, here or elsewhere."""
  generator.check_trained(parts.settings, files)


def work_meta(run: Run, parts: Parts) -> None:
  """What experiments/meta_train.py does: the generator is trained already."""
  params = None
  if parts.generating is not None:
    training = parts.settings['generator_training']
    params = generator.trained(parts.generating.trainer, run.files, **training)
  meta_train(run, parts, params)


def ready_evaluation(parts: Parts, files: Record) -> None:
  """Sees that the learner is trained to its end."""
  learned.check_borrowed(parts.settings)
  if parts.meta is not None:
    theirs = learned.lender(parts.settings, files)
    loop.check_finished(theirs, *learned.last_stage(parts.settings))


def work_evaluation(run: Run, parts: Parts) -> None:
  """What experiments/evaluate_learner.py does: all else is trained already."""
  evaluate(run, parts, _learned(run, parts))
