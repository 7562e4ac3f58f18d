"""The house keeps its plan: imports run down, the face shows what it says, no work at import."""

import ast
import statistics
import subprocess
import sys
import types
from pathlib import Path

import pytest

import geobuffer as gb

PACKAGE = Path(gb.__file__).parent

# Floors from the ground up; rooms of one floor do not know one another.
FLOORS = (
    {"errors", "palette", "names", "lettering", "versions", "hearing", "ragged", "kernels"},
    {"cells", "assets", "cards", "pages", "references", "drafts", "wholeness", "widths"},
    {"geodesy", "document", "geopackages", "kept"},
    {"chords", "nodes", "azimuthal", "packing", "points"},
    {"nearest", "projections"},
    {"refinement", "stretches"},
    {"outlines"},
    {"halves", "healing", "areas", "ends"},
    {"model", "marginalia"},
    {"combined", "world"},
    {"kinds"},
    {"drawing", "captions", "membership", "listings", "oddities", "surroundings"},
    {"datasets", "borders", "zones", "queries", "sheets", "downloads", "matching",
     "rasters", "zonelayers"},
    {"sketches", "zonefile", "kml", "spreadsheet", "shapefile", "shapes",
     "tabular"},
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
    "bulk": ({"opening"}, {"points"}, {"answering", "writing", "parts"}, {"files"}),
    "scenarios": ({"scenario"}, {"loading", "subject"}),
    "cli": (
        {"wording"},
        {"options", "printing", "interrupts", "targets"},
        {"asked", "data"},
        {"maps", "counts", "where", "zones"},
        {"commands"},
        {"running"},
    ),
    "model": ({"source"}, {"region"}, {"border"}, {"zone"}),
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
    shown = {name for name in vars(gb) if not name.startswith("_")} | {"__version__"}
    modules = {name for name in shown if isinstance(getattr(gb, name), types.ModuleType)}
    assert shown - modules == set(gb.__all__)
    assert gb.__all__ == dir(gb) == sorted(gb.__all__)


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


# What is longer than the rest, and why. Whoever cannot give a reason cuts it.
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS = {
    "kernels.nearest": "each seam in the loop that numba compiles costs 15 to 45 % of its time",
}


def _modules():
    for file in PACKAGE.rglob("*.py"):
        yield ".".join(file.relative_to(PACKAGE).with_suffix("").parts), file.read_text("utf-8")


def _lengths(text):
    """Yield the name and the lines of each function, nested ones too, without its docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = node.body[0] if ast.get_docstring(node) is not None else None
            said = told.end_lineno - told.lineno + 1 if told else 0
            yield node.name, node.end_lineno - node.lineno + 1 - said


def test_no_module_is_long_without_a_reason():
    long = {name for name, text in _modules() if len(text.splitlines()) > 400}
    assert long == set(LONG_MODULES)


def test_no_function_is_long_without_a_reason():
    long = {
        f"{module}.{name}"
        for module, text in _modules()
        for name, lines in _lengths(text)
        if lines > 40
    }
    assert long == set(LONG_FUNCTIONS)


def test_most_functions_are_short():
    lines = [lines for _, text in _modules() for _, lines in _lengths(text)]
    assert statistics.median(lines) < 12


def test_a_docstring_does_not_count_and_an_inner_function_counts_twice():
    text = (
        'def f(x):\n    """Say.\n\n    More.\n    """\n    def g():\n        return x\n    return g'
    )
    assert dict(_lengths(text)) == {"f": 4, "g": 2}


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


# Whatever is written goes through drafts. What follows are the calls by which Python and the
# libraries in use write files, and who else may make them: functions that are given a draft's path.
WRITES = {
    "write_text", "write_bytes", "to_file", "to_parquet", "to_feather", "to_csv", "to_excel",
    "to_pickle", "savefig", "write_dataframe", "write_table", "CSVWriter", "ParquetWriter", "save",
    "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory",
    "copy2", "copyfile", "copytree", "copyfileobj", "move", "mkdir", "makedirs", "unlink", "rmtree",
    "touch", "symlink_to", "hardlink_to", "fdopen", "tofile",
}  # fmt: skip
WRITERS = {
    # To nowhere: /dev/null.
    "cli.running._hang_up": {"open"},
    "export.write": {"save"},
    "export._writer": {"save", "to_csv"},
    "export._write_layer": {"to_file", "write_bytes"},
    "export._write_parquet": {"to_parquet"},
    "export._save_picture": {"savefig"},
    "zonelayers.write_zone_layers": {"write_dataframe"},
    "shapefile.write_shapefile": {"write_dataframe", "write_text", "ZipFile"},
    "kml.write_kml": {"ZipFile", "open", "write"},
    "spreadsheet.write_workbook": {"save"},
    "bulk.writing.Writer": {"CSVWriter", "ParquetWriter", "write_table"},
    # Into memory.
    "plots._png": {"savefig"},
    # To what is within a scratch folder.
    "kept.keep_shape": {"mkdir", "write_bytes"},
    "reading.opening._as_kml": {"open"},
    "reading.shapefile.completed": {"write_bytes"},
    "downloads.content.unpack": {"open", "copyfileobj"},
    # Folders, and what is to be gone.
    "bulk.parts.begin_parts": {"mkdir"},
    "downloads.cache.obtain": {"mkdir"},
    "downloads.cache._bring": {"unlink"},
    "downloads.transfer.forget": {"unlink"},
    "downloads.transfer._store": {"unlink"},
    "cli.data._keep": {"unlink"},
    # Hands on what it draws to drafts.
    "document._Whole": {"open", "save"},
}


def _written(node):
    """Return the name by which a call writes a file, if it does."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if isinstance(node.func, ast.Name) and name in {"write_text", "move", "copy"}:
        return None  # those of drafts
    if name in WRITES:
        return name
    texts = [a.value for a in [*node.args, *(k.value for k in node.keywords)]
             if isinstance(a, ast.Constant) and isinstance(a.value, str)]  # fmt: skip
    is_mode = any(
        text and set(text) <= set("rwxabt+") and set(text) & set("wxa+") for text in texts
    )
    conditional = any(isinstance(a, ast.IfExp) for a in node.args)
    if name in {"open", "ZipFile", "TarFile"} and (is_mode or conditional):
        return name
    owner = getattr(getattr(node.func, "value", None), "id", "")
    # Those of paths take one argument; replace of texts takes two, rename of tables a keyword.
    is_of_path = len(node.args) == 1 and not node.keywords and owner != "index"
    if name in {"replace", "rename"} and is_of_path:
        return name
    if (owner, name) in {
        ("whole", "write"),
        ("os", "open"),
        ("os", "replace"),
        ("os", "rename"),
        ("os", "write"),
    }:
        return name
    return None


def test_nothing_is_written_but_through_drafts():
    found = {}
    for file in PACKAGE.rglob("*.py"):
        module = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        if module == "drafts":
            continue
        for top in ast.parse(file.read_text(encoding="utf-8")).body:
            where = f"{module}.{getattr(top, 'name', '')}"
            calls = (node for node in ast.walk(top) if isinstance(node, ast.Call))
            names = {name for name in map(_written, calls) if name}
            if names:
                found[where] = names
    assert found == WRITERS


@pytest.mark.parametrize(
    "code",
    ["open(p, 'w')", "p.open(mode='xb')", "p.open('a' if b else 'w')", "p.write_text(t)",
     "zipfile.ZipFile(p, 'w')", "table.to_file(p)", "draft.replace(path)", "os.replace(a, b)",
     "shutil.move(a, b)", "figure.savefig(p)", "tempfile.mkdtemp()", "open(p, 'r+b')"],
)  # fmt: skip
def test_a_call_that_writes_is_seen(code):
    assert _written(ast.parse(code).body[0].value)


@pytest.mark.parametrize(
    "code", ["open(p)", "p.open('rb')", "text.replace('a', 'w')", "dataclasses.replace(a, b=1)"]
)
def test_a_call_that_does_not_write_is_not(code):
    assert not _written(ast.parse(code).body[0].value)


def test_who_cites_this_version_cites_this_version():
    root = Path(__file__).parents[1]
    assert f"version: {gb.__version__}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {gb.__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
