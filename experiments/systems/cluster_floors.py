"""What few-shot classes are told by where nothing but clusters was learned."""

import functools

import jax

from experiments.run.config import Settings
from experiments.run.members import Member
from experiments.run.run import Run
from experiments.stages.evaluation import Contestant, always
from experiments.systems import clustered_images
from lasium_jax.learners import nearest_neighbors, protonets
from lasium_jax.types import Network

PROBE_STEPS = 50  # Of the linear head, which begins as the prototypes.


def by_clusters(run: Run, settings: Settings) -> list[Contestant]:
  """Probes and neighbors by the features that clusters were found by.

  What is meta-trained on tasks of the clusters can be seen beside them.
  """
  classify, params = clustered_images.encoder(settings, run.files)
  network = Network(
    lambda key, x: params,
    lambda params, x, statistics=None, mask=None: (
      classify(params, x).features,
      (),
    ),
  )
  ways = settings['evaluation']['ways']
  heads = {
    'cluster-features': (protonets(network, ways=ways), 'prototypes'),
    'cluster-probe': (
      protonets(network, ways=ways, head_steps=PROBE_STEPS),
      'a linear head',
    ),
    'cluster-neighbors': (
      nearest_neighbors(
        ways=ways, embed=lambda params, x: classify(params, x).features
      ),
      'the nearest neighbor',
    ),
  }
  return [
    Contestant(
      name,
      functools.partial(always, learner),
      'inductive',
      [Member(settings['seed'], {})],
      jax.tree.map(lambda leaf: leaf[None], params),
      floor=True,
      note=f'{words} by what found the clusters, without meta-training',
    )
    for name, (learner, words) in heads.items()
  ]
