"""Classifiers of EMNIST: with mixed images (table 3), and of all characters.

  python experiments/recognizer.py \
    --config=configs/recognizer/emnist.py:interpolative \
    --config.borrowed.folder=runs/interpolative \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/table3

The argument is what half of each batch is: `none` (as the other half), `mixup`
(means of two images' pixels), `autoencoder` or `interpolative` (what an
autoencoder makes of the means of two images' codes). The last two are given, by
`--config.borrowed.folder`, the run of configs/interpolative/emnist.py of that
name, or its exported generator. Accuracies are means of ten runs; the paper has
90.33, 90.66, 91.27 and 91.50 %.

Mixup mixes any two images, and their labels; codes are mixed of two images of
one class, which keep it. The paper does not say which it mixes, so that the
three differ in labels too. With `--config.batches.pairs=same`, or `any`, in all
three runs they differ in what is mixed alone (docs/interpolative.md).

The images are the letters (37 classes) in the test split of EMNIST ByMerge. Of
each class a seventh, chosen by `held_out.split_seed`, is for the test and the
others are to train on, as in the whole of ByMerge, whose training split has six
times as many images. 4,000 steps of 128 are about ten epochs; on two cores a
step of one run takes about 0.1 s.

`characters` is a classifier of digits and letters (47 classes) whose features
measure generated images: ResNet-20, moved by up to two pixels. It sees one half
of the images (`data.part`), so that the other is left to measure with: there,
`--config.evaluation_data.part=second`.
"""

from ml_collections import ConfigDict

from configs.parts import recognizer
from configs.parts.sections import named
from experiments.components.images import LABELED

FILE = 'configs/recognizer/emnist.py'


def get_config(run: str = 'none') -> ConfigDict:
  data = named(
    LABELED,
    'tfds_images',
    dataset='emnist/bymerge',
    split='test',
    transposed=True,
  )
  if run == 'characters':
    data.part = 'first'
    config = recognizer.get_config(
      FILE, run, data, steps=4_500, network='resnet20'
    )
    config.held_out.share = 0.1
    return config
  data.first_class = 10  # After the digits.
  config = recognizer.get_config(FILE, run, data, steps=4_000)
  config.held_out.share = 1 / 7
  return config
