"""Distinct choices: distinct, in range, uniform, in random order."""

import itertools

import jax
import numpy as np
import pytest
import scipy.stats

from lasium_jax.ops.sampling import distinct


@pytest.mark.instructions
@pytest.mark.parametrize('count,n', [(4, 2), (3, 3), (5, 1)])
def test_every_arrangement_is_as_likely(count, n):
  keys = jax.random.split(jax.random.key(0), 6000)
  picks = jax.jit(jax.vmap(lambda k, c: distinct(k, c, n), in_axes=(0, None)))(
    keys, count
  )
  arrangements = list(itertools.permutations(range(count), n))
  index = {a: i for i, a in enumerate(arrangements)}
  numbers = [index[tuple(p)] for p in np.asarray(picks).tolist()]
  observed = np.bincount(numbers, minlength=len(arrangements))
  assert scipy.stats.chisquare(observed).pvalue > 1e-4


def test_more_than_there_are_is_refused():
  """UMTRA would make one image two classes."""
  with pytest.raises(ValueError, match=r'5 different ones .* there are 4'):
    distinct(jax.random.key(0), 4, 5)
