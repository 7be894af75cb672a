"""Core types: what generators, samplers, tasks and learners agree on.

Everything here is a NamedTuple of arrays, or of pure functions. Functions are
written for one task (or one set of images); `jax.vmap` and `jax.lax.scan` are
applied outside. Random functions take their key first and consume it once.

Shape letters: `N` ways (classes in a task), `K` shots (support images a class),
`Q` query images a class, `D` latent size, `H, W, C` an image, `n` any number.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax

Array = jax.Array
Params = Any  # A pytree of arrays.
Metrics = dict[str, Array]  # Scalars, by name.


class Examples(NamedTuple):
  """Labeled images.

  Attributes:
    x: `[n, H, W, C]` float32 in [0, 1].
    y: `[n]` int32, in `0..N-1`; -1 marks padding, for learners made to ignore
      it (`padded=True`). Padding may hold any finite image.
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
  """

  images: Array
  starts: Array
  counts: Array


class Network(NamedTuple):
  """An embedding or classifying network, normalized by batch statistics.

  Attributes:
    init: `(key, x) -> params`, for images `x [n, H, W, C]`.
    apply: `(params, x, statistics=None, mask=None)` to `(outputs [n, ...],
      statistics)`. With `statistics` None each normalization uses the batch at
      hand (transductive on queries) and the moments it used come back; passed
      in again, they are used as they are, so that no image sees another. With
      `mask` `[n]` bool, moments are of the images where it is True; only
      padded learners pass it.
  """

  init: Callable[[Array, Array], Params]
  apply: Callable[..., tuple[Array, Any]]


class Generator(NamedTuple):
  """A trained map between latents and images; what LASIUM needs and no more.

  Attributes:
    sample: `(key, n) -> z [n, D]`, draws from the latent prior.
    decode: `(params, z [n, D]) -> x [n, H, W, C]` in [0, 1].
    encode: `(params, x [n, H, W, C]) -> z [n, D]`, or None if there is no
      encoder.
  """

  sample: Callable[[Array, int], Array]
  decode: Callable[[Params, Array], Array]
  encode: Callable[[Params, Array], Array] | None = None


class TrainerState(Protocol):
  """What every trainer's state has: the parameters its generator decodes by."""

  @property
  def params(self) -> Params: ...


class Trainer(NamedTuple):
  """Fits a generator's parameters to images.

  Attributes:
    init: `(key, batch [n, H, W, C]) -> state`, a pytree with `.params`.
    update: `(key, state, batch [n, H, W, C]) -> (state, metrics)`.
  """

  init: Callable[[Array, Array], Any]
  update: Callable[[Array, Any, Array], tuple[Any, Metrics]]


class GeneratorSource(NamedTuple):
  """What a LASIUM task is made from.

  Attributes:
    params: the generator's parameters.
    images: `[n, H, W, C]` uint8 unlabeled images, read when anchors are
      encoded images; never read when anchors come from the prior.
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
  """

  z: Array
  num_draws: Array
  x: Array | None = None


class AnchorFn(Protocol):
  """Draws class centers."""

  def __call__(self, key: Array, source: GeneratorSource) -> Anchors:
    """Draws the anchors of one task."""


class LatentSampler(Protocol):
  """Draws in-class latents: the paper's policy P."""

  def __call__(self, key: Array, anchors: Array, omega: Array) -> Array:
    """Draws one in-class latent for each anchor.

    Args:
      key: a PRNG key.
      anchors: `[N, D]`.
      omega: int32 scalar in `1..K+Q-1`, Algorithm 1's index.

    Returns:
      `[N, D]`, row i in the class of anchor i.
    """


class TaskFn(Protocol):
  """A way to make tasks."""

  def __call__(self, key: Array, source: Any) -> Task:
    """Makes one task from `source`, a pytree of arrays.

    Whatever the task is made from is an argument and never closed over: jit
    would bake a closure's arrays into the compiled program.
    """


class Learner(NamedTuple):
  """Anything that can be judged on few-shot tasks.

  The outer loss is one function for all (`lasium_jax.meta.task_loss`), so that
  MAML's second-order gradient is what `jax.grad` gives through `adapt`.

  Attributes:
    init: `(key, x [n, H, W, C]) -> params`.
    adapt: `(key, params, support: Examples) -> adapted`, any pytree.
    predict: `(adapted, x [n, H, W, C]) -> logits [n, N]`. Learners made with
      `padded=True` also take `mask` `[n]` bool, False for padding.
  """

  init: Callable[[Array, Array], Params]
  adapt: Callable[[Array, Params, Examples], Any]
  predict: Callable[[Any, Array], Array]
