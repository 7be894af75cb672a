"""What every run has, made once when it starts and handed to its stages."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
from jax.sharding import Mesh

from experiments.run.config import Config, Settings, run_name
from experiments.run.members import Loop, Member, OverMembers, over_members
from experiments.run.members import members as members_of
from experiments.run.record import Record
from lasium_jax import parallel
from lasium_jax.data import Splits
from lasium_jax.data.cache import default_cache_dir
from lasium_jax.settings import Count, NonNegative, Seed, Whole


class Places(NamedTuple):
  """Where data is, on this machine; no part of a run's config."""

  data_dir: Path | None = None
  cache_dir: Path = default_cache_dir()
  download: bool = False


class Run(NamedTuple):
  """A run under way: what its stages share, without its config.

  Attributes:
    name: what stands behind the config's colon, such as 'ro-vae-maml'.
    config: the config's path and that name.
    dataset: what results call its data.
    files: its workdir.
    splits: its data.
    ink: whether pictures are drawn dark on light, as the data's files look.
    seed: of its first member.
    members: its learners; one, or several.
    over_members: how these are looped over inside a program.
    task_mesh: the devices that share a meta-batch; None for one alone.
    judging_mesh: the devices that share tasks of an evaluation, likewise.
    image_mesh: the devices that share large batches of images.
    device_bytes: of images that a device has room for.
    checkpoint_seconds: between checkpoints.
    precision: of matrix products.
    fast_convolutions: whether training steps on a CPU have XLA's own
      convolutions.
  """

  name: str
  config: str
  dataset: str
  files: Record
  splits: Splits
  ink: bool
  seed: int
  members: list[Member]
  over_members: OverMembers
  task_mesh: Mesh | None
  judging_mesh: Mesh | None
  image_mesh: Mesh | None
  device_bytes: int
  checkpoint_seconds: float
  precision: str
  fast_convolutions: bool


class System(NamedTuple):
  """What one paper's runs do; a door starts it.

  Attributes:
    name: that its configs have as `config.system`.
    complete: fills in what a config leaves to other fields.
    build: makes the run's parts, once; raises ValueError for settings that
      cannot work, before data are read and before the workdir is anyone's.
    ready: `(parts, files)`, raises an error if what the work begins with is not
      there: a stage that ran before, here or in another workdir. Like `build`
      it is called before the workdir is anyone's.
    read: `(settings, places) -> splits`, checked against the run's tasks.
    work: `(run, parts)`, the stages in order, and the page.
  """

  name: str
  complete: Callable[[Config], Config]
  build: Callable[[Settings], Any]
  ready: Callable[[Any, Record], None]
  read: Callable[[Settings, Places], Splits]
  work: Callable[[Run, Any], None]


def common(
  *,
  seed: Seed = 0,
  seeds: Count = 1,
  over_members: Loop = 'auto',
  fast_convolutions: bool = True,
  devices: Whole = 0,
  device_bytes: Count = 2 * 2**30,
  checkpoint_seconds: NonNegative = 60.0,
  precision: Literal['float32', 'tensorfloat32', 'bfloat16'] = 'float32',
) -> None:
  """The settings that every run has, beside its sections.

  Args:
    seed: of the first member; the others have seed + 1, seed + 2, ...
    seeds: how many learners are trained side by side on one generator.
    over_members: 'map' is one after another, the default on CPUs; 'vectorize'
      all at once.
    fast_convolutions: whether a CPU's training steps of generators,
      classifiers and ProtoNets, of one step a dispatch, are compiled by
      `lasium_jax.ops.xla_convolutions`, where JAX has its option. Results are
      the others' to rounding.
    devices: of all hosts, that share each batch. Results are those of one to
      rounding, so a run may go on with others. 0 is one; on CPU each core is
      one for tasks, in meta-training where they share these evenly.
    device_bytes: of images that a device has room for; more are read from the
      host as they are needed.
    checkpoint_seconds: between checkpoints.
    precision: of matrix products; 'tensorfloat32' is faster on a GPU,
      'bfloat16' on a TPU. A CPU rounds as they do, and is slower.
  """


def open_run(settings: Settings, files: Record, splits: Splits) -> Run:
  """The run of some settings.

  Args:
    settings: checked.
    files: its workdir.
    splits: its data.

  Returns:
    The run.

  Raises:
    ValueError: if there are fewer devices than asked for.
  """
  devices, data = settings['devices'], settings['data']
  cores = _cores()
  # Rounds of clusters share their tasks on the devices of meta-training.
  stages = [settings[name] for name in ('meta', 'rounds') if name in settings]
  learned = math.gcd(*(stage['batch'] for stage in stages)) or cores
  judged = settings.get('evaluation', {}).get('tasks_per_dispatch', cores)
  return Run(
    settings['name'],
    run_name(settings),
    str(data.get('dataset', data['name'])),
    files,
    splits,
    data['invert'],
    settings['seed'],
    members_of(settings),
    over_members(settings['over_members']),
    parallel.mesh(devices or _most_evenly(learned, cores)),
    # Judging can share any number of tasks.
    parallel.mesh(devices or min(judged, cores)),
    parallel.mesh(devices or 1),
    settings['device_bytes'],
    settings['checkpoint_seconds'],
    settings['precision'],
    settings['fast_convolutions'],
  )


def _cores() -> int:
  """How many cores can have tasks of their own: faster than sharing each."""
  alone = jax.default_backend() == 'cpu' and jax.process_count() == 1
  return jax.device_count() if alone else 1


def _most_evenly(batch: int, cores: int) -> int:
  """How many of these cores can have as many tasks of a batch each."""
  counts = range(1, min(cores, batch) + 1)
  return max(n for n in counts if batch % n == 0)


def vectorizes() -> bool:
  """Whether this backend is the faster for doing many tasks at once."""
  return jax.default_backend() != 'cpu'
