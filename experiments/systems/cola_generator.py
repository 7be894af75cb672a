"""The generator of a run of COLA: of classes, or of clusters that are found."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from experiments.components.measures import trainer_of
from experiments.run.config import Settings
from experiments.run.record import Record
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages import clustered, generator
from experiments.systems import clustered_images, code_clusters
from experiments.systems.cola_checks import WITH_CODES
from lasium_jax.batches import repeated, shuffled
from lasium_jax.types import Array, Generator, Params, Trainer, TrainingSet


class Generated(NamedTuple):
  """A trained generator.

  Attributes:
    run: whose classes are those of the generator: clusters, if it has any. A
      test's are numbered as the clusters that they are matched to.
    params: the generator's.
    results: of the clusters.
  """

  run: Run
  params: Params
  results: list[Result]


def train(
  run: Run,
  settings: Settings,
  model: Generator,
  clustering: Trainer | None,
  told: Mapping[str, Any],
) -> Generated:
  """Trains the generator, and finds clusters before or after it, if any.

  Args:
    run: whose training images it learns from.
    settings: of the run.
    model: the generator, of classes or clusters.
    clustering: what finds clusters before the training, or None.
    told: what results say of the images.
  """
  training = settings['generator_training']
  if code_clusters.have_clusters(settings):
    given = code_clusters.learning(settings, run.splits.train.images)
    params = generator.train(run, given, **training)
    params, found = code_clusters.divided(settings, params)
    results = clustered.results_of(run, found, told, training['steps'])
    run, _ = clustered_images.by_cluster(run, found, judged=True)
    return Generated(run, params, results)
  results, y = [], jnp.asarray(run.splits.train.labels)
  if clustering is not None:
    how = settings['clustered_training']
    found = clustered.train(run, clustering, **how)
    results = clustered.results_of(run, found, told, how['steps'])
    run, y = clustered_images.by_cluster(run, found, judged=True)
  params = generator.train(run, _learning(run, settings, model, y), **training)
  return Generated(run, params, results)


def _learning(
  run: Run, settings: Settings, model: Generator, y: Array
) -> generator.Learning:
  """The sample with its labels, in an order that suits the generator."""
  section = settings['generator']
  return generator.Learning(
    model,
    trainer_of(settings),
    TrainingSet(run.splits.train.images, y),
    shuffled if section['name'] in WITH_CODES else repeated,
    units=generator.units_of(section),
  )


def trained(settings: Settings, files: Record) -> Params:
  """The generator's parameters, found without the data.

  Raises:
    BadConfig: if its loss needs weights, which are not where they were.
    FileNotFoundError: if its training has not come to its end.
  """
  if code_clusters.have_clusters(settings):
    return code_clusters.trained(settings, files)[0]
  training = settings['generator_training']
  return generator.trained(trainer_of(settings), files, **training)


def found_clusters(settings: Settings, files: Record) -> Params:
  """The `targets` of a run's clusters, found without the data.

  Raises:
    FileNotFoundError: if what found them has not come to its end.
  """
  if code_clusters.have_clusters(settings):
    return code_clusters.trained(settings, files)[1]
  return clustered_images.left_behind(settings, files)[1]
