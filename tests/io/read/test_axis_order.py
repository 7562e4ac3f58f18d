"""The axis order of two columns of metres: what the system defines, checked against its area."""

import pyproj
import pytest

import geobuffer as gb

# Reference systems whose X points north, and one place in the area of each.
NORTHERN = {
    28406: (33.0269, 51.1331), 5564: (33.4, 50.6), 6385: (33.1, 50.2), 9834: (35.0, 48.4),
    2180: (19.0, 52.0), 2176: (15.2, 52.3), 2177: (18.0, 52.2), 2178: (21.0, 52.2),
    2179: (23.0, 52.2), 31468: (11.6, 48.1),
}  # fmt: skip
# X points east here, south in 5513, and Y points north in all but 5513, where it points west.
OTHERS = {32637: (38.0, 50.0), 3857: (35.0, 51.0), 3035: (10.0, 52.0), 5514: (14.4, 50.1)}
SOUTHERN = {5513: (14.4, 50.1), 2053: (28.9, -26.0)}


def _native(code, lonlat):
    """Return the coordinates of a place in a system, by the abbreviations of its axes."""
    system = pyproj.CRS.from_epsg(code)
    values = pyproj.Transformer.from_crs("EPSG:4326", system).transform(*lonlat[::-1])
    names = [axis.abbrev.upper() for axis in system.axis_info]
    return dict(zip(names, values, strict=True))


def _write(folder, text):
    (folder / "grid.csv").write_text(text, encoding="utf-8")
    return folder / "grid.csv"


# PROJ may lack the grid of a shift between datums, which is of no matter here.
@pytest.mark.filterwarnings("ignore:.*converted from .* with an error")
@pytest.mark.parametrize("code", [*NORTHERN, *OTHERS, *SOUTHERN])
def test_x_and_y_are_read_as_the_system_defines_them(tmp_path, code):
    lonlat = (NORTHERN | OTHERS | SOUTHERN)[code]
    native = _native(code, lonlat)
    x, y = native.get("X", native.get("E")), native.get("Y", native.get("N"))
    file = _write(tmp_path, f"name;X;Y\nA;{x};{y}\n")
    if code in NORTHERN or code == 2053:
        with pytest.warns(UserWarning, match="'X' was read as the northing"):
            (point,) = gb.read_settlements(file, crs=f"EPSG:{code}").geometry
    else:
        (point,) = gb.read_settlements(file, crs=f"EPSG:{code}").geometry
    assert (point.x, point.y) == pytest.approx(lonlat, abs=1e-6)


def test_the_place_of_a_known_pair(tmp_path):
    file = _write(tmp_path, "name;X;Y\nA;5667000;6502000\n")
    with pytest.warns(UserWarning, match="as Pulkovo 1942"):
        (point,) = gb.read_settlements(file, crs="EPSG:28406").geometry
    # PROJ's shift of datums moves it by some 100 m.
    assert (point.x, point.y) == pytest.approx((33.0269, 51.1331), abs=3e-3)


def test_the_area_decides_against_the_definition(tmp_path):
    file = _write(tmp_path, "name;X;Y\nA;6502000;5667000\n")
    with pytest.warns(UserWarning, match="'X' was read as the easting and 'Y' as the northing: in"):
        (point,) = gb.read_settlements(file, crs="EPSG:28406").geometry
    assert (point.x, point.y) == pytest.approx((33.0269, 51.1331), abs=3e-3)


def test_stated_columns_are_read_as_stated_or_refused(tmp_path):
    file = _write(tmp_path, "name;X;Y\nA;5667000;6502000\n")
    (point,) = gb.read_settlements(file, lon="Y", lat="X", crs="EPSG:28406").geometry
    assert point.y == pytest.approx(51.1331, abs=3e-3)
    with pytest.raises(gb.DataError, match=r"'X' as the easting.*lon='Y', lat='X'"):
        gb.read_settlements(file, lon="X", lat="Y", crs="EPSG:28406")
    (point,) = gb.read_settlements(file, lon="X", lat="Y", swap=True, crs="EPSG:28406").geometry
    assert point.y == pytest.approx(51.1331, abs=3e-3)


def test_points_outside_of_the_area_in_either_order_are_reported(tmp_path):
    file = _write(tmp_path, "name;X;Y\nA;100000;200000\n")
    with pytest.warns(UserWarning, match="outside the area of Pulkovo.*Is crs= right"):
        gb.read_settlements(file, crs="EPSG:28406")
