"""The confidence interval against SciPy."""

import numpy as np
import pytest
import scipy.stats

from lasium_jax.metrics import mean_and_ci95


@pytest.mark.parametrize('n', [2, 30, 1000])
def test_same_as_scipy(n):
  values = np.random.default_rng(0).beta(5, 2, size=n).astype(np.float32)
  mean, ci95 = mean_and_ci95(values)
  low, high = scipy.stats.norm.interval(
    0.95, values.mean(dtype=np.float64), scipy.stats.sem(values.astype(float))
  )
  np.testing.assert_allclose([mean - ci95, mean + ci95], [low, high], rtol=1e-4)


def test_members_are_not_pooled():
  with pytest.raises(ValueError, match='each member by itself'):
    mean_and_ci95(np.zeros((2, 30)))


def test_one_task_has_no_interval():
  with pytest.raises(ValueError, match='two tasks'):
    mean_and_ci95([0.5])
