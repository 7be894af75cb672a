"""What entry points without a config share."""

import sys
from collections.abc import Callable, Sequence

from absl import app, flags

from experiments.checks import BadConfig
from experiments.record import WrongWorkdir

# What a person can mend: shown as one message, without a traceback.
EXPECTED = (BadConfig, WrongWorkdir, ImportError, OSError, ValueError)


def start(work: Callable[[], None], required: Sequence[str]) -> None:
  """Parses flags, of which some are required, and does the work."""
  flags.mark_flags_as_required(required)

  def main(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'Unknown arguments: {argv[1:]}.')
    try:
      work()
    except EXPECTED as error:
      print(f'Error: {error}', file=sys.stderr)
      sys.exit(1)

  app.run(main)
