"""Every row of the table of bad inputs has a test, and a line in the documentation."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "bad-inputs.md"
ROWS = set(range(1, 71))


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
    assert tested == ROWS, f"without a test: {ROWS - tested}; of no row: {tested - ROWS}"


def test_every_row_is_documented():
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [re.match(r"\| (\d+) \|", line) for line in lines]
    documented = [int(row[1]) for row in rows if row]
    assert documented == sorted(set(documented)), "a row stands twice, or out of order"
    assert set(documented) == ROWS, f"not documented: {ROWS - set(documented)}"
    for line in lines:
        if re.match(r"\| \d", line):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            assert len(cells) == 4, line
            assert all(cells), f"an empty cell: {line}"
