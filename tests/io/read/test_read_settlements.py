"""Read places from users' files: known columns, points, warnings and errors."""

import re
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import geobuffer as gb


@pytest.fixture
def table(tmp_path):
    def written(content, name="places.csv"):
        file = tmp_path / name
        file.write_text(content, encoding="utf-8")
        return file

    return written


def test_known_columns_are_renamed_to_our_names(table):
    file = table(
        "Населений пункт;name_en;Область;Район;Громада;КАТОТТГ;Населення;Країна;lat;lon;Примітка\n"
        "Юнаківка;Yunakivka;Сумська;Сумський;Юнаківська;UA59;1 674;ua;51,09;34,99;01\n"
        "Басівка;Basivka;Сумська;Сумський;Юнаківська;UA60;н/д;UA;51,14;34,92;\n"
    )
    places = gb.read_settlements(file, accuracy_m=300, source="A list")
    first = places.iloc[0]
    assert first["name"] == "Юнаківка"
    assert first["name_en"] == "Yunakivka"
    assert (first["oblast"], first["raion"], first["hromada"]) == (
        "Сумська", "Сумський", "Юнаківська",
    )  # fmt: skip
    assert (first["code"], first["country"], first["Примітка"]) == ("UA59", "UA", "01")
    assert places["population"].dtype == "Int64"
    assert places["population"].isna().tolist() == [False, True]
    assert first["population"] == 1674
    assert places["accuracy_m"].tolist() == [300, 300]
    assert places["source"].tolist() == ["A list", "A list"]
    assert places.crs == "EPSG:4326"
    assert places["Примітка"].isna().tolist() == [False, True]


def test_places_read_work_in_classify_exposure_and_maps(table, zone, tmp_path):
    file = table("Назва;Населення;lat;lon\nЮнаківка;1674;51,12;35,04\nСуджа;;51,19;35,27\n?;5;;\n")
    with pytest.warns(UserWarning, match=r"without coordinates: 1 \(line 4\)"):
        places = gb.read_settlements(file, accuracy_m=100)
    with pytest.warns(UserWarning, match="1 row without a point, and so in no zone: 2"):
        assert gb.within(places, zone)["name"].tolist() == ["Юнаківка"]
    with pytest.warns(UserWarning, match="1 row without a point, and so in no zone: 2"):
        assert gb.exposure(places, zone)["population"].tolist() == [1674]
    page = gb.write(gb.map_zone(zone, settlements=places), tmp_path / "map.html")
    assert "Юнаківка" in page.read_text(encoding="utf-8")


def test_the_source_defaults_to_the_name_of_the_file(table):
    file = table("name;lat;lon;source\nA;51;35;survey\nB;52;35;\n")
    assert gb.read_settlements(file)["source"].tolist() == ["survey", "places.csv"]
    assert gb.read_settlements(file, source="mine")["source"].tolist() == ["survey", "mine"]


def test_each_row_keeps_its_accuracy(table):
    file = table("name;lat;lon;accuracy_m\nA;51;35;20,5\nB;52;35;\n")
    assert gb.read_settlements(file, accuracy_m=500)["accuracy_m"].tolist() == [20.5, 500]
    assert gb.read_settlements(file)["accuracy_m"].isna().tolist() == [False, True]
    with pytest.raises(gb.DataError, match=r"Invalid accuracy_m in line 3 .*'good'"):
        gb.read_settlements(table("name;lat;lon;accuracy_m\nA;51;35;1\nB;52;35;good\n"))


def test_the_name_column_can_be_chosen_and_missing_names_are_reported(table):
    file = table("н.п.;lat;lon\nСуджа;51,19;35,27\n")
    with pytest.warns(UserWarning, match="no column of names .*name="):
        assert "name" not in gb.read_settlements(file)
    assert gb.read_settlements(file, name="н.п.")["name"].tolist() == ["Суджа"]
    with pytest.raises(gb.DataError, match="Invalid name 'nope'"):
        gb.read_settlements(file, name="nope")


def test_a_chosen_name_column_replaces_the_column_called_name(table):
    file = table("name;local;lat;lon\nSudzha;Суджа;51,19;35,27\n")
    places = gb.read_settlements(file, name="local")
    assert places["name"].tolist() == ["Суджа"]
    assert places["name_original"].tolist() == ["Sudzha"]


def test_a_country_that_is_not_a_code_leaves_the_code_empty(table):
    places = gb.read_settlements(table("name;country;lat;lon\nA;Ukraine;51;35\n"))
    assert "country" not in places
    assert places["country_name"].tolist() == ["Ukraine"]


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("longitude", "latitude"), ("LON", "LAT"), ("lng", "lat"), ("X", "Y"),
        ("x_coord", "y_coord"),
        ("Довгота", "Широта"), ("долгота", "широта"), ("Долгота, градусы", "Широта, градусы"),
        ("decimalLongitude", "decimalLatitude"), ("POINT_X", "POINT_Y"),
    ],
)  # fmt: skip
def test_coordinate_columns_are_detected(table, lon, lat):
    places = gb.read_settlements(table(f"name;{lat};{lon}\nA;51,5;35,5\n"))
    assert places.geometry.iloc[0].equals(shapely.Point(35.5, 51.5))
    assert lon not in places.columns


def test_coordinate_columns_can_be_chosen(table):
    file = table("name;north;east\nA;51,5;35,5\n")
    with pytest.raises(gb.DataError, match=r"no column is known as the longitude. .*lon=: 'name'"):
        gb.read_settlements(file)
    places = gb.read_settlements(file, lon="east", lat="north")
    assert places.geometry.iloc[0].equals(shapely.Point(35.5, 51.5))
    with pytest.raises(gb.DataError, match="Did you mean 'east'"):
        gb.read_settlements(file, lon="eats", lat="north")
    with pytest.raises(gb.DataError, match="both are 'east'"):
        gb.read_settlements(file, lon="east", lat="east")
    with pytest.raises(gb.DataError, match="several columns may be the latitude"):
        gb.read_settlements(table("name;lat;LAT;lon\nA;1;1;2\n"))


def test_swapped_axes_raise_an_error_and_swap_corrects_them(table):
    file = table("name;lat;lon\nA;135,1;48,5\nB;134,9;48,4\n")  # Khabarovsk
    with pytest.raises(gb.DataError, match=r"swapped.*swap=True"):
        gb.read_settlements(file)
    places = gb.read_settlements(file, swap=True)
    assert places.geometry.iloc[0].equals(shapely.Point(135.1, 48.5))


def test_swapped_axes_within_range_are_detected_by_the_expected_area(table, regions, border):
    swapped = table("name;lat;lon\nA;35,27;51,19\nB;34,99;51,09\nC;34;50\n")
    assert len(gb.read_settlements(swapped)) == 3, "nothing says that it is wrong"
    for near in (regions, regions["Sumy"], border):
        with pytest.raises(gb.DataError, match=r"longitude 51\.19, latitude 35\.27.*swap=True"):
            gb.read_settlements(swapped, near=near)
    right = gb.read_settlements(swapped, near=border, swap=True)
    assert right.geometry.iloc[0].equals(shapely.Point(35.27, 51.19))
    elsewhere = table("name;lat;lon\nSeoul;37,57;126,98\n", "far.csv")
    assert len(gb.read_settlements(elsewhere, near=border)) == 1, "far, but not swapped"


def test_metres_in_columns_of_degrees_are_refused_with_the_remedy(table):
    file = table("name;lat;lon\nA;6650000,5;3926000\n")
    with pytest.raises(gb.DataError, match=r"line 2 .*longitude 3926000.*EPSG:3857"):
        gb.read_settlements(file)
    place = gb.read_settlements(file, crs="EPSG:3857").geometry.iloc[0]
    assert place.distance(shapely.Point(35.268, 51.162)) < 0.01


def test_coordinate_columns_can_be_in_a_projection(table):
    file = table("name;x;y\nA;500000;5650000\n")
    place = gb.read_settlements(file, crs=32636).geometry.iloc[0]
    assert place.x == pytest.approx(33.0)
    assert place.y == pytest.approx(51.0, abs=0.01)


def test_rows_without_a_point_are_kept_and_counted(table):
    file = table("name;lat;lon\nA;51;35\nB;;\nC;0;0\nD;n/a;35\nE;0,0;0,0\n")
    with pytest.warns(UserWarning, match="mine|places") as said:
        places = gb.read_settlements(file)
    assert places["name"].tolist() == list("ABCDE")
    assert places.geometry.isna().tolist() == [False, True, True, True, True]
    text = "\n".join(str(warning.message) for warning in said)
    assert re.search(r"at 0, 0, .*: 2 \(lines 4, 6\)", text)
    assert "without coordinates: 4 (lines 3, 4, 5, 6)" in text


def test_duplicate_rows_are_dropped_with_a_warning(table):
    file = table("name;lat;lon\nA;51;35\nA;51;35\nA;52;35\nA;51,0;35,0\nB;;\nB;;\n")
    with pytest.warns(UserWarning, match="mine|places") as said:
        places = gb.read_settlements(file)
    assert "left out: 3 (lines 3, 5, 7)" in "\n".join(str(one.message) for one in said)
    assert places["name"].tolist() == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1674", 1674), ("1 674", 1674), ("1\u00a0674", 1674), ("1,674", 1674),
        ("1.674.000", 1674000),
        ("1'674", 1674), ("1e5", 100_000), ("1674.0", 1674), ("12,0", 12),
        ("0", 0), ("", None), ("н/д", None), ("–", None),
    ],
)  # fmt: skip
def test_counts_with_separators_are_parsed(table, written, meant):
    count = gb.read_settlements(table(f"name\tlat\tlon\tpop\nA\t51.5\t35\t{written}\nB\t1\t2\t3\n"))
    assert count["population"].fillna(-1).tolist() == [-1 if meant is None else meant, 3]


@pytest.mark.parametrize("written", ["many", "1_674", "1 67", "1e3x", "inf", "1e300"])
def test_invalid_counts_name_line_column_and_value(table, written):
    file = table(f"name;lat;lon;Pop\nA;51;35;{written}\n")
    with pytest.raises(gb.DataError, match=f"Invalid Pop in line 2 .*'{written}'"):
        gb.read_settlements(file)


# One mark of decimals for a column: its own values decide, else the coordinates.
MARKS = [
    ("51.25", ["304.125", "12.500", "967.340"], [304, 12, 967]),
    ("51.25", ["1,234", "7"], [1234, 7]),
    ("51,25", ["1,234", "7"], [1, 7]),
    ("51,25", ["1.234", "7"], [1234, 7]),
    ("51", ["1,234", "1,234,567"], [1234, 1234567]),
    ("51", ["1.234", "0.5"], [1, 0]),
    ("51", ["1,234", "2.5"], [1234, 2]),
    ("51", ["1 234", "5 678,900"], [1234, 5679]),
    ("51.25", ["1.234", "1.234.567"], [1234, 1234567]),
]


@pytest.mark.filterwarnings("ignore:.*fractions of people")
@pytest.mark.parametrize(("lat", "written", "people"), MARKS)
def test_the_decimal_mark_is_that_of_the_column_or_the_coordinates(table, lat, written, people):
    rows = "".join(f"P{n};{lat};{n}5;{text}\n" for n, text in enumerate(written, 1))
    places = gb.read_settlements(table(f"name;lat;lon;pop\n{rows}"))
    assert places["population"].tolist() == people


def test_a_column_that_nothing_decides_is_refused_with_its_rows(table):
    file = table("name;lat;lon;pop\nA;51;35;1,234\nB;52;35;7\nC;53;35;2,000\n")
    said = r"Ambiguous pop of .*'1,234'.*2 \(lines 2, 4\).*without a mark"
    with pytest.raises(gb.DataError, match=said):
        gb.read_settlements(file)


def test_a_mistake_of_thousands_is_not_read_as_a_fraction(table):
    file = table("name;lat;lon;pop\nA;51.5;35;1,234\nB;52.5;35;1,23\n")
    with pytest.raises(gb.DataError, match=r"Invalid pop in line 2 .*'1,234'"):
        gb.read_settlements(file)


def test_accuracies_and_people_of_one_table_have_one_mark(table):
    file = table('name,lat,lon,accuracy_m,population\nA,51.10,34.99,"1,000","1,234"\n')
    place = gb.read_settlements(file).iloc[0]
    assert (place["accuracy_m"], place["population"]) == (1000, 1234)


def test_people_of_a_table_decide_for_its_accuracies(table):
    file = table('name,lat,lon,radius_m,population\nA,51,35,"1,500","1,234,567"\n')
    assert gb.read_settlements(file)["radius_m"].tolist() == [1500]


@pytest.mark.parametrize("written", ["1_000", "-1", "inf", "9" * 5_000, "1e300"])
def test_accuracies_that_are_none_name_line_and_value(table, written):
    file = table(f"name;lat;lon;accuracy_m\nA;51.5;35;{written}\n")
    with pytest.raises(gb.DataError, match=r"Invalid accuracy_m in line 2") as caught:
        gb.read_settlements(file)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["p.csv", "p.xlsx", "p.gpkg", "p.parquet"])
def test_fractions_of_people_are_rounded_alike_in_every_format(tmp_path, name):
    frame = points([shapely.Point(35.5, 51.5)] * 2, name=["A", "B"], population=[304.125, 12.5])
    file = tmp_path / name
    plain = pd.DataFrame(frame.drop(columns="geometry")).assign(lon=35.5, lat=51.5)
    if name == "p.csv":
        plain.to_csv(file, index=False)
    elif name == "p.xlsx":
        plain.to_excel(file, index=False)
    elif name == "p.gpkg":
        frame.to_file(file)
    else:
        frame.to_parquet(file)
    with pytest.warns(UserWarning, match=r"fractions of people in population were rounded.*: 2 "):
        places = gb.read_settlements(file)
    assert places["population"].tolist() == [304, 12]


def test_truth_values_are_neither_people_nor_coordinates(tmp_path):
    frame = points([shapely.Point(35.5, 51.5)], name=["A"], population=[True])
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(gb.DataError, match=r"Invalid population in row 0 .*True"):
        gb.read_settlements(tmp_path / "p.parquet")
    pd.DataFrame({"name": ["A"], "lat": [True], "lon": [35.5]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(gb.DataError, match=r"Invalid lat in row 0 .*True"):
        gb.read_settlements(tmp_path / "t.parquet")


def test_a_long_field_is_refused_without_being_searched(table):
    file = table(f"name;lat;lon\nA;1{'a' * 200_000}1;34.9\n")
    with pytest.raises(gb.DataError, match=r"Invalid lat in line 2 .*\(200,002 characters\)"):
        gb.read_settlements(file)


def test_negative_counts_become_missing_with_a_warning(table):
    with pytest.warns(UserWarning, match=r"negative pop .*1 \(line 2\)"):
        places = gb.read_settlements(table("name;lat;lon;pop\nA;51;35;-99\n"))
    assert places["population"].isna().all()


# Layers of points.


def points(shapes, crs="EPSG:4326", **columns):
    names = columns or {"name": [f"P{i}" for i in range(len(shapes))]}
    return gpd.GeoDataFrame(names, geometry=shapes, crs=crs)


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("p.gpkg", "GPKG"), ("p.geojson", "GeoJSON"), ("p.fgb", "FlatGeobuf"), ("p.kml", "KML"),
        ("p.shp", "ESRI Shapefile"),
    ],
)  # fmt: skip
def test_layers_of_points_in_every_format(tmp_path, name, driver):
    points([shapely.Point(35.27, 51.19)], name=["Суджа"]).to_file(
        tmp_path / name, driver=driver, encoding="utf-8"
    )
    places = gb.read_settlements(tmp_path / name)
    assert places["name"].tolist() == ["Суджа"]
    assert places.geometry.iloc[0].equals(shapely.Point(35.27, 51.19))


def test_parquet_with_points_or_with_columns(tmp_path):
    points([shapely.Point(35, 51)]).to_crs(32636).to_parquet(tmp_path / "geo.parquet")
    place = gb.read_settlements(tmp_path / "geo.parquet").geometry.iloc[0]
    assert place.distance(shapely.Point(35, 51)) < 1e-8
    frame = pd.DataFrame({"name": ["A", "B"], "lat": [51.0, None], "lon": [35.0, 36.0]})
    frame.to_parquet(tmp_path / "plain.parquet")
    with pytest.warns(UserWarning, match=r"without coordinates: 1 \(row 1\)"):
        places = gb.read_settlements(tmp_path / "plain.parquet")
    assert places.geometry.isna().tolist() == [False, True]
    frame.assign(lat=[float("inf"), 51]).to_parquet(tmp_path / "inf.parquet")
    with pytest.raises(gb.DataError, match=r"Invalid lat in row 0 .*inf"):
        gb.read_settlements(tmp_path / "inf.parquet")


def test_multipoints_empty_points_and_areas(tmp_path):
    one = shapely.MultiPoint([(35, 51)])
    file = tmp_path / "p.gpkg"
    points([shapely.Point(35, 51), None, shapely.Point()]).to_file(file)
    with pytest.warns(UserWarning, match=r"without coordinates: 2 \(rows 1, 2\)"):
        assert gb.read_settlements(file).geometry.isna().tolist() == [False, True, True]
    points([one]).to_file(file, layer="one")
    assert gb.read_settlements(file, layer="one").geometry.iloc[0].equals(shapely.Point(35, 51))
    points([shapely.MultiPoint([(35, 51), (36, 51)])]).to_file(file, layer="two")
    with pytest.raises(gb.GeometryError, match=r"row 0 .*2 points. Must be one"):
        gb.read_settlements(file, layer="two")
    area, line = shapely.box(35, 51, 36, 52), shapely.LineString([(35, 51), (36, 52)])
    # Lines alone, or areas alone, are places that are judged by their shapes.
    for name, shape in (("areas", area), ("lines", line)):
        points([shape, None]).to_file(file, layer=name)
        with pytest.warns(UserWarning, match=r"rows without geometry: 1 \(row 1\)"):
            read = gb.read_settlements(file, layer=name)
        assert read.geometry.iloc[0].equals(shape)
        assert read.geometry.isna().tolist() == [False, True]
    points([area, line]).to_file(file, layer="both")
    with pytest.raises(gb.GeometryError, match=r"Polygon.*representative points"):
        gb.read_settlements(file, layer="both")
    bow = shapely.Polygon([(35, 51), (36, 52), (36, 51), (35, 52)])
    points([bow]).to_file(file, layer="bow")
    with pytest.raises(gb.GeometryError, match=r"row 0.*Self-intersection"):
        gb.read_settlements(file, layer="bow")


def test_longitudes_beyond_180_are_normalised(tmp_path):
    file = tmp_path / "p.gpkg"
    points([shapely.Point(181.5, -17), shapely.Point(-179, -17)]).to_file(file)
    assert gb.read_settlements(file).geometry.x.tolist() == [-178.5, -179]


def test_coordinate_columns_are_not_needed_with_geometry(tmp_path):
    points([shapely.Point(35, 51)]).to_file(tmp_path / "p.gpkg")
    with pytest.raises(gb.DataError, match=r"lon and lat: .* has shapes"):
        gb.read_settlements(tmp_path / "p.gpkg", lon="x", lat="y")


def test_swap_corrects_the_points_of_a_layer(tmp_path):
    points([shapely.Point(48.5, 135.1)]).to_file(tmp_path / "p.gpkg")
    with pytest.raises(gb.DataError, match=r"row 0 .*swap=True"):
        gb.read_settlements(tmp_path / "p.gpkg")
    place = gb.read_settlements(tmp_path / "p.gpkg", swap=True).geometry.iloc[0]
    assert place.equals(shapely.Point(135.1, 48.5))


def test_a_table_in_an_archive(tmp_path, table):
    file = table("name;lat;lon\nСуджа;51,19;35,27\n")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as packed:
        packed.write(file, "deep/places.csv")
        packed.writestr("readme.txt", "words")
    assert gb.read_settlements(tmp_path / "p.zip")["name"].tolist() == ["Суджа"]


def test_texts_are_data(table):
    probe = "<script>alert(1)</script>{{ 7*191 }}"
    places = gb.read_settlements(table(f"name;lat;lon;=1+1\n{probe};51;35;=cmd()\n"))
    assert places["name"].tolist() == [probe]
    assert places["=1+1"].tolist() == ["=cmd()"]


def test_bundled_places_come_back_from_every_format(towns, tmp_path):
    some = towns.head(200)
    for name in ("t.csv", "t.gpkg", "t.parquet", "t.geojson", "t.fgb"):
        places = gb.read_settlements(gb.write(some, tmp_path / name))
        together = places.set_index("id").loc[some["id"]]
        for column in ("name_uk", "name_en", "country", "oblast", "raion", "hromada", "code"):
            both = some[column].isna().to_numpy() & together[column].isna().to_numpy()
            assert ((together[column].to_numpy() == some[column].to_numpy()) | both).all(), column
        assert together["population"].tolist() == some["population"].tolist()
        assert together["accuracy_m"].astype(float).tolist() == some["accuracy_m"].tolist()
        apart = together.geometry.to_numpy()
        assert shapely.distance(apart, some.geometry.to_numpy()).max() < 1e-6


def test_codes_give_p_codes(tmp_path):
    path = tmp_path / "coded.csv"
    path.write_text("name,code,lat,lon\nA,UA59080310010046655,51.1,35.0\nB,38620101001,51.2,35.3\n")
    places = gb.read_settlements(path)
    assert places["adm3_pcode"].fillna("").tolist() == ["UA5908031", ""]
    assert places["adm4_pcode"].fillna("").tolist() == ["UA5908031001", ""]
    assert "adm3_pcode" not in gb.read_settlements(places[["name", "geometry"]])


def test_warns_of_the_error_of_a_conversion_without_its_best_grid(tmp_path):
    path = tmp_path / "gk.csv"
    path.write_text("name;X;Y\nA;5667000;4502000\nB;5668000;4503000\n")
    with pytest.warns(UserWarning) as said:  # noqa: PT030 - all are looked at
        gb.read_settlements(path, crs="EPSG:31468")
    texts = " ".join(str(one.message) for one in said)
    assert "Best transformation" not in texts
    assert re.search(r"converted from .* with an error of up to \d+ m; pyproj sync", texts)
