"""What the classes of an adapted learner start from.

MAML's network has a head of its own, and there are two ways to have one for
other classes (`lasium_jax.learners.head`). ProtoNets have none: classes are
told by their prototypes, by a linear head that is fitted from these, or by
prototypes that the queries refine.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from lasium_jax.models.build import LEARNERS, has_head
from lasium_jax.settings import parameters

# 'auto' is what the learner was judged with, as far as the classes allow it.
Head = Literal['auto', 'trained', 'mean', 'prototypes', 'fitted', 'refined']
HEADS: tuple[Head, ...] = get_args(Head)
# As ProtoTransfer, for a learner that was judged by its prototypes.
FITTED_STEPS = 15
REFINE_STEPS = 1  # Of soft k-means: Ren et al. (2018) gain nothing by more.


class Choice(NamedTuple):
  """How some classes are adapted to.

  Attributes:
    head: what they start from; None for prototypes as they are, and for a
      learner that has no such choice.
    changes: settings of the learner in place of the card's.
  """

  head: Literal['trained', 'mean', 'fitted', 'refined'] | None
  changes: dict[str, Any]


def heads(card: Mapping[str, Any]) -> tuple[Head, ...]:
  """What a learner can be asked for beside 'auto'; () if it has no choice."""
  if has_head(card):
    return 'trained', 'mean'
  name = card['architecture']['learner']['name']
  fits = 'head_steps' in parameters(LEARNERS[name])
  return ('prototypes', 'fitted', 'refined') if fits else ()


def choose(
  card: Mapping[str, Any],
  head: str,
  steps: int | None,
  classes: int,
  *,
  inductive: bool,
) -> Choice:
  """What a request comes to.

  Args:
    card: of a learner.
    head: one of `HEADS`.
    steps: of the adaptation, MAML's, a fitted head's or of refining
      prototypes; None for the card's.
    classes: how many there are.
    inductive: whether each query is classified by itself.

  Returns:
    The choice.

  Raises:
    ValueError: if the learner has no such head, or takes no steps, or queries
      that are classified by themselves are to refine prototypes.
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
    return _of_prototypes(head, steps, learner, inductive=inductive)
  changes = {} if steps is None else {'steps': steps}
  if not options:
    return Choice(None, changes)
  if head == 'auto':
    fits = classes <= card['architecture']['ways']
    return Choice('trained' if fits else 'mean', changes)
  return Choice('trained' if head == 'trained' else 'mean', changes)


def _of_prototypes(
  head: str,
  steps: int | None,
  learner: Mapping[str, Any],
  *,
  inductive: bool,
) -> Choice:
  """The choice of a learner, as it was judged, whose classes are prototypes."""
  judged = {
    'fitted': learner.get('head_steps', 0),
    'refined': learner.get('refine_steps', 0),
  }
  if head == 'refined' and inductive:
    raise ValueError(
      "head is 'refined', by which queries refine prototypes together: it "
      'needs inductive=False, or --transductive where that is a flag.'
    )
  if head == 'auto':
    possible = ('fitted',) if inductive else ('fitted', 'refined')
    head = next((name for name in possible if judged[name]), 'prototypes')
  if head == 'prototypes' and steps is not None:
    raise ValueError(
      f"steps is {steps}, and prototypes take none: say head='fitted' for a "
      "head that is fitted from them, head='refined' (with inductive=False) "
      'for queries that refine them, or leave out steps.'
    )
  if head == 'prototypes' or steps == 0:
    chosen: Literal['fitted', 'refined'] | None = None
  else:
    chosen = 'fitted' if head == 'fitted' else 'refined'
  default = FITTED_STEPS if chosen == 'fitted' else REFINE_STEPS
  changes = {}
  for name, field in (('fitted', 'head_steps'), ('refined', 'refine_steps')):
    wanted = (steps or judged[name] or default) if name == chosen else 0
    if wanted != judged[name]:
      changes[field] = wanted
  return Choice(chosen, changes)
