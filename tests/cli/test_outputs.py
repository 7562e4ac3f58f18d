"""No command writes to a file that it reads, by whichever option and through whichever link."""

import inspect
import itertools
import os
from pathlib import Path
from typing import get_args

import pytest
import typer

import geobuffer as gb
from geobuffer.cli.commands import app

#: Options of text that name no file. A new option of text counts as a file until it is listed here.
PLAIN = {
    "between", "and_", "region_name", "layer", "crs", "country", "km", "from_km", "side",
    "places_layer", "places_crs", "by", "values", "as_of", "title", "name", "iso", "bbox", "place",
    "tolerance", "gap_m", "to_km", "step_km", "encoding", "csv_locale", "places_read",
    "add_places_read", "regions_read", "along_read", "around_read", "outline_read", "source_read",
    "size", "language", "of",
}  # fmt: skip

#: What is written, and a name that the format of the output allows.
OUTPUTS = {
    ("map", "out"): "same.html", ("map", "png"): "same.png", ("zone", "out"): "same.gpkg",
    ("settlements", "out"): "same.csv", ("exposure", "out"): "same.csv",
    ("curve", "out"): "same.csv", ("curve", "png"): "same.svg", ("check", "out"): "same.csv",
    ("bulk", "target"): "same.csv",
    ("data get", "out"): None,
}  # fmt: skip


def list_commands(group, before=""):
    for name, command in group.commands.items():
        full = f"{before}{name}"
        if hasattr(command, "commands"):
            yield from list_commands(command, f"{full} ")
        else:
            yield full, command


def list_paths(command):
    """Yield the options and arguments of a command that may name a file."""
    known = inspect.signature(command.callback, eval_str=True).parameters
    for one in command.params:
        kinds = {known[one.name].annotation}
        for _ in range(3):  # Annotated, a choice with None, a list
            kinds |= {inner for kind in kinds for inner in get_args(kind)}
        if kinds & {str, Path} and one.name not in PLAIN:
            yield one


COMMANDS = dict(list_commands(typer.main.get_command(app)))
PATHS = {name: list(list_paths(command)) for name, command in COMMANDS.items()}
PAIRS = [
    (name, written, read)
    for name, paths in PATHS.items()
    for written, read in itertools.product(paths, paths)
    if (name, written.name) in OUTPUTS and (name, read.name) not in OUTPUTS
]


def test_every_output_is_known():
    outputs = {(name, one.name) for name, paths in PATHS.items() for one in paths}
    assert set(OUTPUTS) <= outputs
    assert len(PAIRS) > 45
    read = {(name, one.name) for name, paths in PATHS.items() for one in paths} - set(OUTPUTS)
    assert {one for _, one in read} == {
        "scenario", "regions", "along", "around", "outline", "places", "add_places", "raster",
        "source", "file", "totals",
    }  # fmt: skip


def link_same(read, written):
    return read


def link_dotted(read, written):
    return Path(f"./{os.curdir}/{read}")


def link_symbolic(read, written):
    written.symlink_to(read)
    return written


def link_hard(read, written):
    written.hardlink_to(read)
    return written


def link_twice(read, written):
    Path("between").symlink_to(read)
    written.symlink_to("between")
    return written


def link_folder(read, written):
    Path("folder").symlink_to(".")
    return Path("folder") / read


LINKS = [link_same, link_dotted, link_symbolic, link_hard, link_twice, link_folder]


@pytest.mark.parametrize(("name", "written", "read"), PAIRS, ids=lambda x: getattr(x, "name", x))
def test_no_command_writes_to_what_it_reads(run, here, name, written, read):
    suffix = Path(OUTPUTS[name, written.name]).suffix
    # One function compares all paths. Each pair of options is tried with the file itself and, by
    # turns, with one kind of link.
    turn = PAIRS.index((name, written, read)) % (len(LINKS) - 1)
    for link in (link_same, LINKS[1 + turn]):
        folder = here / link.__name__
        folder.mkdir()
        os.chdir(folder)
        kept = Path(f"kept{suffix}")
        kept.write_bytes(b"data of the user")
        target = link(kept, Path(f"other{suffix}"))
        given = {written.name: str(target), read.name: str(kept)}
        done = run(*name.split(), *list_arguments(name, given))
        assert done.code == 2, (link, done)
        assert "is read from it" in done.err, (link, done)
        assert str(target) in done.err
        assert done.err.count("\n") == 1
        assert kept.read_bytes() == b"data of the user"


def list_arguments(name, given):
    """Return the words of a command: arguments by position, options after their names."""
    for one in COMMANDS[name].params:
        if one.param_type_name == "argument":
            yield given.get(one.name, "other.csv")
        elif one.name in given:
            yield from (one.opts[0], given[one.name])


def test_default_page_is_not_written_to_what_is_read(run, here):
    Path("towns.csv").write_text("name,lat,lon\nA,51.1,34.9\n", encoding="utf-8")
    Path("geobuffer-map.html").symlink_to("towns.csv")
    done = run("map", "--places", "towns.csv")
    assert (done.code, "--places" in done.err) == (2, True)
    assert Path("towns.csv").read_text(encoding="utf-8").startswith("name")


@pytest.mark.parametrize("suffix", [".shx", ".dbf", ".PRJ", ".cpg"])
def test_companion_of_a_shapefile_is_not_written(run, suffix):
    Path("line.shp").write_bytes(b"shapes")
    Path(f"line{suffix}").write_bytes(b"of the user")
    Path("zone.gpkg").symlink_to(f"line{suffix}")
    done = run("zone", "--along", "line.shp", "--out", "zone.gpkg")
    assert (done.code, "--along" in done.err) == (2, True)
    assert Path(f"line{suffix}").read_bytes() == b"of the user"


def test_archive_is_not_written(run):
    Path("lines.shp.zip").write_bytes(b"PK")
    for read in ("lines.shp.zip", "lines.shp.zip/lines.shp"):
        done = run("zone", "--along", read, "--out", "lines.shp.zip")
        assert (done.code, "--along" in done.err) == (2, True)
    assert Path("lines.shp.zip").read_bytes() == b"PK"


def test_metadata_of_a_raster_are_not_written(run):
    Path("people.tif").write_bytes(b"II*\0")
    Path("people.tif.json").write_bytes(b"{}")
    Path("people.csv").symlink_to("people.tif.json")
    raster = ("--raster", "people.tif", "--values", "counts")
    assert run("exposure", *raster, "--out", "people.csv").code == 2
    assert Path("people.tif.json").read_bytes() == b"{}"


def test_second_of_several_files_is_kept(run):
    for name in ("a.csv", "b.csv"):
        Path(name).write_bytes(b"of the user")
    added = ("--add-places", "a.csv", "--add-places", "b.csv")
    assert run("settlements", *added, "--out", "b.csv").code == 2
    assert Path("b.csv").read_bytes() == b"of the user"


def test_bundled_data_are_not_written(run, monkeypatch, tmp_path):
    from geobuffer.zones import data_folder

    data = tmp_path / "data"
    data.mkdir()
    (data / "settlements.gpkg").write_bytes(b"bundled")
    monkeypatch.setattr(data_folder, "data_folder", lambda: data)
    Path("mine.gpkg").symlink_to(data / "settlements.gpkg")
    done = run("settlements", "--out", "mine.gpkg")
    assert (done.code, "bundled data" in done.err) == (2, True)
    assert (data / "settlements.gpkg").read_bytes() == b"bundled"


def test_data_are_not_written_to_the_cache(run, tmp_path, monkeypatch):
    import platformdirs

    cache = tmp_path / "cache"
    (cache / "worldpop").mkdir(parents=True)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: cache)
    for folder in (cache, cache / "worldpop"):
        done = run("data", "get", "worldpop", "--country", "UA", "--out", folder)
        assert (done.code, "it is the cache" in done.err) == (2, True)


#: Public functions with an input path and an output path.
BOTH_PATHS = {"classify_file": ("source", "target")}


def test_every_public_signature_with_two_paths_is_known():
    found = {}
    for name in gb.__all__:
        thing = getattr(gb, name)
        members = vars(thing).values() if inspect.isclass(thing) else ()
        for function in [thing, *(getattr(one, "__func__", one) for one in members)]:
            if inspect.isfunction(function):
                parameters = inspect.signature(function).parameters.values()
                paths = tuple(p.name for p in parameters if "Path" in str(p.annotation))
                if len(paths) > 1:
                    found[name] = paths
    assert found == BOTH_PATHS


@pytest.mark.parametrize("link", LINKS)
def test_classify_file_does_not_write_to_its_source(zone, tmp_path, monkeypatch, link):
    monkeypatch.chdir(tmp_path)
    source = Path("points.csv")
    source.write_text("name,lat,lon\nA,51.1,34.9\n", encoding="utf-8")
    before = source.read_bytes()
    target = link(source, Path("other.csv"))
    with pytest.raises(gb.WriteError, match="source"):
        gb.classify_file(source, zone, target)
    assert source.read_bytes() == before


def test_classify_file_does_not_write_to_the_folder_of_its_source(zone, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    source = folder / "part-000000.parquet"
    gb.write(gb.load_settlements(), source)
    before = source.read_bytes()
    (tmp_path / "link").symlink_to(folder)
    for target in (folder, tmp_path / "link"):
        with pytest.raises(gb.WriteError, match="source"):
            gb.classify_file(source, zone, target)
    assert source.read_bytes() == before


def test_write_replaces_the_file_that_a_table_was_read_from(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_text("name,lat,lon\nA,51.1,34.9\nB,51.2,34.8\n", encoding="utf-8")
    gb.write(gb.read_settlements(path).head(1), path)
    assert gb.read_settlements(path)["name"].tolist() == ["A"]
