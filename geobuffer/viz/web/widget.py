"""Show the page of a map in a notebook, and exchange its state with Python.

The widget is the page itself in a frame, with additional scripts for selecting and drawing.
:mod:`geobuffer.viz.web._zone_widget` holds its state.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from geobuffer.errors import DataError, require
from geobuffer.viz.extent import check_map_arguments, number_places
from geobuffer.viz.web.map import check_page_options, draw_map
from geobuffer.zones.arguments import NUMBER, check_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd

    from geobuffer.datasets.scenario import Scenario
    from geobuffer.viz.web._zone_widget import ZoneWidget
    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


# Below the least height, the map has no room beside its buttons. The largest height is that of an
# upright screen.
_HEIGHT_PX = (300, 4000)


def widget(  # noqa: PLR0913 - all but the zone and its places are keywords
    zone: Zone,
    settlements: gpd.GeoDataFrame | None = None,
    *,
    regions: Iterable[Region] = (),
    title: str | Mapping[str, str] = "",
    notes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    language: str = "",
    basemap: str = "",
    scenario: Scenario | Mapping[str, Scenario] | None = None,
    model: bool = True,
    totals: Mapping[str, float] | None = None,
    height: float = 640,
) -> ZoneWidget:
    """Show the map of :func:`geobuffer.map_zone` in a notebook, connected with Python.

    The map has tools to select places (by clicks, a box or a lasso) and to draw points, lines and
    areas. Width, side, language, selection and drawings are attributes of the widget. Set one, and
    the map shows it. It works in JupyterLab, Jupyter Notebook, marimo and others that show
    anywidgets, and fetches nothing. It needs the extra ``widget``.

    Parameters
    ----------
    zone
        The zone to show, from :func:`geobuffer.build_zone`.
    settlements
        A table of places, as for :func:`geobuffer.map_zone`.
    regions, title, notes, language, basemap, scenario, model, totals
        As for :func:`geobuffer.map_zone`.
    height
        The height in pixels, from 300 to 4,000. The width is that of the notebook.

    Returns
    -------
    ZoneWidget
        A widget with these attributes:

        ``km``
            The width that is shown, in kilometres. You can set any width that the map can show.
        ``side``
            The side that is shown: ``"both"``, ``"around"`` or the name of a side.
        ``language``
            The language of the map. If you did not give it, it is empty until a map is shown.
        ``zone``
            The zone at that width and side, as :func:`geobuffer.build_zone` makes it.
        ``selected``
            The selected rows of ``settlements``, with its index, columns and CRS. Set it to some of
            its rows, or to labels of its index.
        ``drawn``
            What is drawn, as a GeoDataFrame in EPSG:4326 with a column ``kind``: ``"point"``,
            ``"line"`` or ``"area"``. Set it to a GeoDataFrame or a GeoSeries in any CRS.

        ``observe(function, names)`` calls a function at each change of ``"km"``, ``"side"``,
        ``"language"``, ``"selected_rows"`` or ``"drawn_geometries"``.

    Raises
    ------
    MissingExtra
        anywidget is not installed.
    DataError, WrongKind
        As :func:`geobuffer.map_zone`; or the height is too small or too large. Setting an
        attribute raises them too: for a width that the map cannot show, an unknown language, rows
        that are not on the map, or drawings without a CRS. An unknown side raises
        :class:`geobuffer.UnknownSide`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> shown = gb.widget(zone, gb.load_settlements())
    >>> shown.km = 7
    >>> shown.zone.edges_km, shown.zone.side
    ((0.0, 7.0), 'Ukraine')
    >>> shown.km = 40
    Traceback (most recent call last):
    geobuffer.errors.DataError: Invalid km 40: the map shows widths from 0.1 to 30 km. For other ...
    """
    check_map_arguments(zone, settlements, regions, language)
    check_page_options(title=title, notes=notes, basemap=basemap, scenario=scenario, model=model,
                       totals=totals)  # fmt: skip
    check_arguments(height=(height, NUMBER))
    if not _HEIGHT_PX[0] <= height <= _HEIGHT_PX[1]:
        raise DataError(
            f"Invalid height {height:g}. Must be from {_HEIGHT_PX[0]} to {_HEIGHT_PX[1]:,} pixels.",
            parameter="height",
        )
    require("widget", "anywidget", "A widget")
    from geobuffer.viz.web._zone_widget import ZoneWidget

    table, rows = None, np.array([], dtype=np.intp)
    if settlements is not None:
        table, rows = number_places(settlements, stacklevel=2)
    key = secrets.token_urlsafe(16)
    page: Any = draw_map(
        zone, table, regions=regions, title=title, notes=notes, language=language, basemap=basemap,
        scenario=scenario, model=model, totals=totals, widget={"key": key, "rows": rows},
    ).get_root()  # fmt: skip
    return ZoneWidget(zone, settlements, page, language=language, height=int(height))
