"""What code prints in a process of its own."""

import subprocess
import sys


def printed_by(code):
  done = subprocess.run(
    [sys.executable, '-c', code], capture_output=True, text=True, check=True
  )
  return done.stdout
