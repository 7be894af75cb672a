"""The page on which to choose the size of a class."""

import json
from collections import namedtuple

import numpy as np
import pytest

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
  page = write_page(path, FOUND, chosen, keep=0.85, real=0.9, ink=True)
  return page.read_text()


@pytest.mark.parametrize(
  ('choice', 'run', 'flag'),
  [(0, 'n-vae-maml', 'sigma=0.5'), (2, 'ro-vae-maml', 'alpha=0.4')],
)
def test_the_choice_comes_with_the_flags_for_it(tmp_path, choice, run, flag):
  config = {'file': 'configs/lasium/omniglot.py', 'name': 'oc-vae-maml'}
  (tmp_path / 'config.json').write_text(json.dumps(config))
  text = write(tmp_path, FOUND[choice])
  for line in (
    f'--config=configs/lasium/omniglot.py:{run} \\\n',
    f'--config.latents.{flag} \\\n',
    f'--config.generator_training.workdir={tmp_path} --workdir=ANOTHER',
  ):
    assert line in text


def test_every_sampler_has_a_table_and_the_choice_is_marked(tmp_path):
  text = write(tmp_path, FOUND[1])
  assert text.count('<table>') == 2
  # A picture of the anchor, and of each setting, in both rows.
  assert text.count('<img') == 2 * (2 + 3)
  assert text.count('class=chosen') == 1 + 2
