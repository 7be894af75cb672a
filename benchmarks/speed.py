"""Times what a run does, beside PyTorch where that is installed.

python benchmarks/speed.py --out=FILE.json [--only=NAME,...] [--rounds=7]

One table on the screen, the same in FILE.json, and a plot in FILE.png. A name
of `--only` may be a beginning, such as maml_step. Clusters of 250,000 images
take a CPU minutes, and are there if they are named. The PyTorch columns need
`pip install -e '.[benchmarks]'`, and are empty without. docs/performance.md
says what was found. Takes about twenty minutes with --rounds=3 on two cores,
where nothing else should run; FILE.json has what is measured so far.
"""

import argparse
import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from benchmarks import (
  autoencoders,
  cases,
  classifiers,
  clustered,
  cola,
  report,
  startup,
  timing,
)
from benchmarks.cases import Case
from experiments.run import large_pages, record
from experiments.run.precision import use_precision
from lasium_jax import parallel
from lasium_jax.cores import cpu_cores

Make = Callable[[], Case]

# A CPU has these where they are asked for.
LONG = ('clustered/neighbors/250000', 'clustered/clusters/250000')


def all_cases(
  *, small: bool, reference: bool, precision: str = 'float32'
) -> dict[str, Make]:
  """Every case by name, not yet built."""
  shape = {'small': small, 'reference': reference}
  batches = (4, 32) if jax.default_backend() == 'cpu' else (4, 32, 256)
  table: dict[str, Make] = {}

  def add(
    name: str, make: Callable[..., Case], *args: Any, **more: Any
  ) -> None:
    table[name] = functools.partial(make, *args, **more)

  for variant in cases.VARIANTS:
    for size in batches:
      name = f'maml_step/{variant}/{size}'
      add(name, cases.maml_step, variant, size, **shape)
  generators = ('vae', 'msgan')
  for name in generators:
    add(f'lasium_iteration/{name}', cases.lasium_iteration, name, small=small)
  for name in generators:
    add(f'generator_step/{name}', cases.generator_step, name, **shape)
  add('generator_step/autoencoder', autoencoders.autoencoder_step, **shape)
  add('generator_step/glo', autoencoders.glo_step, **shape)
  interpolative = autoencoders.interpolative_step
  add('generator_step/interpolative', interpolative, small=small)
  add('augmentation/triplets', autoencoders.triplets, small=small)
  for name in classifiers.NETWORKS:
    add(f'classifier_step/{name}', classifiers.classifier_step, name, **shape)
  for name, (make, *args) in cola.CASES.items():
    add(name, make, *args, small=small)
  for variant in cases.VARIANTS:
    add(f'evaluation/{variant}', cases.evaluation, variant, **shape)
  for name in generators:
    add(f'tasks/{name}', cases.make_tasks, name, small=small)
  add('clustered/views', clustered.views, small=small)
  add('clustered/iteration', clustered.iteration, small=small)
  for size in (24_000, 250_000):
    add(f'clustered/neighbors/{size}', clustered.neighbors, size, small=small)
    add(f'clustered/clusters/{size}', clustered.clusters, size, small=small)
  for state in ('cold', 'warm'):
    add(f'startup/{state}', startup.case, state, precision, small=small)
  return table


def chosen(names: Iterable[str], only: str) -> list[str]:
  """The names that `only` lists, or that begin with a part that it lists.

  Raises:
    ValueError: if a part fits no name.
  """
  names, selected = list(names), set()
  for part in filter(None, (part.strip() for part in only.split(','))):
    start = part.rstrip('/') + '/'
    matches = [n for n in names if n == part or n.startswith(start)]
    if not matches:
      raise ValueError(
        f'There is no benchmark {part!r} for --only. There are: '
        f'{", ".join(names)}; or the part of a name before a slash.'
      )
    selected.update(matches)
  return [name for name in names if name in selected] if only else names


def run_cases(
  table: Mapping[str, Make], rounds: int, matrix_size: int
) -> Iterator[dict[str, Any]]:
  """Builds and times one case after the other, each beside a matrix product.

  Args:
    table: cases by name.
    rounds: of each.
    matrix_size: of the matrix product that is the machine's rate.

  Yields:
    `matmul_gflops` and `results` as the JSON has them, of all cases so far.
  """
  product, work = timing.matrix_product(matrix_size)
  timed = list[tuple[str, Case, dict[str, list[float]]]]()
  products = list[float]()
  for name, make in table.items():
    print(f'{name} ({len(timed) + 1} of {len(table)})', file=sys.stderr)
    case = make()
    runs = {'ours': case.run, 'product': product}
    if case.reference is not None:
      runs['reference'] = case.reference
    times = timing.measure(runs, rounds)
    products += times['product']
    timed.append((name, case, times))
    rate = 1e3 * work / timing.summary(products).median
    results = [report.result(*of_one, rate) for of_one in timed]
    yield {'matmul_gflops': rate, 'results': results}


def machine(precision: str, *, reference: bool) -> dict[str, Any]:
  """What the numbers depend on."""
  packages = [
    'jax',
    'jaxlib',
    'flax',
    'numpy',
    *(['torch'] if reference else []),
  ]
  return {
    'device': record.hardware(),
    'threads': cpu_cores(),
    'precision': precision,
    'large_pages': large_pages.VALUE
    in os.environ.get(large_pages.VARIABLE, ''),
    'python': sys.version.split()[0],
    'versions': {name: metadata.version(name) for name in packages},
  }


def parse(arguments: list[str] | None) -> argparse.Namespace:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--out', type=Path, required=True, help='a .json file')
  parser.add_argument(
    '--only', default='', help='names, or their parts before a slash'
  )
  parser.add_argument('--rounds', type=int, default=7, help='of each case')
  parser.add_argument(
    '--precision',
    default='float32',
    choices=['float32', 'tensorfloat32', 'bfloat16'],
    help='of matrix products',
  )
  parser.add_argument(
    '--small',
    action='store_true',
    help='tiny networks, to try the program; the numbers mean nothing',
  )
  options = parser.parse_args(arguments)
  if options.out.suffix != '.json':
    parser.error(f'--out is {options.out}; it must end in .json.')
  if jax.default_backend() == 'cpu' and options.precision != 'float32':
    parser.error(
      f'--precision is {options.precision}; a CPU only imitates that, so there '
      'is nothing to time.'
    )
  if options.rounds < 1:
    parser.error(f'--rounds is {options.rounds}; it must be 1 or more.')
  try:
    chosen(all_cases(small=True, reference=False), options.only)
  except ValueError as error:
    parser.error(str(error))
  return options


def main(arguments: list[str] | None = None) -> None:
  options = parse(arguments)
  use_precision(options.precision)
  reference = importlib.util.find_spec('torch') is not None
  if reference:
    from benchmarks import compare

    threads = 1 if options.small else cpu_cores()
    compare.configure(threads, options.precision)
  else:
    print(
      'PyTorch is not installed, so there is nothing to compare with; '
      "pip install -e '.[benchmarks]' brings it."
    )
  shape = {'small': options.small, 'reference': reference}
  table = all_cases(**shape, precision=options.precision)
  on_cpu = jax.default_backend() == 'cpu'
  left_out = LONG if on_cpu and not options.only else ()
  table = {
    name: table[name]
    for name in chosen(table, options.only)
    if name not in left_out
  }
  size = 256 if options.small else 2048 if on_cpu else 8192
  page = machine(options.precision, reference=reference)
  page |= {'small': options.small, 'rounds': options.rounds}
  options.out.parent.mkdir(parents=True, exist_ok=True)
  for results in run_cases(table, options.rounds, size):
    page |= results
    record.write_json(options.out, page)  # What is measured is not lost.
  print(report.table(page))
  report.plot(page, options.out.with_suffix('.png'))


if __name__ == '__main__':
  large_pages.start_again()  # PyTorch is timed with them as well.
  parallel.cores_as_devices()
  main()
