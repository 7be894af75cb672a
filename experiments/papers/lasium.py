"""The numbers of LASIUM (Khodadadeh et al., workshop 2020) on Omniglot.

A number is shown beside a result only where data set, split, ways, shots,
15 queries and transductive normalization are those of its table, and so are
tasks, sampler, generator, learner and, of LASIUM, the 5 ways of training. A
number of Table 7 is also of one alpha or sigma. What else a number depends on
is named beside it where a run has it otherwise, or where the paper does not say
it, as Table 1 says neither alpha nor sigma: iterations, meta-batch, training
tasks, rates and steps (Tables 5 and 6), network, and image size.

Where the paper's text and its released code differ, nothing says which of them
the tables were made with, and a run by either is compared like for like:

- the network: 2x2 max pooling in the text, stride 2 in the code;
- LASIUM-N's sigma^2: a variance in the text, in the code the same number is
  passed as a standard deviation. The code of the VAE with MAML draws standard
  deviations from U(0, 2), which no table says; its number has that beside it;
- ProtoNets' squared distance: summed in the text, averaged in the code.

How long a generator was trained has a column of its own where results are
listed. Table 4 (mini-ImageNet) is left out: its images come from a folder, and
a folder's name does not say what is in it.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.papers.numbers import Condition, Number

Percent = tuple[float, float]  # A mean and half its 95 % interval.

# The rows of Table 7, 5-way 1-shot, by sampler and its hyperparameter. The
# columns are COLUMNS_7.
TABLE_7: dict[tuple[str, float], tuple[Percent, Percent, Percent, Percent]] = {
  ('n', 0.5): ((77.16, 0.65), (70.41, 0.71), (62.16, 0.79), (61.57, 0.80)),
  ('n', 1.0): ((71.10, 0.70), (68.26, 0.71), (60.95, 0.78), (62.17, 0.80)),
  ('n', 2.0): ((63.18, 0.71), (65.18, 0.71), (59.81, 0.78), (64.88, 0.78)),
  ('ro', 0.2): ((77.62, 0.64), (75.02, 0.66), (62.24, 0.79), (62.17, 0.80)),
  ('ro', 0.4): ((75.79, 0.65), (71.31, 0.70), (64.19, 0.76), (62.20, 0.80)),
  ('oc', 0.2): ((74.70, 0.68), (74.98, 0.67), (61.79, 0.79), (62.16, 0.78)),
  ('oc', 0.4): ((73.40, 0.68), (68.79, 0.73), (64.59, 0.76), (63.08, 0.79)),
}
COLUMNS_7 = (
  *(('msgan', 'maml'), ('vae', 'maml')),
  *(('msgan', 'protonets'), ('vae', 'protonets')),
)
# The rows of Table 1 for LASIUM, by sampler, generator and learner; their
# values are by the number of shots.
TABLE_1_LASIUM: dict[tuple[str, str, str], dict[int, Percent]] = {
  ('ro', 'msgan', 'maml'): {1: (83.26, 0.55), 5: (95.29, 0.22)},
  ('n', 'vae', 'maml'): {1: (76.11, 0.64), 5: (94.42, 0.26)},
  ('ro', 'msgan', 'protonets'): {1: (80.15, 0.64), 5: (91.10, 0.35)},
  ('oc', 'vae', 'protonets'): {1: (73.22, 0.73), 5: (85.05, 0.46)},
}
# The rows of Table 1 for other methods, by the source of tasks and the learner.
TABLE_1_OTHERS: dict[tuple[str, str], dict[int, Percent]] = {
  ('umtra', 'maml'): {1: (81.91, 0.58), 5: (94.58, 0.25)},
  ('labeled', 'maml'): {1: (94.46, 0.35), 5: (98.83, 0.12)},
  ('labeled', 'protonets'): {1: (98.35, 0.22), 5: (99.58, 0.09)},
}
# CACTUs on ACAI's codes, by the learner, and how its code normalizes queries.
# The table says 15 queries a class; its rows are Hsu et al.'s own numbers, of
# whose code it is 5.
TABLE_1_CACTUS: dict[tuple[str, str], dict[int, Percent]] = {
  ('maml', 'transductive'): {1: (68.84, 0.80), 5: (87.78, 0.50)},
  ('protonets', 'inductive'): {1: (68.12, 0.84), 5: (83.58, 0.61)},
}
TABLE_1_FLOORS: dict[str, dict[int, Percent]] = {
  'scratch': {1: (51.64, 0.65), 5: (71.44, 0.53)},
}
HYPERPARAMETER = {'n': 'sigma', 'ro': 'alpha', 'oc': 'alpha'}

OMNIGLOT = {
  'result.metric': 'accuracy',
  'result.dataset': 'omniglot',
  'data.split': 'random',
  'protocol.ways': 5,
  'protocol.queries': 15,
  'protocol.normalization': 'transductive',
  'protocol.within_groups': None,
}
NETWORK = (
  Condition('images of 28x28', ({'data.size': 28, 'data.channels': 1},)),
  Condition(
    "the paper's network",
    (
      {
        'network.filters': 64,
        'network.last_filters': 0,
        'network.padding': 'SAME',
        'network.downsample': 'stride',
        'network.head': 'mean',
      },
      {
        'network.filters': 64,
        'network.last_filters': 0,
        'network.padding': 'SAME',
        'network.downsample': 'max_pool',
        'network.head': 'flatten',
      },
    ),
  ),
)
# The hyperparameters of Tables 5 and 6.
TRAINING = (
  Condition('meta-batch 4', ({'meta.batch': 4},)),
  Condition('5-way training tasks', ({'tasks.ways': 5},)),
  Condition(
    'training tasks of 1 shot, 5 queries',
    ({'tasks.shots': 1, 'tasks.queries': 5},),
  ),
  Condition('meta rate 0.001', ({'meta.learning_rate': 0.001},)),
  Condition(
    'inner rate 0.4',
    (
      {
        'learner.learning_rate': 0.4,
        'evaluation_learner.learning_rate': 0.4,
      },
    ),
  ),
  Condition('5 inner steps', ({'learner.steps': 5},)),
  Condition('50 steps in evaluation', ({'evaluation_learner.steps': 50},)),
  Condition('second-order gradients', ({'learner.first_order': False},)),
  *NETWORK,
)
THOUSAND = Condition('1,000 iterations', ({'meta.iterations': 1_000},))
# Runs of Table 7 stop after 1,000 iterations "for the sake of comparison". Of
# those of Table 1 the paper says only that LASIUM's were longer.
LONGER = (
  Condition('longer training', ({'meta.iterations': lambda n: n > 1_000},)),
  Condition(
    'iterations not said', ({'meta.iterations': lambda n: n <= 1_000},)
  ),
)
NOT_SAID = Condition('iterations not said')
CACTUS = (
  Condition(
    '100 partitions of 500 clusters',
    ({'partitions.number': 100, 'partitions.clusters': 500},),
  ),
  Condition('codes of 256 numbers'),
  Condition('20-way training tasks', ({'tasks.ways': 20},)),
  Condition("CACTUs' networks and rates"),
)


def _latents(sampler: str, size: float) -> list[dict[str, Any]]:
  """The settings that a sampler's hyperparameter stands for."""
  if sampler != 'n':
    return [{'latents.alpha': size}]
  sigmas = dict.fromkeys((size, math.sqrt(size)))
  return [{'latents.sigma': s, 'latents.sigma_max': None} for s in sigmas]


def _method(sampler: str, generator: str, learner: str) -> dict[str, Any]:
  return {
    'tasks.name': 'lasium',
    'tasks.ways': 5,
    'latents.name': sampler,
    'generator.name': generator,
    'learner.name': learner,
  }


def _number(
  table: str,
  percent: Percent,
  shots: int,
  method: Mapping[str, Any],
  conditions: tuple[Condition, ...],
) -> Number:
  value, ci95 = (round(number / 100, 6) for number in percent)
  required = {
    **OMNIGLOT,
    'protocol.shots': shots,
    'result.floor': None,
    # The papers' ProtoNets have prototypes alone.
    'result.head': lambda head: head not in ('fitted', 'refined'),
    **method,
  }
  return Number(f'LASIUM {table}', value, ci95, required, conditions)


def _table_7() -> Iterator[Number]:
  for (sampler, size), row in TABLE_7.items():
    for (generator, learner), percent in zip(COLUMNS_7, row, strict=True):
      method = _method(sampler, generator, learner)
      for latents in _latents(sampler, size):
        yield _number(
          'Table 7', percent, 1, method | latents, (THOUSAND, *TRAINING)
        )
  # The released code draws standard deviations from U(0, 2), where the table
  # says sigma^2 = 0.5. The table's number is shown beside such a run too.
  yield _number(
    'Table 7',
    TABLE_7['n', 0.5][COLUMNS_7.index(('vae', 'maml'))],
    1,
    _method('n', 'vae', 'maml')
    | {'latents.sigma': 0.0, 'latents.sigma_max': 2.0},
    (THOUSAND, Condition('sigma^2 = 0.5'), *TRAINING),
  )


def _table_1() -> Iterator[Number]:
  for (sampler, generator, learner), row in TABLE_1_LASIUM.items():
    size = Condition(f'{HYPERPARAMETER[sampler]} not said')
    method = _method(sampler, generator, learner)
    for shots, percent in row.items():
      yield _number(
        'Table 1', percent, shots, method, (*LONGER, size, *TRAINING)
      )
  for (tasks, learner), row in TABLE_1_OTHERS.items():
    method = {'tasks.name': tasks, 'learner.name': learner}
    for shots, percent in row.items():
      yield _number('Table 1', percent, shots, method, (NOT_SAID, *TRAINING))
  for (learner, normalization), row in TABLE_1_CACTUS.items():
    method = {
      'tasks.name': 'cactus',
      'generator.name': 'acai',
      'learner.name': learner,
      'protocol.queries': 5,
      'protocol.normalization': normalization,
    }
    for shots, percent in row.items():
      yield _number('Table 1', percent, shots, method, CACTUS)
  for floor, row in TABLE_1_FLOORS.items():
    for shots, percent in row.items():
      yield _number('Table 1', percent, shots, {'result.floor': floor}, NETWORK)


NUMBERS = (*_table_7(), *_table_1())
