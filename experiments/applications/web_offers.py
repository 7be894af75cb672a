"""What the page of experiments/web_demo.py can do by which models."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from experiments.applications import web_answer, web_generate
from lasium_jax import models
from lasium_jax.models import Model

Service = Callable[[Any], dict[str, Any]]  # From JSON types to such.


class Offer(NamedTuple):
  """What a page can do.

  Attributes:
    about: what it must know of its models, of JSON types.
    services: what answers its requests, by their paths.
    prepare: compiles what the first answers need.
  """

  about: dict[str, Any]
  services: Mapping[str, Service]
  prepare: Callable[[], None]


def classification(model: Model, classes: int) -> Offer:
  """To classify by a learner.

  Args:
    model: of a learner.
    classes: how many the page begins with.

  Returns:
    The offer.

  Raises:
    BadModel: if the model is no learner.
  """
  if model.card['kind'] != 'learner':
    raise models.BadModel(
      f'This model is a {model.card["kind"]}, and what classifies by examples '
      'is a learner. A generator is for --generator.'
    )

  def classify(request: Any) -> dict[str, Any]:
    reply = web_answer.answer(model, request)
    # They are sent as pairs, because an object may not keep their order.
    return {
      'probabilities': [*reply.probabilities.items()],
      'account': reply.account,
    }

  return Offer(
    {'classify': _about_learner(model, classes)},
    {'/classify': classify},
    lambda: web_answer.prepare(model, classes),
  )


def generation(model: Model) -> Offer:
  """To make new images by a generator.

  Raises:
    BadModel: if the model is none.
    ValueError: if it cannot make images like others.
  """
  services = web_generate.services(model)
  by_path: dict[str, Service] = {'/generate': services.generate}
  if services.between is not None:
    by_path['/between'] = services.between
  return Offer(
    {'generate': web_generate.settings(model)},
    by_path,
    lambda: web_generate.prepare(model, services),
  )


def offers(
  learner: str | None, generator: str | None, classes: int
) -> list[Offer]:
  """What a page can do by models of some folders.

  Args:
    learner: the folder of one, or None.
    generator: likewise.
    classes: how many the page begins with.

  Returns:
    One offer or two.

  Raises:
    BadModel: if a folder holds no sound model, or one of another kind.
    ValueError: if there is no folder, or a generator cannot make images like
      others.
  """
  made = []
  if learner:
    made.append(classification(models.load_model(learner), classes))
  if generator:
    made.append(generation(models.load_model(generator)))
  if not made:
    raise ValueError(
      'There is no model: name a learner to classify with by --model, a '
      'generator to make new images with by --generator, or both.'
    )
  return made


def _about_learner(model: Model, classes: int) -> dict[str, Any]:
  """What the page must know of the model, of JSON types."""
  learner = model.card['architecture']['learner']['name']
  names = {'maml': 'MAML', 'protonets': 'ProtoNets'}
  run = model.card['training'].get('run')
  return {
    'learner': names.get(learner, learner),
    'run': run if isinstance(run, str) else '',
    'image': model.card['image'],
    'classes': classes,
    'heads': _heads(model.card),
    'max_classes': web_answer.MAX_CLASSES,
  }


def _heads(card: Mapping[str, Any]) -> list[dict[str, str]]:
  """What a person may choose that classes start from; the first is as judged.

  Returns:
    Each `head` of `FewShotClassifier`, with words for it; one if there is no
    choice.
  """
  judged = card['architecture']['learner'].get('head_steps')
  words = {
    'trained': f'trained, for up to {card["architecture"]["ways"]} classes',
    'mean': 'mean, any number of classes',
    'prototypes': 'none, but the prototypes of classes',
    'fitted': 'fitted to the examples, from their prototypes',
  }
  # The others need several queries at once.
  options = [
    {'head': head, 'words': words[head]}
    for head in models.heads(card)
    if head in words
  ]
  if models.has_head(card):
    auto = 'trained where it fits, else mean'
    return [{'head': 'auto', 'words': auto}, *options]
  if judged:
    options.reverse()
  return options or [{'head': 'auto', 'words': 'none'}]
