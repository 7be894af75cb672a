"""New drawings of characters never seen: are they recognized, and different?

The protocol of Boutin et al. 2022, "Diversity vs. Recognizability" (sections
3.1 and 3.2). New images of each test character are made of one seed, or a few.
Recognizability is the share of them that a few-shot classifier tells by one
real image each of so many characters; diversity is the spread of the images of
a character in features that were learned without labels. Real images are judged
in the same way, and so is what needs no generator. They are read in the size in
which they are judged; only what is made of seeds is resized to it.

Our sources do not say which images the classifier sees of each character. Here
they are never the seeds, so that copies are told as well as real images, and no
better. Nor do they say what the diversity of their figures is a share of. Here
it is the share of that of all real images, taken as one class.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.run import streams
from experiments.run.precision import jit
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages.few_shot_generation import keep_rows
from experiments.stages.in_parts import in_parts
from experiments.stages.judging import Judge, judge
from experiments.stages.new_drawings import (
  Drawings,
  Maker,
  Sampling,
  draw,
  make,
  makers,
)
from lasium_jax import metrics
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Count, Ways, Whole
from lasium_jax.tasks.recognition import RealAndMade, recognition
from lasium_jax.types import (
  Array,
  ImageSet,
  Learner,
  MapFn,
  Params,
)

RECOGNIZABILITY, DIVERSITY = 'recognizability', 'diversity'
SHARE = 'diversity, of that of all characters'
ROWS, COLUMNS = 8, 10  # Of the picture: characters, and images made of each.
_AT_ONCE = 50  # Tasks, where many are done at once.


class Recognizer(NamedTuple):
  """What tells which character an image shows.

  Attributes:
    name: what results call it.
    learner: of as many ways as it is judged with.
    params: its parameters.
    normalization: 'transductive' or 'inductive'.
    told: what results say of its training besides.
  """

  name: str
  learner: Learner
  params: Params
  normalization: str
  told: Mapping[str, Any]


class Critics(NamedTuple):
  """What judges images.

  Attributes:
    seen: images `[n, H, W, C]` as both see them, uint8.
    recognizer: of the recognizability.
    embed: its features are those of the diversity.
    embed_params: its parameters.
    embedding: what results call it.
  """

  seen: Callable[[Array], Array]
  recognizer: Recognizer
  embed: MapFn
  embed_params: Params
  embedding: str


class AsSeen(NamedTuple):
  """Images of some characters, as critics see them; uint8.

  Attributes:
    name: of their results.
    queries: `[m, q, H, W, C]`, to be recognized.
    spread: `[m, n, H, W, C]`, whose diversity is measured.
    told: how they were made.
    note: as that of `Maker`.
  """

  name: str
  queries: np.ndarray
  spread: np.ndarray
  told: Mapping[str, Any]
  note: str


def measure(
  run: Run,
  subject: Maker,
  sampling: Sampling,
  critics: Critics,
  dataset: str,
  *,
  labels: bool,
  recognizer: str = '',
  seeds: Count = 1,
  views: Whole = 8,
  images: Ways = 20,
  ways: Ways = 20,
  tasks: Ways = 1_000,
) -> list[Result]:
  """Judges what a generator makes of seeds of the test characters.

  Args:
    run: whose results they are. Its test images are what the generator has
      seeds of; its validation images are the same drawings, in the size in
      which they are judged.
    subject: the generator, with its encoder or a way of its own.
    sampling: how it draws.
    critics: what judges.
    dataset: the name of the test images' data set.
    labels: whether the generator was trained with labels, for the picture.
    recognizer: the folder of a run of experiments/lasium.py whose learner tells
      characters, or of the model that was exported of it.
    seeds: real images of each character to make others of.
    views: random maps of each seed, whose codes are mixed with its own; one
      seed alone has nothing else to be mixed with.
    images: made of each character.
    ways: characters of which one is to be told.
    tasks: tests of the recognizability; each has one image of every way.

  Returns:
    The results.
  """
  del recognizer
  root = streams.stream(run.seed, streams.ONE_SHOT)
  draw_key, made_key, task_key = jax.random.split(root, 3)
  drawn = draw(draw_key, run.splits.test, seeds)
  judged = draw(draw_key, run.splits.validation, seeds)
  shape = run.splits.test.shape
  everyone = makers(subject, sampling, shape, seeds=seeds, views=views)
  all_made = [make(made_key, maker, drawn.seeds, images) for maker in everyone]
  _show(run, drawn.seeds, all_made[0], labels=labels)
  real = Drawings(*(_seen(critics, part) for part in judged))
  everything = np.concatenate(real, axis=1)
  all_judged = [AsSeen('real', real.others, everything, {}, 'real images')]
  for maker, made in zip(everyone, all_made, strict=True):
    told = {'seeds': seeds, 'images of each': images, **maker.told}
    seen = _seen(critics, made)
    all_judged.append(AsSeen(maker.name, seen, seen, told, maker.note))
  results = [
    *_recognized(
      run,
      critics,
      dataset,
      all_judged,
      real.supports,
      key=task_key,
      ways=ways,
      tasks=tasks,
    ),
    *_different(run, critics, dataset, all_judged, everything),
  ]
  for result in results:
    print(
      f'{result.name}: {result.metric}: {result.value:.3f} +- '
      f'{result.ci95:.3f} on {result.n:,} {result.of}',
      flush=True,
    )
  return results


def _show(
  run: Run, seeds: np.ndarray, made: np.ndarray, *, labels: bool
) -> None:
  """Keeps a picture of some characters, evenly spaced."""
  count = min(ROWS, len(seeds))
  rows = np.arange(count) * len(seeds) // count
  shown = np.asarray(as_floats(seeds[rows]))
  keep_rows(run, shown, made[rows, :COLUMNS], labels=labels)


def _seen(critics: Critics, images: np.ndarray) -> np.ndarray:
  """Images `[m, n, H, W, C]` as critics see them."""
  seen = in_parts(jit(critics.seen), images.reshape(-1, *images.shape[2:]))
  return seen.reshape(*images.shape[:2], *seen.shape[1:])


def _recognized(
  run: Run,
  critics: Critics,
  dataset: str,
  all_judged: Sequence[AsSeen],
  supports: np.ndarray,
  *,
  key: Array,
  ways: int,
  tasks: int,
) -> list[Result]:
  """The recognizability of each, on the same characters and supports."""
  own = critics.recognizer
  accuracies = judge(
    run, recognition(ways=ways), lambda values: own.learner, _AT_ONCE
  )
  told = {
    'ways': ways,
    'recognizer': own.name,
    'normalization': own.normalization,
    **own.told,
  }
  results = []
  for judged in all_judged:
    source = RealAndMade(_set(supports), _set(judged.queries))
    scores = _scores(accuracies, key, own.params, source, tasks)
    value, ci95 = metrics.mean_and_ci95(scores)
    result = _result(run, judged, dataset, told)
    results.append(
      result._replace(
        metric=RECOGNIZABILITY, value=value, ci95=ci95, n=tasks, of='tasks'
      )
    )
  return results


def _scores(
  accuracies: Judge, key: Array, params: Params, source: Any, tasks: int
) -> np.ndarray:
  """The accuracy of one learner on each task."""
  stacked = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], params)
  scores = accuracies(key[None], {}, stacked, source, np.arange(tasks))
  return np.asarray(scores)[0]


def _set(images: np.ndarray) -> ImageSet:
  """Images `[m, n, H, W, C]` of m classes."""
  classes, each = images.shape[:2]
  return ImageSet(
    jnp.asarray(images.reshape(-1, *images.shape[2:])),
    jnp.arange(classes) * each,
    jnp.full(classes, each),
  )


def _different(
  run: Run,
  critics: Critics,
  dataset: str,
  all_judged: Sequence[AsSeen],
  everything: np.ndarray,
) -> list[Result]:
  """The diversity of each, and its share of that of all real images."""
  embed = jit(lambda params, x: critics.embed(params, as_floats(x)))

  def features(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(-1, *images.shape[2:])
    return in_parts(lambda x: embed(critics.embed_params, x), flat)

  of_all = features(everything)
  (whole,) = metrics.diversity(of_all, np.zeros(len(of_all), int))
  results = []
  for judged in all_judged:
    classes, each = judged.spread.shape[:2]
    labels = np.repeat(np.arange(classes), each)
    value, ci95 = metrics.mean_and_ci95(
      metrics.diversity(features(judged.spread), labels)
    )
    told = {'embedding': critics.embedding}
    result = _result(run, judged, dataset, told)._replace(
      metric=DIVERSITY, value=value, ci95=ci95, n=classes, of='classes'
    )
    share = {'metric': SHARE, 'value': value / whole, 'ci95': ci95 / whole}
    results += [result, result._replace(**share)]
  return results


def _result(
  run: Run, judged: AsSeen, dataset: str, told: Mapping[str, Any]
) -> Result:
  """A result to be filled in."""
  return Result(
    judged.name,
    '',
    0.0,
    dataset,
    0,
    '',
    protocol={**judged.told, **told},
    config=run.config,
    floor=bool(judged.note),
    note=judged.note,
  )
