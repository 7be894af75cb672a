"""Learners, losses and operations by the instructions of older processors.

How XLA rounds, and whether a gradient is exactly zero, depends on what the
processor can do. Tests with the mark `instructions` are compiled for all that
this one can where they stand, and are run once more in processes whose XLA uses
no later instruction set than the one named. None of them is in this file, so
that no run starts another.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MARKED = ('learners', 'embeddings', 'generators', 'ops', 'test_meta.py')


@pytest.mark.skipif(
  platform.machine().lower() not in ('x86_64', 'amd64'),
  reason='These instruction sets are of x86 processors.',
)
@pytest.mark.parametrize('instruction_set', ['AVX2', 'SSE4_2'])
def test_arithmetic_is_right_under(instruction_set):
  flags = os.environ.get('XLA_FLAGS', '')
  # As users compile, and not as conftest.py has the other tests.
  flag = '--xla_cpu_use_fusion_emitters'
  flags = flags.replace(f'{flag}=false', f'{flag}=true')
  flags = flags.replace('--xla_cpu_parallel_codegen_split_count=1', '')
  flags += f' --xla_cpu_max_isa={instruction_set}'
  # At level 0, instruction sets make no difference; 1 compiles the fastest.
  flags += ' --xla_backend_optimization_level=1'
  options = ['-n', '0', '-p', 'no:cacheprovider', '-m', 'instructions']
  done = subprocess.run(
    [sys.executable, '-m', 'pytest', *options, *(TESTS / m for m in MARKED)],
    env={**os.environ, 'XLA_FLAGS': flags.strip()},
    cwd=TESTS.parent,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stdout + done.stderr
