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
    {"errors", "palette", "names", "lettering"},
    {"widths", "cells", "assets", "cards", "pages"},
    {"geodesy", "document"},
    {"outlines", "packing", "projections", "stretches"},
    {"halves", "healing", "areas"},
    {"model", "marginalia"},
    {"combined", "world"},
    {"drawing", "captions", "membership", "listings", "oddities"},
    {"datasets", "borders", "zones", "queries", "sheets", "downloads", "matching",
     "rasters"},
    {"sketches", "zonefile", "kml", "spreadsheet", "shapefile", "shapes"},
    {"reading"},
    {"facts"},
    {"exposure", "mosaics", "records"},
    {"compare", "gazetteers", "population", "maps", "plots", "offline", "export", "scenarios",
     "bulk", "curve"},
    {"cli"},
    {"__main__"},
)  # fmt: skip

# A room may be a flat of its own, with the same rule inside.
FLATS = {
    "downloads": (
        {"content", "countries", "downloader"},
        {"transfer"},
        {"cache", "tables"},
        {"geoboundaries", "geonames", "hdx", "overpass", "ua_geo", "worldpop"},
        {"loaders"},
        {"fetching"},
    ),
}


def _names(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geobuffer."):
            parts = node.module.split(".")[1:]
            # "from geobuffer.downloads import hdx" names a module too
            deeper = parts[0] in FLATS and len(parts) == 1
            yield from ([*parts, a.name] for a in node.names) if deeper else [parts]
        elif isinstance(node, ast.ImportFrom) and node.module == "geobuffer":
            yield from ([a.name] for a in node.names if (PACKAGE / f"{a.name}.py").exists())
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1:] for a in node.names if a.name[:10] == "geobuffer.")


def _imports(module):
    flat = PACKAGE / module
    files = flat.glob("*.py") if flat.is_dir() else [PACKAGE / f"{module}.py"]
    for file in files:
        yield from (parts[0] for parts in _names(file) if parts[0] != module)


def test_every_module_has_a_floor():
    modules = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__"}
    assert set().union(*FLOORS) == modules | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("flat", FLATS)
def test_imports_run_down_only_within_a_flat(flat):
    floors, files = FLATS[flat], {p.stem: p for p in (PACKAGE / flat).glob("*.py")}
    assert set().union(*floors) == set(files) - {"__init__"}
    for number, floor in enumerate(floors):
        below = set().union(*floors[:number])
        for module in floor:
            inside = {parts[1] for parts in _names(files[module]) if parts[0] == flat}
            assert inside <= below, f"{module} imports {sorted(inside - below)}"


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


# Nothing else goes to the network. The hook sees every connection and every name that Python
# looks up, also those of libraries.
SILENT = """
import sys
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        print("NETWORK", event, args[1:], file=sys.stderr)
        raise OSError(f"{event} is not allowed here")
sys.addaudithook(hook)
"""


def _silently(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", SILENT + code], capture_output=True, text=True, cwd=folder,
        check=False,
    )  # fmt: skip
    assert "NETWORK" not in done.stderr, done.stderr
    return done


def test_the_hook_sees_a_download(tmp_path):
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run(
        [sys.executable, "-c", SILENT + code], capture_output=True, text=True, check=False
    )
    assert "NETWORK socket.getaddrinfo" in done.stderr


def test_the_default_map_is_made_without_a_network(tmp_path):
    code = "sys.argv = ['geobuffer', 'map']\nfrom geobuffer.cli import main\nmain()"
    done = _silently(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "geobuffer-map.html").stat().st_size > 100_000


def test_neither_import_nor_lists_load_what_downloads_need(tmp_path):
    code = (
        "import geobuffer as gb\ngb.list_sources(); gb.load_regions(); gb.load_settlements()\n"
        "print([m for m in ('requests', 'urllib3', 'filelock', 'pycountry') if m in sys.modules])"
    )
    assert _silently(code, tmp_path).stdout == "[]\n"
