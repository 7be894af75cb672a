"""From MNIST's digits to EMNIST's letters (tables 1 and 2, figures 6 and 8).

  python experiments/interpolative.py \
    --config=configs/interpolative/emnist.py:interpolative \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/interpolative

The argument is one of docs/interpolative.md. Training is on MNIST's 60,000
training images (of `novel-vae` on the letters), and what is judged are MNIST's
test images (the paper has 2.29 of 255 for the autoencoder and 6.25 for the VAE)
and the letters in the test split of EMNIST ByMerge (9.89 and 23.0). 23,400
steps of 128 are 50 epochs; the paper does not say how many it has. WGAN-GP's
200,000 steps are those of its authors.

`acai` has its authors' rate, 0.0001, a tenth of the other autoencoders', and
the others' steps, where its authors have 262,144 of 64 images.
`--config.generator.learning_rate=0.001` gives it the rate of the others, and
`--config.generator_training.steps=131072` its authors' number of images.

`statistician` and `dagan` are baselines of figure 8, trained with the labels of
the same images for 50 epochs. Measured is what they make of five letters, as
it is of the others (docs/interpolative.md). The DAGAN has one layer a level,
where its authors have 3 in the generator and 5 in the critic.
"""

from ml_collections import ConfigDict

from configs.parts import interpolative
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  return interpolative.get_config(
    'configs/interpolative/emnist.py',
    run,
    data=named(IMAGES, 'tfds', dataset='mnist', split='train'),
    held_out=named(IMAGES, 'tfds', dataset='mnist', split='test'),
    evaluation=named(
      IMAGES,
      'tfds',
      dataset='emnist/bymerge',
      split='test',
      first_class=10,  # After the digits.
      transposed=True,
    ),
    steps=23_400,
  )
