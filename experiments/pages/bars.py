"""An accuracy as a bar, and what its marks mean."""

POINTER = '<path class="paper" d="M-4.5 0h9L0 6Z"/>'
SCALE = (
  '<span class="scale"><i>0</i><i>25</i><i>50</i><i>75</i><i>100</i></span>'
)


def accuracy_bar(
  accuracy: float, ci95: float, *, chance: float, paper: float | None = None
) -> str:
  """An accuracy in [0, 1] as a bar as wide as its cell.

  Args:
    accuracy: the bar's length.
    ci95: half the length of its whisker; 0 draws none.
    chance: where the dashed line stands.
    paper: where the paper's accuracy is pointed at.

  Returns:
    An `<svg>` element of full width.
  """
  at = _percent(chance)
  parts = [
    '<rect class="track" width="100%" y="8" height="10" rx="2"/>',
    f'<rect class="fill" width="{_percent(accuracy)}" y="8" height="10" '
    'rx="2"/>',
    f'<line class="chance" x1="{at}" x2="{at}" y1="4" y2="22"/>',
    _whisker(accuracy, ci95) if ci95 else '',
  ]
  if paper is not None:
    at = _percent(paper)
    parts.append(f'<svg x="{at}" y="1" overflow="visible">{POINTER}</svg>')
  return (
    f'<svg class="bar" role="img" aria-label="{100 * accuracy:.1f} percent">'
    f'{"".join(parts)}</svg>'
  )


def keys(*, paper: bool) -> str:
  """A list of what the marks of bars mean; the paper's only if it is there."""
  marks = [
    ('<rect class="fill" width="24" y="5" height="10" rx="2"/>', 'accuracy'),
    (
      '<path class="whisker" d="M5 10h14M5 6v8M19 6v8"/>',
      '95&nbsp;% confidence interval',
    ),
    ('<path class="chance" d="M12 0v20"/>', 'chance'),
  ]
  if paper:
    marks.append((f'<g transform="translate(12 7)">{POINTER}</g>', 'paper'))
  items = ''.join(
    f'<li><svg class="key" viewBox="0 0 24 20">{mark}</svg>{name}</li>'
    for mark, name in marks
  )
  return f'<ul class="legend">{items}</ul>'


def _whisker(center: float, half: float) -> str:
  left, right = _percent(center - half), _percent(center + half)
  lines = [(left, right, 13, 13), (left, left, 9, 17), (right, right, 9, 17)]
  return ''.join(
    f'<line class="whisker" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'
    for x1, x2, y1, y2 in lines
  )


def _percent(share: float) -> str:
  return f'{100 * min(max(share, 0), 1):.2f}%'
