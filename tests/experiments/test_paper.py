"""A paper's number stands beside a run of the paper's settings alone."""

import importlib

import numpy as np
import pytest

from experiments.components import by_size
from experiments.papers import lasium as paper
from experiments.run import record
from experiments.run.members import Member
from experiments.stages import evaluation as stage_evaluation


def settings(run, **fields):
  config = importlib.import_module('configs.lasium.omniglot').get_config(run)
  named = {name.replace('__', '.'): value for name, value in fields.items()}
  config.update_from_flattened_dict(named)
  return by_size.resolved(config)


def accuracy(run, floor='', **fields):
  flat = record.flatten(settings(run, **fields).to_dict())
  return paper.published(flat, 1, floor=floor).get('paper_accuracy')


@pytest.mark.parametrize(
  ('run', 'fields', 'expected'),
  [
    ('ro-vae-maml', {}, 0.7502),
    ('ro-vae-maml', {'latents__alpha': 0.4}, None),
    ('ro-vae-maml', {'latents__sigma': 0.1}, 0.7502),
    ('ro-vae-maml', {'latents__sampler': 'oc'}, 0.7498),
    ('ro-vae-maml', {'learner__name': 'protonets'}, 0.6217),
    ('ro-vae-maml', {'tasks__source': 'labeled'}, 0.9446),
    ('ro-vae-maml', {'tasks__source': 'umtra'}, None),
    ('ro-vae-maml', {'tasks__ways': 20}, None),
    ('ro-vae-maml', {'evaluation__ways': 20}, None),
    ('n-vae-maml', {}, 0.7041),
    ('n-vae-maml', {'latents__alpha': 0.4}, 0.7041),
    ('n-vae-maml', {'latents__sigma': 0.1}, None),
    ('n-vae-maml', {'latents__sigma_max': 1.0}, None),
    ('n-vae-maml-paper', {}, 0.7041),
    ('n-vae-maml-released', {}, 0.7041),
    ('n-msgan-maml-released', {}, 0.7716),
    ('n-vae-maml-released', {'generator__name': 'msgan'}, None),
    ('umtra-maml', {}, None),
    ('supervised-maml', {'latents__alpha': 0.4}, 0.9446),
  ],
)
def test_the_number_is_of_the_settings(run, fields, expected):
  assert accuracy(run, **fields) == expected


def test_floors_are_of_no_sampler():
  assert accuracy('scratch', 'scratch', latents__alpha=0.4) == 0.5164
  assert accuracy('ro-vae-maml', 'nearest') is None


def test_each_member_has_the_number_of_its_own_alpha():
  config = settings('ro-vae-maml', sweep__alpha=(0.2, 0.4))
  found = [Member(0, {'alpha': alpha}) for alpha in (0.2, 0.4)]
  run = stage_evaluation.Judged('a name', None, found, None, 10)
  entries = stage_evaluation._entries(config, run, 1, np.ones((2, 3)))
  assert [e.get('paper_accuracy') for e in entries] == [0.7502, None]
