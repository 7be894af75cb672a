"""LASIUM on Omniglot: 5-way, 28x28.

  python experiments/lasium.py --config=configs/omniglot.py:ro-vae-maml \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml

The argument names sampler, generator and learner,
`{n,ro,oc}-{vae,msgan}-{maml,protonets}`, or a baseline:
`supervised-{maml,protonets}` (labelled training classes, the ceiling) or
`scratch` (no meta-training, the floor). On two cores the generator takes most
of the time (about 1.1 s a step for the VAE, 1.6 s for the MSGAN, at batch
128), meta-training about 5 minutes, evaluation about 8 (MAML) or 1
(ProtoNets). RESULTS.md has what each reaches.

A fourth word picks between the paper's text and its released code where the
two differ (docs/papers.md):

  setting                       (none)     -paper           -released
  network.downsample            stride     max_pool, flat   stride
  latents.sigma (LASIUM-N)      0.5        sqrt(0.5)        0.5; VAE: U(0, 2)
  generator.kl_weighting        sum        sum              mean
  learner.distance              mean       sum              mean
"""

import math

from ml_collections import ConfigDict

from configs import base

SAMPLERS = ('n', 'ro', 'oc')
GENERATORS = ('vae', 'msgan')
LEARNERS = ('maml', 'protonets')
VARIANTS = ('paper', 'released')


def get_config(run: str = 'ro-vae-maml') -> ConfigDict:
  words = run.split('-')
  variant = words.pop() if words[-1] in VARIANTS else ''
  config = base.get_config()
  config.name = run
  config.data.name = 'omniglot'
  match words:
    case ['scratch']:
      config.meta.iterations = 0
      config.evaluation.scratch = True
    case ['supervised', learner] if learner in LEARNERS:
      config.tasks.source = 'labelled'
      config.learner.name = learner
      config.meta.iterations = 10_000
    case [sampler, generator, learner] if (
      sampler in SAMPLERS and generator in GENERATORS and learner in LEARNERS
    ):
      config.latents.sampler = sampler
      config.learner.name = learner
      base.choose_generator(config, generator)
      config.meta.iterations = 1_000
    case _:
      raise ValueError(
        f'configs/omniglot.py has no run {run!r}. It has '
        '{n,ro,oc}-{vae,msgan}-{maml,protonets}, supervised-{maml,protonets} '
        'and scratch, each with -paper or -released behind it or nothing.'
      )
  if variant == 'paper':
    config.network.downsample = 'max_pool'
    config.network.head = 'flatten'
    config.latents.sigma = math.sqrt(0.5)
    config.learner.distance = 'sum'
  if variant == 'released':
    config.generator.kl_weighting = 'mean'
    if config.generator.name == 'vae':
      config.latents.sigma, config.latents.sigma_max = 0.0, 2.0
  return config
