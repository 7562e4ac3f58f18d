"""Run the command and the library in poor or strange environments.

Other encodings, no home folder, read-only folders, flags of Python, the lowest versions of
dependencies, and no network.
"""

import contextlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import geobuffer as gb

ROOT = Path(__file__).parents[1]
COMMAND = "from geobuffer.cli.main import main; main()"
SHORT = ("--between", "Belgorod", "--and", "Sumy", "--km", "5")
STRANGE = "Мої дані {1} %s"  # spaces, Cyrillic, and characters that formatting could interpret


def run(*args, flags=(), environment=(), code=COMMAND, within=(), **options):
    """Run the command or other code in a process that inherits only PATH and what is given."""
    # HOME is not among them: numba and matplotlib would write their caches there.
    inherited = {
        name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ
    }
    return subprocess.run(
        [*within, sys.executable, *flags, "-c", code, *map(str, args)],
        env=inherited | dict(environment), capture_output=True, timeout=600, check=False, **options,
    )  # fmt: skip


# Encodings


@pytest.mark.parametrize(
    ("surroundings", "encoding"),
    [
        ({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
        ({"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"}, "ascii"),
        ({"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "cp1251"}, "cp1251"),
    ],
    ids=["POSIX", "ascii", "cp1251"],
)
def test_terminals_that_are_not_utf_8(surroundings, encoding, tmp_path):
    folder = tmp_path / STRANGE
    folder.mkdir()
    names = {"HOME": str(tmp_path)} | surroundings
    done = run("settlements", *SHORT, environment=names, cwd=folder)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    # A letter that the encoding lacks is escaped, not lost.
    name = "Миропільське".encode(encoding, "backslashreplace").decode(encoding)
    assert re.sub(r"\s", "", name) in re.sub(r"[\s]", "", text) or encoding == "ascii"
    assert encoding != "ascii" or re.search(r"\\u04[0-9a-f]{2}", text)


def test_files_are_utf_8_in_every_environment(tmp_path):
    folder = tmp_path / STRANGE
    folder.mkdir()
    names = {"HOME": str(tmp_path), "LC_ALL": "POSIX", "PYTHONIOENCODING": "cp1251",
             "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # fmt: skip
    done = run("settlements", *SHORT, "--out", "місця.csv", environment=names, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Миропільське" in (folder / "місця.csv").read_text("utf-8-sig")


def test_errors_on_a_terminal_that_is_not_utf_8(tmp_path):
    names = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"}
    done = run("zone", "--between", "Куряни", "--and", "Суми", environment=names, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(b"geobuffer: ")
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


# Folders


@pytest.mark.parametrize("home", ["none", "missing", "file"])
def test_no_home(home, tmp_path):
    """The command needs no home folder, and makes none."""
    (tmp_path / "file").write_text("no folder")
    names = {} if home == "none" else {"HOME": str(tmp_path / home)}
    names |= {"MPLCONFIGDIR": str(tmp_path / "file" / "no"), "XDG_CACHE_HOME": "/nonexistent/cache"}
    command = (
        ("map", *SHORT, "--png", "out.png")
        if home == "none"
        else ("settlements", *SHORT, "--out", "out.csv")
    )
    done = run(*command, environment=names, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert {path.name for path in tmp_path.iterdir()} == {"file", command[-1]}


def test_a_cache_that_cannot_be_made_is_an_error_of_one_line(tmp_path):
    (tmp_path / "file").write_text("no folder")
    names = {"HOME": str(tmp_path / "file"), "XDG_CACHE_HOME": str(tmp_path / "file" / "cache")}
    done = run("data", "get", "geonames", "--country", "UA", environment=names, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(b"geobuffer: ")
    assert done.stderr.count(b"\n") == 1
    assert b"file" in done.stderr


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("unshare"),
    reason="only root may mount a folder read-only with unshare",
)


def run_where_read_only(folder, *args, code=COMMAND, environment=(), cwd):
    """Run code where a folder is mounted read-only: root cannot write to it either."""
    mount = (
        'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$1" && shift && exec "$@"'
    )
    alone = ["unshare", "-m", "sh", "-c", mount, str(folder), str(cwd)]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare is not allowed here")
    return subprocess.run(
        [*alone, sys.executable, "-c", code, *args],
        env={"PATH": os.environ["PATH"], **dict(environment)},
        capture_output=True, timeout=600, check=False,
    )  # fmt: skip


@needs_root
def test_a_read_only_folder_is_an_error_before_anything_is_computed(tmp_path):
    done = run_where_read_only(tmp_path, "map", cwd=tmp_path)
    assert done.returncode == 2
    assert b"read-only" in done.stderr
    assert done.stderr.count(b"\n") == 1
    # A command that writes no file works there.
    done = run_where_read_only(tmp_path, "where", "51.27", "34.63", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == []


@needs_root
def test_an_installation_and_a_home_that_are_read_only(tmp_path):
    """Python and numba cannot store bytecode and kernels there, and work without them."""
    site, out = tmp_path / "site", tmp_path / "out"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(gb.__file__).parent, site / "geobuffer", ignore=ignored)
    if not (site / "geobuffer" / "data").exists():
        shutil.copytree(ROOT / "data", site / "data")
    out.mkdir()
    before = sorted(site.rglob("*"))
    code = (
        "import geobuffer as gb\n"
        f"assert gb.__file__.startswith({str(site)!r}), gb.__file__\n"
        "border = gb.border_between(*gb.load_regions()['Belgorod', 'Sumy'])\n"
        "found = border.index.nearest([34.0] * 250_000, [51.0] * 250_000)\n"
        "assert 0 < found.distance_m[0] < 1e6\n"
    ) + COMMAND
    names = {"HOME": str(site), "PYTHONPATH": str(site)}
    done = run_where_read_only(
        site,
        "zone",
        *SHORT,
        "--tolerance",
        "50",
        "--out",
        "zone.gpkg",
        code=code,
        environment=names,
        cwd=out,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert sorted(site.rglob("*")) == before
    assert len(gb.read_zone(out / "zone.gpkg").rings) == 1


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "kmz", "shp.zip", "parquet", "fgb"])
def test_paths_with_spaces_and_cyrillic(suffix, strip, tmp_path):
    folder = tmp_path / STRANGE
    folder.mkdir()
    zone = gb.build_zone(strip, km=5, tolerance_m=50)
    frame = zone.to_frame()[["ring", "geometry"]]
    # The files within a zip get plain names, with a warning.
    told = contextlib.nullcontext()
    if suffix == "shp.zip":
        told = pytest.warns(UserWarning, match="are called")
    with told:
        path = gb.write(frame, folder / f"зона {STRANGE}.{suffix}")
    assert [one.name for one in folder.iterdir()] == [path.name]
    if suffix != "kmz":
        assert len(gb.read_regions(path, name="ring")) == 1


# The interpreter


def test_time_zones_change_nothing(tmp_path):
    code = (
        "import contextlib, io, os, time, geobuffer as gb\n"
        "from geobuffer.cli.main import run_command\n"
        "for zone in ('Nowhere/Land', ':::', 'UTC+99'):\n"
        "    os.environ['TZ'] = zone\n"
        "    time.tzset()\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        run_command()\n"
    )
    names = {"HOME": str(tmp_path), "TZ": "Nowhere/Land"}
    done = run("where", "51.27", "34.63", environment=names, code=code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"2.095 km from the border, in Russia") == 3


# Warnings of ours are errors here; warnings of libraries during their import are not ours.
@pytest.mark.parametrize("flags", [("-O", "-W", "error"), ("-X", "dev", "-bb")], ids=" ".join)
def test_flags_of_the_interpreter(flags, tmp_path):
    names = {"HOME": str(tmp_path)}
    done = run("map", *SHORT, "--out", "map.html", "--png", "map.png", flags=flags,
               environment=names, cwd=tmp_path)  # fmt: skip
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert {"map.html", "map.png"} <= {path.name for path in tmp_path.iterdir()}
    assert re.search(rb"\d+ settlements inside", done.stdout)


# Dependencies


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {"duckdb", "excel", "explore", "fast", "fetch", "offline", "plot", "postgis", "raster",
              "test", "widget", "world", "xarray"}  # fmt: skip
    lines = [*project["dependencies"], *(line for name in wanted for line in extras[name])]
    return [one for one in map(Requirement, lines) if one.name != "geobuffer"]


def test_every_dependency_has_a_lower_bound():
    for one in declared():
        assert any(part.operator in {">=", "=="} for part in one.specifier), str(one)


def test_the_installed_versions_are_those_declared():
    """Installed versions lie within the bounds; if LOWEST is set, they are the lowest."""
    for one in declared():
        version = importlib.metadata.version(one.name)
        assert one.specifier.contains(version, prereleases=True), (str(one), version)
        if os.environ.get("LOWEST"):
            bound = next(part.version for part in one.specifier if part.operator in {">=", "=="})
            # The release of the bound may be withdrawn; then the next one is the lowest.
            assert version.split(".")[:2] == [*bound.split("."), "0"][:2], (str(one), version)


# The network


# Refuse all connections and look-ups by Python. For libraries in C, such as libcurl in GDAL and
# PROJ, the test takes the network away with unshare.
REFUSED = """
import socket, sys

def refuse(*args, **options):
    raise SystemExit(f"a connection was asked for: {args}")

for name in ("connect", "connect_ex", "sendto", "sendmsg"):
    setattr(socket.socket, name, refuse)
for name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyaddr"):
    setattr(socket, name, refuse)
"""

EVERYTHING = """
import sys, tempfile, pathlib
import geobuffer as gb

folder = pathlib.Path(sys.argv.pop(1))
regions, towns, scenario = gb.load_regions(), gb.load_settlements(), gb.load_scenario()
border = gb.border_between(*regions["Belgorod", "Sumy"])  # a short one
zone = gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=20)
inside = gb.within(towns, zone)
gb.classify(towns, zone), gb.exposure(towns, zone), gb.locate(inside, border)
gb.write(gb.map_zone(zone, settlements=inside, regions=regions), folder / "map.html")
gb.write(gb.map_zone(zone, settlements=inside, basemap="OpenStreetMap.Mapnik"), folder / "b.html")
gb.write(gb.plot_zone(zone, settlements=inside), folder / "map.png")
gb.write(gb.plot_curve(gb.exposure_curve(towns, border, to_km=20)).figure, folder / "curve.png")
gb.write(zone, folder / "zone.gpkg")
gb.read_zone(folder / "zone.gpkg"), gb.read_regions(folder / "zone.gpkg", name="ring")
inside.to_crs("EPSG:28406"), towns.to_crs("EPSG:32636"), zone.to_frame().to_crs("EPSG:5558")
gb.load_regions("world", country="AL"), gb.list_sources(), gb.list_datasets()
zone._repr_html_(), border._repr_html_(), regions._repr_html_()
import folium
gb.write(gb.inline(folium.Map([50, 30], tiles=None)), folder / "folium.html")
from geobuffer.cli.main import main
short = ["--between", "Belgorod", "--and", "Sumy"]
for args in (["where", "51.27", "34.63"], ["settlements", *short], ["exposure", *short], ["data"],
             ["zone", *short]):
    sys.argv = ["geobuffer", *args]
    try:
        main()
    except SystemExit as done:
        assert done.code in (0, None), (args, done.code)
print("all is done")
"""


def test_no_function_connects_by_itself(tmp_path):
    """Where the system lets us, there is no network: then libraries in C fail if they connect."""
    alone = ["unshare", "-n"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode
    ):
        alone = []
    names = {"HOME": str(tmp_path)}
    done = run(tmp_path, code=REFUSED + EVERYTHING, environment=names, within=alone)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert done.stdout.endswith(b"all is done\n")


def test_a_connection_is_noticed(tmp_path):
    code = REFUSED + "import requests; requests.get('http://127.0.0.1:9')"
    done = run(code=code, environment={"HOME": str(tmp_path)})
    assert b"a connection was asked for" in done.stderr


def test_tests_reach_this_machine_only():
    import socket

    import pytest_socket

    with (
        socket.socket() as one,
        pytest.warns(UserWarning, match="198.51.100.1"),
        # An address that is reserved for documentation: no machine has it.
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        one.connect(("198.51.100.1", 80))
