"""Files and answers of the publishers that `gb.fetch` asks, and a server's pages that hold them."""

import hashlib
import io
import json
import struct
import warnings
import zipfile

import pandas as pd
import shapely
from support.publisher import Page


def zipped(members, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return data.getvalue()


def geotiff(*, big=False, order="<", strips=4, geo=True):
    """A GeoTIFF of 10 by 40 pixels made by hand: its directory first, the pixels behind it."""
    wide, word = ("Q", 8) if big else ("I", 4)
    long_type = 16 if big else 4
    strip_bytes = 10 * 40 * 4 // strips
    tags = [(256, 3, [10]), (257, 3, [40]), (258, 3, [32]), (259, 3, [1]), (262, 3, [1]),
            (273, long_type, [0] * strips), (277, 3, [1]), (278, 3, [40 // strips]),
            (279, long_type, [strip_bytes] * strips), (339, 3, [3])]  # fmt: skip
    if geo:
        tags += [
            (33550, 12, [0.1, 0.1, 0.0]), (33922, 12, [0.0, 0.0, 0.0, 30.0, 54.0, 0.0]),
            (34735, 3, [1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326]),
        ]  # fmt: skip
    tags.sort()
    head = 16 if big else 8
    count = "Q" if big else "H"
    behind = head + struct.calcsize(order + count) + len(tags) * (4 + 2 * word) + word
    sizes = {3: "H", 4: "I", 12: "d", 16: "Q"}
    extra, pixels = b"", None

    def pack(values, kind):
        return struct.pack(f"{order}{len(values)}{sizes[kind]}", *values)

    for _ in range(2):  # the first time to learn how long it is, the second with true offsets
        extra, entries = b"", b""
        for tag, kind, values in tags:
            if tag == 273 and pixels is not None:
                values = [pixels + n * strip_bytes for n in range(strips)]  # noqa: PLW2901
            raw = pack(values, kind)
            if len(raw) > word:
                field = struct.pack(order + wide, behind + len(extra))
                extra += raw
            else:
                field = raw.ljust(word, b"\0")
            entries += struct.pack(f"{order}HH{wide}", tag, kind, len(values)) + field
        pixels = behind + len(extra)
    magic = b"II" if order == "<" else b"MM"
    start = struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8)
    directory = struct.pack(order + count, len(tags)) + entries + b"\0" * word
    return magic + start + directory + extra + b"\1" * (strips * strip_bytes)


def geonames_row(geonameid, name, lat, lon, code="PPL", kind="P", *, admin=("03", ""), people=0,
                 date="2026-11-20"):  # fmt: skip
    admin1, admin2 = admin
    row = [geonameid, name, name, "", lat, lon, kind, code, "UA", "", admin1, admin2, "", "",
           people, "", 150, "Europe/Kyiv", date]  # fmt: skip
    return "\t".join(map(str, row))


DUMP = [
    geonames_row(692196, "Sumy Oblast", 51, 34, "ADM1", "A", admin=("21", "")),
    geonames_row(12194872, "Sumskyi Raion", 51, 34.5, "ADM2", "A", admin=("21", "21059")),
    geonames_row(690889, 'Yunakivka "old"', 51.1, 35.0, admin=("21", "21059"), date="2026-11-24"),
    geonames_row(692194, "Sumy", 50.9216, 34.80029, "PPLA", admin=("21", "21059"), people=294456),
    geonames_row(1, "Gone", 51.2, 35, "PPLQ"),
    geonames_row(2, "Quarter", 50.9, 34.8, "PPLX", people=9000),
    geonames_row(3, "A river", 51.2, 35, "STM", "H", date="2026-12-31"),
]

ALTERNATES = [
    "1\t690889\tuk\tЮнаки\t\t\t\t1\t\t",
    "2\t690889\tuk\tЮнаківка\t\t\t\t\t\t",
    "3\t690889\tru\tЮнаковка\t\t\t\t\t\t",
    "4\t692194\tuk\tСуми-місто\t\t\t\t\t\t",
    "5\t692194\tuk\tСуми\t1\t\t\t\t\t",
    "6\t692194\tru\tСумская столица\t1\t\t1\t\t\t",
    "7\t692194\tru\tСумы\t\t\t\t\t\t",
    "8\t692194\tlink\thttps://en.wikipedia.org/wiki/Sumy\t\t\t\t\t\t",
]


def serve_geonames(publisher, dump=DUMP, names=ALTERNATES, member="UA.txt"):
    body = zipped({"readme.txt": "GeoNames", member: "\n".join(dump) + "\n"})
    publisher.serve("/geonames/UA.zip", Page(body))
    names = zipped({"UA.txt": "\n".join(names) + "\n", "iso-languagecodes.txt": ""})
    publisher.serve("/geonames/alternatenames/UA.zip", Page(names))
    return hashlib.sha256(body).hexdigest()


def overpass_answer(*elements, **more):
    head = {"version": 0.6, "generator": "Overpass API 0.7.62.8",
            "osm3s": {"timestamp_osm_base": "2026-11-24T21:00:12Z"}}  # fmt: skip
    return Page(json.dumps({**head, "elements": list(elements), **more}).encode())


def node(number, lat, lon, **tags):
    return {"type": "node", "id": number, "lat": lat, "lon": lon, "tags": tags}


YUNAKIVKA = node(337, 51.1, 35.0, place="village", name="Юнаківка", katotth="UA59080330010086784",
                 population="1 234", **{"name:ru": "Юнаковка", "name:en": "Yunakivka"})  # fmt: skip


def way(points, role="outer", ref=1):
    geometry = [{"lat": lat, "lon": lon} for lon, lat in points]
    return {"type": "way", "ref": ref, "role": role, "geometry": geometry}


def relation(*members, number=72639, **tags):
    return {"type": "relation", "id": number, "members": list(members), "tags": tags}


BOX = [(30, 50), (34, 50), (34, 54), (30, 54), (30, 50)]


def boundary(name, box, **more):
    properties = {"shapeName": name, "shapeISO": "", "shapeID": f"id-{name}", "shapeGroup": "UKR",
                  "shapeType": "ADM1", **more}  # fmt: skip
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": shapely.box(*box).__geo_interface__,
    }


def serve_geoboundaries(publisher, features, url=None):
    api = {
        "boundaryID": "UKR-ADM1-13919839", "boundaryName": "Ukraine", "boundaryISO": "UKR",
        "boundaryYearRepresented": "2017", "boundaryType": "ADM1", "boundaryCanonical": "Oblast",
        "boundarySource": "OpenStreetMap, Wambacher",
        "boundaryLicense": "Open Data Commons Open Database License 1.0",
        "gjDownloadURL": url or f"{publisher.url}/raw/geoBoundaries-UKR-ADM1.geojson",
    }  # fmt: skip
    publisher.serve("/geoboundaries/gbOpen/UKR/ADM1/", Page(json.dumps(api).encode()))
    document = {"type": "FeatureCollection", "features": features}
    publisher.serve("/raw/geoBoundaries-UKR-ADM1.geojson", Page(json.dumps(document).encode()))


def hdx_package(publisher, *resources, **more):
    listed = [
        {"name": name, "format": form, "url": f"{publisher.url}/download/{name}", "hash": hash_}
        for name, form, hash_ in resources
    ]
    result = {
        "name": "cod-ab-ukr", "title": "Ukraine - Subnational Administrative Boundaries",
        "dataset_source": 'State Scientific Production Enterprise "Kartographia"',
        "license_title": "Creative Commons Attribution for Intergovernmental Organisations",
        "dataset_date": "[2024-01-01T00:00:00 TO 2025-01-29T23:59:59]", "resources": listed,
    } | more  # fmt: skip
    answer = {"help": "…", "success": True, "result": result}
    publisher.serve("/hdx/package_show", Page(json.dumps(answer).encode()))


def cod_place(pcode, names, shape, *, parents=("Sumska", "Сумська"), **more):
    """A feature of level 4 of COD-AB: the place, then what it lies in, each in two languages."""
    facts = {"lang": "en", "lang1": "uk", "lang2": None, "adm0_pcode": "UA"}
    for level, length in ((1, 4), (2, 6), (3, 9)):
        facts[f"adm{level}_name"], facts[f"adm{level}_name1"] = parents
        facts[f"adm{level}_pcode"] = pcode[:length]
    facts |= {"adm4_name": names[0], "adm4_name1": names[1], "adm4_pcode": pcode} | more
    return {"type": "Feature", "properties": facts, "geometry": shape.__geo_interface__}


def serve_hdx_places(publisher, features):
    """Serve COD-AB as HDX does: a dataset that names a zip, with a file for each level."""
    name = "ukr_admin_boundaries.geojson.zip"
    hdx_package(publisher, (name, "GeoJSON", ""))
    layer = json.dumps({"type": "FeatureCollection", "features": features})
    publisher.serve(f"/download/{name}", Page(zipped({"ukr_admin4.geojson": layer})))


def serve_hdx_population(publisher, sheets, *, name="ukr_admpop_2022.xlsx"):
    """Serve COD-PS as HDX does: a dataset that names a workbook, with a sheet for each level."""
    if name.endswith("xlsx"):
        body = io.BytesIO()
        with pd.ExcelWriter(body) as book:
            for title, table in sheets.items():
                table.to_excel(book, sheet_name=title, index=False)
        body = body.getvalue()
    else:
        (table,) = sheets.values()
        body = table.to_csv(index=False).encode("utf-8-sig")
    more = {"name": "cod-ps-ukr", "title": "Ukraine - Subnational Population Statistics"}
    hdx_package(publisher, (name, name.rsplit(".", 1)[1].upper(), ""), **more)
    publisher.serve(f"/download/{name}", Page(body))


def cod_people(rows, level=3):
    """A table of a level of COD-PS: codes, names, and people by sex and in all."""
    facts = [
        {f"ADM{level}_EN": "Name", f"ADM{level}_UA": "Назва", f"ADM{level}_PCODE": code,
         "F_TL": count // 2, "M_TL": count - count // 2, "T_TL": count}
        for code, count in rows.items()
    ]  # fmt: skip
    return pd.DataFrame(facts)


WORLDPOP_PATH = "/worldpop/2025/UKR/v1/100m/constrained/ukr_pop_2025_CN_100m_R2025A_v1.tif"
