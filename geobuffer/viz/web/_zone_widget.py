"""Hold the state of a widget: what its map shows, and what Python sets.

anywidget keeps the traits equal in Python and in the browser. This module is imported late, because
anywidget is an optional dependency.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import anywidget
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import traitlets

from geobuffer.errors import DataError, GeometryError, UnknownSide, did_you_mean, missing_crs
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, cut_unwrapped_line
from geobuffer.io.point_tables import read_points_table
from geobuffer.viz.web.page import read_asset
from geobuffer.zones.checks import convert_to_degrees
from geobuffer.zones.make_zone import build_zone
from geobuffer.zones.quantities import parse_km, quote_value
from geobuffer.zones.translation import check_language
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.zone import Zone


_KINDS = ("point", "line", "area")

# The narrowest width that a reader can type is this share of the slider's first step.
_NARROWEST = 0.1

# We cache this many zones, because a user may go back and forth between a few widths.
_MOST_ZONES = 16


class _Checked(traitlets.Any):
    """A trait of any kind. Its check also gets None, which traitlets.Any accepts unchecked."""

    allow_none = False


class ZoneWidget(anywidget.AnyWidget):
    """The page of a map in a notebook; :func:`geobuffer.widget` makes and describes it.

    Parameters
    ----------
    zone
        The zone as it was made.
    settlements
        The table of places as the user gave it, or None.
    page
        The page of a map that was drawn for a widget.
    language
        The language that the user chose, or an empty text.
    height
        The height in pixels.
    """

    _esm = read_asset("widget.mjs")
    _page = traitlets.Unicode().tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)
    _title = traitlets.Unicode().tag(sync=True)
    _height = traitlets.Int().tag(sync=True)
    # The checks below are stricter than those of traitlets, and their messages explain more.
    km = _Checked().tag(sync=True)
    side = _Checked().tag(sync=True)
    language = _Checked().tag(sync=True)
    selected_rows = traitlets.List(traitlets.Int()).tag(sync=True)
    drawn_geometries = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self,
        zone: Zone,
        settlements: gpd.GeoDataFrame | None,
        page: Any,
        *,
        language: str,
        height: int,
    ) -> None:
        self._made = zone
        self._places = None if settlements is None else read_points_table(settlements)
        facts = page.facts
        self._widths = facts["slider"]["widths_km"] or [zone.width_km]
        self._takes_any_width = (
            facts["zone"]["is_plain"] and zone.ends != "flat" and len(self._widths) > 1
        )
        self._sides = facts["zone"]["sides"] if facts["zone"]["is_plain"] else [zone.side]
        # Rows without a point have no dot that a user could select.
        located = () if self._places is None else _find_located(self._places)
        self._rows = frozenset(facts["widget"]["rows"]) & frozenset(located)
        # Each widget has its own cache, so that its zones are freed with it.
        self._build = functools.lru_cache(_MOST_ZONES)(self._build_zone)
        super().__init__(
            _page=page.render(), _key=facts["widget"]["key"], _title=page.title, _height=height,
            km=zone.width_km, side=zone.side, language=language,
        )  # fmt: skip

    @property
    def zone(self) -> Zone:
        """The zone at the shown width and side; it is built on first use."""
        return self._build(self.km, self.side)

    def _build_zone(self, km: float, side: str) -> Zone:
        made = self._made
        if (km, side) == (made.width_km, made.side) or not isinstance(made, BufferZone):
            return made
        # The map shows the rings that are narrower than the width, and a last one up to the width.
        inner = [edge for edge in made.edges_km[1:-1] if edge < km]
        ends: Any = made.ends
        zone: Zone = build_zone(
            made.border, km=[*inner, km], side=side, ends=ends, tolerance_m=made.tolerance_m
        )
        return zone

    @property
    def selected(self) -> gpd.GeoDataFrame:
        """The selected rows of the table of places."""
        if self._places is None:
            return gpd.GeoDataFrame(geometry=[], crs="EPSG:4326")
        return self._places.iloc[self.selected_rows]

    @selected.setter
    def selected(self, given: pd.DataFrame | Iterable[Any]) -> None:
        index: Any = pd.Index([]) if self._places is None else self._places.index
        try:
            labels = list(given.index if isinstance(given, pd.DataFrame) else given)
            rows = index.get_indexer_for(labels) if labels else np.array([], dtype=int)
        except TypeError as cause:
            message = (
                f"Invalid selected: {quote_value(given)}. Must be rows of the table of places, or "
                "labels of its index."
            )
            raise DataError(message, parameter="selected") from cause
        unknown = np.flatnonzero(rows < 0)
        if len(unknown):
            raise DataError(
                f"Invalid selected: {labels[unknown[0]]!r} is no label of the table of places. "
                "Must be rows of it, or labels of its index.",
                parameter="selected",
            )
        self.selected_rows = sorted(set(rows.tolist()))

    @property
    def drawn(self) -> gpd.GeoDataFrame:
        """The drawings on the map, each with its kind: a point, a line or an area."""
        shapes = [shapely.from_geojson(json.dumps(one)) for one in self.drawn_geometries]
        kinds = [_KINDS[shapely.get_dimensions(shape)] for shape in shapes]
        geometry = gpd.GeoSeries([_cut_drawing(shape) for shape in shapes], crs="EPSG:4326")
        return gpd.GeoDataFrame({"kind": pd.Series(kinds, dtype=object)}, geometry=geometry)

    @drawn.setter
    def drawn(self, given: gpd.GeoDataFrame | gpd.GeoSeries) -> None:
        if not isinstance(given, (gpd.GeoDataFrame, gpd.GeoSeries)):
            raise DataError(
                f"Invalid drawn: {quote_value(given)}. Must be a GeoDataFrame or a GeoSeries of "
                "points, lines or areas.",
                parameter="drawn",
            )
        if given.crs is None:
            remedy = 'for longitude and latitude use set_crs("EPSG:4326")'
            raise missing_crs("The table of what is to be drawn has", remedy)
        shapes = convert_to_degrees(given.geometry, "what is to be drawn")
        parts = shapely.get_parts(shapes[~(shapes.isna() | shapes.is_empty)].to_numpy())
        while (shapely.get_type_id(parts) > 3).any():  # a collection may hold others
            parts = shapely.get_parts(parts)
        self.drawn_geometries = [
            json.loads(text) for text in shapely.to_geojson(shapely.force_2d(parts))
        ]

    @traitlets.validate("km")
    def _check_km(self, proposal: dict[str, Any]) -> float:
        given = proposal["value"]
        km = parse_km(given)
        known = next((one for one in self._widths if one == km), None)
        if known is not None:
            return float(known)
        least, most = _NARROWEST * self._widths[0], self._widths[-1]
        if self._takes_any_width and least <= km <= most:
            return km
        shows = (
            f"widths from {least:g} to {most:g} km"
            if self._takes_any_width
            else f"the widths {', '.join(f'{one:g}' for one in self._widths)} km"
        )
        raise DataError(
            f"Invalid km {quote_value(given)}: the map shows {shows}. "
            "For other widths, make a widget of a zone of that width.",
            parameter="km",
        )

    @traitlets.validate("side")
    def _check_side(self, proposal: dict[str, Any]) -> str:
        given = proposal["value"]
        if given in self._sides:
            return str(given)
        if isinstance(given, str) and isinstance(self._made, BufferZone):
            # A side has a name in each language; a wrong one raises an error.
            name = self._made.border.find_side_name(given)
            if name in self._sides:
                return name
        raise UnknownSide(
            f"Invalid side {quote_value(given)}. {did_you_mean(str(given), self._sides)}",
            parameter="side",
        )

    @traitlets.validate("language")
    def _check_language(self, proposal: dict[str, Any]) -> str:
        given = proposal["value"]
        if given != "":
            check_language(given)
        return str(given)

    @traitlets.validate("selected_rows")
    def _check_rows(self, proposal: dict[str, Any]) -> list[int]:
        rows: list[int] = proposal["value"]
        for row in rows:
            if row not in self._rows:
                why = self._explain_missing_row(row)
                raise DataError(f"Invalid selected: {why}", parameter="selected")
        return rows

    def _explain_missing_row(self, row: int) -> str:
        """Return why a row cannot be selected."""
        if self._places is None or not 0 <= row < len(self._places):
            return f"the table of places has no row number {row}."
        label = self._places.index[row : row + 1].tolist()[0]
        return (
            f"row {label!r} is not on the map. It has no point, repeats another "
            "row, or lies too far from the border."
        )

    def __repr__(self) -> str:
        places = 0 if self._places is None else len(self._places)
        return (
            f"ZoneWidget({self.km:g} km, side {self.side!r}; {places:,} places, "
            f"{len(self.selected_rows):,} selected; {len(self.drawn_geometries):,} drawn)"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return the widget; for viewers without a kernel, the zone with its picture."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            made: Any = self._made
            data["text/html"] = f"{made._repr_html_()}<p>Run this cell to have the map here.</p>"
        return bundle


def _find_located(table: gpd.GeoDataFrame) -> list[int]:
    shapes = table.geometry
    found: list[int] = np.flatnonzero(~(shapes.isna() | shapes.is_empty)).tolist()
    return found


def _cut_drawing(shape: BaseGeometry) -> BaseGeometry:
    """Cut a drawing at ±180°; an area whose outline crosses itself is split into parts."""
    if shape.geom_type == "Polygon":
        try:
            return _unwrap_single_part(cut_at_antimeridian(shapely.make_valid(shape)))
        except GeometryError:
            return shape
    if shape.geom_type == "LineString" and shape.bounds[2] > 180.0:
        return _unwrap_single_part(shapely.multilinestrings(cut_unwrapped_line(shape)))
    return shape


def _unwrap_single_part(shape: BaseGeometry) -> BaseGeometry:
    """Return the only part of a shape, or the shape itself if it has several."""
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape
