"""What docstrings and README say: their names are there, their examples run."""

import ast
import doctest
import importlib
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
import pytest
from printed import printed_by

import lasium_jax

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / 'lasium_jax').rglob('*.py'))
NAMED = re.compile(r'\b(?:lasium_jax|lx)((?:\.[A-Za-z_]\w*)+)')
# What a user finds an example in.
FACTORIES = [
  *('generators.vae', 'generators.msgan', 'generators.variational'),
  *('generators.autoencoder', 'generators.glo', 'generators.interpolative'),
  *('generators.acai', 'generators.wgan_gp', 'generators.inversion'),
  *('generators.statistician', 'generators.dagan', 'generators.find_codes'),
  *('generators.cola', 'generators.cgan_pd', 'generators.with_mixture'),
  *('latents.prior_anchors', 'latents.encoded_anchors'),
  *('latents.cluster_anchors', 'latents.in_cluster'),
  *('latents.noise', 'latents.random_out_of_class', 'latents.other_classes'),
  *('latents.paths', 'latents.midpoints', 'latents.mixtures'),
  *('latents.differences', 'latents.few_shot'),
  *('tasks.lasium', 'tasks.labeled', 'tasks.recognition', 'tasks.umtra'),
  *('learners.maml', 'learners.protonets', 'learners.scratch'),
  *('learners.nearest_neighbors', 'nets.conv4', 'nets.stacked_kmeans'),
  *('meta.meta_step', 'meta.evaluate', 'metrics.mean_and_ci95'),
  *('metrics.cycle_error', 'metrics.diversity', 'metrics.frechet_distance'),
  *('metrics.interpolant_error', 'metrics.kernel_distance', 'metrics.nearest'),
  *('metrics.pixel_error', 'metrics.prdc'),
  *('batches.shuffled', 'batches.sets_of_a_class', 'embeddings.supervised'),
  *('batches.mixed_codes', 'batches.mixed_pixels', 'embeddings.contrastive'),
  *('embeddings.clustered', 'metrics.agreement'),
  'metrics.matched_classes',
  *('batches.repeated', 'batches.generated', 'batches.crops'),
  *('fitting.fitter', 'surrogates.mean_error', 'surrogates.error_bound'),
  *('surrogates.samples_for_error', 'surrogates.samples_for_bound'),
  'surrogates.samples_worth',
]


def docstrings(path):
  kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, kinds):
      yield ast.get_docstring(node) or ''


def module_of(path):
  parts = path.relative_to(ROOT).with_suffix('').parts
  return '.'.join(parts).removesuffix('.__init__')


def test_what_is_named_is_there_after_importing_the_library():
  """In a process of its own, where nothing else has imported a module."""
  text = (ROOT / 'README.md').read_text()
  text += '\n'.join(doc for path in FILES for doc in docstrings(path))
  names = sorted({name[1:] for name in NAMED.findall(text)})
  assert len(names) > 20
  code = (
    'import operator, lasium_jax\n'
    f'for name in {names!r}:\n'
    '  try:\n'
    '    operator.attrgetter(name)(lasium_jax)\n'
    '  except AttributeError as error:\n'
    '    print(name, error)\n'
  )
  assert printed_by(code) == ''


@pytest.mark.parametrize(
  'name', [module_of(p) for p in FILES if '>>> ' in p.read_text()]
)
def test_examples_run(name):
  names = {'jax': jax, 'jnp': jnp, 'optax': optax, 'lx': lasium_jax}
  module = importlib.import_module(name)
  failed, tried = doctest.testmod(module, extraglobs=names)
  assert tried and not failed


@pytest.mark.parametrize('name', FACTORIES)
def test_factories_have_examples(name):
  part, function = name.split('.')
  assert '>>> ' in getattr(getattr(lasium_jax, part), function).__doc__
