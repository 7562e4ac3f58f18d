"""Read the metadata of a raster and the files beside it, without opening anything else.

GDAL does not read the files beside a raster for us: they may have any format and refer to any file
or address. We read a few facts from two of them ourselves, ``<raster>.aux.xml`` of GDAL and
``<raster>.json`` of :func:`geobuffer.fetch`. Each must be a short plain file of the same folder.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from geobuffer.analysis.raster_units import Statements
from geobuffer.errors import DataError, GeobufferError
from geobuffer.io.untrusted import check_companion, check_crs_definition, read_companion
from geobuffer.zones.source import Source, join_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def check_sidecars(path: Path) -> None:
    """Check the files beside a raster before it is opened.

    Raises
    ------
    DataError
        There is a mask, or a ``.prj`` file that refers to other files; or a file that we read is a
        pipe, a device, a link to another folder or no short text.
    """
    for suffix in (".msk", ".MSK"):
        mask = path.with_name(path.name + suffix)
        if mask.exists():
            raise DataError(
                f"Invalid {path}: the mask {mask.name} beside it is not read. Must mark pixels "
                "without data by a value of its own: gdalwarp -dstnodata."
            )
    for suffix in (".prj", ".PRJ"):
        definition = path.with_suffix(suffix)
        if check_companion(definition, str(path)):
            content = read_companion(definition, str(path))
            if content is None:
                raise _too_long_error(path, definition)
            check_crs_definition(content.decode("utf-8", "replace"), str(definition))
    check_companion(_aux_path(path), str(path))
    check_companion(_json_path(path), str(path))


def _aux_path(path: Path) -> Path:
    return path.with_name(path.name + ".aux.xml")


def _json_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _too_long_error(path: Path, beside: Path) -> DataError:
    return DataError(
        f"Unreadable {path}: {beside.name} beside it is no short text. Must have at most a "
        "megabyte; move it elsewhere if the raster does not need it."
    )


# The facts about a band that GDAL stores in an .aux.xml file, and their names in messages.
_BAND_FACTS = {"NoDataValue": "no-data value", "Scale": "scale", "Offset": "offset"}


class _AuxReader:
    """The facts in an ``.aux.xml`` file: elements of the first band, and metadata items."""

    def __init__(self) -> None:
        self.band: dict[str, str] = {}
        self.items: list[tuple[str, str]] = []
        self._stack: list[str] = []
        self._key, self._text = "", ""

    def parse(self, content: bytes) -> None:
        """Parse a file; facts before a syntax error count."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._read_text
        parser.StartDoctypeDeclHandler = self._refuse
        with suppress(expat.ExpatError, ValueError, LookupError):  # GDAL ignores such a file
            parser.Parse(content, True)  # noqa: FBT003 - the signature of expat

    def _refuse(self, *_: object) -> None:
        raise ValueError("a DOCTYPE, which may declare entities")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._stack.append(name)
        self._key, self._text = attributes.get("key", ""), ""

    def _read_text(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        self._stack.pop()
        if name == "MDI" and self._key:
            self.items.append((self._key, self._text))
        elif self._stack and self._stack[-1] == "PAMRasterBand":
            self.band.setdefault(name, self._text.strip())
        self._key, self._text = "", ""


def _read_aux(path: Path) -> _AuxReader:
    found = _AuxReader()
    aux = _aux_path(path)
    if check_companion(aux, str(path)):
        content = read_companion(aux, str(path))
        if content is None:
            raise _too_long_error(path, aux)
        found.parse(content)
    return found


def check_aux(path: Path, raster: Any) -> None:
    """Check that an ``.aux.xml`` file does not change the values of a raster: we do not apply it.

    Raises
    ------
    DataError
        It states a no-data value, a scale or an offset that the raster itself does not state.
    """
    stated = _read_aux(path).band
    own = {"NoDataValue": raster.nodata, "Scale": raster.scales[0], "Offset": raster.offsets[0]}
    for element, called in _BAND_FACTS.items():
        if element in stated and not _is_same_number(stated[element], own[element]):
            remedy = "gdal_translate -of GTiff -co PROFILE=GDALGeoTIFF writes it into a new raster"
            if element == "NoDataValue":
                remedy = f"rio edit-info --nodata {stated[element][:40]} writes it into the raster"
            raise DataError(
                f"Invalid {path}: {_aux_path(path).name} beside it states a {called} of "
                f"{stated[element][:40]!r}, which the raster itself does not. Must be in the "
                f"raster: {remedy}, or move the file elsewhere if it is wrong."
            )


def _is_same_number(text: str, own: float | None) -> bool:
    try:
        stated = float(text)
    except ValueError:
        return True  # GDAL reads no number from it
    if own is None:
        return False
    # The text may have fewer digits than the number.
    return math.isclose(stated, own, rel_tol=1e-6) or (math.isnan(stated) and math.isnan(own))


# Names of metadata items that hold the unit of the values, and words in names of other units.
_UNIT_KEY = re.compile(r"(?:.*[#_: ])?(?:units?(?:_?type)?|uom)", re.IGNORECASE)
_OTHER_KEY = re.compile(
    r"lat|lon|time|date|linear|angular|height|elev|vertical|resol|size|^[xyzt]#|crs|proj",
    re.IGNORECASE,
)
_TITLE_KEY = re.compile(
    r"(?:.*[#_: ])?(?:title|long_?name|standard_?name|desc(?:ription)?|abstract|"
    r"tifftag_imagedescription|layer_?name|band_?name|variable)",
    re.IGNORECASE,
)


def read_statements(path: Path, raster: Any) -> Statements:
    """Return what a raster and the files beside it say of the unit of its values.

    Raises
    ------
    DataError
        A file beside it is a pipe, a device, a link to another folder or no short text.
    """
    aux = _read_aux(path)
    tags = [*raster.tags(1).items(), *raster.tags().items(), *aux.items, *_read_json_tags(path)]
    units = [raster.units[0] or "", aux.band.get("UnitType", "")]
    units += [text for key, text in tags if _UNIT_KEY.fullmatch(key) and not _OTHER_KEY.search(key)]
    titles = [text for key, text in tags if _TITLE_KEY.fullmatch(key)]
    return Statements(
        units, [raster.descriptions[0] or "", aux.band.get("Description", "")], titles
    )


def _read_json_tags(path: Path) -> list[tuple[str, str]]:
    """Return the texts in a ``.json`` file: its own members, and those of its bands."""
    content = read_companion(_json_path(path), str(path))
    try:
        stated = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return []
    return list(_list_texts(stated, deeper=2))


def _list_texts(stated: object, *, deeper: int) -> Iterator[tuple[str, str]]:
    """Yield the names and values of members that are texts, also those of lists of bands."""
    for key, value in stated.items() if isinstance(stated, dict) else ():
        if isinstance(value, str):
            yield key, value
        elif deeper and "band" in key.casefold():
            for band in value if isinstance(value, list) else [value]:
                yield from _list_texts(band, deeper=deeper - 1)


def read_raster_source(paths: Iterable[str | Path]) -> Source | None:
    """Return the source of rasters from the metadata file beside each; None unless all have one.

    Raises
    ------
    DataError
        A metadata file is a pipe, a device, or a link to another folder.
    """
    sources = []
    for path in map(Path, paths):
        content = read_companion(_json_path(path), str(path))
        source = None if content is None else _parse_source(content)
        if source is None:
            return None  # there is no such file, or another program wrote it
        sources.append(source)
    return join_sources(sources) if sources else None


def _parse_source(content: bytes) -> Source | None:
    """Return the source in a metadata file; None if another program wrote it."""
    try:
        stated = json.loads(content)
        fields = {one.name for one in dataclasses.fields(Source)}
        known = {name: stated[name] for name in fields & set(stated)}
        accuracy = known.pop("accuracy_m", None)
        if not all(isinstance(value, str) for value in known.values()):
            return None
        "".join(known.values()).encode()  # half a surrogate pair has no UTF-8
        if accuracy is not None and not math.isfinite(accuracy):
            return None
        return Source(**known, accuracy_m=accuracy)
    except (ValueError, TypeError, OverflowError, RecursionError, GeobufferError):
        return None
