import itertools
import re
from pathlib import Path

import folium
import jupytext
import nbformat
import pytest
from jupytext.compare import NotebookDifference, compare_notebooks
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor
from support.browser import chromium, needs_browser

import geobuffer as gb

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def _printed(notebook):
    """Return the lines of text that the cells print, without lines about sizes of files.

    A kernel may split printed text into pieces anywhere, so we join the pieces.
    """
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    pieces = itertools.groupby(outputs, key=lambda o: o.get("name") or id(o))
    texts = [
        "".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in some)
        for _, some in pieces
    ]
    return [line for text in texts for line in text.splitlines() if "kB" not in line]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# Libraries that run the kernel give warnings of their own. Those of the cells are in the output.
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
    # A clone and the site contain all of them. Pictures are most of it: give plot_zone a size.
    assert path.stat().st_size < 420_000


def _compare(path, text):
    """Compare a notebook with the text beside it, as jupytext does, without outputs."""
    notebook = jupytext.read(path)
    assert notebook.metadata["jupytext"]["formats"] == "ipynb,md"
    page = jupytext.reads(text, fmt="md")
    compare_notebooks(page, notebook, fmt="md", allow_expected_differences=False)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_and_the_page_beside_it_say_the_same(path):
    """If this fails, run `jupytext --sync notebooks/*.ipynb`, which takes the file saved last."""
    _compare(path, path.with_suffix(".md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("old", "new"), [("border", "line"), ("import geobuffer", "import os")])
def test_a_page_that_says_something_else_is_seen(old, new):
    path = NOTEBOOKS[0]
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(NotebookDifference):
        _compare(path, text.replace(old, new, 1))


def test_every_page_is_one_of_a_notebook():
    pages = {page.stem for page in NOTEBOOKS[0].parent.glob("*.md")} - {"README"}
    assert pages == {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_begins_with_what_it_needs_and_ends_with_a_picture(path):
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert "pip install" in code[0].source
    assert not [c for c in code[1:] if re.search(r"^(import|from) ", c.source, re.MULTILINE)]
    assert [o for o in code[-1].outputs if "image/png" in o.get("data", {})]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_begins_with_its_question_and_ends_with_the_answer(path):
    cells = nbformat.read(path, as_version=4).cells
    assert re.match(r"# .+\n\n\*\*[^*]+\?\*\*\n", cells[0].source)
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert re.findall(r"^## .*", text, re.MULTILINE)[-1] == "## The answer"


# The pages of nbconvert load these from the web for widgets and formulas.
NBCONVERT_ASKS = (
    "https://cdnjs.cloudflare.com/ajax/libs/require.js/",
    "https://cdnjs.cloudflare.com/ajax/libs/mathjax/",
    "https://cdn.jsdelivr.net/npm/mermaid@",
)


def _show(thing):
    """Return a cell with the output that a kernel stores when it shows a thing."""
    shown = nbformat.v4.new_output("execute_result", data={"text/html": thing._repr_html_()})
    return nbformat.v4.new_code_cell("thing", outputs=[shown])


@needs_browser
@pytest.mark.filterwarnings("ignore")
def test_maps_and_cards_show_in_an_exported_notebook_without_a_network(zone, tmp_path):
    """The test needs no kernel, because a kernel would only store what `_repr_html_` returns."""
    own = folium.Map([50, 30], tiles=None)
    folium.Marker([50, 30]).add_to(own)
    cells = [_show(zone), _show(gb.map_zone(zone)), _show(gb.inline(own))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    page = tmp_path / "notebook.html"
    page.write_text(HTMLExporter().from_notebook_node(notebook)[0], "utf-8")
    with chromium() as browser:
        browser.open(page)
        assert browser.text("td svg title, div > svg title") == "10 km from the border"
        frame, other = (
            "document.querySelector('iframe')",
            "document.querySelectorAll('iframe')[1]",
        )
        assert browser.run(f"return {frame}.contentWindow.geobuffer.facts.zone.edges_km") == [0, 10]
        assert browser.run(f"return {frame}.contentDocument.querySelectorAll('canvas').length") >= 1
        width = f"return {other}.contentDocument.querySelector('.leaflet-marker-icon').naturalWidth"
        assert browser.run(width) in {25, 50}
        asked = [
            url for url in browser.read_journal() if url not in {page.as_uri(), "about:srcdoc"}
        ]
        assert [url for url in asked if not url.startswith(NBCONVERT_ASKS)] == []
        ours = [
            complaint
            for complaint in browser.complaints()
            if not complaint.startswith(NBCONVERT_ASKS)
        ]
        assert ours == []
