"""How long a run took, and on what."""

from experiments.pages.settings import rows
from experiments.pages.workdir import Workdir
from experiments.run.record import duration


def times(workdir: Workdir) -> str:
  """Each stage's time, the hardware, and how many anchors were drawn again.

  Every stage's last line in `metrics.jsonl` counts.

  Returns:
    HTML; nothing for nothing recorded.
  """
  seconds = {entry['stage']: entry['seconds'] for entry in workdir.metrics}
  fields = {_title(workdir, name): duration(s) for name, s in seconds.items()}
  if len(fields) > 1:
    fields['All stages'] = duration(sum(seconds.values()))
  if 'hardware' in workdir.page:
    fields['Hardware'] = workdir.page['hardware']
  if 'precision' in workdir.page:
    fields['Precision'] = workdir.page['precision']
  if 'rejected_anchors' in workdir.page:
    counts = workdir.page['rejected_anchors']
    fields['Anchors'] = (
      f'{counts["rejected"]:,} sets rejected, too close to each other, while '
      f'{counts["tasks"]:,} tasks were made'
    )
  return f'<table class="times">{rows(fields)}</table>' if fields else ''


def _title(workdir: Workdir, stage: str) -> str:
  text = workdir.stages[str(stage)]
  return ': '.join(filter(None, (text.title, text.part)))
