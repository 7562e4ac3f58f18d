"""Find which kind of JSON a file holds, by the names of its first members.

Several formats are JSON: GeoJSON, TopoJSON, Esri JSON, answers of Overpass, lists of records and
errors of servers. The beginning of a file is enough to name it in a message.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# Types of RFC 7946.
_GEOJSON_TYPES = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString",
        "Polygon", "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip
# Members of GeoJSON objects besides the type, which may come last.
_GEOJSON_MEMBERS = frozenset({"features", "geometry", "coordinates", "geometries"})
_ESRI_MEMBERS = frozenset(
    {"geometryType", "displayFieldName", "fieldAliases", "objectIdFieldName", "spatialReference"}
)
_GEOJSON_TYPE = re.compile(r'"type"\s*:\s*"(?:' + "|".join(sorted(_GEOJSON_TYPES)) + ")")

# Strings, punctuation, and other values. The last string may be cut off and lack its end.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class JsonKind(NamedTuple):
    """The kind of a JSON; for kinds that we do not read, a description and what to do."""

    format: str
    what: str = ""
    remedy: str = ""


def detect_json_kind(head: str, *, is_whole: bool = True) -> JsonKind:
    """Return the kind of JSON that begins with a text; an empty format if we do not read it.

    A text that is not JSON counts as GeoJSON, because that reader reports the damage. So does an
    object that is longer than the text (``is_whole`` is false) and has no records in it, because
    the members of GeoJSON may follow. Other JSON counts as records; their reader raises an error
    if the file has no records.

    Examples
    --------
    >>> detect_json_kind('{"type": "Topology", "objects"').format
    'TopoJSON'
    >>> detect_json_kind('[{"name": "A", "lat": 51}]').format
    'JSON records'
    """
    if head.startswith("["):
        return _describe_list(head)
    members = list_members(head)
    stated = members.get("type", '""').strip('"')
    if "type" in members and (stated in _GEOJSON_TYPES or not stated):
        found = JsonKind("GeoJSON")
    elif stated == "Topology":
        found = JsonKind("TopoJSON")
    elif "elements" in members and members.keys() & {"osm3s", "generator", "version"}:
        found = JsonKind("Overpass JSON")
    elif members.keys() & _ESRI_MEMBERS or _has_esri_features(members, head):
        found = _describe_esri(members)
    else:
        found = _detect_other(members, head, is_whole=is_whole)
    return found


def _has_esri_features(members: dict[str, str], head: str) -> bool:
    """Return whether features have attributes, which those of GeoJSON call properties."""
    return "features" in members and '"attributes"' in head and not _GEOJSON_TYPE.search(head)


# Some services send these members with an empty value if there was no error.
_NO_ERROR = re.compile(r'"errors?"\s*:\s*(?:null|false|0|""|\[\s*\]|\{\s*\})\s*[,}]')
# A list of objects in an object, or one object to a line.
_RECORDS = re.compile(r"[:\[]\s*\[\s*\{|\}[ \t\r]*\n\s*\{")


def _detect_other(members: dict[str, str], head: str, *, is_whole: bool) -> JsonKind:
    is_geojson = bool(members.keys() & _GEOJSON_MEMBERS) or _GEOJSON_TYPE.search(head)
    has_error = members.keys() & {"error", "errors"} and not _NO_ERROR.search(head)
    if is_whole and has_error and not members.keys() & _GEOJSON_MEMBERS:
        answer = " ".join(head.split())[:120]
        return JsonKind("", f"an error of a server ({answer})", "Download it again.")
    if _RECORDS.search(head) and members and not members.keys() & {"features", "geometries"}:
        return JsonKind("JSON records")
    if not members or is_geojson or not is_whole:
        return JsonKind("GeoJSON")
    return JsonKind("JSON records")


def describe_other(value: Any) -> tuple[str, str]:
    """Return a description of JSON without records, and what to do.

    >>> describe_other({"status": "ok", "count": 3})[0]
    "JSON of another kind, with the members 'status', 'count'"
    """
    remedy = "Save its places as CSV or GeoJSON."
    if not isinstance(value, dict):
        return "a JSON list, but no layer", remedy
    return f"JSON of another kind, with the members {_quote(value)}", remedy


def _describe_esri(members: dict[str, str]) -> JsonKind:
    """Return the kind of an answer of ArcGIS: features, or only the description of a layer."""
    if "currentVersion" in members and "features" not in members:
        return JsonKind(
            "",
            "the description of an ArcGIS layer, without its features",
            "Ask its address for /query?where=1=1&outFields=*&f=geojson.",
        )
    return JsonKind("Esri JSON")


def _describe_list(head: str) -> JsonKind:
    members = list_members(head[1:].lstrip())
    if members.get("type") == '"Feature"':
        return JsonKind(
            "",
            "a JSON list of GeoJSON features",
            'Put {"type": "FeatureCollection", "features": before it and } behind it.',
        )
    if not members and not re.match(r"\[\s*\[", head):
        return JsonKind("", "a JSON list, but no layer", "Save it as GeoJSON.")
    return JsonKind("JSON records")


def _quote(members: dict[str, Any]) -> str:
    return ", ".join(repr(name[:40]) for name in list(members)[:8])


def list_members(head: str) -> dict[str, str]:
    """Return the members of the first object, with the first token of each value.

    >>> list_members('{"type": "Topology", "objects": {"a": 1}, "arcs": [')
    {'type': '"Topology"', 'objects': '{', 'arcs': '['}
    """
    members: dict[str, str] = {}
    depth, name, before = 0, "", ""
    for part in (match[0] for match in _TOKEN.finditer(head)):
        if part.startswith('"') and not (len(part) > 1 and part.endswith('"')):
            break
        if depth == 1 and before == ":" and name:
            members[name] = part
        elif depth == 1 and part.startswith('"') and before in {"{", ","}:
            name = part[1:-1]
            members.setdefault(name, "")
        depth += (part in {"{", "["}) - (part in {"}", "]"})
        if depth == 0 or not (before or part == "{"):
            break
        before = part
    return members


# JavaScript that holds JSON: `var towns = {…`, `callback({…`. Pages often load data so.
_JAVASCRIPT = re.compile(
    r"(?:(?:var|let|const)\s+[\w$]+|window[.\[][\w$.'\"\]]+|module\.exports|export\s+default)"
    r"\s*=?\s*[{\[]|[\w$.]+\(\s*[{\[]"
)


def is_javascript(head: str) -> bool:
    """Return whether a text is JavaScript that holds JSON.

    >>> is_javascript('var towns = {"type": 1}'), is_javascript("var,towns")
    (True, False)
    """
    return _JAVASCRIPT.match(head) is not None
