"""The sections that a run's page may have; each is `Workdir -> str`."""

from experiments.pages.accuracy import accuracy
from experiments.pages.curves import training_curves
from experiments.pages.images import stage_pictures
from experiments.pages.interpolants import known_interpolants
from experiments.pages.left_out import left_out
from experiments.pages.measures import metrics_table
from experiments.pages.settings import commands, settings
from experiments.pages.times import times

__all__ = [
  'accuracy',
  'commands',
  'known_interpolants',
  'left_out',
  'metrics_table',
  'settings',
  'stage_pictures',
  'times',
  'training_curves',
]
