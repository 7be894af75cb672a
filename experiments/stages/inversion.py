"""From images to codes: an encoder for a generator without one, and a search.

See Interpolative Autoencoders, Figures 1 and 2.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp

from experiments.run import loop, streams
from experiments.run.loop import Stage
from experiments.run.members import Member
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.run.results import Result
from experiments.run.run import Run
from experiments.stages import training
from experiments.stages.in_parts import in_parts
from experiments.stages.reconstruction import Judged, result_of
from lasium_jax import generators
from lasium_jax.batches import shuffled, unchanged
from lasium_jax.data.dataset import evenly_spaced
from lasium_jax.generators.objectives import Norm
from lasium_jax.nets.autoencoder import Name
from lasium_jax.ops.images import as_floats
from lasium_jax.settings import Count, NonNegative, Ways, Whole
from lasium_jax.types import Array, Generator, Params, TrainingSet

NAME = 'train_inversion'
METRIC = 'reconstruction L1 of the code that a search found, of 255'


class Trained(NamedTuple):
  """A generator as it is judged, with an encoder of its own or one given later.

  Attributes:
    model: the generator.
    params: all of its parameters.
  """

  model: Generator
  params: Params


def train(
  run: Run,
  model: Generator,
  params: Params,
  shape: tuple[int, int, int],
  *,
  steps: Count = 10_000,
  batch_size: Count = 32,
  network: Name = 'infogan',
  width: Count = 64,
  learning_rate: NonNegative = 1e-4,
  decay_steps: Whole = 0,
) -> Trained:
  """Trains an encoder to find the latents of what the generator makes.

  Args:
    run: whose first member's seed counts.
    model: the generator, with a prior.
    params: the generator's, which stay as they are.
    shape: `(H, W, C)` of its images.
    steps: of one batch each.
    batch_size: images of a step.
    network: of the encoder, as in `lasium_jax.generators.inversion`.
    width: likewise.
    learning_rate: likewise.
    decay_steps: likewise.

  Returns:
    The generator and its encoder.
  """
  inverted, trainer = generators.inversion(
    model,
    params,
    shape,
    network=network,
    width=width,
    learning_rate=learning_rate,
    decay_steps=decay_steps,
  )
  fit = training.Fit(
    trainer,
    TrainingSet(run.splits.train.images),  # Only their number is of use.
    steps,
    1,
    shuffled(batch_size),
    unchanged(),
    fast_convolutions=run.fast_convolutions,
  )
  training.note(run.files, NAME, fit)
  states = loop.run(
    _stage(run, fit), run.files, checkpoint_seconds=run.checkpoint_seconds
  )
  return Trained(inverted, trainer.params(states[0]))


def trained(
  files: Record,
  model: Generator,
  params: Params,
  shape: tuple[int, int, int],
  *,
  steps: int,
  network: Name,
  width: int,
  decay_steps: int,
  **_: float,
) -> Trained:
  """What `train` left, found without the run's data.

  Raises:
    FileNotFoundError: if its training has not come to its end.
  """
  inverted, trainer = generators.inversion(
    model,
    params,
    shape,
    network=network,
    width=width,
    decay_steps=decay_steps,  # The optimizer's state has another form with it.
  )
  found = training.left_behind(trainer, files, NAME, steps=steps)
  return Trained(inverted, found[0])


def _stage(run: Run, fit: training.Fit) -> Stage:
  return training.stage_of(
    NAME,
    fit,
    [Member(run.seed, {})],
    streams.INVERSION,
    mesh=run.image_mesh,
    device_bytes=run.device_bytes,
    title='Inversion',
    units={},
  )


def search(
  run: Run,
  model: Generator,
  params: Params,
  judged: Judged,
  *,
  steps: int,
  search_steps: Count = 300,
  most: Ways = 256,
  learning_rate: NonNegative = 0.1,
  norm: Norm = 'l1',
) -> Result:
  """Measures how well a generator can represent images at all.

  The code of each image is searched for by gradients of the error of its
  pixels, from what the encoder says (the oracle of Figure 2).

  Args:
    run: whose result it is.
    model: a generator with an encoder.
    params: its parameters.
    judged: on what.
    steps: of the generator's training.
    search_steps: of each search.
    most: images, evenly spaced if there are more.
    learning_rate: of the search, at its beginning.
    norm: of the error that the search lowers.

  Returns:
    The result.
  """
  encode = model.encode
  assert encode is not None

  @jit
  def errors(params: Params, images: Array) -> Array:
    x = as_floats(images)
    z = generators.find_codes(
      model,
      params,
      x,
      encode(params, x),
      steps=search_steps,
      learning_rate=learning_rate,
      norm=norm,
    )
    return 255 * jnp.abs(model.decode(params, z) - x).mean((1, 2, 3))

  images = judged.images.images
  some = evenly_spaced(judged.images, most * images[0].nbytes).images
  found = in_parts(functools.partial(errors, params), some)
  protocol = {**judged.protocol, 'search steps': search_steps}
  return result_of(run, METRIC, judged, found, protocol, steps=steps)
