"""The numbers of Interpolative Autoencoders (anonymous, under review 2020).

Table 1: the error of a pixel, in 0..255. A number is shown beside a result
where training data, images judged on and model are those of its cell. The paper
names neither how long was trained, nor the optimizer, nor which images of a
data set are judged on; these are said beside it.

Table 3: the accuracy of classifiers of EMNIST ByMerge's letters, half of whose
batches are mixtures. The paper names neither the classifier, nor its training,
nor which images are mixed, nor whether their labels are.
"""

from typing import Any

from experiments.papers.numbers import Condition, Number

# The rows of Table 1, by model and training data; values by data judged on, and
# their split where training data and others have one name.
TABLE_1 = {
  ('autoencoder', 'mnist'): {'mnist': 2.29, 'emnist': 9.89},
  ('variational', 'mnist'): {'mnist': 6.25, 'emnist': 23.0},
  ('autoencoder', 'omniglot'): {'omniglot:train': 1.92, 'omniglot:test': 4.62},
  ('autoencoder', 'cifar10'): {'cifar10': 4.39, 'cifar100': 5.40},
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
# EMNIST has 124,800 training images there: those of its split Letters.
EMNIST = Condition(
  "EMNIST's split Letters",
  ({'result.dataset': lambda name: name == 'emnist/letters'},),
)


def _number(model: str, train: str, judged: str, value: float) -> Number:
  dataset, _, split = judged.partition(':')
  required: dict[str, Any] = {
    'result.metric': 'reconstruction L1, of 255',
    'generator.name': model,
    'protocol.trained on': train,
    'protocol.inverted': None,  # Of figure 4, which has no numbers.
    'result.dataset': lambda name: name.partition('/')[0] == dataset,
  }
  if split:
    required |= {'data.split': 'train', 'protocol.split': split}
    required['protocol.classes'] = OMNIGLOT[split]
  conditions = (
    *(CIFAR if train == 'cifar10' else CHARACTERS),
    *UNSAID,
    *(EMNIST,) * (dataset == 'emnist'),
  )
  table = 'Interpolative AE Table 1'
  return Number(table, value, None, required, conditions)


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
    'result.dataset': lambda name: name.partition('/')[0] == 'emnist',
    'protocol.classes': 37,
    'batches.name': batches,
    'borrowed.generator': generator,
  }
  mixed = (*MIXED, LENT) if batches != 'unchanged' else ()
  conditions = (*CLASSIFIED, *mixed)
  return Number('Interpolative AE Table 3', value, ci95, required, conditions)


NUMBERS = (
  *(
    _number(model, train, judged, value)
    for (model, train), row in TABLE_1.items()
    for judged, value in row.items()
  ),
  *(_accuracy(*how, value, ci95) for how, (value, ci95) in TABLE_3.items()),
)
