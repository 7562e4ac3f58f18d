"""Show places that have outlines as points, with distances and classes from their outlines.

Maps draw a place as a dot. A table of areas gets a dot in each area; its distance is that of the
nearest point of the outline, and its class follows from all points of the area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from geobuffer.analysis.classify import Classification, classify_table, make_feature_frame
from geobuffer.analysis.features import answer_features
from geobuffer.analysis.membership import MEMBERSHIP, PARTLY
from geobuffer.io.feature_tables import AREAS, find_kind

if TYPE_CHECKING:
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.zone import Zone


class OutlineSpans(NamedTuple):
    """The distances and shares of outlines: one entry for each row of the table."""

    farthest_km: Floats
    """The greatest distance of the outline from the border; answers state the least distance."""
    share_inside: Floats
    """The share of the area that lies in the zone."""

    def select(self, rows: Any) -> OutlineSpans:
        """Return the entries of some rows."""
        return OutlineSpans(self.farthest_km[rows], self.share_inside[rows])


class ShownPlaces(NamedTuple):
    """The places that a map draws, and the answers about them."""

    table: gpd.GeoDataFrame
    """A table of points, in longitude and latitude where outlines were given."""
    found: Classification
    spans: OutlineSpans | None
    """The distances and shares of the outlines; None for a table of points."""


def classify_places(table: gpd.GeoDataFrame, zone: Zone) -> ShownPlaces:
    """Classify the places of a map; an area is classified by its outline and gets a point.

    A place that lies partly in the zone counts as uncertain on maps.

    Parameters
    ----------
    table
        Points or areas.
    zone
        The zone.

    Raises
    ------
    DataError, GeometryError
        As :func:`geobuffer.classify`.
    """
    if find_kind(table) != AREAS:
        return ShownPlaces(table, classify_table(table, zone), None)
    answers = answer_features(table, AREAS, zone)
    rows, points = answers.features.rows, np.full(len(table), None, dtype=object)
    points[rows] = shapely.point_on_surface(answers.features.shapes)
    # These columns describe the outline. The accuracy of the point inside it means nothing.
    inexact = [name for name in ("accuracy_m", "radius_m") if name in table]
    placed = gpd.GeoDataFrame(
        table.drop(columns=[table.geometry.name, *inexact]), geometry=points, crs="EPSG:4326"
    )
    frame = make_feature_frame(table, zone, answers)
    found = _replace_by_outline_answers(classify_table(placed, zone), frame)
    spans = OutlineSpans(frame["farthest_km"].to_numpy(), frame["share_inside"].to_numpy())
    return ShownPlaces(placed, found, spans)


def _replace_by_outline_answers(found: Classification, frame: Any) -> Classification:
    """Return a classification in which answers about outlines replace those about points."""
    replaced = found.frame.copy()
    for name in ("distance_km", "side", "section", "chainage_km", "ring", "margin_km"):
        replaced[name] = frame[name]
    is_partly = frame["membership"] == PARTLY
    replaced["membership"] = frame["membership"].mask(is_partly, MEMBERSHIP[2])
    replaced["p_inside"], replaced["conflict"] = np.nan, ""
    codes = {name: code for code, name in enumerate(MEMBERSHIP)}
    margin = frame["margin_km"].to_numpy()
    # We do not compare the country in a table with the side of an outline.
    all_false = np.zeros(len(frame), dtype=bool)
    answers = found.answers._replace(
        distance_km=frame["distance_km"].to_numpy(),
        membership=np.array([codes.get(one, -1) for one in replaced["membership"]], dtype=np.int8),
        margin_km=margin,
    )
    uncertainty = found.uncertainty._replace(
        margin=np.nan_to_num(margin), unlisted=all_false, wrong_country=all_false
    )
    return found._replace(frame=replaced, answers=answers, uncertainty=uncertainty)
