"""The README's library example runs as it stands there."""

import re
from pathlib import Path

import numpy as np

README = Path(__file__).parent.parent / 'README.md'


def examples():
  return re.findall(r'```python\n(.*?)```', README.read_text(), re.S)


def test_classifier_example(capsys):
  _, code = examples()
  model = README.parent / 'tests/models/version_1'
  assert code.count('models/demo') == 1
  images = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
  scope = {'images': images, 'labels': list('abc'), 'others': images[:2]}
  exec(code.replace('models/demo', str(model)), scope)
  assert scope['classifier'].predict(images[:2]).shape == (2,)
  assert capsys.readouterr().out.startswith("['")


def test_library_example():
  code, _ = examples()
  small = code.replace('vae((28, 28, 1))', 'vae((28, 28, 1), filters=(4, 4))')
  small = small.replace('lx.conv4(5)', 'lx.conv4(5, filters=4)')
  assert small.count('filters=') == 2
  scope = {}
  exec(compile(small, str(README), 'exec'), scope)
  assert np.isfinite(scope['metrics']['loss'])
  assert 0 <= scope['metrics']['accuracy'] <= 1
