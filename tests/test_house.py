"""The house keeps its plan: imports run down, the face shows what it says, no work at import."""

import ast
import subprocess
import sys
import types
from pathlib import Path

import pytest

import geobuffer as gb

PACKAGE = Path(gb.__file__).parent

# Floors from the ground up; rooms of one floor do not know one another.
FLOORS = (
    {"errors", "palette", "names"},
    {"cells"},
    {"geodesy"},
    {"outlines"},
    {"model"},
    {"datasets", "borders", "zones", "queries", "matching", "rasters"},
    {"exposure", "mosaics", "records"},
    {"compare", "gazetteers", "population", "maps", "export", "scenarios", "bulk"},
    {"cli"},
    {"__main__"},
)


def _imports(module):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geobuffer."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("geobuffer."))


def test_every_module_has_a_floor():
    assert set().union(*FLOORS) == {p.stem for p in PACKAGE.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_imports_run_down_only(floor):
    below = set().union(*FLOORS[:floor])
    for module in FLOORS[floor]:
        up = set(_imports(module)) - below
        assert not up, f"{module} imports {sorted(up)}"


def test_face_shows_exactly_what_it_lists():
    shown = {name for name in dir(gb) if not name.startswith("_")} | {"__version__"}
    modules = {name for name in shown if isinstance(getattr(gb, name), types.ModuleType)}
    assert shown - modules == set(gb.__all__)
    assert gb.__all__ == sorted(gb.__all__)


@pytest.mark.parametrize("name", [n for n in gb.__all__ if n != "__version__"])
def test_every_public_name_is_documented(name):
    assert (getattr(gb, name).__doc__ or "").strip()


def test_import_draws_nothing_and_reads_nothing():
    code = (
        "import sys, geobuffer; "
        "late = ('folium', 'matplotlib', 'typer', 'pyogrio', 'rasterio'); "
        "print(*[m for m in late if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_files_are_named_by_what_is_in_them():
    vague = {"utils", "helpers", "common", "core", "base", "manager"}
    assert not vague & {p.stem.strip("_") for p in PACKAGE.rglob("*.py")}
