"""The code of the how-to guides runs as it stands, from top to bottom."""

import re
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


@pytest.mark.parametrize(
    ("guide", "leaves"),
    [
        ("zones", {"curve.png"}),
        ("formats", {"zone.gpkg", "zone.kmz", "places.kml", "zone.shp.zip"}),
    ],
)
def test_the_code_of_a_guide_runs(guide, leaves, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (HOW_TO / f"{guide}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    names = {}
    for block in blocks:
        exec(compile(block, guide, "exec"), names)  # noqa: S102 - our own guide
    assert {path.name for path in tmp_path.iterdir()} == leaves
    if guide == "zones":
        assert names["whole"].area_km2 > names["park"].area_km2
        assert names["in_sumy"].area_km2 < names["by_side"].area_km2
    else:
        assert names["again"].ring_names == names["zone"].ring_names
        assert "is called" in str(names["told"][0].message)
