"""Optimizers of ordinary training, with their schedules."""

from collections.abc import Sequence
from typing import Literal

import optax

from lasium_jax.settings import NonNegative, Share, Whole

Schedule = Literal['constant', 'cosine', 'steps']


def schedule_of(
  steps: int,
  *,
  learning_rate: float,
  schedule: Schedule,
  warmup_steps: int,
  decay_at: Sequence[float],
  decay_by: float,
) -> optax.Schedule:
  """The rate of each step.

  Args:
    steps: in all.
    learning_rate: after the warm-up.
    schedule: 'constant', 'cosine' (to 0 at the last step) or 'steps'.
    warmup_steps: during which the rate rises from 0.
    decay_at: the shares of all steps at which 'steps' multiplies the rate by
      `decay_by`.
    decay_by: likewise.

  Returns:
    `step -> rate`.
  """
  if warmup_steps and warmup_steps >= steps:
    raise ValueError(
      f'optimizer.warmup_steps is {warmup_steps}; it must be below the '
      f'steps of training, {steps}.'
    )
  after = steps - warmup_steps
  options = {
    'constant': lambda: optax.constant_schedule(learning_rate),
    'cosine': lambda: optax.cosine_decay_schedule(learning_rate, after),
    'steps': lambda: optax.piecewise_constant_schedule(
      learning_rate,
      {round(share * steps) - warmup_steps: decay_by for share in decay_at},
    ),
  }
  main = options[schedule]()
  if not warmup_steps:
    return main
  warmup = optax.linear_schedule(0.0, learning_rate, warmup_steps)
  return optax.join_schedules([warmup, main], [warmup_steps])


def sgd(
  steps: int,
  *,
  learning_rate: NonNegative = 0.1,
  momentum: Share = 0.9,
  nesterov: bool = True,
  weight_decay: NonNegative = 5e-4,
  schedule: Schedule = 'cosine',
  warmup_steps: Whole = 0,
  decay_at: Sequence[Share] = (0.5, 0.75),
  decay_by: Share = 0.1,
) -> optax.GradientTransformation:
  """Stochastic gradient descent with momentum and weight decay.

  The decay is that of an L2 penalty: it goes through the momentum, as in the
  recipes that the field's numbers are of.

  Args:
    steps: in all, for the schedule.
    learning_rate: the highest.
    momentum: 0 is none.
    nesterov: whether the momentum looks ahead.
    weight_decay: the share of each weight that is added to its gradient.
    schedule: see `schedule_of`, as for those that follow.
    warmup_steps: likewise.
    decay_at: likewise.
    decay_by: likewise.

  Returns:
    An optax optimizer.

  Raises:
    ValueError: if there is no momentum that could look ahead, or the warm-up
      takes all steps.
  """
  if nesterov and not momentum:
    raise ValueError(
      'optimizer.nesterov is True; it must be False without momentum.'
    )
  rate = schedule_of(
    steps,
    learning_rate=learning_rate,
    schedule=schedule,
    warmup_steps=warmup_steps,
    decay_at=decay_at,
    decay_by=decay_by,
  )
  return optax.chain(
    optax.add_decayed_weights(weight_decay),
    optax.sgd(rate, momentum=momentum or None, nesterov=nesterov),
  )


def adam(
  steps: int,
  *,
  learning_rate: NonNegative = 1e-3,
  weight_decay: NonNegative = 0.0,
  schedule: Schedule = 'constant',
  warmup_steps: Whole = 0,
  decay_at: Sequence[Share] = (0.5, 0.75),
  decay_by: Share = 0.1,
) -> optax.GradientTransformation:
  """Adam, with decoupled weight decay (AdamW); arguments are those of `sgd`."""
  rate = schedule_of(
    steps,
    learning_rate=learning_rate,
    schedule=schedule,
    warmup_steps=warmup_steps,
    decay_at=decay_at,
    decay_by=decay_by,
  )
  return optax.adamw(rate, weight_decay=weight_decay)
