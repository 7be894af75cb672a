"""Large memory pages for what XLA:CPU works in.

A training step on a CPU works in hundreds of megabytes that it asks for and
gives back each time, in pages of 4 KiB. In pages of 2 MiB it is up to a quarter
faster (docs/performance.md). The C library reads whether to ask for them when
a process starts, so a program that wants them starts itself again.

This module imports nothing heavy, so that starting again costs next to nothing.
"""

import os
import platform
import sys
from pathlib import Path

VARIABLE, VALUE = 'GLIBC_TUNABLES', 'glibc.malloc.hugetlb=1'
# What Linux has to say of whom it gives large pages: in brackets, to those who
# ask for them.
_ENABLED = Path('/sys/kernel/mm/transparent_hugepage/enabled')
# Where drivers of GPUs and TPUs are. Beside one, the CPU does little.
_ACCELERATORS = ('nvidia0', 'kfd', 'accel0', 'vfio/0')


def start_again() -> None:
  """Starts this program again with large pages, where that does something.

  That is on Linux with a C library that can ask for them and without a GPU or
  TPU, unless the variable `GLIBC_TUNABLES` is set, to whatever: who sets it
  decides. The process keeps its number, its arguments and its streams. One that
  is a notebook's, or that a debugger follows, goes on as it is.
  """
  if VARIABLE in os.environ or _is_watched() or not _would_help():
    return
  print(
    f'Starting again with large memory pages ({VARIABLE}={VALUE}; set it to '
    'nothing to forbid that).',
    file=sys.stderr,
    flush=True,
  )
  sys.stdout.flush()  # What is left in it would be lost.
  command = [sys.executable, *sys.orig_argv[1:]]
  try:
    os.execve(sys.executable, command, os.environ | {VARIABLE: VALUE})
  except OSError as error:  # Such as a container that forbids it.
    print(f'That cannot be done here: {error}. Going on.', file=sys.stderr)


def _is_watched() -> bool:
  interactive = hasattr(sys, 'ps1') or 'IPython' in sys.modules
  return interactive or sys.gettrace() is not None or not sys.executable


def _would_help() -> bool:
  name, version = platform.libc_ver()
  # glibc 2.35 is the first that can ask for large pages.
  able = name == 'glibc' and tuple(map(int, version.split('.')[:2])) >= (2, 35)
  if not able or any(Path('/dev', name).exists() for name in _ACCELERATORS):
    return False
  try:
    return '[madvise]' in _ENABLED.read_text()
  except OSError:  # It is not there, or a container does not show it.
    return False
