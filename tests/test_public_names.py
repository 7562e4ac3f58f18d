"""The public names are imported on first use; type checkers, pickle and help see them all."""

import ast
import importlib
import pickle
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import geobuffer as gb

FACE = Path(gb.__file__)
HEAVY = {"numpy", "pandas", "geopandas", "shapely", "pyproj", "pyarrow", "folium", "rich", "typer"}


def names_for_type_checkers():
    """Return what the imports below TYPE_CHECKING say: each name and its module."""
    tree = ast.parse(FACE.read_text(encoding="utf-8"))
    (block,) = (
        node for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )  # fmt: skip
    assert all(isinstance(node, ast.ImportFrom) for node in block.body)
    return {alias.name: node.module for node in block.body for alias in node.names}


def names_on_first_use():
    return {name: f"geobuffer.{module}" for name, module in gb._MODULE_OF.items()}


def test_type_checkers_and_the_interpreter_find_each_name_in_the_same_module():
    # Modules that are shown under a name of their own, such as gb.duckdb.
    modules = {
        name: f"geobuffer.{path.rpartition('.')[0]}"
        for name, path in gb._SUBMODULES.items()
        if "." in path
    }
    assert names_for_type_checkers() == names_on_first_use() | modules
    assert sorted([*names_on_first_use(), "__version__"]) == gb.__all__
    assert sum(map(len, gb._NAMES.values())) == len(gb._MODULE_OF), "a name stands twice"


@pytest.mark.parametrize("name", names_on_first_use())
def test_a_name_comes_from_the_module_that_defines_it(name):
    module = names_on_first_use()[name]
    assert getattr(gb, name) is getattr(importlib.import_module(module), name)
    assert getattr(gb, name).__module__ == module


def run(code):
    """Run code in a process that has not imported geobuffer yet, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_import_takes_no_library_along():
    loaded = run(f"import sys, geobuffer; print(*{HEAVY!r} & set(sys.modules))")
    assert loaded == ""


def test_an_error_class_takes_no_library_along():
    code = "import sys, geobuffer as gb; gb.DataError, gb.errors; "
    assert run(code + f"print(*{HEAVY!r} & set(sys.modules))") == ""


@pytest.mark.parametrize(
    "code",
    [
        "from geobuffer import build_zone; print(build_zone.__name__ == 'build_zone')",
        "import geobuffer as gb; print(gb.errors.GeobufferError is gb.GeobufferError)",
        "import geobuffer as gb; print(gb.zones.__name__ == 'geobuffer.zones')",
        "from geobuffer import *; print(Border.__module__ == 'geobuffer.zones.border')",
        "import geobuffer as gb; print(all(getattr(gb, name) for name in gb.__all__))",
        "import geobuffer as gb; gb.Downloader = 1; print(gb.Downloader == 1)",
    ],
)  # fmt: skip
def test_names_are_reached_in_every_way(code):
    assert run(code) == "True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'geobuffer' has no attribute 'build_zoen'"):
        _ = gb.build_zoen
    with pytest.raises(ImportError, match="build_zoen"):
        exec("from geobuffer import build_zoen")  # noqa: S102 - as a user writes it


def test_a_replaced_name_stays_until_the_test_ends(monkeypatch):
    ours = gb.build_zone
    with monkeypatch.context() as patch:
        patch.setattr(gb, "build_zone", "replaced")
        assert gb.build_zone == "replaced"
    assert gb.build_zone is ours


def test_a_pickle_made_elsewhere_is_read_before_anything_is_imported():
    raw = pickle.dumps(gb.Source("drawn by hand", accuracy_m=5.0))
    read = run(f"import pickle; print(pickle.loads({raw!r}))")
    assert read == str(gb.Source("drawn by hand", accuracy_m=5.0))


def test_help_shows_every_name():
    text = pydoc.plain(pydoc.render_doc(gb))
    assert [name for name in names_on_first_use() if name not in text] == []


# Each thread asks for other names first, so that all modules are imported by several at once.
AT_ONCE = """
import sys, threading
import geobuffer as gb

sys.setswitchinterval(1e-5)
together, got = threading.Barrier(8), [None] * 8

def ask(number):
    names = gb.__all__[number * 9:] + gb.__all__[:number * 9]
    together.wait()
    got[number] = {name: getattr(gb, name) for name in names}

threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(all(one == got[0] for one in got) and len(got[0]) == len(gb.__all__))
"""


def test_eight_threads_may_ask_first():
    assert run(AT_ONCE) == "True"
