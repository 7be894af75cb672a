"""Core types: what generators, trainers, samplers, tasks and learners agree on.

Everything here is a NamedTuple of arrays, or of pure functions typed by a
Protocol. Functions are written for one task (or one set of images); `jax.vmap`
and `jax.lax.scan` are applied outside. Random functions take their key first
and consume it once.

Shape letters: `N` ways (classes in a task), `K` shots (support images a class),
`Q` query images a class, `D` latent size, `H, W, C` an image, `b` a batch, `k`
images or latents of one class, `n` any number.

Labels are hard, int32 `[n]`, or soft, float32 `[n, classes]`; their dtype tells
which.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

Array = jax.Array
Params = Any  # A pytree of arrays.
State = Any  # A pytree of arrays, a trainer's own.
Metrics = dict[str, Array]  # Scalars, by name.
# `(key, x [n, H, W, C]) -> x`: other views of images.
Augment = Callable[[Array, Array], Array]


class Examples(NamedTuple):
  """Labeled images.

  Attributes:
    x: `[n, H, W, C]` float32 in [0, 1].
    y: `[n]` int32, in `0..N-1`, or soft labels, `[n, N]` float32. -1, or a row
      of zeros, marks padding, for learners made to ignore it (`padded=True`).
      Padding may hold any finite image.
  """

  x: Array
  y: Array


class Task(NamedTuple):
  """A few-shot task: learn from `support`, be judged on `query`.

  Labels are `0..N-1` and mean nothing outside the task. Examples are ordered
  by class: the first `K` support images are of class 0, and so on.
  """

  support: Examples
  query: Examples


class ImageSet(NamedTuple):
  """A labeled image collection, held as bytes and sorted by class.

  Attributes:
    images: `[n, H, W, C]` uint8; ink or light is 255, background 0.
    starts: `[num_classes]` int32, the index of each class's first image.
    counts: `[num_classes]` int32, the number of images of each class.
    groups: `[num_classes]` int32, in `0..num_classes-1`, the group that each
      class is of, such as its alphabet; None if there are none.
  """

  images: Array
  starts: Array
  counts: Array
  groups: Array | None = None


class ClusterSet(NamedTuple):
  """Images, of which some are in clusters.

  Attributes:
    images: `[n, H, W, C]` uint8, in any order.
    rows: `[n]` int32, places in `images`: those of one cluster follow each
      other, and those of none come last.
    starts: `[m]` int32, where in `rows` each cluster begins; m is at least the
      number of clusters.
    counts: `[m]` int32, the number of images of each; 0 beyond the last.
    clusters: int32 scalar, how many there are.
  """

  images: Array
  rows: Array
  starts: Array
  counts: Array
  clusters: Array


# What is trained on batches of images: generators, classifiers, embeddings.


class TrainingSet(NamedTuple):
  """All that a trainer trains on. Its length is a shape, hence static.

  Attributes:
    images: `[n, H, W, C]` uint8, on the device, or on the host if it has no
      room. They are read by rows.
    y: the label of each image, true or from a clustering, or None.
  """

  images: Array | np.ndarray
  y: Array | None = None


class Batch(NamedTuple):
  """The images of one step.

  Attributes:
    x: `[b, H, W, C]` float32 in [0, 1].
    rows: `[b]` int32, which images of the training set these are; -1 where an
      image was made up.
    epoch: int32 scalar from 0, for schedules.
    y: the training set's labels of these rows, or None.
  """

  x: Array
  rows: Array
  epoch: Array
  y: Array | None = None


class EpochFn(Protocol):
  """Which rows meet in a batch: a permutation, or sets of one class."""

  def __call__(self, key: Array, data: TrainingSet, /) -> Array:
    """Draws one epoch's rows, `[steps, b]` int32; its shape is static."""


class BatchFn(Protocol):
  """What a batch becomes: augmented, mixed up, half of it generated."""

  def __call__(self, key: Array, source: Any, batch: Batch, /) -> Batch:
    """Makes a batch of `batch` and of `source`, a pytree of arrays."""


class UpdateFn(Protocol):
  """One step of a trainer; whoever calls it jits it and donates its state."""

  def __call__(
    self, key: Array, state: State, batch: Batch, /
  ) -> tuple[State, Metrics]:
    """Returns the next state, and metrics of the same names at every step."""


class EndEpochFn(Protocol):
  """What a trainer does between epochs, with all of its state or all images.

  It is called outside jit with concrete values, and jits what it repeats.
  """

  def __call__(self, key: Array, state: State, data: TrainingSet, /) -> State:
    """Returns a state of the same shapes and dtypes."""


class TrainerInitFn(Protocol):
  """Makes a trainer's first state."""

  def __call__(self, key: Array, data: TrainingSet, /) -> State:
    """Reads a few rows of `data.images` for their shape, never all of them.

    It can be traced: with `jax.eval_shape` a state's shapes are known before
    there are any data.
    """


class Trainer(NamedTuple):
  """Fits parameters to a training set: a generator's, or any network's.

  Attributes:
    init: makes the first state. A leaf must not be an array of `data` itself,
      because the state is donated.
    updates: epoch e takes `updates[e % len(updates)]`; most have one.
    params: `state -> params`, what is used and exported: an attribute, an
      average, or something fitted then. Pure, and valid at any step.
    end_epoch: what is done after the last step of each epoch, or None.
  """

  init: TrainerInitFn
  updates: tuple[UpdateFn, ...]
  params: Callable[[State], Params]
  end_epoch: EndEpochFn | None = None


class SampleFn(Protocol):
  """The prior of a latent space, which may have fitted parameters."""

  def __call__(self, key: Array, params: Params, n: int, /) -> Array:
    """Draws `[n, D]`."""


class SampleClassFn(Protocol):
  """The prior of a class or a cluster."""

  def __call__(self, key: Array, params: Params, y: Array, /) -> Array:
    """Draws `[n, D]` for hard labels `y [n]`."""


class SampleLikeFn(Protocol):
  """New members of the class that some images show."""

  def __call__(self, key: Array, params: Params, x: Array, n: int, /) -> Array:
    """Draws `[n, D]` for images `x [k, H, W, C]` of one class."""


class MapFn(Protocol):
  """`decode`, latents `[n, D]` to images `[n, H, W, C]` in [0, 1]; `encode`."""

  def __call__(self, params: Params, values: Array, /) -> Array:
    """Maps each row by itself: row i depends on row i alone."""


class Generator(NamedTuple):
  """A map from latents to images, and the ways to come by a latent.

  Every field but `decode` may be None; who needs one that is raises ValueError.
  A label or a context that `decode` needs is a part of the latent.
  """

  decode: MapFn
  sample: SampleFn | None = None
  encode: MapFn | None = None
  sample_class: SampleClassFn | None = None
  sample_like: SampleLikeFn | None = None


class Classified(NamedTuple):
  """What a classifier says of images.

  Attributes:
    logits: `[n, classes]`.
    features: `[n, F]`, what the last layer sees.
  """

  logits: Array
  features: Array


class ClassifyFn(Protocol):
  """An ordinary trained classifier."""

  def __call__(self, params: Params, x: Array, /) -> Classified:
    """Classifies images `x [n, H, W, C]`, each by itself."""


# What few-shot tasks are made from.


class GeneratorSource(NamedTuple):
  """What a synthetic task is made from.

  Attributes:
    params: the generator's parameters.
    images: `[n, H, W, C]` uint8 unlabeled images, read when images are encoded;
      never read where all latents come from the prior.
  """

  params: Params
  images: Array


class Anchors(NamedTuple):
  """The `N` class centers of a synthetic task (Algorithm 1, line 3).

  Attributes:
    z: `[N, D]` latents.
    num_draws: int32 scalar, how many sets of `N` were drawn until one was far
      enough apart; 1 means that the first was accepted. 0 means that none was:
      `z` is NaN then, so that nothing can train on it unnoticed.
    x: `[N, H, W, C]` the real images that were encoded, or None.
    y: `[N]` int32, the class or cluster that each is of, or None.
    codes: `[N, k, D]` members of each class, `z` among them, or None.
  """

  z: Array
  num_draws: Array
  x: Array | None = None
  y: Array | None = None
  codes: Array | None = None


class AnchorFn(Protocol):
  """Draws class centers."""

  def __call__(self, key: Array, source: GeneratorSource, /) -> Anchors:
    """Draws the anchors of one task."""


class LatentSampler(Protocol):
  """Draws in-class latents: the paper's policy P."""

  def __call__(
    self,
    key: Array,
    source: GeneratorSource,
    anchors: Anchors,
    omega: Array,
    /,
  ) -> Array:
    """Draws one in-class latent for each anchor.

    Args:
      key: a PRNG key.
      source: to draw anew from the prior, or from encoded images.
      anchors: what is fixed within a task.
      omega: int32 scalar in `1..K+Q-1`, Algorithm 1's index.

    Returns:
      `[N, D]`, row i in the class of anchor i.
    """


class FewShotSampler(Protocol):
  """Draws latents of a kind of which there are a few codes."""

  def __call__(self, key: Array, codes: Array, n: int, /) -> Array:
    """Draws `[n, D]` from `codes [k, D]`, k of 2 or more; it may need more."""


class TaskFn(Protocol):
  """A way to make tasks."""

  def __call__(self, key: Array, source: Any, /) -> Task:
    """Makes one task from `source`, a pytree of arrays.

    Whatever the task is made from is an argument and never closed over: jit
    would bake a closure's arrays into the compiled program.
    """


# What learns from few-shot tasks.


class InitFn(Protocol):
  """Makes a network's or a learner's parameters."""

  def __call__(self, key: Array, x: Array, /) -> Params:
    """Makes parameters for images like `x [n, H, W, C]`."""


class ApplyFn(Protocol):
  """A network whose normalization is by the batch at hand, or as told."""

  def __call__(
    self,
    params: Params,
    x: Array,
    statistics: Any = None,
    mask: Array | None = None,
  ) -> tuple[Array, Any]:
    """Applies the network.

    Args:
      params: the network's.
      x: `[n, H, W, C]`.
      statistics: None to normalize by the images at hand (transductive on
        queries), or moments that came back from other images, which are used
        as they are, so that no image sees another.
      mask: `[n]` bool; where it is False an image has no part in the moments.

    Returns:
      Outputs `[n, ...]`, and the moments that were used.
    """


class Network(NamedTuple):
  """An embedding or classifying network, normalized by batch statistics."""

  init: InitFn
  apply: ApplyFn


class AdaptFn(Protocol):
  """Learns a task from its support."""

  def __call__(self, key: Array, params: Params, support: Examples, /) -> Any:
    """Returns any pytree, for the learner's `predict`."""


class PredictFn(Protocol):
  """Classifies queries by what was learned of a task."""

  def __call__(
    self, adapted: Any, x: Array, mask: Array | None = None
  ) -> Array:
    """Returns logits `[n, N]` for `x [n, H, W, C]`; `mask [n]` is as above."""


class Learner(NamedTuple):
  """Anything that can be judged on few-shot tasks.

  The outer loss is one function for all (`lasium_jax.meta.task_loss`), so that
  MAML's second-order gradient is what `jax.grad` gives through `adapt`.
  """

  init: InitFn
  adapt: AdaptFn
  predict: PredictFn
