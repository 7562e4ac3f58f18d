"""The guide to users' own files does what it says."""

import re
from pathlib import Path

import geopandas as gpd
import shapely

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "own-files.md"


def test_the_guides_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    park = gpd.GeoDataFrame(
        {"park_name": ["Riverside", "Lakeside"]},
        geometry=[shapely.box(30, 50, 30.1, 50.1), shapely.box(30.1, 50, 30.2, 50.1)],
        crs="EPSG:4326",
    )
    park.to_file("parks.gpkg")
    line = shapely.LineString([(30, 51), (30, 50)])
    gpd.GeoDataFrame({"name": ["Psel"]}, geometry=[line], crs="EPSG:4326").to_file("river.geojson")
    Path("places.csv").write_text("name;lat;lon\nMill;50,001;30,05\n", encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)  # noqa: S102 - the guide's own code
    assert names["places"]["name"].tolist() == ["Mill"]
    assert names["setback"].side == "inside"
    assert names["river"].sides[1].name == "west bank"
