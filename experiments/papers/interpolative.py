"""The numbers of Interpolative Autoencoders (anonymous, under review 2020).

Table 1: the error of a pixel, in 0..255. A number is shown beside a result
where training data, images judged on and model are those of its cell. The paper
names neither how long was trained, nor the optimizer, nor which images of a
data set are judged on; these are said beside it.

Table 2: the FID of what mixed codes show, of EMNIST's letters and characters of
Omniglot's evaluation alphabets. The paper does not say which images are mixed,
how, how many there are, or of how many runs a number is. It is shown beside the
FID in Inception's features alone: other features have another scale.

Table 3: the accuracy of classifiers of EMNIST ByMerge's letters, half of whose
batches are mixtures. The paper names neither the classifier, nor its training,
nor which images are mixed, nor whether their labels are.
"""

from collections.abc import Callable, Iterator
from typing import Any

from experiments.papers.numbers import Condition, Number

# The columns of Table 1, the data judged on: of characters, and of photographs.
OF_CHARACTERS = ('mnist', 'emnist', 'omniglot:train', 'omniglot:test')
OF_PHOTOGRAPHS = ('cifar10', 'cifar100')
# Its rows, by model and training data.
TABLE_1 = {
  ('autoencoder', 'mnist'): (2.29, 9.89, 6.03, 6.88),
  ('autoencoder', 'emnist'): (3.79, 2.73, 4.48, 5.30),
  ('autoencoder', 'omniglot:train'): (8.36, 14.6, 1.92, 4.62),
  ('autoencoder', 'omniglot:test'): (9.41, 15.2, 4.59, 2.16),
  ('variational', 'mnist'): (6.25, 23.0, 15.9, 17.9),
  ('autoencoder', 'cifar10'): (4.39, 5.40),
  ('autoencoder', 'cifar100'): (5.27, 4.63),
}
# The images that it counts for training.
TRAINED_ON = {
  'mnist': 60_000,
  'emnist': 124_800,
  'omniglot:train': 19_280,
  'omniglot:test': 13_180,
  'cifar10': 50_000,
  'cifar100': 50_000,
}
# The characters of its background alphabets, and of the others.
OMNIGLOT = {'train': 964, 'test': 659}
CHARACTERS = (
  Condition('images of 28x28', ({'data.size': 28, 'data.channels': 1},)),
  Condition('latents of 64', ({'generator.latent_size': 64},)),
)
CIFAR = (
  Condition('images of 32x32', ({'data.size': 32, 'data.channels': 3},)),
  Condition('latents of 512', ({'generator.latent_size': 512},)),
  Condition(
    '5 convolutional layers', ({'generator.network': 'convolutional'},)
  ),
)
UNSAID = (
  Condition('training not said'),
  Condition('images judged on not said'),
)


def _letters(name: str) -> bool:
  """Whether data are EMNIST's letters as the paper has them, or no EMNIST."""
  return not _is('emnist')(name) or name == 'emnist/letters'


# The count of its training images is that of this split.
EMNIST = Condition(
  "EMNIST's split Letters",
  ({'result.dataset': _letters, 'protocol.trained on': _letters},),
)


def _is(dataset: str) -> Callable[[Any], bool]:
  """Whether a name is a data set's, of whatever configuration."""
  return lambda name: str(name).partition('/')[0] == dataset


def _images(n: int) -> Condition:
  words = f'{n:,} training images'
  return Condition(words, ({'protocol.training images': n},))


def _number(model: str, train: str, judged: str, value: float) -> Number:
  learned, _, own_split = train.partition(':')
  dataset, _, split = judged.partition(':')
  required: dict[str, Any] = {
    'result.metric': 'reconstruction L1, of 255',
    'generator.name': model,
    'protocol.trained on': _is(learned),
    'protocol.inverted': None,  # Of figure 4, which has no numbers.
    'result.dataset': _is(dataset),
  }
  if own_split:  # Other divisions of Omniglot have these names for other parts.
    required |= {'data.name': 'tfds', 'data.split': own_split}
  if split:
    required |= {'protocol.split': split, 'protocol.classes': OMNIGLOT[split]}
  conditions = (
    *(CIFAR if judged in OF_PHOTOGRAPHS else CHARACTERS),
    _images(TRAINED_ON[train]),
    *UNSAID,
    *(EMNIST,) * ('emnist' in (train, judged)),
  )
  table = 'Interpolative AE Table 1'
  return Number(table, value, None, required, conditions)


def _cells() -> Iterator[Number]:
  """All of Table 1."""
  for (model, train), row in TABLE_1.items():
    photographs = train in OF_PHOTOGRAPHS
    columns = OF_PHOTOGRAPHS if photographs else OF_CHARACTERS
    for judged, value in zip(columns, row, strict=True):
      yield _number(model, train, judged, value)


# The rows of Table 2, by model and training data; values by data judged on.
TABLE_2 = {
  ('autoencoder', 'mnist', 'emnist'): 17.66,
  ('variational', 'emnist', 'emnist'): 18.73,
  ('interpolative', 'mnist', 'emnist'): 17.32,
  ('autoencoder', 'omniglot:train', 'omniglot:test'): 106.33,
  ('variational', 'omniglot:test', 'omniglot:test'): 87.44,
  ('interpolative', 'omniglot:train', 'omniglot:test'): 74.70,
}
MIXTURES = (
  Condition('training not said'),
  Condition('pairs and their mixtures not said'),
  Condition('number of images and of runs not said'),
  Condition('ink dark or light not said'),
)


def _fid(model: str, train: str, judged: str, value: float) -> Number:
  learned, _, own_split = train.partition(':')
  dataset, _, split = judged.partition(':')
  required: dict[str, Any] = {
    'result.metric': "Fréchet distance in Inception's features (FID)",
    'result.floor': None,
    'generator.name': model,
    'data.name': 'tfds',
    'data.dataset': _is(learned),
    'result.dataset': _is(dataset),
  }
  if split:
    required |= {'data.split': own_split, 'evaluation_data.split': split}
  conditions = (*CHARACTERS, *MIXTURES, *(EMNIST,) * (dataset == 'emnist'))
  return Number('Interpolative AE Table 2', value, None, required, conditions)


# The rows of Table 3, by the batch function and the generator that it borrows:
# the mean of ten runs, and half its interval.
TABLE_3 = {
  ('unchanged', None): (0.9033, 0.0006),
  ('mixed_pixels', None): (0.9066, 0.0004),
  ('mixed_codes', 'autoencoder'): (0.9127, 0.0004),
  ('mixed_codes', 'interpolative'): (0.9150, 0.0005),
}
CLASSIFIED = (
  CHARACTERS[0],
  Condition('mean of ten runs', ({'result.of': 'runs', 'seeds': 10},)),
  Condition("ByMerge's training images", ({'data.split': 'train'},)),
  Condition('classifier not said'),
  Condition('training not said'),
)
MIXED = (
  Condition(
    'half of a batch, alpha 0.5',
    ({'batches.share': 0.5, 'batches.alpha': 0.5},),
  ),
  Condition('pairs not said'),
)
# A run that borrows no generator has not this protocol, which is no difference.
LENT = Condition(
  'autoencoder of MNIST', ({'protocol.generator trained on': 'mnist'},)
)


def _accuracy(
  batches: str, generator: str | None, value: float, ci95: float
) -> Number:
  required = {
    'result.metric': 'accuracy',
    'result.dataset': _is('emnist'),
    'protocol.classes': 37,
    'batches.name': batches,
    'borrowed.generator': generator,
  }
  mixed = (*MIXED, LENT) if batches != 'unchanged' else ()
  conditions = (*CLASSIFIED, *mixed)
  return Number('Interpolative AE Table 3', value, ci95, required, conditions)


NUMBERS = (
  *_cells(),
  *(_fid(*which, value) for which, value in TABLE_2.items()),
  *(_accuracy(*how, value, ci95) for how, (value, ci95) in TABLE_3.items()),
)
