"""The page on which to choose the size of a class."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_program import Program, config_of

from experiments.components.few_shot import parts_of
from experiments.run.app import settings_of
from experiments.stages import class_size
from experiments.stages.class_size import IMAGES, Explored, Setting
from experiments.systems import lasium
from experiments.systems.class_size import latents_of
from lasium_jax.nets import conv4
from lasium_jax.types import Examples, Task


def entry(separation, spread):
  return Explored(Setting('n', spread), np.zeros(0), separation, spread)


@pytest.mark.parametrize(
  ('keep', 'choice'),
  [(1, 0), (0.8, 1), (0.5, 2), (0, 2)],
  ids=['the best', 'nearly', 'half', 'any that is above chance'],
)
def test_the_widest_of_those_apart_is_chosen(keep, choice):
  entries = [entry(0.9, 0.2), entry(0.85, 0.5), entry(0.75, 0.7), entry(0.4, 1)]
  assert class_size.choose(entries, keep) is entries[choice]


def test_something_is_chosen_where_classes_overlap():
  entries = [entry(0.4, 0.2), entry(0.45, 0.1)]
  assert class_size.choose(entries, 0.85) is entries[1]


def separated(images):
  """Of tasks that are all these images `[ways, IMAGES, H, W, C]`."""
  x = jnp.asarray(images.reshape(-1, *images.shape[2:]))
  y = jnp.repeat(jnp.arange(len(images)), IMAGES)

  def task(key, source):
    return Task(Examples(x, y), Examples(x, y))

  apart = class_size.distances(jax.random.key(1), task, None)
  return class_size.separation(np.asarray(apart))


def test_separation_is_a_share_of_pairs_of_pairs():
  images = np.random.default_rng(0).random((3, IMAGES, 16, 16, 1), np.float32)
  images += np.array([0, 0.2, 0.4], np.float32)[:, None, None, None, None]
  separation, spread = separated(images)
  network, x = conv4(None), jnp.asarray(images.reshape(-1, 16, 16, 1))
  z = np.asarray(network.apply(network.init(jax.random.key(0), x), x)[0])
  within, between = [], []
  for i in range(len(z)):
    for j in range(i):
      pairs = within if i // IMAGES == j // IMAGES else between
      pairs.append(np.linalg.norm(z[i] - z[j]))
  closer = np.mean([w < b for w in within for b in between])
  assert 0.5 < closer < 1
  assert separation == pytest.approx(closer, abs=0.01)
  assert spread == pytest.approx(np.mean(within) / np.mean(between), rel=1e-3)


def test_copies_of_different_images_do_not_overlap():
  images = np.random.default_rng(0).random((3, 1, 16, 16, 1), np.float32)
  copies = np.repeat(images, IMAGES, axis=1)
  separation, spread = separated(copies)
  assert separation == 1 and spread < 0.01


def section_of(run, sampler, **fields):
  """What is explored of a sampler for a run."""
  config = config_of(f'lasium/omniglot.py:{run}')
  config.latents.update(fields)
  settings = settings_of(config, lasium.system())
  return latents_of(settings, parts_of(settings).generating.model, sampler)


@pytest.mark.parametrize('sampler', ['n', 'ro', 'oc'])
@pytest.mark.parametrize(
  'run',
  [
    *('ro-vae-maml', 'n-vae-maml', 'ro-autoencoder-maml', 'n-acai-maml'),
    *('oc-interpolative-maml', 'ro-msgan-maml', 'n-variational-maml'),
    *('ic-cola-maml', 'n-cola-maml'),
  ],
)
def test_a_sampler_is_explored_as_a_run_has_it(run, sampler):
  _, *others = run.split('-')
  other = config_of(f'lasium/omniglot.py:{"-".join([sampler, *others])}')
  assert section_of(run, sampler) == other.latents.to_dict()


def test_what_a_run_has_otherwise_is_kept_but_for_the_range_of_sigma():
  released = section_of('n-vae-maml-released', 'n', relative=True)
  assert released['sigma_max'] is None and released['relative']
  assert section_of('oc-vae-maml', 'oc', self_noise=0.25)['self_noise'] == 0.25
  run = 'n-autoencoder-maml'
  assert not section_of(run, 'oc', relative=False)['relative']


def command(program, workdir):
  return [
    sys.executable,
    'experiments/explore_latents.py',
    f'--workdir={workdir}',
    f'--cache_dir={program.base / "data"}',
  ]


def test_a_page_of_a_run(program: Program, reference):
  printed = program.run(command(program, reference))
  page = (reference / 'latents.html').read_text()
  assert printed.count('separation') == len(class_size.SETTINGS)
  assert printed.count('<- choice') == 1
  for name in ('LASIUM-N', 'LASIUM-RO', 'LASIUM-OC'):
    assert name in page
  # Five anchors a sampler, and each under every setting.
  samplers = {setting.sampler for setting in class_size.SETTINGS}
  pictures = 5 * (len(samplers) + len(class_size.SETTINGS))
  assert page.count('src="data:image/png;base64,') == pictures
  assert 'http://' not in page and 'https://' not in page


def test_a_run_without_a_generator_is_refused(program: Program, tmp_path):
  message = program.run(command(program, tmp_path), code=1)
  assert 'is not a run' in message


def test_a_run_of_another_system_is_refused(program: Program, tmp_path):
  (tmp_path / 'config.json').write_text('{"system": "recognizer"}')
  message = program.run(command(program, tmp_path), code=1)
  assert (
    'experiments/recognizer.py; name one of experiments/lasium.py' in message
  )
