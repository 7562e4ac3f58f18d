"""Every row of the table of bad inputs has a test, and a line in the documentation."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "bad-inputs.md"


def _list_documented():
    """Return the numbers of the rows in the table, in its order."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [int(row[1]) for row in (re.match(r"\| (\d+) \|", line) for line in lines) if row]


def _marked(file):
    """Return the rows that the tests of a file are marked with."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for mark in function.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.row":
                assert function.name.startswith("test_"), function.name
                yield mark.args[0].value


def test_every_row_has_a_test():
    tested = {row for file in HERE.glob("test_bad_*.py") for row in _marked(file)}
    rows = set(_list_documented())
    assert tested == rows, f"without a test: {rows - tested}; of no row: {tested - rows}"


def test_the_table_is_whole():
    documented = _list_documented()
    assert documented == list(range(1, len(documented) + 1)), "a row is missing or out of order"
    assert len(documented) >= 72
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d", line):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            assert len(cells) == 4, line
            assert all(cells), f"an empty cell: {line}"
