"""The numbers of Interpolative Autoencoders (anonymous, under review 2020).

Table 1, of characters: the error of a pixel, in 0..255. A number is shown
beside a result where training data, images judged on and model are those of
its cell. The paper names neither how long was trained, nor the optimizer, nor
which images of a data set are judged on; these are said beside it.
"""

from experiments.papers.numbers import Condition, Number

# The rows of Table 1, by model and training data; values by data judged on.
TABLE_1 = {
  ('autoencoder', 'mnist'): {'mnist': 2.29, 'emnist': 9.89},
  ('vae', 'mnist'): {'mnist': 6.25, 'emnist': 23.0},
}
CONDITIONS = (
  Condition('images of 28x28', ({'data.size': 28, 'data.channels': 1},)),
  Condition('latents of 64', ({'generator.latent_size': 64},)),
  Condition('training not said'),
  Condition('images judged on not said'),
)
# EMNIST has 124,800 training images there: those of its split Letters.
EMNIST = Condition(
  "EMNIST's split Letters",
  ({'result.dataset': lambda name: name == 'emnist/letters'},),
)
# The networks are those of the autoencoder there, and LASIUM's here.
VAE = Condition("the autoencoder's networks")


def _number(model: str, train: str, judged: str, value: float) -> Number:
  emnist = judged == 'emnist'
  required = {
    'result.metric': 'reconstruction L1, of 255',
    'generator.name': model,
    'protocol.trained on': train,
    'protocol.inverted': None,  # Of figure 4, which has no numbers.
    'result.dataset': lambda name: name.partition('/')[0] == judged,
  }
  conditions = (*CONDITIONS, *(EMNIST,) * emnist, *(VAE,) * (model == 'vae'))
  table = 'Interpolative AE Table 1'
  return Number(table, value, None, required, conditions)


NUMBERS = tuple(
  _number(model, train, judged, value)
  for (model, train), row in TABLE_1.items()
  for judged, value in row.items()
)
