"""The numbers of COLA (Winter and Weinshall 2020).

Table 2: the accuracy of ResNet-20 on CIFAR-10's test images, and of WRN-16-8 on
Tiny ImageNet's, after as many real images as sCOLA makes of them, means of
three samples of each size. Table 3 has other classifiers at 100 images of each
class; its ResNet-20 has another number there than in Table 2. Table 5 is of all
training images, with the perceptual loss (appendix B.2): the FID of 10,000 made
images beside the test's (B.4), and the classification accuracy score and
CAS-Test of a classifier that it does not name. For the score it refers to
Ravuri and Vinyals (2019), whose made images are as many as the training set's.
The paper does not say either what stands behind its +-, how many steps a
classifier has, or how many images are made elsewhere.
"""

from typing import Any

from experiments.papers.numbers import Condition, Number
from experiments.run.results import ON_MADE, SCORE

Percent = tuple[float, float]  # A mean and what stands behind its +-.
FID = "Fréchet distance in Inception's features (FID)"

# By images of a class.
TABLE_2: dict[int, Percent] = {
  5: (29.05, 1.09),
  10: (42.86, 2.04),
  20: (49.63, 1.29),
  50: (54.51, 0.22),
  100: (58.59, 0.58),
}
TABLE_2_TINY: dict[int, Percent] = {
  10: (17.14, 0.27),
  20: (23.99, 0.52),
  50: (29.70, 0.05),
  100: (35.24, 0.34),
}
TINY = {
  'data.name': 'tiny_imagenet',
  'data.dataset': None,
  'result.dataset': 'tiny_imagenet',
  'protocol.classes': 200,
}
# By the fields of a classifier, at 100 images of a class.
TABLE_3: tuple[tuple[dict[str, Any], Percent], ...] = (
  ({'name': 'resnet20'}, (59.03, 0.58)),
  ({'name': 'resnet32'}, (58.4, 0.62)),
  ({'name': 'wide_resnet', 'depth': 28, 'width': 10}, (59.6, 0.99)),
)
# By the generator's network, of 5,000 images of a class: CAS and CAS-Test.
TABLE_5: dict[str, tuple[Percent, Percent]] = {
  'infogan': ((67.65, 0.26), (85.14, 0.66)),
  'residual': ((61.48, 0.23), (45.14, 0.74)),
  'conditional': ((70.66, 0.91), (85.61, 0.46)),
}
TABLE_5_FID: dict[str, tuple[float, float]] = {
  'infogan': (49.38, 0.32),
  'residual': (85.94, 2.14),
  'conditional': (39.49, 0.20),
}

_SIXTHS = Condition(
  'halved every sixth',
  ({'optimizer.schedule': 'steps', 'optimizer.decay_by': 0.5},),
)
_FIFTHS = Condition(
  'a fifth after every 30 %',
  ({'optimizer.schedule': 'steps', 'optimizer.decay_by': 0.2},),
)
_SAID = (
  Condition('mean of three samples'),
  _SIXTHS,
  Condition('a rate of 0.1', ({'optimizer.learning_rate': 0.1},)),
  Condition('batches of 128', ({'training.batch_size': 128},)),
  Condition('half of the images made', ({'batches.share': 0.5},)),
  Condition('latents of 64', ({'generator.latent_size': 64},)),
  Condition('a Laplacian pyramid', ({'generator.loss': 'laplacian'},)),
  Condition('InfoGAN', ({'generator.network': 'infogan'},)),
  Condition('steps not said'),
)
# Of all images, for which appendix B.2 says latents of 128. Table 4, which is
# of the same networks, has the numbers of parameters that belong to 64.
_SAID_OF_ALL = (
  Condition(
    'latents of 128 or 64',
    ({'generator.latent_size': 128}, {'generator.latent_size': 64}),
  ),
  Condition('the perceptual loss of VGG', ({'generator.loss': 'vgg16'},)),
)
_UNKNOWN = Condition('classifier and steps not said')
_OF_A_SET = Condition('5,000 made images a class', ({'batches.made': 5_000},))
_SAID_OF_FID = (
  *_SAID_OF_ALL,
  Condition(
    "10,000 made images and the test's 10,000",
    ({'quality.images': 10_000, 'protocol.real': 10_000},),
  ),
  Condition('ten draws', ({'quality.draws': 10},)),
  Condition('mean of three models'),
)


def _number(
  table: str,
  shots: int,
  percent: Percent,
  classifier: dict[str, Any],
  **required: Any,
) -> Number:
  mean, spread = percent
  own = {f'classifier.{field}': value for field, value in classifier.items()}
  needed = {
    'system': 'cola',
    'generator.name': 'cola',
    'data.dataset': 'cifar10',
    'result.dataset': 'cifar10',
    'result.metric': 'accuracy',
    'result.name': lambda name: name != 'real',  # Which is of real ones alone.
    'protocol.classes': 10,
    'protocol.images a class': shots,
    **own,
    **required,
  }
  conditions: tuple[Condition, ...] = _SAID
  if classifier.get('width') == 8:  # WRN-16-8 has a schedule of its own.
    conditions = tuple(_FIFTHS if c is _SIXTHS else c for c in _SAID)
  if table == 'COLA Table 5':  # It compares the generator's networks.
    of_a_set = needed['result.metric'] == SCORE
    conditions = (*_SAID_OF_ALL, *(_OF_A_SET,) * of_a_set, _UNKNOWN)
  return Number(table, mean / 100, spread / 100, needed, conditions)


def _fid(network: str, mean: float, spread: float) -> Number:
  required = {
    'system': 'cola',
    'generator.name': 'cola',
    'generator.network': network,
    'generator.clusters': 10,
    'clustered.views': None,
    'data.dataset': 'cifar10',
    'result.dataset': 'cifar10',
    'result.metric': FID,
    'result.floor': None,
    'protocol.images a class': 5_000,
  }
  return Number('COLA Table 5', mean, spread, required, _SAID_OF_FID)


NUMBERS = (
  *(
    _number('COLA Table 2', shots, percent, {'name': 'resnet20'})
    for shots, percent in TABLE_2.items()
  ),
  *(
    _number(
      'COLA Table 2',
      shots,
      percent,
      {'name': 'wide_resnet', 'depth': 16, 'width': 8},
      **TINY,
    )
    for shots, percent in TABLE_2_TINY.items()
  ),
  *(
    _number('COLA Table 3', 100, percent, classifier)
    for classifier, percent in TABLE_3
  ),
  *(
    _number(
      'COLA Table 5',
      5_000,
      percent,
      {},
      **{
        'result.metric': metric,
        'generator.network': network,
        'clustered.views': None,  # It is of classes, not of clusters.
      },
    )
    for network, scores in TABLE_5.items()
    for metric, percent in zip((SCORE, ON_MADE), scores, strict=True)
  ),
  *(_fid(network, *fid) for network, fid in TABLE_5_FID.items()),
)
