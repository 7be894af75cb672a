"""The README's library example runs as it stands there."""

import re
from pathlib import Path

import numpy as np

README = Path(__file__).parent.parent / 'README.md'


def test_library_example():
  (code,) = re.findall(r'```python\n(.*?)```', README.read_text(), re.S)
  small = code.replace('vae((28, 28, 1))', 'vae((28, 28, 1), filters=(4, 4))')
  small = small.replace('lx.conv4(5)', 'lx.conv4(5, filters=4)')
  assert small.count('filters=') == 2
  scope = {}
  exec(compile(small, str(README), 'exec'), scope)
  assert np.isfinite(scope['metrics']['loss'])
  assert 0 <= scope['metrics']['accuracy'] <= 1
