"""What entry points without a config share."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags

from experiments.run import compilation, loop
from experiments.run.precision import use_precision
from experiments.run.record import WrongWorkdir
from lasium_jax.data.cache import default_cache_dir

# Errors that a person can mend. They are shown as one message, without a
# traceback.
EXPECTED = (loop.Diverged, WrongWorkdir, ImportError, OSError, ValueError)


def start(
  define_flags: Callable[[], None],
  work: Callable[[Any], None],
  required: Sequence[str],
) -> None:
  """Parses flags and does the work.

  Args:
    define_flags: defines the flags. It is called only when a program starts,
      so that modules with flags of one name can be imported together.
    work: does the work; its argument has the values of flags as attributes.
    required: names of flags that must be given.
  """
  define_flags()
  flags.mark_flags_as_required(required)

  def main(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'Unknown arguments: {argv[1:]}.')
    given = flags.FLAGS
    # Only entry points that read data have the flag --cache_dir.
    cache_dir = getattr(given, 'cache_dir', None) or default_cache_dir()
    compilation.use_cache(Path(cache_dir))
    # JAX would let a GPU compute in TensorFloat-32.
    use_precision('float32')
    try:
      work(given)
    except loop.Stopped as stop:
      print(f'Stopped by SIGTERM: {stop}. The same command goes on from there.')
    except EXPECTED as error:
      print(f'Error: {error}', file=sys.stderr)
      sys.exit(1)

  app.run(main)
