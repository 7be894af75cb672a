"""Keeps results in the repository, and makes RESULTS.md's tables of them.

  python experiments/publish.py runs/ro-vae-maml runs/scratch

Each run's results.json goes to results/DATASET/WORKDIR.json, by the name of its
workdir, with its settings, how long its stages took but for evaluations, and
the curves of known interpolants if it has any; then the tables between the
markers in RESULTS.md are written anew from all files there, with the settings
that are not those of today's config files. Without arguments only these are.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.papers.publish import publish
from experiments.systems import (
  cola,
  interpolative,
  lasium,
  one_shot,
  recognizer,
)

MODULES = (lasium, recognizer, interpolative, one_shot, cola)
SYSTEMS = {system.name: system for system in (m.system() for m in MODULES)}
ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> None:
  parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawTextHelpFormatter
  )
  parser.add_argument('workdirs', nargs='*', type=Path)
  workdirs = parser.parse_args(arguments).workdirs
  try:
    publish(workdirs, ROOT, _defaults)
  except (OSError, ValueError) as error:
    parser.error(str(error))


def _defaults(config: Any) -> Mapping[str, Any]:
  """The settings of a config file, with those that follow from others."""
  return SYSTEMS[config.system].complete(config).to_dict()


if __name__ == '__main__':
  main()
