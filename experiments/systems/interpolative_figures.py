"""Figures of Interpolative Autoencoders, drawn of runs that are finished."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.components.apart import apart
from experiments.pages import pictures
from experiments.run import streams
from experiments.run.config import BadConfig, Settings
from experiments.run.outputs import check_files
from experiments.run.record import Record, write_json
from experiments.run.run import Places
from experiments.run.saved import saved_settings
from experiments.stages.figures import FIGURES, Compared
from experiments.systems import interpolant_curves, interpolative
from experiments.systems.interpolative_stages import JUDGED

# What --figure may be: rows of images, or curves that runs have measured.
NAMES = sorted([*FIGURES, interpolant_curves.NAME])


def draw(
  figure: str,
  workdirs: Sequence[Path],
  places: Places,
  out: Path,
  *,
  count: int,
  seed: int,
) -> Path:
  """Writes a figure's PNG and JSON.

  Args:
    figure: of `NAMES`.
    workdirs: of runs of experiments/interpolative.py whose training is done,
      judged on the same images.
    places: of their data.
    out: the files' path without their endings.
    count: how many images of each row, or pairs.
    seed: of the choice of images.

  Returns:
    The PNG file.

  Raises:
    BadConfig: if there is no run, or the runs are not judged on the same
      images, or have not measured what is drawn.
    FileNotFoundError: if a run's training has not come to its end.
    OSError: if the files cannot be written, before anything is read.
  """
  check_files(out, '.png', '.json')
  settings = [saved_settings(path, 'interpolative') for path in workdirs]
  _check_same_images(workdirs, settings)
  names = [path.resolve().name for path in workdirs]
  if len(set(names)) < len(names):
    raise BadConfig(
      f'Two of the folders {", ".join(names)} have one name, by which a figure '
      'tells them apart.'
    )
  if figure == interpolant_curves.NAME:
    sheet, numbers = interpolant_curves.draw(names, workdirs, settings)
  else:
    sheet, numbers = _rows(
      figure, names, workdirs, settings, places, count=count, seed=seed
    )
  png = out.with_name(f'{out.name}.png')
  pictures.save_png(png, sheet)
  runs = [f'{own["file"]}:{own["name"]}' for own in settings]
  write_json(
    out.with_name(f'{out.name}.json'),
    {'figure': figure, 'runs': runs, **numbers},
  )
  return png


def _rows(
  figure: str,
  names: Sequence[str],
  workdirs: Sequence[Path],
  settings: Sequence[Settings],
  places: Places,
  *,
  count: int,
  seed: int,
) -> tuple[pictures.Pixels, dict[str, Any]]:
  """Rows of images that the models make, and the numbers for JSON."""
  compared = [
    Compared(
      name,
      *interpolative.judged_model(own, Record(path, {})),
      kinds_of(own),
    )
    for name, path, own in zip(names, workdirs, settings, strict=True)
  ]
  for name, model, *_ in compared:
    if model.encode is None and figure != 'new_images':
      raise BadConfig(
        f'The generator of {name} has no encoder, and --figure={figure} is of '
        'codes; --figure=new_images shows what it makes.'
      )
  splits = interpolative.read(settings[0], places)
  key = streams.stream(seed, streams.INTERPOLATIONS)
  drawn = FIGURES[figure](key, compared, splits, count)
  sheet = pictures.labeled_grid(
    drawn.images,
    drawn.names,
    scale=pictures.scale_of(splits.train.shape[0]),
    ink=settings[0]['data']['invert'],
  )
  return sheet, {'seed': seed, 'rows': drawn.names, **drawn.numbers}


def kinds_of(settings: Settings) -> tuple[str, str]:
  """What the images that a run is judged on are to its generator.

  Returns:
    Of those of `held_out_data`, and of `evaluation_data`: 'training' where it
    was trained on these very images, 'held out' for others like them, 'novel'
    for what is of another kind, and 'may be in training' where the settings do
    not tell.
  """
  learned, (held_out, novel) = settings['data'], (settings[s] for s in JUDGED)
  # Where what others never see was trained on, the held out are of another
  # kind.
  like = 'held out' if apart(learned, novel) else 'novel'
  return _kind(learned, held_out, like), _kind(learned, novel, 'novel')


def _kind(learned: Settings, judged: Settings, otherwise: str) -> str:
  """What images are to a generator, if it has surely not learned from them."""
  if judged == learned:
    return 'training'
  if apart(learned, judged):
    return otherwise
  anew = _drawn_anew(learned, judged)
  return 'held out' if anew else 'may be in training'


def _drawn_anew(learned: Settings, judged: Settings) -> bool:
  """Whether they are other drawings of the built-in characters."""
  names = {learned['name'], judged['name']}
  return names == {'glyphs'} and learned['split_seed'] != judged['split_seed']


def _check_same_images(
  workdirs: Sequence[Path], settings: Sequence[Settings]
) -> None:
  for section in JUDGED:
    for path, own in zip(workdirs, settings, strict=True):
      if own[section] != settings[0][section]:
        raise BadConfig(
          f'The run in {path} has another {section} than the one in '
          f'{workdirs[0]}; a figure shows what runs make of the same images.'
        )
