from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def _printed(notebook):
    """What the cells say in plain text, without addresses of objects and sizes of files."""
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return [line for text in texts for line in text.splitlines() if "kB" not in line]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# The kernel's own machinery warns about itself; what the cells warn about is in their output.
@pytest.mark.filterwarnings("ignore")
def test_notebook_runs_and_says_what_is_stored(path):
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    runner = ExecutePreprocessor(timeout=240, kernel_name="python3")
    runner.preprocess(fresh, {"metadata": {"path": str(path.parent)}})
    complaints = [
        o for cell in fresh.cells for o in cell.get("outputs", []) if o.get("name") == "stderr"
    ]
    assert not complaints
    assert _printed(fresh) == _printed(stored)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_small(path):
    assert path.stat().st_size < 300_000
