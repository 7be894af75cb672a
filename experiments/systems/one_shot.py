"""A trained generator is judged by what it makes of one drawing.

Boutin et al. 2022 judge new drawings of a character by their recognizability
and their diversity. This run trains what measures the diversity, without
labels, and is given what measures the other.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from experiments.components.data import image_shape
from experiments.components.images import IMAGES, name_of
from experiments.components.latents import FEW_SHOT
from experiments.components.optimizers import OPTIMIZERS
from experiments.components.orders import reads_labels
from experiments.components.parts import Sections, check_sections, make
from experiments.pages import report, sections
from experiments.run.config import (
  BadConfig,
  Config,
  Settings,
  get,
  require,
  require_filled,
  require_same,
  require_shared,
)
from experiments.run.precision import jit
from experiments.run.record import Record
from experiments.run.run import Places, Run, System
from experiments.stages import (
  borrowed,
  contrastive,
  few_shot_generation,
  new_drawings,
  one_shot,
)
from experiments.stages.evaluation import write_results
from experiments.stages.in_parts import in_parts
from experiments.stages.new_drawings import Maker, Sampling
from experiments.systems.recognizing import recognizer_of
from lasium_jax import embeddings
from lasium_jax.data import Splits
from lasium_jax.models.build import GENERATORS
from lasium_jax.nets import ContrastiveNet
from lasium_jax.settings import Count, Part, pick
from lasium_jax.types import FewShotSampler, MapFn, Trainer


def own() -> None:
  """The generator's own way, such as a prior of one class."""


def network(*, features: Count = 256, width: Count = 64) -> ContrastiveNet:
  """The network of the embedding."""
  return ContrastiveNet(features, width=width)


OWN = 'own'
SAMPLERS = {**FEW_SHOT, OWN: Part(own)}
CRITICS = Part(new_drawings.as_seen)
NETWORK = Part(network)
EMBEDDING = Part(embeddings.contrastive)
EMBEDDING_TRAINING = Part(contrastive.train)
BORROWED = Part(borrowed.lend)
ONE_SHOT = Part(one_shot.measure, given=('labels',))
SECTIONS: Sections = {
  'data': IMAGES,
  'evaluation_data': IMAGES,
  'borrowed': BORROWED,
  'sampler': SAMPLERS,
  'critics': CRITICS,
  'network': NETWORK,
  'embedding': EMBEDDING,
  'optimizer': OPTIMIZERS,
  'embedding_training': EMBEDDING_TRAINING,
  'one_shot': ONE_SHOT,
}

JUDGED = 'config.evaluation_data'
# Folders that must be named, and of what.
FOLDERS = {
  'borrowed.folder': 'the workdir of a run of experiments/interpolative.py, or '
  'a generator that experiments/export.py made of one',
  'one_shot.recognizer': 'the workdir of a run of experiments/lasium.py, such '
  'as supervised-protonets, or a learner that experiments/export.py made of it',
}

PAGE = {
  'Results': sections.metrics_table,
  'New images of classes never seen': sections.stage_pictures(
    few_shot_generation.NAME
  ),
  'Training': sections.training_curves,
  'Settings': sections.settings,
  'Time and hardware': sections.times,
  'How to repeat it': sections.commands,
}


class Parts(NamedTuple):
  """What is known before the data are.

  Attributes:
    settings: that it is made of.
    sampling: how the generator draws more of a class.
    embed: the features that diversity is measured in.
    trainer: what fits them.
  """

  settings: Settings
  sampling: Sampling
  embed: MapFn
  trainer: Trainer


def complete(config: Config) -> Config:
  """Nothing is left to other fields."""
  return config


def build(settings: Settings) -> Parts:
  """The parts that do not depend on the data.

  Raises:
    ValueError: if settings cannot work; the message names the field.
  """
  _check(settings)
  size, channels = settings['critics']['size'], settings['data']['channels']
  optimizer: optax.GradientTransformation = make(
    OPTIMIZERS,
    settings['optimizer'],
    steps=settings['embedding_training']['steps'],
  )
  embed, trainer = embeddings.contrastive(
    network(**settings['network']),
    (size, size, channels),
    optimizer,
    **settings['embedding'],
  )
  return Parts(settings, _sampling(settings), embed, trainer)


def _check(settings: Settings) -> None:
  """Sees that the settings go together."""
  check_sections(settings, SECTIONS)
  lent = settings['borrowed']['generator']
  pick(GENERATORS, lent, 'config.borrowed.generator')
  require(settings, 'seeds', settings['seeds'] == 1, '1: one model is judged')
  require_shared(settings, 'embedding_training.batch_size')
  for field, wanted in FOLDERS.items():
    require(settings, field, bool(get(settings, field)), wanted)
  require_same(settings, 'evaluation_data', ('size', 'channels', 'invert'))


def _sampling(settings: Settings) -> Sampling:
  """What mixes codes, if it has enough of them; or the generator's own way."""
  seeds, views = settings['one_shot']['seeds'], settings['one_shot']['views']
  if settings['sampler']['name'] == OWN:
    wanted = f'0: config.sampler.name is {OWN!r}, which has none'
    require(settings, 'one_shot.views', not views, wanted)
    return Sampling(OWN, None)
  sampler: FewShotSampler = make(SAMPLERS, settings['sampler'])
  codes = jax.ShapeDtypeStruct((seeds * (1 + views), 1), jnp.float32)
  try:
    jax.eval_shape(lambda z: sampler(jax.random.key(0), z, 2), codes)
  except ValueError as error:
    raise BadConfig(
      f'config.one_shot.seeds is {seeds} and config.one_shot.views {views}: '
      f'{error}'
    ) from error
  return Sampling(settings['sampler']['name'], sampler)


def ready(parts: Parts, files: Record) -> None:
  """Sees that what was trained elsewhere is there, and is what is meant."""
  del files
  _subject(parts.settings)
  recognizer_of(parts.settings)
  contrastive.check_borrowed(parts.settings)


def _subject(settings: Settings) -> Maker:
  """The generator, if it can do what is asked of it."""
  lent = borrowed.lend(image_shape(settings), **settings['borrowed'])
  name, sampler = settings['borrowed']['generator'], settings['sampler']['name']
  lacks, needed = lent.model.encode is None, 'an encoder'
  if sampler == OWN:
    lacks, needed = lent.model.sample_like is None, 'a way of its own'
  if lacks:
    raise BadConfig(
      f'config.sampler.name is {sampler!r}, and the generator {name!r} has not '
      f"{needed}. Choose both by the config's argument, such as "
      'configs/one_shot/omniglot.py:interpolative.'
    )
  borrowed.require_unseen(
    lent,
    settings['evaluation_data'],
    JUDGED,
    settings['borrowed']['folder'],
    f'{settings["file"]} has the command that trains one on other characters.',
  )
  return Maker(settings['name'], lent.model, lent.params, borrowed.told(lent))


def read(settings: Settings, places: Places) -> Splits:
  """Characters for the embedding to learn from, and others to judge on.

  Returns:
    The former as critics see them, in size; the latter so too, and as the
    generator does, for the test.

  Raises:
    BadConfig: if there are too few images, or not the same ones in both sizes.
  """
  larger = {'size': settings['critics']['size']}
  train, judged, test = (
    make(IMAGES, section, places=places)
    for section in (
      {**settings['data'], **larger},
      {**settings['evaluation_data'], **larger},
      settings['evaluation_data'],
    )
  )
  require_filled(settings, 'embedding_training.batch_size', len(train.images))
  new_drawings.check_images(test, **settings['one_shot'])
  new_drawings.check_same(judged, test)
  splits = Splits(train, judged, test)
  contrastive.check_borrowed_data(settings, splits)
  return splits


def work(run: Run, parts: Parts) -> None:
  """The embedding is trained, the generator judged; the page is written."""
  settings = parts.settings
  seen = functools.partial(new_drawings.as_seen, **settings['critics'])
  images = in_parts(jit(seen), run.splits.train.images)
  params = contrastive.train(
    run, parts.trainer, images, **settings['embedding_training']
  )
  critics = one_shot.Critics(
    seen,
    recognizer_of(settings),
    parts.embed,
    params,
    _embedding_name(settings),
  )
  results = one_shot.measure(
    run,
    _subject(settings),
    parts.sampling,
    critics,
    name_of(settings['evaluation_data']),
    labels=reads_labels({'name': settings['borrowed']['generator']}),
    **settings['one_shot'],
  )
  write_results(run, results)
  print(f'Report: {report.write_report(run.files.workdir, PAGE)}')


def _embedding_name(settings: Settings) -> str:
  steps: Any = settings['embedding_training']['steps']
  return f'SimCLR of {name_of(settings["data"])}, {steps:,} steps'


def system() -> System:
  """What experiments/one_shot.py starts."""
  return System('one_shot', complete, build, ready, read, work)
