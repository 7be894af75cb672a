"""LASIUM on Omniglot: 5-way, 28x28.

  python experiments/lasium.py \
    --config=configs/lasium/omniglot.py:ro-vae-maml \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/ro-vae-maml

The argument names sampler, generator and learner,
`{n,ro,oc}-{vae,msgan,autoencoder,interpolative}-{maml,protonets}`, or a
baseline:
`umtra-{maml,protonets}` (augmented images in place of a generator),
`cactus-{vae,variational,autoencoder,interpolative,acai}-{maml,protonets}`
(clusters of encoded images, in many partitions),
`supervised-{maml,protonets}` (labeled training classes, the ceiling) or
`scratch` (no meta-training, the floor). On two cores the generator takes most
of the time (about 1.1 s a step for the VAE, 1.9 s for the MSGAN, at batch
128), meta-training and evaluation a few minutes. RESULTS.md has what each
reaches.

`cola-{maml,protonets}` is no paper's: images are clustered without labels, and
each class of a task is within another cluster of COLA's generator
(docs/cola.md). `{n,ro,oc}-cola-{maml,protonets}` are that generator with the
paper's samplers.

`clustered-protonets` is no paper's: instance discrimination, then rounds of
clustering all images by what the learner sees and meta-training on the clusters
(docs/papers.md), half an hour on two cores. The last block of its network has
512 channels, for images of 28x28; where `data.size` or `network.filters` is
larger, set `network.last_filters` too, 0 for as many as in the other blocks. On
a GPU let `meta.steps_per_dispatch` and `rounds.steps_per_dispatch` be 10.
`clustered-SAMPLER-GENERATOR-protonets` and `clustered-cola-protonets` begin
with LASIUM's tasks instead, of any generator. COLA's has clusters of its own,
which are found before it is trained, and are not those of the rounds.

The paper has no autoencoders. They have no prior: anchors are encoded images,
RO moves toward other encoded images, and noise is in units of the standard
deviations of a task's anchors (`latents.relative`).

A fourth word picks between the paper's text and its released code where the
two differ (docs/papers.md):

  setting                       (none)     -paper           -released
  network.downsample, head      stride     max_pool, flat   stride
  latents.sigma, with a VAE     0.5        sqrt(0.5)        MAML: U(0, 2)
                                                            ProtoNets: 2.0
  latents.sigma, with a GAN     0.5        sqrt(0.5)        0.5
  generator.kl_weighting        sum        sum              mean
  generator.label_noise         one_sided  one_sided        released
  anchors.posterior (VAE)       mean       mean             sample
  anchors.epsilon (GAN)         0          0                246.09
  learner.distance              mean       sum              mean
"""

from ml_collections import ConfigDict

from configs.parts import lasium
from configs.parts.sections import named
from experiments.components.data import DATA


def get_config(run: str = 'ro-vae-maml') -> ConfigDict:
  data = named(DATA, 'tfds', dataset='omniglot')
  return lasium.get_config('configs/lasium/omniglot.py', run, data)
