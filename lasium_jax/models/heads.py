"""What the classes of an adapted learner start from.

MAML's network has a head of its own, and there are two ways to have one for
other classes (`lasium_jax.learners.head`). ProtoNets have none: classes are
told by their prototypes, or by a linear head that is fitted from these.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from lasium_jax.models.build import LEARNERS, has_head
from lasium_jax.settings import parameters

# 'auto' is what the learner was judged with, as far as the classes allow it.
Head = Literal['auto', 'trained', 'mean', 'prototypes', 'fitted']
HEADS: tuple[Head, ...] = get_args(Head)
# As ProtoTransfer, for a learner that was judged by its prototypes.
FITTED_STEPS = 15


class Choice(NamedTuple):
  """How some classes are adapted to.

  Attributes:
    head: what they start from; None for prototypes as they are, and for a
      learner that has no such choice.
    changes: settings of the learner in place of the card's.
  """

  head: Literal['trained', 'mean', 'fitted'] | None
  changes: dict[str, Any]


def heads(card: Mapping[str, Any]) -> tuple[Head, ...]:
  """What a learner can be asked for beside 'auto'; () if it has no choice."""
  if has_head(card):
    return 'trained', 'mean'
  name = card['architecture']['learner']['name']
  fits = 'head_steps' in parameters(LEARNERS[name])
  return ('prototypes', 'fitted') if fits else ()


def choose(
  card: Mapping[str, Any], head: str, steps: int | None, classes: int
) -> Choice:
  """What a request comes to.

  Args:
    card: of a learner.
    head: one of `HEADS`.
    steps: of the adaptation, MAML's or a fitted head's; None for the card's.
    classes: how many there are.

  Returns:
    The choice.

  Raises:
    ValueError: if the learner has no such head, or takes no steps.
  """
  if head not in HEADS:
    raise ValueError(f'head is {head!r}; it must be one of {HEADS}.')
  options, learner = heads(card), card['architecture']['learner']
  if head != 'auto' and head not in options:
    raise ValueError(
      f'head is {head!r}, which {learner["name"]} has not; say one of '
      f'{("auto", *options)}.'
    )
  if 'fitted' in options:
    return _of_prototypes(head, steps, learner.get('head_steps', 0))
  changes = {} if steps is None else {'steps': steps}
  if not options:
    return Choice(None, changes)
  if head == 'auto':
    fits = classes <= card['architecture']['ways']
    return Choice('trained' if fits else 'mean', changes)
  return Choice('trained' if head == 'trained' else 'mean', changes)


def _of_prototypes(head: str, steps: int | None, judged: int) -> Choice:
  """The choice of a learner that was judged with a head of so many steps."""
  if head == 'prototypes' or (head == 'auto' and not judged):
    if steps is not None:
      raise ValueError(
        f"steps is {steps}, and prototypes take none: say head='fitted' for a "
        'head that is fitted from them, or leave out steps.'
      )
    return Choice(None, {'head_steps': 0} if judged else {})
  if steps is None:
    steps = judged or FITTED_STEPS
  changes = {} if steps == judged else {'head_steps': steps}
  return Choice('fitted' if steps else None, changes)
