"""The page on which to choose the size of a class."""

import json
from collections import namedtuple

import numpy as np
import pytest
from whole_program import config_of

from experiments.pages.latents import write_page

Setting = namedtuple('Setting', 'sampler field value')
Explored = namedtuple('Explored', 'setting images separation spread')


def explored(*setting):
  return Explored(Setting(*setting), np.zeros((2, 3, 8, 8, 1)), 0.75, 0.5)


FOUND = [
  explored('n', 'sigma', 0.5),
  explored('ro', 'alpha', 0.2),
  explored('ro', 'alpha', 0.4),
]


def write(workdir, chosen):
  path = workdir / 'latents.html'
  latents = {'name': chosen.setting.sampler, 'relative': True}
  if chosen.setting.sampler == 'n':
    latents['sigma_max'] = None
  page = write_page(
    path, FOUND, chosen, latents=latents, keep=0.85, real=0.9, ink=True
  )
  return page.read_text()


@pytest.mark.parametrize(
  ('name', 'choice', 'run', 'flag'),
  [
    ('oc-vae-maml', 0, 'n-vae-maml', 'sigma=0.5'),
    ('oc-vae-maml', 2, 'ro-vae-maml', 'alpha=0.4'),
    ('n-vae-maml-released', 1, 'ro-vae-maml-released', 'alpha=0.2'),
    ('ro-vae-maml-released', 0, 'n-vae-maml-released', 'sigma_max=0.5'),
    ('cola-maml', 2, 'ro-cola-maml', 'alpha=0.4'),
    ('clustered-cola-protonets', 0, 'clustered-n-cola-protonets', 'sigma=0.5'),
    (
      'clustered-ro-vae-protonets-paper',
      0,
      'clustered-n-vae-protonets-paper',
      'sigma=0.5',
    ),
  ],
)
def test_the_choice_comes_with_the_flags_for_it(
  tmp_path, name, choice, run, flag
):
  own = config_of(f'lasium/omniglot.py:{name}')
  (tmp_path / 'config.json').write_text(json.dumps(own.to_dict()))
  text = write(tmp_path, FOUND[choice])
  for line in (
    f'--config=configs/lasium/omniglot.py:{run} \\\n',
    f'--config.latents.{flag} \\\n',
    '--config.latents.relative=True \\\n',
    f'--config.generator_training.workdir={tmp_path} --workdir=ANOTHER',
  ):
    assert line in text
  assert ('sigma_max' in text) == flag.startswith('sigma_max')
  assert config_of(f'lasium/omniglot.py:{run}')['name'] == run


def test_every_sampler_has_a_table_and_the_choice_is_marked(tmp_path):
  text = write(tmp_path, FOUND[1])
  assert text.count('<table>') == 2
  # A picture of the anchor, and of each setting, in both rows.
  assert text.count('<img') == 2 * (2 + 3)
  assert text.count('class=chosen') == 1 + 2
