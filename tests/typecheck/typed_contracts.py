"""What matches the contracts of `lasium_jax.types`, and what does not.

Nothing here is run. The type checker reads it (`make types`), and reports every
`# type: ignore` that it does not need: so it fails if it stops finding one of
these mistakes, as it fails if it finds one where there is none.
"""

from typing import Any

import optax

from lasium_jax import latents, learners, meta, tasks
from lasium_jax.types import (
  AnchorFn,
  Anchors,
  Array,
  Batch,
  BatchFn,
  Classified,
  ClassifyFn,
  EndEpochFn,
  EpochFn,
  Examples,
  FewShotSampler,
  Generator,
  GeneratorSource,
  LatentSampler,
  Learner,
  Metrics,
  Network,
  Params,
  State,
  Task,
  TaskFn,
  Trainer,
  TrainingSet,
  UpdateFn,
)


def init(key: Array, x: Array) -> Params: ...
def init_of_a_key(key: Array) -> Params: ...


# A network.


def apply(
  params: Params, x: Array, statistics: Any = None, mask: Array | None = None
) -> tuple[Array, Any]: ...


def apply_without_mask(
  params: Params, x: Array, statistics: Any = None
) -> tuple[Array, Any]: ...


def apply_without_moments(
  params: Params, x: Array, statistics: Any = None, mask: Array | None = None
) -> Array: ...


Network(init, apply)
Network(init_of_a_key, apply)  # type: ignore[arg-type]
Network(init, apply_without_mask)  # type: ignore[arg-type]
Network(init, apply_without_moments)  # type: ignore[arg-type]


# A learner.


def adapt(key: Array, params: Params, support: Examples) -> Any: ...
def adapt_without_key(params: Params, support: Examples) -> Any: ...
def adapt_images(key: Array, params: Params, support: Array) -> Any: ...


def predict(adapted: Any, x: Array, mask: Array | None = None) -> Array: ...
def predict_without_mask(adapted: Any, x: Array) -> Array: ...
def predict_needs_mask(adapted: Any, x: Array, mask: Array) -> Array: ...


learner = Learner(init, adapt, predict)
Learner(init_of_a_key, adapt, predict)  # type: ignore[arg-type]
Learner(init, adapt_without_key, predict)  # type: ignore[arg-type]
Learner(init, adapt_images, predict)  # type: ignore[arg-type]
Learner(init, adapt, predict_without_mask)  # type: ignore[arg-type]
Learner(init, adapt, predict_needs_mask)  # type: ignore[arg-type]
learners.maml(Network(init, apply))
learners.maml(learner)  # type: ignore[arg-type]


# A trainer.


def start(key: Array, data: TrainingSet) -> State: ...
def start_of_images(key: Array, images: Array) -> State: ...
def update(key: Array, state: State, batch: Batch) -> tuple[State, Metrics]: ...
def params_of(state: State) -> Params: ...
def end_epoch(key: Array, state: State, data: TrainingSet) -> State: ...
def end_epoch_without_data(key: Array, state: State) -> State: ...


def update_by_images(
  key: Array, state: State, images: Array
) -> tuple[State, Metrics]: ...


def metrics_alone(key: Array, state: State, batch: Batch) -> Metrics: ...


Trainer(start, (update,), params_of)
Trainer(start, (update, update), params_of, end_epoch)
Trainer(start_of_images, (update,), params_of)  # type: ignore[arg-type]
Trainer(start, update, params_of)  # type: ignore[arg-type]
Trainer(start, (update,), params_of, end_epoch_without_data)  # type: ignore[arg-type]
Trainer(start, (update_by_images,), params_of)  # type: ignore[arg-type]
needs_state: UpdateFn = metrics_alone  # type: ignore[assignment]


# A generator.


def decode(params: Params, values: Array) -> Array: ...
def decode_without_params(z: Array) -> Array: ...
def sample(key: Array, params: Params, n: int) -> Array: ...
def sample_without_params(key: Array, n: int) -> Array: ...
def sample_class(key: Array, params: Params, y: Array) -> Array: ...
def sample_like(key: Array, params: Params, x: Array, n: int) -> Array: ...


generator = Generator(decode, sample, decode, sample_class, sample_like)
Generator(decode)
Generator(decode_without_params)  # type: ignore[arg-type]
Generator(decode, sample_without_params)  # type: ignore[arg-type]
Generator(decode, sample, decode_without_params)  # type: ignore[arg-type]
Generator(decode, sample, decode, sample)  # type: ignore[arg-type]
Generator(decode, sample, decode, sample_class, sample)  # type: ignore[arg-type]


# Tasks, and what they are made with.


def anchors(key: Array, source: GeneratorSource) -> Anchors: ...
def bare_anchors(key: Array, source: GeneratorSource) -> Array: ...


def sampler(
  key: Array, source: GeneratorSource, anchors: Anchors, omega: Array
) -> Array: ...


def sampler_without_source(
  key: Array, anchors: Anchors, omega: Array
) -> Array: ...


def sampler_of_latents(
  key: Array, source: GeneratorSource, z: Array, omega: Array
) -> Array: ...


def few_shot_sampler(key: Array, codes: Array, n: int) -> Array: ...
def few_shot_sampler_of_one(key: Array, codes: Array) -> Array: ...


def task(key: Array, source: Any) -> Task: ...
def task_of_three(key: Array, source: Any, ways: int) -> Task: ...
def half_a_task(key: Array, source: Any) -> Examples: ...


tasks.lasium(generator, anchors, sampler, shots=1, queries=5)
tasks.lasium(generator, bare_anchors, sampler, shots=1, queries=5)  # type: ignore[arg-type]
tasks.lasium(generator, anchors, sampler_without_source, shots=1, queries=5)  # type: ignore[arg-type]
tasks.lasium(generator, anchors, sampler_of_latents, shots=1, queries=5)  # type: ignore[arg-type]

needs_codes: FewShotSampler = few_shot_sampler
latents.few_shot(generator, few_shot_sampler)
latents.few_shot(generator, few_shot_sampler_of_one)  # type: ignore[arg-type]

outer = optax.adam(1e-3)
meta.meta_step(learner, task, outer, meta_batch=4)
meta.meta_step(learner, task_of_three, outer, meta_batch=4)  # type: ignore[arg-type]
meta.meta_step(learner, half_a_task, outer, meta_batch=4)  # type: ignore[arg-type]


# Batches, epochs and classifiers.


def batch_fn(key: Array, source: Any, batch: Batch) -> Batch: ...
def batch_fn_of_source(key: Array, source: Any) -> Batch: ...
def epoch_fn(key: Array, data: TrainingSet) -> Array: ...
def epoch_fn_of_length(key: Array, n: int) -> Array: ...
def classify(params: Params, x: Array) -> Classified: ...
def logits_alone(params: Params, x: Array) -> Array: ...


right: tuple[
  BatchFn, EpochFn, ClassifyFn, EndEpochFn, TaskFn, AnchorFn, LatentSampler
] = (batch_fn, epoch_fn, classify, end_epoch, task, anchors, sampler)
needs_batch: BatchFn = batch_fn_of_source  # type: ignore[assignment]
needs_data: EpochFn = epoch_fn_of_length  # type: ignore[assignment]
needs_features: ClassifyFn = logits_alone  # type: ignore[assignment]
