"""From a card to functions: the names that a card, or a config, may say."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from lasium_jax import embeddings, generators, learners
from lasium_jax.nets import WideResNet, conv4, infogan
from lasium_jax.nets.resnet import ResNet
from lasium_jax.settings import BadSetting, Count, Part, check, pick
from lasium_jax.types import (
  ClassifyFn,
  Generator,
  Learner,
  Network,
  Params,
  Trainer,
  TrainingSet,
)

Depth = Literal[10, 16, 22, 28, 34, 40]  # Convolutions of a wide ResNet.


def resnet20(classes: int, *, width: Count = 16) -> ResNet:
  """The residual network of 20 layers (He et al. 2015, section 4.2)."""
  return ResNet(classes, depth=20, width=width)


def resnet32(classes: int, *, width: Count = 16) -> ResNet:
  """The same of 32 layers, which has 0.46 million parameters."""
  return ResNet(classes, depth=32, width=width)


def wide_resnet(
  classes: int, *, depth: Depth = 16, width: Count = 8
) -> WideResNet:
  """A wide residual network, `WRN-depth-width` of its paper's tables."""
  return WideResNet(classes, depth=depth, width=width)


def infogan_classifier(
  classes: int, *, width: Count = 64
) -> infogan.Classifier:
  """InfoGAN's encoder, whose last layer is of logits."""
  return infogan.Classifier(classes, width=width)


NETWORKS = {'conv4': Part(conv4)}
# A learner that is told the ways compares features; any other has a network
# with one logit a way.
LEARNERS = {
  'maml': Part(learners.maml, given=('padded',)),
  'protonets': Part(learners.protonets, given=('ways', 'padded')),
}
GENERATORS = {
  'vae': Part(generators.vae),
  'variational': Part(generators.variational),
  'msgan': Part(generators.msgan),
  'acai': Part(generators.acai),
  'autoencoder': Part(generators.autoencoder),
  'interpolative': Part(generators.interpolative),
  'wgan_gp': Part(generators.wgan_gp),
  'statistician': Part(generators.statistician, reads='labels'),
  'dagan': Part(generators.dagan, reads='labels'),
  'cola': Part(generators.cola, given=('measure_weights',), reads='labels'),
  'glo': Part(generators.glo, given=('measure_weights',), reads='labels'),
  'cgan_pd': Part(generators.cgan_pd, reads='labels'),
}
# The encoder that was trained to invert a generator, if its card has one.
INVERSION = Part(generators.inversion)
# Networks of ordinary classifiers: the number of classes to a Linen module.
CLASSIFIERS = {
  'resnet20': Part(resnet20),
  'resnet32': Part(resnet32),
  'wide_resnet': Part(wide_resnet),
  'infogan': Part(infogan_classifier),
}

Section = Mapping[str, Any]  # A `name`, and the settings of what has it.


def checked(table: Mapping[str, Part], section: Any, where: str) -> Part:
  """The part that a section names.

  Args:
    table: parts by name.
    section: `name`, and the part's settings.
    where: what the section is of, such as 'config.learner'.

  Returns:
    The part.

  Raises:
    BadSetting: if there is no such part, or its settings are not right.
  """
  if not isinstance(section, Mapping):
    raise BadSetting(f'{where} is {section!r}; it must be a section.')
  part = pick(table, section.get('name'), f'{where}.name')
  check(part, settings_of(section), where)
  return part


def settings_of(section: Section) -> dict[str, Any]:
  """A section without its name: the keyword arguments."""
  return {key: value for key, value in section.items() if key != 'name'}


def make_network(section: Section) -> Callable[[int | None], Network]:
  """`outputs -> network`, None for features."""
  part, settings = NETWORKS[section['name']], settings_of(section)
  return lambda outputs: part.make(outputs, **settings)


def make_learner(
  section: Section, network: Section, ways: int, *, padded: bool = False
) -> Learner:
  """A learner of tasks with so many ways.

  Args:
    section: the learner's `name` and settings.
    network: likewise.
    ways: N.
    padded: as in `lasium_jax.learners.maml`.

  Returns:
    The learner.
  """
  part, settings = LEARNERS[section['name']], settings_of(section)
  outputs: int | None = ways
  if 'ways' in part.given:
    settings['ways'], outputs = ways, None
  return part.make(make_network(network)(outputs), padded=padded, **settings)


def make_generator(
  section: Section, shape: tuple[int, int, int], **given: Any
) -> tuple[Generator, Trainer]:
  """A generator of images `(H, W, C)`, and what trains it.

  Args:
    section: the `name` in GENERATORS, and settings.
    shape: `(H, W, C)` of the images.
    **given: what the part is given besides, such as `measure_weights`.

  Returns:
    The generator and its trainer.
  """
  part = GENERATORS[section['name']]
  return part.make(shape, **settings_of(section), **given)


def make_classifier(
  network: Section,
  classes: int,
  shape: tuple[int, int, int],
  optimizer: optax.GradientTransformation,
  *,
  label_smoothing: float = 0.0,
) -> tuple[ClassifyFn, Trainer]:
  """An ordinary classifier, and what trains it.

  Args:
    network: the `name` in CLASSIFIERS, and settings.
    classes: how many.
    shape: `(H, W, C)` of the images.
    optimizer: as in `lasium_jax.embeddings.supervised`.
    label_smoothing: likewise.

  Returns:
    The classifier and its trainer.
  """
  part = CLASSIFIERS[network['name']]
  return embeddings.supervised(
    part.make(classes, **settings_of(network)),
    shape,
    optimizer,
    label_smoothing=label_smoothing,
  )


def image_shape(card: Mapping[str, Any]) -> tuple[int, int, int]:
  """`(H, W, C)` of the images that a model takes or makes."""
  image = card['image']
  return image['height'], image['width'], image['channels']


def has_head(card: Mapping[str, Any]) -> bool:
  """Whether the network of a learner's card has one logit a way."""
  name = card['architecture']['learner']['name']
  return 'ways' not in LEARNERS[name].given


def learner(
  card: Mapping[str, Any],
  *,
  ways: int | None = None,
  padded: bool = False,
  **changes: Any,
) -> Learner:
  """The learner of a card.

  Args:
    card: a learner's.
    ways: in place of those of its training.
    padded: as in `lasium_jax.learners.maml`.
    **changes: settings in place of the card's, such as `steps`.

  Returns:
    The learner, for the model's parameters where `ways` is unchanged.

  Raises:
    BadSetting: if a change is of no setting that the learner has, or wrong.
  """
  architecture = card['architecture']
  section = {**architecture['learner'], **changes}
  checked(LEARNERS, section, section['name'])
  return make_learner(
    section,
    architecture['network'],
    architecture['ways'] if ways is None else ways,
    padded=padded,
  )


def has_inversion(card: Mapping[str, Any]) -> bool:
  """Whether a generator's encoder was trained afterwards, to invert it."""
  return 'inversion' in card['architecture']


def generator(card: Mapping[str, Any]) -> Generator:
  """The generator of a card, with the encoder that inverts it if it has one."""
  model, trainer = _without_inversion(card)
  if has_inversion(card):
    model, _ = _inversion(card, model, _begun(trainer, image_shape(card)))
  return model


def _without_inversion(card: Mapping[str, Any]) -> tuple[Generator, Trainer]:
  own = {k: v for k, v in card['architecture'].items() if k != 'inversion'}
  return make_generator(own, image_shape(card))


def _inversion(
  card: Mapping[str, Any], model: Generator, params: Params
) -> tuple[Generator, Trainer]:
  settings = card['architecture']['inversion']
  return generators.inversion(model, params, image_shape(card), **settings)


def classifier(card: Mapping[str, Any]) -> ClassifyFn:
  """The classifier of a card."""
  return _classifier(card)[0]


def _classifier(card: Mapping[str, Any]) -> tuple[ClassifyFn, Trainer]:
  architecture = card['architecture']
  return make_classifier(
    architecture['network'],
    architecture['classes'],
    image_shape(card),
    optax.identity(),  # Nothing is trained.
  )


def shapes(card: Mapping[str, Any], *, ways: int | None = None) -> Params:
  """The shapes of a model's parameters, without making any.

  Args:
    card: of any kind.
    ways: of a learner, in place of those of its training.

  Returns:
    `jax.ShapeDtypeStruct` in nested dicts.
  """
  shape, key = image_shape(card), jax.random.key(0)
  if card['kind'] == 'learner':
    x = jax.ShapeDtypeStruct((1, *shape), 'float32')
    return jax.eval_shape(learner(card, ways=ways).init, key, x)
  if card['kind'] == 'classifier':
    return _begun(_classifier(card)[1], shape)
  model, trainer = _without_inversion(card)
  specs = _begun(trainer, shape)
  if not has_inversion(card):
    return specs
  return jax.eval_shape(
    lambda params: _begun(_inversion(card, model, params)[1], shape), specs
  )


def _begun(trainer: Trainer, shape: tuple[int, int, int]) -> Params:
  """The shapes of what a trainer begins with, of images enough for k-means."""

  def begun() -> Params:
    x, y = jnp.zeros((256, *shape), jnp.uint8), jnp.zeros(256, jnp.int32)
    return trainer.params(trainer.init(jax.random.key(0), TrainingSet(x, y)))

  return jax.eval_shape(begun)
