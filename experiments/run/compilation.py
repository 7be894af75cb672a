"""Where compiled programs are kept from one start to the next."""

import os
from pathlib import Path

import jax


def use_cache(cache_dir: Path) -> None:
  """Keeps compiled programs, so that the next start takes seconds.

  JAX_COMPILATION_CACHE_DIR names another place, or none if it is empty.
  """
  if 'JAX_COMPILATION_CACHE_DIR' not in os.environ:
    place = str(cache_dir / 'compiled')
    jax.config.update('jax_compilation_cache_dir', place)
  if 'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS' not in os.environ:
    jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.2)
