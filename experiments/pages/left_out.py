"""What a run could have measured, and was not asked to."""

from experiments.pages.workdir import Workdir


def left_out(workdir: Workdir) -> str:
  """A sentence where no recognizer was named; else nothing."""
  quality = workdir.config.get('quality')
  if quality is None or quality.get('recognizer'):
    return ''
  return (
    '<p>No distances in features were measured, because '
    '<code>config.quality.recognizer</code> names no recognizer. '
    '<code>experiments/recognizer.py</code> trains one, '
    "and it may be a file of Inception's weights.</p>"
  )
