"""Find which kind of JSON a file holds, by the names of its first members.

Several formats are JSON: GeoJSON, TopoJSON, Esri JSON, answers of Overpass, lists of records and
errors of servers. The beginning of a file is enough to name it in a message.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Types of RFC 7946.
_GEOJSON_TYPES = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString",
        "Polygon", "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip
# Members that an object of GeoJSON has beside its type, which may come last.
_GEOJSON_MEMBERS = frozenset({"features", "geometry", "coordinates", "geometries"})
_ESRI_MEMBERS = frozenset(
    {"geometryType", "displayFieldName", "fieldAliases", "objectIdFieldName", "spatialReference"}
)
_GEOJSON_TYPE = re.compile(r'"type"\s*:\s*"(?:' + "|".join(sorted(_GEOJSON_TYPES)) + ")")

# Strings, marks, and other values. The last string may be cut: it then has no end.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class JsonKind(NamedTuple):
    """The kind of a JSON; what it is and what to do for a kind that we do not read."""

    format: str
    what: str = ""
    remedy: str = ""


def detect_json_kind(head: str, *, is_whole: bool = True) -> JsonKind:
    """Return the kind of JSON that begins with a text; an empty format if we do not read it.

    A text that is no JSON counts as GeoJSON: its reader finds the damage. So does an object that
    goes on behind the text (``is_whole`` is false): the members of GeoJSON may follow.

    Examples
    --------
    >>> detect_json_kind('{"type": "Topology", "objects"').format
    'TopoJSON'
    >>> detect_json_kind('[{"name": "A", "lat": 51}]').what
    "a JSON list of records with the members 'name', 'lat'"
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
        found = _describe_other(members, head) if is_whole else JsonKind("GeoJSON")
    return found


def _has_esri_features(members: dict[str, str], head: str) -> bool:
    """Return whether features have attributes, which those of GeoJSON call properties."""
    return "features" in members and '"attributes"' in head and not _GEOJSON_TYPE.search(head)


def _describe_other(members: dict[str, str], head: str) -> JsonKind:
    if members.keys() & {"error", "errors"} and not members.keys() & _GEOJSON_MEMBERS:
        answer = " ".join(head.split())[:120]
        return JsonKind("", f"an error of a server ({answer})", "Download it again.")
    if not members or members.keys() & _GEOJSON_MEMBERS or _GEOJSON_TYPE.search(head):
        return JsonKind("GeoJSON")
    return JsonKind(
        "",
        f"JSON of another kind, with the members {_quote(members)}",
        "Save its places as CSV or GeoJSON.",
    )


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
    if not members:
        return JsonKind("", "a JSON list, but no layer", "Save it as GeoJSON.")
    return JsonKind(
        "",
        f"a JSON list of records with the members {_quote(members)}",
        "Save it as CSV; pandas.read_json() and to_csv() do that.",
    )


def _quote(members: dict[str, str]) -> str:
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
