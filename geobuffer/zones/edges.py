"""Read the edges of lines and areas that users give in memory, as the readers of files do."""

from __future__ import annotations

import warnings
from typing import Any

import shapely

from geobuffer.errors import GeometryError, WrongKind, did_you_mean, find_caller_level
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    cut_line,
    steps_over_antimeridian,
    unwrap_polygon,
)
from geobuffer.geodesy.curved_edges import EDGES, EdgeKind, draw_edges


def check_edges(edges: object) -> None:
    """Raise an error unless an argument is a kind of edges.

    Raises
    ------
    GeometryError
        The argument is a text, but not one of the kinds.
    WrongKind
        The argument is not a text.
    """
    if not isinstance(edges, str):
        shown = " or ".join(map(repr, EDGES))
        message = f"Invalid edges: {type(edges).__name__}. Must be {shown}."
        raise WrongKind(message, parameter="edges")
    if edges not in EDGES:
        message = f"Invalid edges {edges!r}. {did_you_mean(str(edges), EDGES)}"
        raise GeometryError(message, parameter="edges")


def _draw_edges(shape: Any, what: str, edges: EdgeKind) -> Any:
    check_edges(edges)
    if edges == "straight" or not hasattr(shape, "geom_type"):
        return shape
    try:
        return draw_edges(shape, edges)
    except GeometryError as error:
        raise GeometryError(f"Invalid {what}: {error}.") from error


_AREAS = ("Polygon", "MultiPolygon")
_LINES = ("LineString", "LinearRing", "MultiLineString")


def read_edges(shape: Any, what: str, edges: EdgeKind = "straight") -> Any:
    """Return a shape without edges of more than 180° of longitude, by the rule for files.

    :mod:`geobuffer.geodesy.antimeridian` explains the rule. Shapes without such edges, and shapes
    that are neither lines nor areas, are returned unchanged.

    Parameters
    ----------
    shape
        A shape in longitude and latitude.
    what
        What the shape is, for messages.
    edges
        How edges run: see :func:`geobuffer.geodesy.curved_edges.draw_edges`.

    Raises
    ------
    GeometryError
        ``edges`` is no kind of edges, or ``draw_edges`` raises it. Or an edge of more than 180° is
        ambiguous, or a ring goes round the globe across the equator.

    Warns
    -----
    UserWarning
        An edge crosses 180°: the shape is cut there.

    Examples
    --------
    >>> arctic = shapely.box(-180, 66.5, 180, 90)
    >>> read_edges(arctic, "region 'Arctic'").equals(arctic)
    True
    >>> read_edges(shapely.box(-100, 40, 100, 50), "region 'Belt'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid region 'Belt': the edge from 100, 50 to -100, 50 ...
    """
    kind = getattr(shape, "geom_type", "")
    shape = _draw_edges(shape, what, edges)
    west, _, east, _ = shape.bounds if kind in (*_AREAS, *_LINES) else (0.0,) * 4
    if not east - west > 180.0:
        return shape
    try:
        steps = steps_over_antimeridian(shape)
        whole = unwrap_polygon(shape) if kind in _AREAS else cut_line(shape)
    except GeometryError as error:
        raise GeometryError(f"Invalid {what}: {error}.") from error
    if steps:
        warnings.warn(
            f"{what} read as crossing the antimeridian and cut there",
            stacklevel=find_caller_level(),
        )
    if kind in _LINES:
        return whole
    if whole is not shape and whole.is_valid:
        # The parts of a polygon around a pole may touch where its ring began.
        return shapely.union_all([cut_at_antimeridian(shapely.force_2d(whole))])
    return whole
