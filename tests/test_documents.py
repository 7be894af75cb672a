"""What documents name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ('CONTRIBUTING.md', 'SECURITY.md')


def named(document):
  """Paths in backticks, and in links; NAME stands for what is to be added."""
  text = (ROOT / document).read_text()
  quoted = re.findall(r'`([\w./-]+)`', text) + re.findall(r'\]\((.*?)\)', text)
  paths = {name for name in quoted if re.search(r'/|\.(md|py|txt|yaml)$', name)}
  return sorted(path for path in paths if 'NAME' not in path)


@pytest.mark.parametrize(
  'path', [path for document in DOCUMENTS for path in named(document)]
)
def test_a_file_that_a_document_names_is_there(path):
  assert (ROOT / path).exists()


def assigned(path):
  """Names that a module has at its top."""
  return {
    target.id
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.Assign | ast.AnnAssign)
    for target in (
      node.targets if isinstance(node, ast.Assign) else [node.target]
    )
    if isinstance(target, ast.Name)
  }


# As in "`FLOORS` of `experiments/components/floors.py`".
TABLES = sorted(
  set(
    re.findall(
      r'`([A-Z]+)`\s+of\s+`([\w/]+\.py)`',
      (ROOT / 'CONTRIBUTING.md').read_text(),
    )
  )
)


def test_contributing_names_tables():
  names = {table for table, _ in TABLES}
  assert {'GENERATORS', 'SAMPLERS', 'LEARNERS', 'FLOORS', 'DATA'} <= names


@pytest.mark.parametrize(('table', 'path'), TABLES)
def test_a_table_that_contributing_names_is_there(table, path):
  assert table in assigned(ROOT / path)
