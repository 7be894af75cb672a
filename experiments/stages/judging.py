"""All members' accuracies on numbered tasks, in one compiled program."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax.typing import ArrayLike

from experiments.run.precision import jit
from experiments.run.run import Run, vectorizes
from lasium_jax import meta, parallel
from lasium_jax.types import Array, Learner, Params, TaskFn

Values = dict[str, Array]  # What is swept, by name.
LearnerOf = Callable[[Values], Learner]  # It gets a member's values.
Judge = Callable[[Array, Values, Params, Any, ArrayLike], Array]


def judge(
  run: Run, task_fn: TaskFn, learner_of: LearnerOf, tasks_at_once: int
) -> Judge:
  """The accuracies of learners.

  Args:
    run: whose devices share the tasks.
    task_fn: makes the tasks.
    learner_of: of a member's values of what is swept.
    tasks_at_once: where many are done at once.

  Returns:
    `(keys [members], values, params, source, indices [n])` to accuracies
    `[members, n]`, where values and params have a leading axis of members. Task
    i of a member is made of its key and i alone.
  """
  at_once = tasks_at_once if vectorizes() else None

  def accuracies(
    keys: Array, values: Values, params: Params, source: Any, indices: Array
  ) -> Array:
    def of_member(member: tuple[Array, Values, Params]) -> Array:
      key, values, params = member
      judged = meta.evaluate(learner_of(values), task_fn, batch_size=at_once)

      def share(indices: Array, shared: tuple[Array, Params, Any]) -> Array:
        return judged(*shared, indices)

      return parallel.map_over_devices(
        run.judging_mesh, share, jnp.asarray(indices), (key, params, source)
      )

    return run.over_members(of_member, (keys, values, params))

  return jit(accuracies)
