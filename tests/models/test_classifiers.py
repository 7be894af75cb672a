"""Classifiers by name are the networks of their papers, by their parameters."""

import jax
import pytest

from lasium_jax.models import build
from lasium_jax.settings import BadSetting

IMAGE = {'height': 32, 'width': 32, 'channels': 3, 'invert': False}
# Millions of parameters for 10 classes of 32x32x3. He et al. 2015, table 6, and
# Zagoruyko and Komodakis 2016, tables 4 and 5, which round more; WRN-16-2 by
# hand.
MILLIONS = [
  ({'name': 'resnet20'}, 0.27),
  ({'name': 'resnet32'}, 0.46),
  ({'name': 'wide_resnet', 'depth': 16, 'width': 2}, 0.69),
  ({'name': 'wide_resnet', 'depth': 16, 'width': 8}, 10.96),
  ({'name': 'wide_resnet', 'depth': 28, 'width': 10}, 36.48),
]


@pytest.mark.parametrize(('network', 'millions'), MILLIONS)
def test_networks_have_the_papers_parameters(network, millions):
  build.checked(build.CLASSIFIERS, network, 'config.classifier')
  card = {
    'kind': 'classifier',
    'architecture': {'network': network, 'classes': 10},
    'image': IMAGE,
  }
  params = build.shapes(card)['params']
  count = sum(leaf.size for leaf in jax.tree.leaves(params))
  assert round(count / 1e6, 2) == millions


def test_a_depth_that_there_is_not_is_refused_as_a_setting():
  network = {'name': 'wide_resnet', 'depth': 18, 'width': 8}
  with pytest.raises(BadSetting, match=r'depth is 18; it must be one of \[10'):
    build.checked(build.CLASSIFIERS, network, 'config.classifier')
