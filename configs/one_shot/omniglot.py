"""One drawing of each of 150 characters of Omniglot (Boutin et al. 2022).

  python experiments/one_shot.py \
    --config=configs/one_shot/omniglot.py:interpolative \
    --config.borrowed.folder=runs/characters \
    --config.one_shot.recognizer=runs/recognizer \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/one-shot

The argument is a run of configs/interpolative/, whose codes are mixed with
random weights, or drawn as a word in front of it says:
`{paths,midpoints,mixtures,differences}-RUN`. `differences-interpolative` goes
beyond the seed and its views, where all others stay between them
(docs/few_shot_generation.md). The first three characters of
each alphabet are judged, and all critics and generators learn from the others,
20 drawings each. The generator is a run of 28x28 on these:

  python experiments/interpolative.py \
    --config=configs/interpolative/characters.py:interpolative \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/characters

What tells characters apart is trained with labels, on images of 50x50 in black
and white, as those it judges, and on views of them:

  python experiments/lasium.py \
    --config=configs/lasium/omniglot.py:supervised-protonets \
    --config.data.split=first_characters --config.data.size=50 \
    --config.data.threshold=0.5 --config.learner.distance=sum \
    --config.network.downsample=max_pool --config.network.filters=48 \
    --config.network.padding=VALID --config.tasks.ways=60 \
    --config.tasks.queries=2 --config.tasks.augment_support=True \
    --config.tasks.turned=True --config.augment.rotation=17 \
    --config.augment.scale=1.2 --config.augment.shear=0.25 \
    --config.augment.stretch=1.15 --config.augment.translation=0.125 \
    --config.meta.batch=1 --config.meta.schedule=cosine \
    --config.meta.iterations=3500 --config.meta.validate_every=1000 \
    --data_dir=PREPARED_TFDS_DATA --workdir=runs/recognizer

Runs after the first can be judged by its embedding:
`--config.embedding_training.workdir=runs/one-shot`.

Real images are read at 50x50, and cut at 0.5; what the generator makes of seeds
of 28x28 is enlarged before that. What a generator of 50x50 makes is judged as
it is: train it with `--config.data.size=50`, and give this run that flag too.
The authors have 500 tests of each character; here 1,000 tests have 20
characters each. 4,600 steps of 128 are 20 epochs of the embedding; how long the
authors train theirs is not known to us.
"""

from ml_collections import ConfigDict

from configs.parts import one_shot
from configs.parts.sections import named
from experiments.components.images import IMAGES


def get_config(run: str = 'interpolative') -> ConfigDict:
  return one_shot.get_config(
    'configs/one_shot/omniglot.py',
    run,
    data=named(IMAGES, 'omniglot', split='train'),
    evaluation=named(IMAGES, 'omniglot', split='test'),
    steps=4_600,
  )
