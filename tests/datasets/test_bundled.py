"""The bundled data agree with their manifest, and the places are where they should be."""

import hashlib
import importlib.resources
import itertools
import re
import shutil
import tomllib

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet
import pyproj
import pytest
import shapely
from support import reference

import geobuffer as gb
from geobuffer.datasets import bundled as datasets
from geobuffer.datasets.bundled import read_ground
from geobuffer.zones.data_folder import data_folder

GEOD = pyproj.Geod(ellps="WGS84")
FOLDER = data_folder()
ENTRIES = tomllib.loads((FOLDER / "manifest.toml").read_text(encoding="utf-8"))
PLACES = ("ukraine", "russia_inid", "russia_geonames")
BORDER = "border_ukraine_russia"
SECTIONS = (
    "Bryansk–Chernihiv", "Bryansk–Sumy", "Kursk–Sumy", "Belgorod–Sumy", "Belgorod–Kharkiv",
)  # fmt: skip


def _read(name):
    return gpd.read_parquet(FOLDER / ENTRIES[name]["file"])


def _area_km2(shape):
    """The area by GeographicLib alone, for rings of either direction."""
    oriented = shapely.orient_polygons(shape)
    return GEOD.geometry_area_perimeter(oriented)[0] / 1e6


# The manifest


@pytest.mark.parametrize("name", ENTRIES)
def test_every_line_of_the_manifest_is_true(name):
    entry, path = ENTRIES[name], FOLDER / ENTRIES[name]["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    table = pyarrow.parquet.read_table(path)
    assert table.num_rows == entry["rows"]
    assert table.column_names == list(entry["columns"])


@pytest.mark.parametrize("name", ENTRIES)
def test_every_dataset_has_its_metadata(name):
    entry = ENTRIES[name]
    for key in ("title", "publisher", "licence", "version", "processing", "citation"):
        assert entry[key].strip(), key
    assert entry["url"].startswith("https://")
    assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", entry["as_of"])
    # Without a position there is no accuracy of one.
    assert entry["accuracy_m"] > 0 if "geometry" in entry["columns"] else "accuracy_m" not in entry
    assert entry["accuracy_note"].strip()
    assert all(meaning.strip() for meaning in entry["columns"].values())


@pytest.mark.parametrize("name", ENTRIES)
def test_every_licence_named_lies_beside_the_data(name):
    texts = [path.name for path in (FOLDER / "licences").iterdir() if path.stat().st_size]
    licence = ENTRIES[name]["licence"]
    if licence.casefold().startswith("licence in doubt"):
        assert f"{name}-in-doubt.txt" in texts
        return
    known = ("ODbL-1.0", "CC-BY-4.0", "LGPL-3.0", "MIT", "Public domain")
    named = [one for one in known if one in licence]
    assert named
    for one in named:
        assert any(text.startswith(one.replace(" ", "-")) for text in texts), one


def test_every_data_file_is_in_the_manifest():
    there = {
        path.relative_to(FOLDER).as_posix()
        for folder in ("boundaries", "settlements")
        for path in (FOLDER / folder).iterdir()
    }
    assert there == {entry["file"] for entry in ENTRIES.values()}


def test_the_whole_folder_is_below_10_mb():
    parts = ((path, path.relative_to(FOLDER).parts) for path in FOLDER.rglob("*"))
    # Cache folders of tools (.mypy_cache, __pycache__) are neither committed nor shipped.
    ours = [p for p, names in parts if not any(n.startswith((".", "__")) for n in names)]
    size = sum(path.stat().st_size for path in ours if path.is_file())
    assert 1e5 < size < 10e6


@pytest.mark.parametrize("name", PLACES)
def test_every_place_names_a_source_that_the_manifest_explains(name):
    assert set(_read(name)["source"]) <= set(ENTRIES[name]["sources"])


def test_list_datasets_returns_the_manifest():
    table = gb.list_datasets()
    assert table.index.tolist() == list(ENTRIES)
    for column in ("title", "rows", "as_of", "licence", "file"):
        assert table[column].to_dict() == {k: e[column] for k, e in ENTRIES.items()}
    assert table["accuracy_m"].dropna().to_dict() == {
        k: e["accuracy_m"] for k, e in ENTRIES.items() if "accuracy_m" in e
    }


@pytest.mark.parametrize("name", ENTRIES)
def test_source_says_what_the_manifest_says(name):
    source = gb.source_of(name)
    for key in ("title", "publisher", "url", "licence", "version", "as_of", "citation"):
        assert getattr(source, key) == ENTRIES[name][key]
    assert source.accuracy_m == ENTRIES[name].get("accuracy_m")


def test_an_unknown_dataset_raises_an_error_with_the_nearest_name():
    with pytest.raises(gb.UnknownDataset, match=r"Invalid dataset 'oblast'.*'oblasts'") as caught:
        gb.source_of("oblast")
    assert isinstance(caught.value, LookupError)


# Altered, missing and broken files


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the data that a test may break."""
    folder = tmp_path / "data"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("build"))
    monkeypatch.setattr(datasets, "data_folder", lambda: folder)
    datasets.manifest.cache_clear()
    yield folder
    datasets.manifest.cache_clear()


LOADERS = {
    "boundaries/oblasts.parquet": gb.load_regions,
    "settlements/ukraine.parquet": gb.load_settlements,
    "settlements/russia_inid.parquet": gb.load_settlements,
    "settlements/russia_geonames.parquet": gb.load_settlements,
    "settlements/ukraine_not_located.parquet": gb.load_not_located,
}


@pytest.mark.parametrize("file", LOADERS)
def test_altered_file_is_refused_by_name(copied, file):
    path = copied / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # a single bit
    path.write_bytes(content)
    message = rf"{re.escape(str(path))}.*sha256.*Reinstall geobuffer"
    with pytest.raises(gb.ChecksumMismatch, match=message) as caught:
        LOADERS[file]()
    assert hashlib.sha256(content).hexdigest()[:12] in str(caught.value)


@pytest.mark.parametrize("file", LOADERS)
def test_missing_file_is_named(copied, file):
    (copied / file).unlink()
    message = rf"{re.escape(str(copied / file))}: No such file.*Reinstall"
    with pytest.raises(gb.DataError, match=message):
        LOADERS[file]()


@pytest.mark.parametrize("content", [b"[oblasts\nrows = 15", b"title = '\xff\xfe'"])
def test_broken_manifest_is_named(copied, content):
    (copied / "manifest.toml").write_bytes(content)
    with pytest.raises(gb.DataError, match=r"manifest\.toml.*must be TOML"):
        gb.load_regions()


@pytest.mark.parametrize("key", ["file", "sha256", "columns"])
def test_manifest_line_without_a_key_is_named(copied, key):
    path = copied / "manifest.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[oblasts]"), text.index("[ukraine]")
    section = text[start:end].replace(f"\n{key} =", "\nother =").replace(f".{key}]", ".other]")
    path.write_text(text[:start] + section + text[end:], encoding="utf-8")
    with pytest.raises(gb.DataError, match=rf"oblasts.*{key}|{key}.*oblasts"):
        gb.load_regions()


def test_missing_data_raises_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path / "geobuffer")
    with pytest.raises(gb.DataError, match=r"manifest\.toml is missing.*Reinstall"):
        data_folder()


def test_the_product_works_without_the_file_whose_licence_is_in_doubt(copied, towns, zone):
    path = copied / "manifest.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[russia_inid]"), text.index("[russia_geonames]")
    assert start < end
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    (copied / "settlements/russia_inid.parquet").unlink()
    with pytest.warns(UserWarning, match="lack russia_inid: fewer places"):
        places = gb.load_settlements()
    geonames = _read("russia_geonames")["id"]
    assert set(places.loc[places["country"] == "RU", "id"]) == set(geonames)
    assert set(places["id"]) & set(geonames) > set(towns["id"]) & set(geonames)
    ukrainian = towns.loc[towns["country"] == "UA", "id"]
    assert set(places.loc[places["country"] == "UA", "id"]) == set(ukrainian)
    inside = gb.within(places, zone)
    assert "RU" in set(places["country"])
    assert len(inside) > 100


# Places


def test_places_have_unique_ids_and_a_plain_index(towns):
    assert towns["id"].is_unique
    assert towns["id"].notna().all()
    assert towns.index.tolist() == list(range(len(towns)))


def test_a_place_that_two_files_hold_is_listed_once(towns):
    tables = {name: _read(name) for name in PLACES}
    ids = set().union(*(set(table["id"]) for table in tables.values()))
    twice = [t.loc[t["duplicate_of"].isin(ids), ["id", "duplicate_of"]] for t in tables.values()]
    twice = pd.concat(twice)
    assert len(twice) > 300
    assert not set(twice["id"]) & set(towns["id"])
    assert set(twice["duplicate_of"]) <= set(towns["id"])
    assert len(towns) == len(ids) - len(twice)


@pytest.mark.parametrize("column", ["name_uk", "name_ru", "name_en"])
def test_every_place_has_a_name_in_every_language(towns, column):
    for table in (towns, gb.load_not_located()):
        # Of Ukraine only the places that GeoNames has a Russian name for have one.
        known = table[table["country"] == "RU"] if column == "name_ru" else table
        assert known[column].notna().all()
        names = table[column].dropna()
        assert names.str.strip().eq(names).all()
        assert names.str.len().gt(1).all()


@pytest.mark.parametrize(
    ("uk", "ru"),
    [("Охтирка", "Ахтырка"), ("Кролевець", "Кролевец"), ("Тростянець", "Тростянец"),
     ("Суми", "Сумы"), ("Харків", "Харьков"), ("Вовчанськ", "Волчанск"), ("Люботин", "Люботин")],
)  # fmt: skip
def test_towns_have_their_customary_russian_names(towns, uk, ru):
    (name,) = towns.loc[(towns["name_uk"] == uk) & (towns["kind"] == "city"), "name_ru"]
    assert name == ru


def test_no_russian_name_of_a_ukrainian_place_is_made_by_rule(towns):
    """Rules made Олексеевка and Огорцево; such names only help to find a place."""
    ukraine = pd.concat([towns[towns["country"] == "UA"], gb.load_not_located()])
    assert not ukraine["transliterated"].str.contains("ru").any()
    for name in ("Ржавець", "Олексіївка", "Огірцеве"):
        rows = ukraine[ukraine["name_uk"] == name]
        assert len(rows)
        assert rows["name_ru"].isna().all()


# Published coordinates, to the minute (1.9 km): places that only those around them confirm.
CONFIRMED = {
    ("Грем’яч", "Chernihiv"): (33 + 17 / 60, 52 + 20 / 60),
    ("Циркуни", "Kharkiv"): (36 + 23 / 60, 50 + 5 / 60),
    ("Тернова", "Kharkiv"): (36 + 40 / 60, 50 + 11 / 60),
    ("Рубіжне", "Kharkiv"): (36 + 49 / 60, 50 + 10 / 60),
}


@pytest.mark.parametrize(("place", "lonlat"), CONFIRMED.items())
def test_places_confirmed_by_those_around_lie_where_maps_have_them(towns, place, lonlat):
    rows = towns[(towns["name_uk"] == place[0]) & (towns["oblast"] == place[1])]
    rows = rows[rows["source"].str.contains("confirmed by the nearest places")]
    (point,) = rows.geometry
    off = np.array([(point.x - lonlat[0]) * np.cos(np.radians(lonlat[1])), point.y - lonlat[1]])
    assert np.hypot(*off) * 111.2 < 3
    assert rows["accuracy_m"].tolist() == [700.0]


def test_wrong_points_are_gone(towns):
    """Both were more than 8 km off."""
    gone = [("Довжик", "Холминська громада"), ("Елітне", "Вільхівська громада")]
    lost = gb.load_not_located()
    for name, hromada in gone:
        assert not ((towns["name_uk"] == name) & (towns["hromada"] == hromada)).any()
    assert ((lost["name_uk"] == "Довжик") & (lost["hromada"] == gone[0][1])).sum() == 1


def test_approximate_points_are_columns_and_no_places(towns, regions):
    lost = gb.load_not_located()
    assert "geometry" not in lost
    assert not {"approx_lon", "approx_lat", "approx_m"} & set(towns.columns)
    known = lost[lost["approx_m"].notna()]
    assert len(known) >= 85
    assert lost[["approx_lon", "approx_lat"]].notna().all(axis=1).equals(lost["approx_m"].notna())
    # No verdict follows from such a point.
    assert (known["approx_m"] >= 2_000).all()
    for region in regions:
        rows = known[known["oblast"] == region.name]
        near = shapely.points(rows["approx_lon"], rows["approx_lat"])
        assert (shapely.distance(region.geometry, near) < 0.05).all()


def test_luhansk_and_confirmed_points_are_less_accurate(towns):
    ukraine = towns[towns["country"] == "UA"]
    coarse = (ukraine["oblast"] == "Luhansk") | ukraine["source"].str.contains("confirmed by")
    assert (ukraine["accuracy_m"] == np.where(coarse, 700.0, 500.0)).all()


def test_names_are_in_their_own_letters(towns):
    for table in (towns, gb.load_not_located()):
        # The N of "Таврический N 20" is how its gazetteer writes the sign №.
        uk, ru = (
            table[c].str.replace(r" N (?=\d)", " ", regex=True) for c in ("name_uk", "name_ru")
        )
        assert not uk.str.contains(r"[ыъэёЫЪЭЁA-Za-z]").any()
        assert not ru.dropna().str.contains(r"[іїєґІЇЄҐA-Za-z]").any()
        assert not table["name_en"].str.contains(r"[\u0400-\u04ff]").any()


def test_names_made_by_rule_are_marked_by_language(towns):
    marks = set(towns["transliterated"].str.split().explode().dropna())
    assert marks <= {"en", "uk", "ru"}
    # A Russian table gives no Ukrainian names, so these must be marked as made.
    inid = towns[towns["source"] == "inid"]
    assert inid["transliterated"].str.contains("uk").all()


def test_unknown_population_is_missing_and_never_zero(towns):
    assert towns["population"].dtype == "Int64"
    assert gb.load_not_located()["population"].dtype == "Int64"
    assert (towns["population"].dropna() > 0).all()
    assert towns["population"].isna().any()


def test_places_are_points_near_the_line(towns):
    assert towns.crs == "EPSG:4326"
    assert (towns.geom_type == "Point").all()
    assert not towns.geometry.is_empty.any()
    west, south, east, north = towns.total_bounds
    assert west > 30
    assert east < 42
    assert south > 46
    assert north < 54
    # Degrees of a plane squeezed at 50° N: right to some per cent over the line's 5° of latitude.
    squeeze = np.array([np.cos(np.radians(50.0)), 1.0])
    # Simplified to 0.005° (half a kilometre) for speed.
    line = shapely.simplify(shapely.line_merge(shapely.union_all(_read(BORDER).geometry)), 0.005)
    line = shapely.transform(line, lambda c: c * squeeze)
    points = shapely.transform(towns.geometry.to_numpy(), lambda c: c * squeeze)
    assert (shapely.distance(points, line) * 111.2).max() < 60 * 1.1


def test_every_place_is_of_one_of_two_countries(towns):
    assert set(towns["country"]) == {"UA", "RU"}
    assert (towns["oblast_iso"].str[:2] == towns["country"]).all()
    names = {region.iso: region.name for region in gb.load_regions()}
    assert (towns["oblast_iso"].map(names) == towns["oblast"]).all()
    assert set(towns.loc[towns["code"].notna(), "code_system"]) == {"KATOTTG", "OKTMO"}
    assert towns.loc[towns["code"].notna(), "code_system"].notna().all()


def test_places_of_ukraine_have_pcodes(towns):
    official = towns["code_system"] == "KATOTTG"
    for table in (towns[official], gb.load_not_located()):
        assert table["adm4_pcode"].is_unique
        assert table["adm3_pcode"].str.fullmatch(r"UA\d{7}").all()
        # The code of a hromada has the same nine characters, zeros for its places, and a number.
        assert (table["hromada_code"].str[:14] == table["adm3_pcode"] + "00000").all()
        assert (table["adm4_pcode"] == table["code"].str[:12]).all()
    assert towns.loc[~official, ["adm3_pcode", "adm4_pcode"]].isna().all(axis=None)


def test_nearly_every_place_lies_in_its_country(towns, regions):
    """A point beyond the line is possible within its accuracy, and must be rare."""
    for country in ("UA", "RU"):
        land = shapely.union_all([r.geometry for r in regions if r.country == country])
        shapely.prepare(land)
        theirs = towns[towns["country"] == country].geometry
        astray = ~shapely.intersects_xy(land, theirs.x, theirs.y)
        assert astray.mean() < 0.005


def test_every_place_states_its_accuracy(towns):
    assert (towns["accuracy_m"] > 0).all()
    assert (towns["radius_m"] > 0).all()


def test_places_without_a_position_have_none():
    table = gb.load_not_located()
    assert not isinstance(table, gpd.GeoDataFrame)
    assert not {"geometry", "longitude", "latitude"} & set(table.columns)
    assert len(table) == ENTRIES["ukraine_not_located"]["rows"]
    assert table["hromada"].notna().all()


def test_every_place_of_ukraine_has_the_code_of_its_hromada(towns):
    for table in (towns[towns["country"] == "UA"], gb.load_not_located()):
        assert (table["hromada_code"].str[:9] == table["code"].str[:9]).all()
        assert table["hromada_code"].str.fullmatch(r"UA\d{7}0{5}\d{5}").all()
        assert set(table["hromada_type"]) == {"urban", "settlement", "rural"}
    assert (
        towns.loc[towns["country"] == "RU", ["hromada_code", "hromada_type"]].isna().all(axis=None)
    )
    named = towns[towns["hromada"] == "Миколаївська громада"]
    types = (
        named[named["raion"] == "Сумський район"].groupby("hromada_code")["hromada_type"].first()
    )
    assert types.to_dict() == {"UA59080130000022249": "settlement", "UA59080150000013842": "rural"}


def test_no_place_is_both_located_and_not(towns):
    table = gb.load_not_located()
    assert table["code"].notna().all()
    assert table["code"].is_unique
    assert not set(table["code"]) & set(towns["code"].dropna())
    assert not set(table["id"]) & set(towns["id"])


# Distances checked by an independent solution


def _by_scenario(towns, name):
    """The place that the scenario means: its hromada distinguishes places of one name."""
    (hromada,) = (h for n, h in gb.load_scenario().places if n == name)
    return towns[(towns["name_uk"] == name) & (towns["hromada"] == hromada)]


def _by_name(towns, column, name, oblast):
    return towns[(towns[column] == name) & (towns["oblast"] == oblast)]


KNOWN_KM = {
    "Novenke": (1.3, lambda t: _by_scenario(t, "Новеньке")),
    "Basivka": (3.0, lambda t: _by_scenario(t, "Басівка")),
    "Veselivka": (1.1, lambda t: _by_scenario(t, "Веселівка")),
    "Zhuravka": (0.9, lambda t: _by_scenario(t, "Журавка")),
    "Yunakivka": (7.1, lambda t: _by_name(t, "name_uk", "Юнаківка", "Sumy")),
    "Velyka Pysarivka": (5.7, lambda t: _by_name(t, "name_uk", "Велика Писарівка", "Sumy")),
    "Vovchansk": (6.4, lambda t: _by_name(t, "name_uk", "Вовчанськ", "Kharkiv")),
    "Tyotkino": (2.2, lambda t: _by_name(t, "name_ru", "Тёткино", "Kursk")),
    "Shebekino": (6.3, lambda t: _by_name(t, "name_ru", "Шебекино", "Belgorod")),
    "Khotin": (10.3, lambda t: _by_name(t, "name_uk", "Хотінь", "Sumy")),
    "Krasnopillia": (11.1, lambda t: _by_name(t, "name_uk", "Краснопілля", "Sumy")),
}


@pytest.fixture(scope="module")
def line():
    """The five sections as they stand in the file, without geobuffer's border."""
    table = _read(BORDER).set_index("section")
    return [shapely.get_coordinates(table.geometry[name]) for name in SECTIONS]


@pytest.mark.parametrize("name", KNOWN_KM)
def test_known_places_lie_as_far_from_the_border_as_they_should(name, towns, border, line):
    known, find = KNOWN_KM[name]
    found = find(towns)
    assert len(found) == 1
    point = found.geometry.item()
    independent = reference.distance_m(line, point.x, point.y) / 1e3
    assert independent == pytest.approx(known, abs=0.3)
    assert gb.distance_to_border(found, border).item() == pytest.approx(independent, abs=1e-6)


def test_the_villages_of_may_2025_are_in_sumy_raion_and_in_the_zone(towns, zone):
    for name, _ in gb.load_scenario().places:
        place = _by_scenario(towns, name)
        assert place["raion_en"].item() == "Sumskyi Raion"
        assert gb.classify(place, zone)["membership"].item() == "inside"


@pytest.mark.parametrize("name", ["Khotin", "Krasnopillia"])
def test_just_outside_is_outside(name, towns, zone):
    found = gb.classify(KNOWN_KM[name][1](towns), zone)
    assert found["ring"].isna().all()
    assert found["membership"].item() != "inside"


# Oblasts and the line


def test_oblasts_are_valid_and_named(regions):
    table = _read("oblasts")
    assert shapely.is_valid(table.geometry).all()
    assert table.crs == "EPSG:4326"
    assert len(regions) == len(table)
    assert table["iso"].is_unique
    for region in regions:
        assert region.iso.startswith(f"{region.country}-")
        assert all(region.names[language].strip() for language in ("en", "uk", "ru"))
        assert all(region.country_names[language].strip() for language in ("en", "uk", "ru"))
        for known in (region.iso, *region.names.values()):
            assert regions[known] is region


def test_countries_are_named_in_every_language(regions):
    assert dict(regions["Sumy"].country_names) == {
        "en": "Ukraine", "uk": "Україна", "ru": "Украина",
    }  # fmt: skip
    assert regions["Kursk"].country_names["uk"] == "Росія"
    assert regions["Kursk"].country_names["ru"] == "Россия"


def test_oblasts_do_not_overlap_and_leave_no_gaps():
    shapes = _read("oblasts").geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a < b]
    assert len(pairs) > 15
    overlaps = shapely.intersection(*(shapes[list(side)] for side in zip(*pairs, strict=True)))
    assert max(abs(_area_km2(shape)) for shape in shapely.get_parts(overlaps)) < 1e-6
    # Neighbours share their line vertex by vertex: no sliver of 1e-4° (11 m) lies between.
    assert shapely.coverage_is_valid(shapes, gap_width=1e-4)
    whole = shapely.get_parts(shapely.union_all(shapes))
    assert shapely.get_num_interior_rings(whole).sum() == 0


@pytest.mark.parametrize(
    ("name", "official_km2"),
    [("Bryansk", 34857), ("Kursk", 29997), ("Belgorod", 27134),
     ("Chernihiv", 31865), ("Sumy", 23834), ("Kharkiv", 31415)],
)  # fmt: skip
def test_oblasts_are_as_large_as_officially(regions, name, official_km2):
    independent = _area_km2(regions[name].geometry)
    assert independent == pytest.approx(official_km2, rel=0.005)
    assert regions[name].area_km2 == pytest.approx(independent, rel=1e-6)


def _between_bundled(regions):
    """The sections whose regions are bundled: all but the last, off Krasnodar in the sea."""
    known = {region.iso for region in regions}
    rows = list(_read(BORDER).itertuples(index=False))
    bundled = [row for row in rows if {row.left_iso, row.right_iso} <= known]
    assert len(bundled) == len(rows) - 1
    return bundled


def test_the_line_is_one_and_runs_between_the_regions_it_names(regions):
    table = _read(BORDER)
    for row in _between_bundled(regions):
        left, right = regions[row.left_iso], regions[row.right_iso]
        assert row.section == f"{left.name}–{right.name}"
        coords = shapely.get_coordinates(row.geometry)
        (x0, y0), (x1, y1) = coords[len(coords) // 2 - 1 : len(coords) // 2 + 1]
        # A hundredth of the segment to the left of its middle, and to its right.
        middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        aside = np.array([-(y1 - y0), x1 - x0]) / 100
        assert shapely.intersects_xy(left.geometry, *(middle + aside))
        assert shapely.intersects_xy(right.geometry, *(middle - aside))
    ends = [shapely.get_coordinates(shape)[[0, -1]] for shape in table.geometry]
    for before, after in itertools.pairwise(ends):
        assert before[1].tolist() == after[0].tolist()


def test_facing_oblasts_share_every_vertex_of_the_line(regions):
    for row in _between_bundled(regions):
        wanted = {tuple(c) for c in shapely.get_coordinates(row.geometry)}
        for iso in (row.left_iso, row.right_iso):
            have = {tuple(c) for c in shapely.get_coordinates(regions[iso].geometry)}
            assert wanted <= have


def test_the_drained_reservoir_is_left_out_and_those_upstream_stay():
    """Kakhovka was drained in June 2023; in the source it is one area with Kremenchuk."""
    waters = read_ground("waters").geometry
    assert not waters.contains(shapely.Point(34.3, 47.45)).any()
    assert waters.contains(shapely.Point(32.5, 49.3)).sum() == 1
    assert waters.contains(shapely.Point(35.35, 46.5)).sum() == 1  # the lagoon of Molochnyi


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (21.03, 52.24),
        (89.03, 24.07),
        (-99.51, 27.5),
        (15.29, -4.3),
        (-60.02, -3.15),
        (104.94, 11.57),
    ],
    ids=["Warsaw", "Hardinge Bridge", "Laredo", "Kinshasa", "Manaus", "Phnom Penh"],
)
def test_main_rivers_of_the_world_pass_their_cities(lon, lat):
    """The largest distance, 2 km, is at Kinshasa, where the Congo is 3 km wide."""
    table = read_ground("waters_far")
    rivers = table.geometry[table["kind"] == "river"]
    assert shapely.distance(rivers.to_numpy(), shapely.Point(lon, lat)).min() < 0.03


def test_lakes_of_the_world_have_neither_dry_ones_nor_the_caspian():
    table = read_ground("waters_far")
    lakes = table.geometry[table["kind"] == "lake"]
    wet = {"Victoria": (33, -1), "Baikal": (108, 53.5), "Superior": (-88.5, 47.6)}
    dry = {
        "Aral": (60, 45), "Chad": (14.2, 13.2), "Kakhovka": (34.3, 47.45), "Caspian": (51, 42),
        "Manitoulin Island": (-82.2, 45.75),
    }  # fmt: skip
    for name, at in (wet | dry).items():
        assert lakes.contains(shapely.Point(at)).sum() == (name in wet), name
