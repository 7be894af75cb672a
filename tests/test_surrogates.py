"""The means of samples, against simulations and calculations by hand."""

import numpy as np
import pytest
from scipy import stats

import lasium_jax as lx

TRIALS = 50_000


def simulated_error(rng, distribution, n, mean):
  """The mean squared error of means, and its standard error."""
  means = distribution(rng, (TRIALS, n)).mean(1)
  errors = (means - mean) ** 2
  return errors.mean(), errors.std() / np.sqrt(TRIALS)


DISTRIBUTIONS = {
  'normal': (lambda rng, shape: rng.normal(0.3, 2.0, shape), 0.3, 4.0),
  'uniform': (lambda rng, shape: rng.uniform(0, 1, shape), 0.5, 1 / 12),
  'exponential': (lambda rng, shape: rng.exponential(0.5, shape), 0.5, 0.25),
}


@pytest.mark.parametrize('name', DISTRIBUTIONS)
@pytest.mark.parametrize('n', [1, 7])
@pytest.mark.parametrize('d', [0.0, 0.4])
def test_the_expected_error_is_the_simulated_one(name, n, d):
  draw, mean, variance = DISTRIBUTIONS[name]
  rng = np.random.default_rng(0)
  error, deviation = simulated_error(rng, draw, n, mean - d)
  assert abs(error - lx.surrogates.mean_error(variance, n, d)) < 5 * deviation


# By hand: Var[X], Var[Z], d, m and n; 10 * 2 / (1 - 10 * 0.04) is 33.3.
ENOUGH = [
  (1.0, 2.0, 0.2, 10, 100 / 3),
  (1.0, 1.0, 0.0, 10, 10.0),
  (4.0, 1.0, 0.5, 8, 4.0),
  (1.0, 0.0, 0.2, 10, 0.0),
  (1.0, 2.0, 0.5, 4, np.inf),  # m d^2 is Var[X].
  (1.0, 2.0, -0.6, 4, np.inf),
]


@pytest.mark.parametrize(('real', 'made', 'd', 'm', 'n'), ENOUGH)
def test_proposition_1_by_hand(real, made, d, m, n):
  assert lx.surrogates.samples_for_error(m, real, made, d) == pytest.approx(n)


def test_so_many_samples_break_even_in_a_simulation():
  """One third more of them err less than the real ones, and fewer err more."""
  real, made, d, m = 1.0, 2.0, 0.2, 10
  n = lx.surrogates.samples_for_error(m, real, made, d)
  rng = np.random.default_rng(0)

  def of(variance, mean):
    root = np.sqrt(variance)
    return lambda rng, shape: rng.normal(mean, root, shape)

  of_real, _ = simulated_error(rng, of(real, 0), m, 0)
  more, _ = simulated_error(rng, of(made, d), int(n * 4 / 3), 0)
  fewer, _ = simulated_error(rng, of(made, d), int(n * 3 / 4), 0)
  assert more < 0.97 * of_real < 1.03 * of_real < fewer


def test_both_directions_of_proposition_1_agree():
  """Of random settings: errors are equal there, and m is found again."""
  rng = np.random.default_rng(1)
  real, made = rng.uniform(0.1, 3, (2, 1_000))
  d, m = rng.uniform(0, 1, 1_000), rng.integers(1, 50, 1_000)
  n = lx.surrogates.samples_for_error(m, real, made, d)
  holds = real > m * d**2
  assert 100 < holds.sum() < 900
  np.testing.assert_array_equal(np.isfinite(n), holds)
  parts = [values[holds] for values in (m, real, made, d, n)]
  m, real, made, d, n = parts
  np.testing.assert_allclose(
    lx.surrogates.mean_error(made, n, d), lx.surrogates.mean_error(real, m)
  )
  np.testing.assert_allclose(lx.surrogates.samples_worth(n, real, made, d), m)


def test_no_number_of_samples_is_worth_more_than_the_offset_allows():
  worth = lx.surrogates.samples_worth([1, 10, 1e9], 1.0, 1.0, 0.1)
  np.testing.assert_allclose(worth, [1 / 1.01, 1 / 0.11, 100], rtol=1e-6)
  assert lx.surrogates.samples_worth(5, 1.0, 0.0, 0.0) == np.inf


@pytest.mark.parametrize('d', [0.0, 0.1])
@pytest.mark.parametrize('n', [10, 60])
def test_hoeffdings_bound_is_above_the_true_probability(n, d):
  """Of coins, of which SciPy knows it."""
  mean, epsilon = 0.4, 0.25
  heads = np.arange(n + 1)
  off = np.abs(heads / n - mean) >= epsilon - 1e-12
  true = stats.binom.pmf(heads, n, mean + d)[off].sum()
  bound = lx.surrogates.error_bound(epsilon, n, d)
  assert true <= bound
  assert bound == pytest.approx(2 * np.exp(-2 * n * (epsilon - d) ** 2))


@pytest.mark.parametrize(
  ('m', 'epsilon', 'd', 'n'),
  [
    (50, 0.2, 0.1, 200.0),
    (50, 0.2, 0.0, 50.0),
    (9, 0.4, 0.1, 16.0),
    (9, 0.1, 0.1, np.inf),
    (9, 0.1, 0.3, np.inf),
  ],
)
def test_proposition_2_by_hand(m, epsilon, d, n):
  found = lx.surrogates.samples_for_bound(m, epsilon, d)
  assert found == pytest.approx(n)
  if np.isfinite(n):
    made, real = (
      lx.surrogates.error_bound(epsilon, count, off)
      for count, off in ((n, d), (m, 0))
    )
    assert made == pytest.approx(real)
  else:
    assert lx.surrogates.error_bound(epsilon, 1e9, d) == 2


def test_arrays_broadcast():
  n = lx.surrogates.samples_for_error([[5], [10]], 1.0, 1.0, [0.0, 0.1, 0.4])
  np.testing.assert_allclose(n[0], [5, 5 / 0.95, 25])
  assert n.shape == (2, 3) and np.isinf(n[1, 2])


BAD = {
  'variance': (lx.surrogates.mean_error, (-1.0, 3), 'variance is -1.0'),
  'none': (lx.surrogates.mean_error, (1.0, [3, 0]), r'n is \[3, 0\]'),
  'nan': (lx.surrogates.mean_error, (np.nan, 3), 'variance is nan'),
  'real': (lx.surrogates.samples_for_error, (1, -1, 1, 0), 'real_variance is'),
  'm': (lx.surrogates.samples_for_bound, (0, 0.5, 0.1), 'm is 0; it must be a'),
  'd': (lx.surrogates.error_bound, (0.5, 9, -0.1), 'd is -0.1; it must be a'),
}


@pytest.mark.parametrize('name', BAD)
def test_what_is_no_sample_is_refused(name):
  function, given, said = BAD[name]
  with pytest.raises(ValueError, match=said):
    function(*given)
