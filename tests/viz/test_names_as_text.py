"""Names stay text: every output shows them unchanged, and nothing ever interprets them.

The first tests read the source: where HTML is put together, and what folium is given, is listed
here, so that nothing joins it unseen. The others take names that mean something somewhere through
all that is written and printed.
"""

import ast
import csv
import json
import re
import sys
import unicodedata
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.cli.main import run_command

PACKAGE = Path(gb.__file__).parent
ASSETS = PACKAGE / "viz" / "web" / "assets"

# The expressions that each module writes into HTML. They are escaped by the functions named here,
# or never come from data.
IN_HTML = {
    "zones/repr_html.py": {
        "_escape(title)", "_escape(kind)", "_escape(name)", "_escape(text)", "_link_url(fact)",
        "_link_url(cell)",
        # HTML that the module makes itself, numbers and constants.
        "outline_svg(shapes, title)", "_table_html(rows)", "fact_rows", "lines", "line", "paths",
        "_svg_path(group, closed=fill > 0)", "fill", "5 if fill else 12", "width", "height",
        "width * 10", "height * 10", "len(body) - _MOST_ROWS", "_TABLE", "_HEAD", "_CELL",
    },
    "viz/web/page.py": {
        "html.escape(_escape_surrogates(facts['titles'][facts['language']]))",
        # JSON in which the characters of HTML are escaped; a name that the module sets.
        "_escape_surrogates(text)", "name",
        # Scripts and styles of ours and of folium; one of our languages, and its line for browsers
        # without scripts.
        "text", "facts['language']", "to", "html.escape(text)",
    },
    # The card of a zone, which zones/repr_html.py makes.
    "viz/web/_zone_widget.py": {"made._repr_html_()"},
    # Pages that a user made with folium: their HTML stays unchanged.
    "viz/offline/inline.py": {
        "html.escape(self.html)", "escape_script(text)", "self._inline_style(text, asset)",
        "attribute", "no_fetch", "tag",
    },
    "viz/content_policy.py": {"content"},
    # The balloon of a place in Google Earth.
    "io/write/kml.py": {"_escape_html(title)"},
}  # fmt: skip

# What we pass to folium and branca: constants, numbers, and a tile layer by its name.
TO_FOLIUM = {
    "[(south + north) / 2, (west + east) / 2]", "canvas", "drawn", "provider",
}  # fmt: skip

# Not the named groups and the look-behinds of regular expressions, (?P<name> and (?<!.
MARKUP = re.compile(r"(?<!\(\?P)(?<!\(\?)<[A-Za-z/!]")


def trees():
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def constant(node):
    """Return the literal texts in an expression."""
    return "".join(
        part.value for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )  # fmt: skip


def is_markup(node):
    return isinstance(node, (ast.Constant, ast.JoinedStr)) and bool(MARKUP.search(constant(node)))


def put_into_html(tree):
    """Yield the expressions that are inserted into texts with markup, by any syntax."""
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values) if MARKUP.search(constant(node)):
                yield from (v.value for v in values if isinstance(v, ast.FormattedValue))
            case ast.BinOp(left, ast.Mod(), right) if MARKUP.search(constant(left)):
                yield right
            case ast.BinOp(left, ast.Add(), right) if is_markup(left) or is_markup(right):
                yield from (side for side in (left, right) if not is_markup(side))
            case ast.Call(ast.Attribute(text, "format"), args) if MARKUP.search(constant(text)):
                yield from args


def test_only_what_is_listed_is_put_into_html():
    for name, tree in trees():
        found = {ast.unparse(part) for part in put_into_html(tree)}
        assert found <= IN_HTML.get(name, set()), f"{name} puts into HTML what is not listed"


@pytest.mark.parametrize(
    "source", ["f'<b>{name}</b>'", "'<b>%s' % name", "'<b>' + name", "'<b>{}'.format(name)"]
)
def test_the_list_sees_every_way(source):
    assert [ast.unparse(part) for part in put_into_html(ast.parse(source))] == ["name"]


def given_to_folium(tree):
    names = {"folium", "branca"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("folium", "branca")
        ):
            names |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in names:
            yield from (*node.args, *(keyword.value for keyword in node.keywords))


def test_folium_is_given_no_text_of_a_users():
    seen = False
    for name, tree in trees():
        for part in given_to_folium(tree):
            seen = True
            plain = isinstance(part, ast.Constant) or ast.unparse(part) in TO_FOLIUM
            assert plain, f"{name} gives folium {ast.unparse(part)}"
    assert seen


def test_nothing_is_evaluated():
    """No module calls a function that runs text as a program, or turns bytes into objects."""
    never = {"eval", "exec", "compile", "__import__", "loads_pickle", "read_pickle", "system"}
    for name, tree in trees():
        called = {
            ast.unparse(node.func).split(".")[-1]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and not ast.unparse(node.func).startswith("re.")
        }
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        assert not called & never, name
        assert not imported & {"pickle", "marshal", "shelve", "jinja2", "yaml"}, name


def test_the_page_writes_texts_as_texts():
    """Its scripts set the text of elements. They read HTML only from popups that a user added."""
    allowed = {"folium.js": 1, "start.js": 1}
    assert (ASSETS / "start.js").exists()
    for file in sorted(ASSETS.glob("*.js")):
        text = file.read_text(encoding="utf-8")
        found = len(re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text))
        assert found == allowed.get(file.name, 0), file.name
        assert not re.findall(r"\beval\(|new Function", text), file.name


NAMES = [
    "{{ 7*191 }}", "<b>bold</b>", "</script>", "`${7*191}`", "$x^2$", "=7*191", "+7*191",
    "-7*191", "@x", "../up", "/up", "%s{0}{x}", "[bold]x[/]", "a'b\"c;--", "\u202eback",
    "\x1b[31mred\x07", "&lt;i&gt;",
]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write two regions and a table of places with such names, and return their folder."""
    folder = tmp_path_factory.mktemp("names")
    squares = [shapely.box(30, 50, 31, 51), shapely.box(31, 50, 32, 51)]
    frame = gpd.GeoDataFrame(
        {"name": ["{{ 7*191 }}</script>\x1b[31m", "$x^2$ [bold]"], "<b>": ["=1", "../x"]},
        geometry=squares, crs="EPSG:4326",
    )  # fmt: skip
    frame.to_file(folder / "regions.geojson")
    points = [shapely.Point(30.95 + n * 0.004, 50.5) for n in range(len(NAMES))]
    rows = {"name": NAMES, "{{ 7*191 }}": NAMES, "[bold]x[/]": NAMES}
    gpd.GeoDataFrame(rows, geometry=points, crs="EPSG:4326").to_file(folder / "places.geojson")
    return folder


@pytest.fixture(scope="module")
def places(files):
    return gb.read_settlements(files / "places.geojson")


def run(monkeypatch, capsys, files, *options):
    """Return the output of a command about these files, on stdout and stderr."""
    regions = gb.read_regions(files / "regions.geojson")
    one, other = (region.name for region in regions)
    command, *more = options
    zone = ["--regions", files / "regions.geojson", "--between", one, "--and", other, "--km", "10"]
    monkeypatch.setattr(sys, "argv", ["geobuffer", command, *map(str, [*zone, *more])])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as ended:
        run_command()
    assert not ended.value.code
    return capsys.readouterr()


def find_control_characters(text):
    """Return the characters that a terminal obeys instead of showing."""
    bidi = {"\u061c", *"\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
    return {c for c in text if (unicodedata.category(c) == "Cc" and c != "\n") or c in bidi}


def test_a_terminal_shows_names_as_they_are(monkeypatch, capsys, files):
    printed = run(monkeypatch, capsys, files, "settlements", "--places", files / "places.geojson")
    assert not find_control_characters(printed.out + printed.err)
    for name in NAMES[:-3]:
        assert name in printed.out
    assert "\\x1b[31mred\\x07" in printed.out
    assert "\\u202eback" in printed.out
    printed = run(monkeypatch, capsys, files, "zone")
    assert not find_control_characters(printed.out + printed.err)
    assert "{{ 7*191 }}</script>\\x1b[31m" in printed.out
    assert "$x^2$ [bold]" in printed.out


def test_json_gives_names_back(monkeypatch, capsys, files):
    printed = run(
        monkeypatch, capsys, files, "settlements", "--places", files / "places.geojson", "--json"
    )
    assert not find_control_characters(printed.out)
    assert sorted(row["name"] for row in json.loads(printed.out)) == sorted(NAMES)


def test_an_error_shows_names_as_they_are(monkeypatch, capsys, files):
    monkeypatch.setattr(sys, "argv", ["geobuffer", "zone", "--between", "\x1b[2J", "--and", "Sumy"])
    with pytest.raises(SystemExit) as ended:
        run_command()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert not find_control_characters(said)
    assert "x1b[2J" in said


def test_a_map_holds_names_as_they_are(monkeypatch, capsys, files):
    page = files / "page.html"
    run(monkeypatch, capsys, files, "map", "--places", files / "places.geojson", "--out", page)
    text = page.read_text(encoding="utf-8")
    assert "1337" not in re.sub(r"[\d.]*\d{5,}[\d.]*", "", text)
    assert len(re.findall(r"<script\b", text)) == len(re.findall(r"</script>", text))
    data = json.loads(re.search(r'id="geobuffer-data">(.*?)</script>', text, re.DOTALL)[1])
    held = json.dumps(data, ensure_ascii=False)
    for name in NAMES:
        assert json.dumps(name, ensure_ascii=False)[1:-1] in held


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "gpkg", "geojson", "parquet", "fgb"])
def test_tables_keep_names_to_the_letter(files, places, suffix):
    table = places[["name", "geometry"]].assign(
        name=[name.replace("\x1b", "").replace("\x07", "") for name in NAMES]
    )
    path = gb.write(table, files / f"out.{suffix}")
    if suffix == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = [row["name"] for row in csv.DictReader(file)]
    elif suffix == "xlsx":
        names = pd.read_excel(path, dtype="str")["name"].tolist()
    else:
        names = (gpd.read_parquet if suffix == "parquet" else gpd.read_file)(path)["name"].tolist()
    assert sorted(names) == sorted(table["name"])


def test_nothing_was_written_elsewhere(files):
    """Check that no name became a path; this works after the other tests or alone."""
    assert not (files.parent / "up").exists()
    assert not Path("/up").exists()
    assert all(path.is_file() for path in files.iterdir())


def test_a_layer_named_like_a_path_opens_no_file(files):
    for layer in ("../x", "/etc/hosts", "regions/../x"):
        with pytest.raises(gb.DataError, match="Invalid layer"):
            gb.read_regions(files / "regions.geojson", layer=layer)
    target = gb.write(gb.read_settlements(files / "places.geojson"), files / "..layer.gpkg")
    assert target.name == "..layer.gpkg"


def test_a_picture_draws_names_as_they_are(files):
    pytest.importorskip("matplotlib")
    one, other = gb.read_regions(files / "regions.geojson")
    zone = gb.build_zone(gb.border_between(one, other), km=10)
    figure = gb.plot_zone(zone, settlements=gb.read_settlements(files / "places.geojson"))
    texts = list(figure.findobj(lambda part: hasattr(part, "get_parse_math")))
    assert texts
    drawn = [text for text in texts if "x^2" in text.get_text()]
    assert drawn
    assert not any(text.get_parse_math() or text.get_usetex() for text in drawn)


def test_messages_show_names_of_layers_and_members_as_they_are(tmp_path):
    """This holds also for messages of the library that no command has printed."""
    point = gpd.GeoDataFrame({"name": ["x"]}, geometry=[shapely.Point(30, 50)], crs="EPSG:4326")
    path = tmp_path / "own.gpkg"
    for layer in ("one\x1b[31m", "two"):
        point.to_file(path, layer=layer)
    with pytest.raises(gb.GeometryError, match=r"layer one\\x1b\[31m") as caught:
        gb.read_regions(path, layer="one\x1b[31m")
    assert not find_control_characters(str(caught.value))
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as packed:
        packed.writestr("a\x1b[31m.geojson", "{")
    with pytest.raises(gb.DataError, match=r"a\\x1b\[31m\.geojson") as caught:
        gb.read_regions(tmp_path / "own.zip")
    assert not find_control_characters(str(caught.value))
