"""The learner that tells by one image each which character an image shows."""

from pathlib import Path
from typing import NamedTuple

from experiments.components.apart import division_of, require_apart
from experiments.components.data import image_shape
from experiments.components.few_shot import normalization
from experiments.components.images import name_of
from experiments.run.config import BadConfig, Settings
from experiments.run.record import Record
from experiments.run.saved import saved_settings
from experiments.stages.one_shot import Recognizer
from experiments.systems import exports
from lasium_jax import models
from lasium_jax.models.build import LEARNERS, make_learner
from lasium_jax.models.files import CARD
from lasium_jax.types import Params

FIELD = 'config.one_shot.recognizer'


class _Found(NamedTuple):
  """What a folder has.

  Attributes:
    architecture: `network`, `learner` and `ways`, as cards have it.
    params: the learner's.
    data: the section of what it learned from.
    iterations: of its meta-training; None if nobody says it.
    shape: `(H, W, C)` of its images.
    invert: whether dark is 1 for it.
  """

  architecture: Settings
  params: Params
  data: Settings
  iterations: int | None
  shape: tuple[int, int, int]
  invert: bool


def recognizer_of(settings: Settings) -> Recognizer:
  """What `config.one_shot.recognizer` names.

  Args:
    settings: of the run whose images it judges.

  Returns:
    The learner, for tasks of `config.one_shot.ways`.

  Raises:
    BadConfig: if there is none in that folder, or it is for other images or
      another number of ways, or may have learned from what is judged. Where
      nothing is said of a threshold, it learned from gray images.
    BadModel: if an exported model is damaged.
    FileNotFoundError: if its run has not come to its end.
  """
  place, ways = settings['one_shot']['recognizer'], settings['one_shot']['ways']
  folder = Path(place)
  found = (_exported if (folder / CARD).exists() else _trained)(folder)
  size, data = settings['critics']['size'], settings['data']
  wanted = size, size, data['channels']
  if found.shape != wanted:
    raise BadConfig(
      f'{FIELD} is {place!r}, which learned from images of {found.shape}; it '
      f'is to judge images of {wanted}. Name one of such images, or set '
      'config.critics.size.'
    )
  if found.invert != data['invert']:
    raise BadConfig(
      f'{FIELD} is {place!r}, for which data.invert was {found.invert}; here '
      f'config.data.invert is {data["invert"]}. Make them the same.'
    )
  learned, judged = found.data.get('threshold', 0), settings['critics']
  if learned != judged['threshold']:
    raise BadConfig(
      f'{FIELD} is {place!r}, for which data.threshold was {learned}; it is to '
      f'judge images cut at config.critics.threshold = {judged["threshold"]} '
      '(0 leaves them gray). Make them the same.'
    )
  require_apart(
    f'{FIELD} is {place!r}',
    found.data,
    settings['evaluation_data'],
    'config.evaluation_data',
    f'{settings["file"]} has the command that trains one on other characters, '
    'which for Omniglot has --config.data.split=first_characters.',
  )
  section, own = found.architecture['learner'], found.architecture['ways']
  if own != ways and 'ways' not in LEARNERS[section['name']].given:
    raise BadConfig(
      f'{FIELD} is {place!r}, a learner by {section["name"]} of {own} ways; '
      f'config.one_shot.ways is {ways}. Set it to {own}, or name a learner '
      'that compares features, such as ProtoNets.'
    )
  told = {
    'recognizer division': division_of(found.data),
    'recognizer iterations': found.iterations,
  }
  return Recognizer(
    f'{section["name"]} of {name_of(found.data)}',
    make_learner(section, found.architecture['network'], ways),
    found.params,
    normalization(section),
    {name: word for name, word in told.items() if word},
  )


def _exported(folder: Path) -> _Found:
  model = models.load_model(folder)
  card = model.card
  if card['kind'] != 'learner':
    raise BadConfig(
      f'{FIELD} is {str(folder)!r}, which is the model of a {card["kind"]}; it '
      'must be that of a learner, such as experiments/lasium.py trains.'
    )
  return _Found(
    card['architecture'],
    model.params,
    card['training'].get('data', {}),
    card['training'].get('meta', {}).get('iterations'),
    models.image_shape(card),
    card['image']['invert'],
  )


def _trained(folder: Path) -> _Found:
  settings = saved_settings(folder, 'lasium')
  trained = exports.learner(settings, Record(folder, {}))
  return _Found(
    trained.architecture,
    trained.params,
    settings['data'],
    settings['meta']['iterations'],
    image_shape(settings),
    settings['data']['invert'],
  )
