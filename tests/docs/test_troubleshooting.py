"""Each message on the troubleshooting page is one that geobuffer really gives.

The cases below provoke the messages in the order of the page. A message that changes in the code
fails here, until the page has its new words.
"""

import re
import shlex
import warnings
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

import geobuffer as gb
from geobuffer.cli.commands import app
from geobuffer.errors import require

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "troubleshooting.md"

_TOWNS = "name,lat,lon\nMill,51.2,34.9\nHill,51.21,34.91\n"
_FEATURES = '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, '
FILES = {
    "towns.csv": _TOWNS,
    "nameless.csv": "name,size\nMill,3\n",
    "commas.csv": _TOWNS.replace("51.2,", '"51,2,3",'),
    "latitude.csv": _TOWNS.replace("51.2,", "136,"),
    "swapped.csv": _TOWNS.replace("lat,lon", "lon,lat"),
    "page.csv": "<html><body>Log in</body></html>",
    "metres.geojson": _FEATURES
    + '"geometry": {"type": "Point", "coordinates": [340000, 5100000]}}]}',
    "cut.geojson": _FEATURES,
    "open.geojson": _FEATURES
    + '"geometry": {"type": "Polygon", "coordinates": [[[34, 51], [35, 51], [35, 52]]]}}]}',
    "empty.csv": _TOWNS.replace("51.2,34.9\n", ",\n"),
    "zero.csv": _TOWNS.replace("51.2,34.9\n", "0,0\n"),
    "twice.csv": _TOWNS + "Hill,51.21,34.91\n",
    "people.csv": "name,lat,lon,population\nMill,51.2,34.9,?\nHill,51.21,34.9,5\nDale,51,34.9,6\n",
    "far.csv": _TOWNS + "".join(f"{n},51.{n},34.9\n" for n in range(9)) + "Bad,-51.2,34.9\n",
}

# A text is a command. A function raises an error or gives a warning with the message.
CASES = [
    "exposure --places town.csv --km 10",
    "exposure --places nameless.csv --km 10",
    "exposure --places commas.csv --km 10",
    "exposure --places latitude.csv --km 10",
    "zone --around metres.geojson --km 10",
    "exposure --places swapped.csv --km 10",
    "zone --around bare.shp --km 10",
    "exposure --places page.csv --km 10",
    "zone --around cut.geojson --km 10",
    "zone --around bow.gpkg --km 10",
    "zone --regions apart.gpkg --between a --and b --km 10",
    "zone --between Kurks --and Sumy --km 10",
    "zone --side north --km 10",
    "zone --km ten",
    "zone --km '5,10 km'",
    "zone --km 5000",
    "exposure --around 51.3895,30.0995 --km 10",
    "where Kurks",
    "zone --km 5 --out zone.xyz",
    "zone --km 5 --out nowhere/zone.gpkg",
    "map --km 5 --places towns.csv --out towns.csv",
    "zone --km 5 --nonsense",
    lambda: require("plot", "no_such_module", "A figure"),
    lambda: gb.fetch(
        "geonames", country="UA", downloader=gb.Downloader(folder="cache", offline=True)
    ),
    "exposure --places towns.csv --km 10",
    lambda: gb.read_settlements("empty.csv"),
    lambda: gb.read_settlements("zero.csv"),
    lambda: gb.read_settlements("twice.csv"),
    lambda: gb.read_settlements("old.csv"),
    lambda: gb.read_settlements("people.csv"),
    lambda: gb.read_settlements("far.csv"),
    "zone --around open.geojson --km 10",
]
MESSAGES = re.findall(r"^\| `(.*?)` \| .+ \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("troubleshooting")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "old.csv").write_text(_TOWNS.replace("Mill", "Київ"), encoding="cp1251")
    boxes = [shapely.box(34, 51, 35, 52), shapely.box(36, 51, 37, 52)]
    table = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=boxes, crs="EPSG:4326")
    table.to_file(folder / "apart.gpkg")
    table.to_file(folder / "bare.shp")
    (folder / "bare.prj").unlink()
    bow = shapely.Polygon([(34, 51), (35, 52), (35, 51), (34, 52)])
    table.iloc[:1].set_geometry([bow], crs="EPSG:4326").to_file(folder / "bow.gpkg")
    return folder


def _provoke(case):
    """Return all that a command or a function says: on stderr, as warnings and as its error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if isinstance(case, str):
            done = CliRunner().invoke(app, shlex.split(case))
            said = [done.stderr, str(done.exception)]
        else:
            try:
                case()
                said = []
            except gb.GeobufferError as error:
                said = [str(error)]
    return "\n".join([*said, *(str(warning.message) for warning in caught)])


def test_each_message_has_a_case():
    assert len(MESSAGES) == len(CASES) >= 20


@pytest.mark.parametrize(("message", "case"), list(zip(MESSAGES, CASES, strict=False)))
def test_the_message_is_given(folder, monkeypatch, message, case):
    monkeypatch.chdir(folder)
    pattern = ".*?".join(re.escape(part.strip()) for part in message.split("…"))
    assert re.search(pattern, _provoke(case)), f"{message!r} is not in {_provoke(case)!r}"
