"""Check the architecture: imports run down, public names are listed, imports do no work."""

import ast
import functools
import graphlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import geobuffer as gb

PACKAGE = Path(gb.__file__).parent

ROOT = Path(__file__).parents[1]
# The name of ``geobuffer/__init__.py`` in the drawing of the architecture.
FACE = "geobuffer"


def _drawing():
    """Return the lines of the drawing in ARCHITECTURE.md, the lowest first: sets of packages."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    lines = re.search(r"^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1].splitlines()
    known = {p.stem for p in PACKAGE.glob("*.py")} | {
        p.parent.name for p in PACKAGE.glob("*/__init__.py")
    }
    known |= {FACE}
    # A name counts at the beginning of a line or after two spaces; what follows it explains it.
    words = [re.findall(r"(?:^|  +)(\w+)", line) for line in lines]
    return [{word for word in line if word in known} for line in reversed(words)]


def _module_names(file):
    """Return the dotted name of a module, and that of its package."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts), ".".join(parts[:-1])


MODULES = {_module_names(p)[0].removesuffix(".__init__") for p in PACKAGE.rglob("*.py")}


@functools.cache
def _imports(file):
    """Return the modules of geobuffer that a file imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            deeper = {f"{node.module}.{a.name}" for a in node.names} & MODULES
            found |= deeper or {node.module} & MODULES
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names} & MODULES
    return found


def _package_of(module):
    """Return the first part of a module's name below geobuffer; ``FACE`` for geobuffer itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else FACE


def test_every_package_stands_in_the_drawing_once():
    stands = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    stands |= {p.parent.name for p in PACKAGE.glob("*/__init__.py")} | {FACE}
    drawn = [name for line in _drawing() for name in line]
    assert sorted(drawn) == sorted(stands)


def test_at_most_six_modules_stand_beside_the_packages():
    assert len(list(PACKAGE.glob("*.py"))) <= 6


FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.name not in {"__init__.py", "__main__.py"})


@pytest.mark.parametrize("file", FILES, ids=lambda p: _module_names(p)[0])
def test_imports_run_down_only(file):
    drawing = _drawing()
    level = {name: number for number, line in enumerate(drawing) for name in line}
    name, package = _module_names(file)
    mine = _package_of(name)
    for module in _imports(file):
        theirs = _package_of(module)
        is_below = level[theirs] < level[mine]
        assert theirs == mine or is_below, f"{name} imports {module}"
        leaf = module.rpartition(".")[2]
        is_private = leaf.startswith("_") and leaf != "_version"
        assert not is_private or module.rpartition(".")[0] == package, f"{module} is private"


def test_no_module_imports_in_a_circle():
    graph = {_module_names(file)[0]: set(_imports(file)) for file in FILES}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


def test_a_sub_package_holds_a_docstring_only():
    # A name imported there would hide a module of the same name.
    for file in PACKAGE.glob("*/**/__init__.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), file
        assert len(tree.body) == 1, file


def test_the_package_has_exactly_the_names_that_it_lists():
    code = "import json, geobuffer; print(json.dumps(sorted(vars(geobuffer))))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    at_first = {name for name in json.loads(run.stdout) if not name.startswith("_")}
    # What ``__init__.py`` needs for itself; every other name is imported on first use.
    assert at_first == {"TYPE_CHECKING", "Any", "annotations", "importlib", "sys"}
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


# Only downloads use the network. The hook sees every connection and every host name that Python
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


def test_a_map_is_made_without_a_network(tmp_path):
    words = ["geobuffer", "map", "--between", "Belgorod", "--and", "Sumy"]
    code = f"sys.argv = {words}\nfrom geobuffer.cli.main import main\nmain()"
    done = _silently(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "geobuffer-map.html").stat().st_size > 100_000


def test_neither_import_nor_lists_load_what_downloads_need(tmp_path):
    code = (
        "import geobuffer as gb\ngb.list_sources(); gb.load_regions(); gb.load_settlements()\n"
        "print([m for m in ('requests', 'urllib3', 'filelock', 'pycountry') if m in sys.modules])"
    )
    assert _silently(code, tmp_path).stdout == "[]\n"


# All files are written as drafts, by io.atomic. ``WRITES`` lists the calls by which Python and the
# libraries in use write files. ``WRITERS`` lists who else may make them: mostly functions that get
# the path of a draft.
WRITES = {
    "write_text", "write_bytes", "to_file", "to_parquet", "to_feather", "to_csv", "to_excel",
    "to_pickle", "savefig", "write_dataframe", "write_table", "CSVWriter", "ParquetWriter", "save",
    "ExcelWriter",
    "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory",
    "copy2", "copyfile", "copytree", "copyfileobj", "move", "mkdir", "makedirs", "unlink", "rmtree",
    "touch", "symlink_to", "hardlink_to", "fdopen", "tofile",
}  # fmt: skip
WRITERS = {
    # To stderr and to /dev/null.
    "cli.interrupts.end_at_once": {"write"},
    "cli.main._drop_output": {"open"},
    "cli.main._open_closed_streams": {"open"},
    # The traceback of a fault: io.atomic may be what failed.
    "cli.main._write_report": {"mkstemp", "open"},
    "io.write.write.write": {"save"},
    "io.write.write._choose_writer": {"save"},
    "io.write.csv_tables.write_csv": {"to_csv"},
    "io.write.write._write_layer": {"to_file", "write_bytes"},
    "io.write.write._write_parquet": {"to_parquet"},
    "io.write.write._save_picture": {"savefig"},
    "io.zone_file.write_zone_layers": {"write_dataframe"},
    "io.write.shapefile.write_shapefile": {"write_dataframe", "write_text", "ZipFile"},
    "io.write.kml.write_kml": {"ZipFile", "open", "write"},
    "io.write.excel.write_workbook": {"ExcelWriter"},
    "io.write.geotiff.fit_geotiff": {"write_bytes"},
    "analysis._arrow.TableWriter": {"CSVWriter", "ParquetWriter", "open", "write_table"},
    # Into memory.
    "viz.figure.plot._render_png": {"savefig"},
    # Into a temporary folder.
    "datasets.world.write_cached_shape": {"mkdir", "write_bytes"},
    "io.read.gdal.open_shapefile": {"write_bytes"},
    "io.read.gdal._copy_geodatabase": {"mkdir", "open"},
    "io.read.gdal._open_geopackage": {"write_bytes"},
    "io.geopackage.open_geopackage": {"copyfile"},
    "datasets.fetch.check_content.unpack": {"open", "copyfileobj"},
    # In memory.
    "analysis._whole_tables._write_shapes": {"to_parquet"},
    "analysis._arrow._list_leaves": {"write_table"},
    # Make folders and delete files.
    "analysis.bulk.begin_parts": {"mkdir"},
    "datasets.fetch.cache.obtain": {"mkdir"},
    "datasets.fetch.cache._fetch_to_cache": {"unlink"},
    "datasets.fetch.derived.read_or_compute": {"to_parquet", "unlink"},
    "datasets.fetch.http.remove_partial": {"unlink"},
    "datasets.fetch.http._write_body": {"unlink"},
    "cli.data._write_fetched": {"unlink"},
    # Passes what it draws to a draft.
    "viz.web.page._save_atomically": {"open", "save"},
}


def _written(node):
    """Return the name by which a call writes a file, if it does."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if isinstance(node.func, ast.Name) and name == "write_text":
        return None  # the one of io.atomic
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
        ("tree", "write"),
        ("os", "open"),
        ("os", "replace"),
        ("os", "rename"),
        ("os", "write"),
    }:
        return name
    return None


def test_all_files_are_written_through_drafts():
    found = {}
    for file in PACKAGE.rglob("*.py"):
        module = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        if module == "io.atomic":
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


def test_the_citation_and_the_changelog_name_this_version():
    root = ROOT
    assert f"version: {gb.__version__}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {gb.__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_lists_of_test_files_name_files_that_exist():
    tree = ast.parse((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    lists = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id in {"SLOW", "UNPACKING"}
    }
    files = {f"tests/{file}" for file in lists["SLOW"]} | set(lists["UNPACKING"])
    missing = sorted(file for file in files if not (ROOT / file).is_file())
    files = [*(ROOT / "tests").rglob("test_*.py"), *PACKAGE.rglob("*.py")]
    written = "".join(file.read_text("utf-8") for file in files)
    defined = set(re.findall(r"(?:def|class) (\w+)\(", written))
    listed = (ROOT / "tests" / "slow_tests.txt").read_text("utf-8").split()
    missing += [name for name in listed if name.rpartition(".")[2] not in defined]
    assert not missing, f"renamed? then rename it in the list, too: {missing}"


def test_every_file_that_the_architecture_names_exists():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", text))
    assert len(named) > 20
    places = (ROOT, PACKAGE)
    assert not {name for name in named if not any((place / name).exists() for place in places)}
