"""An ordinary classifier is trained on batches, and tested on real images."""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from experiments.run import loop, streams
from experiments.run.loop import Stage
from experiments.run.members import label, told_apart
from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages import training
from experiments.stages.in_parts import in_parts
from lasium_jax import metrics
from lasium_jax.batches import repeated, sets_of_a_class
from lasium_jax.data.dataset import Dataset
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Count, Whole
from lasium_jax.types import (
  Array,
  BatchFn,
  ClassifyFn,
  EpochFn,
  Params,
  Trainer,
  TrainingSet,
)

NAME = 'train_classifier'
UNITS = {'loss': 'nats', 'accuracy': '%', 'test_accuracy': '%'}


class Classifying(NamedTuple):
  """What is trained to classify, and on what.

  Attributes:
    classify: the classifier.
    trainer: what fits it.
    data: images, on the host, with labels.
    batch_fn: what becomes of a batch of them.
    source: what that makes batches of, such as a generator's parameters.
    test: real images of the same classes.
    told: what results say besides of what it learned from.
    part: which of several classifiers of one run it is; '' for the only one.
    name: of its results; '' is the run's.
    metric: what its accuracy is called.
    note: what it learned from, in a few words for pages.
  """

  classify: ClassifyFn
  trainer: Trainer
  data: TrainingSet
  batch_fn: BatchFn
  source: Any
  test: Dataset
  told: Mapping[str, Any] = MappingProxyType({})
  part: str = ''
  name: str = ''
  metric: str = 'accuracy'
  note: str = ''


def train(
  run: Run,
  classifying: Classifying,
  *,
  steps: Count,
  batch_size: Count = 128,
  set_size: Count = 1,
  steps_per_dispatch: Count = 1,
  test_every: Whole = 0,
) -> list[Params]:
  """Trains a classifier for each member.

  Args:
    run: whose members they are.
    classifying: what and on what.
    steps: of one batch each.
    batch_size: images of a step.
    set_size: images of one class that meet in a batch; 1 lets chance decide.
    steps_per_dispatch: in one compiled program; more than one pays on a GPU.
    test_every: steps after which it is tested on the way, for the curves alone:
      no checkpoint is chosen by it. 0 is never.

  Returns:
    The parameters of each member.
  """
  fit = training.Fit(
    classifying.trainer,
    classifying.data,
    steps,
    steps_per_dispatch,
    _order(batch_size, set_size),
    classifying.batch_fn,
    classifying.source,
    run.fast_convolutions,
  )
  training.note(run.files, stage_name(classifying.part), fit)
  stage = _stage(run, classifying, fit, test_every)
  states = loop.run(stage, run.files, checkpoint_seconds=run.checkpoint_seconds)
  return [classifying.trainer.params(state) for state in states]


def stage_name(part: str) -> str:
  """The stage of one of several classifiers of a run, or of the only one."""
  return f'{NAME}_{part}' if part else NAME


def _order(batch_size: int, set_size: int) -> EpochFn:
  """Which rows meet in a batch."""
  if set_size == 1:
    return repeated(batch_size)
  return sets_of_a_class(batch_size, set_size=set_size)


def _stage(
  run: Run, classifying: Classifying, fit: training.Fit, test_every: int
) -> Stage:
  tested = tester(classifying.classify, classifying.test)

  def after(
    states: training.States, first: int, n: int
  ) -> Mapping[str, np.ndarray]:
    if not test_every or first // test_every == (first + n) // test_every:
      return {}
    accuracies = [
      tested(classifying.trainer.params(state)).mean() for state in states
    ]
    return {'test_accuracy': np.array(accuracies)}

  return training.stage_of(
    stage_name(classifying.part),
    fit,
    run.members,
    streams.CLASSIFIER,
    mesh=run.image_mesh,
    device_bytes=run.device_bytes,
    after=after,
    title='Classifier',
    part=classifying.part,
    units=UNITS,
  )


def tester(classify: ClassifyFn, test: Dataset) -> Any:
  """`params -> right [n]`, which test images are classified right."""

  @jit
  def right(params: Params, images: Array, labels: Array) -> Array:
    logits = classify(params, as_floats(images)).logits
    return logits.argmax(-1) == labels

  def tested(params: Params) -> np.ndarray:
    apply = functools.partial(right, params)
    return in_parts(apply, test.images, test.labels)

  return tested


def results_of(
  run: Run, classifying: Classifying, params: list[Params], steps: int
) -> list[Result]:
  """The accuracy of each member on the test images, and of several the mean.

  A member's interval is 1.96 standard errors of a share of so many images; that
  of the mean is of so many runs, which have those images in common.
  """
  tested = tester(classifying.classify, classifying.test)
  classes = len(classifying.test.class_names)
  results = []
  for member, own in zip(told_apart(run.members), params, strict=True):
    right = tested(own)
    value = float(right.mean())
    result = Result(
      classifying.name or run.name,
      classifying.metric,
      value,
      run.dataset,
      len(right),
      'images',
      ci95=float(1.96 * np.sqrt(value * (1 - value) / len(right))),
      protocol={'classes': classes, **classifying.told},
      steps=steps,
      config=run.config,
      member=member,
      note=classifying.note,
    )
    results.append(result)
  if len(results) > 1:
    mean, ci95 = metrics.mean_and_ci95([result.value for result in results])
    whole = results[0]._replace(value=mean, ci95=ci95, member=None)
    results.append(whole._replace(n=len(results), of='runs'))
  for result in results:
    _say(result)
  return results


def _say(result: Result) -> None:
  name = f' ({label(result.member)})' if result.member else ''
  print(
    f'{result.name}{name}: {result.metric} {100 * result.value:.2f} +- '
    f'{100 * (result.ci95 or 0):.2f} % of {result.n:,} {result.of}, '
    f'{result.protocol["classes"]:,} classes',
    flush=True,
  )
