"""What cross-validation says of a classifier of few pictures."""

import html

from scipy.stats import binomtest

from experiments.pages.predictions import confusion_matrix
from experiments.pages.workdir import Workdir
from experiments.run.record import read_json

FILE = 'cross_validation.json'  # In a workdir, with an entry for each fold.
_SAID = (
  'Each picture was classified by a model that had not seen it: the pictures '
  'were divided into {folds} folds, and for each fold a model was trained from '
  'the start on the others, with a generator of its own if there is one. So '
  'the estimate is of models that learned from {part} pictures or so; the one '
  'that is exported learned from all {n}, and may be a little better. The '
  'interval tells by how much chance may have favored these pictures, were '
  'others of the same kind given. It does not tell of pictures of another '
  'kind, and leaves out that the models share pictures.'
)


def judged(workdir: Workdir) -> list[dict[str, str]]:
  """Each picture that was judged: `file`, `truth`, `label`, `confidence`."""
  found = read_json(workdir.path / FILE)
  return [entry for fold in found.values() for entry in fold]


def wilson(right: int, n: int) -> tuple[float, float]:
  """The 95 % interval of a share of few, by Wilson's score."""
  found = binomtest(right, n).proportion_ci(0.95, method='wilson')
  return float(found.low), float(found.high)


def estimate(workdir: Workdir) -> str:
  """The accuracy that is to be expected, of all pictures and by class."""
  entries = judged(workdir)
  if not entries:
    return ''
  right = sum(entry['truth'] == entry['label'] for entry in entries)
  n, low, high = len(entries), *wilson(right, len(entries))
  counts = _counts(entries)
  most = max(total for _, total in counts.values())
  folds = len(read_json(workdir.path / FILE))
  rows = ''.join(
    f'<tr><th scope="row">{html.escape(name)}</th><td>{own} of {total}</td>'
    f'<td>{_interval(own, total)}</td></tr>'
    for name, (own, total) in counts.items()
  )
  return (
    f'<p><b>{100 * right / n:.1f}&nbsp;%</b>: {right:,} of {n:,} pictures were '
    f'classified rightly, in a 95&nbsp;% interval of {100 * low:.1f} to '
    f'{100 * high:.1f}&nbsp;%. Always naming the largest class would be right '
    f'for {100 * most / n:.1f}&nbsp;%.</p>\n'
    '<table><thead><tr><td></td><th scope="col">right</th>'
    f'<th scope="col">interval</th></tr></thead><tbody>{rows}</tbody></table>\n'
    f'<p>{_SAID.format(folds=folds, n=n, part=n - n // folds)}</p>'
  )


def _interval(right: int, n: int) -> str:
  low, high = wilson(right, n)
  return f'{100 * low:.0f} to {100 * high:.0f}&nbsp;%'


def _counts(entries: list[dict[str, str]]) -> dict[str, tuple[int, int]]:
  """Of each class how many are right, and how many there are."""
  counts: dict[str, tuple[int, int]] = {}
  for entry in sorted(entries, key=lambda entry: entry['truth']):
    right, total = counts.get(entry['truth'], (0, 0))
    right += entry['truth'] == entry['label']
    counts[entry['truth']] = right, total + 1
  return counts


def confused(workdir: Workdir) -> str:
  """Which classes are taken for which, and for which pictures that was so."""
  entries = judged(workdir)
  if not entries:
    return ''
  truth = [entry['truth'] for entry in entries]
  matrix = confusion_matrix(
    truth, [entry['label'] for entry in entries], sorted(set(truth))
  )
  wrong = ''.join(
    f'<tr><th scope="row">{html.escape(entry["file"])}</th>'
    f'<td>{html.escape(entry["label"])}</td>'
    f'<td>{100 * float(entry["confidence"]):.0f}&nbsp;%</td></tr>'
    for entry in sorted(entries, key=lambda entry: entry['file'])
    if entry['truth'] != entry['label']
  )
  if not wrong:
    return matrix
  return (
    f'{matrix}\n<table><thead><tr><th scope="col">picture</th>'
    '<th scope="col">taken for</th><th scope="col">confidence</th></tr></thead>'
    f'<tbody>{wrong}</tbody></table>'
  )
