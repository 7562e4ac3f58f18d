from pathlib import Path

import nbformat
import pytest
from browser import chromium, needs_browser
from nbconvert.exporters import HTMLExporter
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


# What nbconvert's own page asks for: it loads these from the web for widgets and formulas.
NBCONVERT_ASKS = (
    "https://cdnjs.cloudflare.com/ajax/libs/require.js/",
    "https://cdnjs.cloudflare.com/ajax/libs/mathjax/",
    "https://cdn.jsdelivr.net/npm/mermaid@",
)


@needs_browser
@pytest.mark.filterwarnings("ignore")
def test_maps_and_cards_show_in_an_exported_notebook_without_a_network(tmp_path):
    zone = "zone = gb.scenario_zone(gb.load_scenario(), gb.load_regions())"
    pin = "folium.Marker([50, 30]).add_to(m)"
    cells = [
        f"import geobuffer as gb, folium; {zone}; zone",
        "gb.map_zone(zone)",
        f"m = folium.Map([50, 30], tiles=None); {pin}; gb.inline(m)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    ExecutePreprocessor(timeout=240, kernel_name="python3").preprocess(notebook)
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
        ours = [told for told in browser.complaints() if not told.startswith(NBCONVERT_ASKS)]
        assert ours == []
