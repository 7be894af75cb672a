"""When samples of a surrogate estimate a mean better than fewer real ones.

COLA, section 4: a generator has learned a surrogate Z of the distribution X of
one class. The mean of X is estimated by that of m real samples, or by that of n
samples of Z, whose mean is off by d. Few real samples vary much; the offset
stays, however many samples are made.

All numbers may be arrays, whose shapes broadcast. They are float64 of NumPy, as
JAX has that for a whole process or not at all.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


def mean_error(variance: ArrayLike, n: ArrayLike, d: ArrayLike = 0.0) -> Values:
  """The expected squared error of a sample's mean.

    E[(mean of n samples - mu)^2] = Var / n + d^2

  which is E[Err] of equation 7, of X with d = 0 and of Z. The paper's proof has
  an inequality here; as samples are independent, both sides are equal.

  Args:
    variance: of one sample, 0 or more.
    n: how many samples there are, above 0.
    d: how far the samples' distribution has its mean from mu.

  Returns:
    The error, 0 or more.

  Raises:
    ValueError: if a variance is negative, or a number of samples not above 0.

  Example:
    >>> f'{lx.surrogates.mean_error(1.0, 100, d=0.2):.3f}'
    '0.050'
  """
  variance, n = _variance(variance, 'variance'), _count(n, 'n')
  return variance / n + np.square(np.asarray(d, np.float64))


def samples_for_error(
  m: ArrayLike, real_variance: ArrayLike, variance: ArrayLike, d: ArrayLike
) -> Values:
  """How many surrogate samples err no more than m real ones, as expected.

  Proposition 1: if Var[X] > m d^2, then

    n >= m Var[Z] / (Var[X] - m d^2)  implies  E[Err(Z)] <= E[Err(X)].

  The converse holds too: fewer err more, and without the condition no number is
  enough, except where both errors are the offset's alone.

  Args:
    m: how many real samples there are, above 0.
    real_variance: Var[X], 0 or more.
    variance: Var[Z], 0 or more.
    d: how far the surrogate's mean is from the real one.

  Returns:
    The least n, which need not be whole; infinity where the proposition's
    condition does not hold.

  Raises:
    ValueError: if a variance is negative, or m not above 0.

  Example:
    >>> n = lx.surrogates.samples_for_error([10, 30], 1.0, 1.5, d=0.2)
    >>> [f'{value:.1f}' for value in n]
    ['25.0', 'inf']
  """
  m = _count(m, 'm')
  real = _variance(real_variance, 'real_variance')
  room = real - m * np.square(np.asarray(d, np.float64))
  return _divided(m * _variance(variance, 'variance'), room)


def samples_worth(
  n: ArrayLike, real_variance: ArrayLike, variance: ArrayLike, d: ArrayLike
) -> Values:
  """How many real samples err as n surrogate ones do, as expected.

    m = Var[X] / (Var[Z] / n + d^2)

  It is proposition 1 solved for m: with fewer real samples surrogate ones help.
  It is never above Var[X] / d^2, however large n is.

  Args:
    n: how many surrogate samples there are, above 0.
    real_variance: Var[X], 0 or more.
    variance: Var[Z], 0 or more.
    d: how far the surrogate's mean is from the real one.

  Returns:
    m, which need not be whole; infinity where the surrogate does not err.

  Raises:
    ValueError: if a variance is negative, or n not above 0.

  Example:
    >>> f'{lx.surrogates.samples_worth(25, 1.0, 1.5, d=0.2):.1f}'
    '10.0'
  """
  return _divided(
    _variance(real_variance, 'real_variance'), mean_error(variance, n, d)
  )


def error_bound(epsilon: ArrayLike, n: ArrayLike, d: ArrayLike = 0.0) -> Values:
  """Hoeffding's bound on how likely a sample's mean is off by epsilon.

    Pr(|mean of n samples - mu| >= epsilon) <= 2 exp(-2 n (epsilon - d)^2)

  for samples in [0, 1] and epsilon > d, as in proposition 2: B(X) with d = 0,
  and B(Z). (Err is squared in the paper's equation 7, and is not here.)

  Args:
    epsilon: the error, above d.
    n: how many samples there are, above 0.
    d: how far the samples' distribution has its mean from mu, 0 or more.

  Returns:
    The bound, in (0, 2], of which 1 and more say nothing; 2 where epsilon is
    not above d.

  Raises:
    ValueError: if n is not above 0, or d negative.

  Example:
    >>> f'{lx.surrogates.error_bound(0.3, 50, d=0.1):.4f}'
    '0.0366'
  """
  room = np.asarray(epsilon, np.float64) - _offset(d)
  return 2 * np.exp(-2 * _count(n, 'n') * np.square(room.clip(0)))


def samples_for_bound(m: ArrayLike, epsilon: ArrayLike, d: ArrayLike) -> Values:
  """How many surrogate samples have no larger bound than m real ones.

  Proposition 2: if X and Z lie in [0, 1], then for each epsilon > d

    n >= m (epsilon / (epsilon - d))^2  implies  B(Z) <= B(X)

  with the bounds B of `error_bound` on errors of epsilon or more. Bounds alone
  are compared; the probabilities may be the other way round.

  Args:
    m: how many real samples there are, above 0.
    epsilon: the error; where it is not above d, no number is enough.
    d: how far the surrogate's mean is from the real one, 0 or more.

  Returns:
    The least n, which need not be whole; infinity where epsilon is not above d.

  Raises:
    ValueError: if m is not above 0, or d negative.

  Example:
    >>> float(lx.surrogates.samples_for_bound(50, 0.5, d=0.25))
    200.0
  """
  epsilon = np.asarray(epsilon, np.float64)
  ratio = _divided(epsilon, epsilon - _offset(d))
  return _count(m, 'm') * np.square(ratio)


def _divided(value: Values, by: Values) -> Values:
  """The quotient, infinity where the divisor is not above 0."""
  above = by > 0
  return np.where(above, value / np.where(above, by, 1.0), np.inf)


def _variance(value: ArrayLike, name: str) -> Values:
  return _checked(value, name, 'a variance, 0 or more', least=0)


def _offset(value: ArrayLike) -> Values:
  return _checked(value, 'd', 'a distance, 0 or more', least=0)


def _count(value: ArrayLike, name: str) -> Values:
  smallest = np.nextafter(0, 1)
  return _checked(value, name, 'a number of samples, above 0', least=smallest)


def _checked(value: ArrayLike, name: str, what: str, *, least: float) -> Values:
  """Raises ValueError unless all values are so large, and none is NaN."""
  values = np.asarray(value, np.float64)
  if not (values >= least).all():
    raise ValueError(f'{name} is {value!r}; it must be {what}.')
  return values
