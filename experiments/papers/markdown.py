"""Markdown of what is published."""

from collections.abc import Iterable, Sequence


def table(rows: Sequence[Sequence[str]]) -> str:
  """A table, of which the first row is the head."""
  head, *body = [f'| {" | ".join(cells)} |' for cells in rows]
  return '\n'.join([head, f'|{"---|" * len(rows[0])}', *body])


def of_the_paper(differs: Iterable[str]) -> list[str]:
  """A sentence on how papers' numbers were made; none if nothing differs."""
  words = ', '.join(differs)
  return [f'Of the paper: {words}.'] if words else []
