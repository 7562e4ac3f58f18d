"""Model buffer zones along borders: exact distances, the places inside, the people, the map.

``import geobuffer`` takes milliseconds: each public name is imported on first use (PEP 562). So
``geobuffer --help`` does not wait for geopandas. Type checkers and editors read the imports below
``TYPE_CHECKING``; a test compares them with ``_NAMES``.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from geobuffer._version import __version__

if TYPE_CHECKING:
    from geobuffer.analysis import duckdb as duckdb
    from geobuffer.analysis.buffers import buffer
    from geobuffer.analysis.bulk import classify_file
    from geobuffer.analysis.classify import (
        classify,
        clip,
        distance_to_border,
        locate,
        nearest_section,
        within,
    )
    from geobuffer.analysis.distance_grid import distance_grid
    from geobuffer.analysis.exposure import compare, exposure
    from geobuffer.analysis.exposure_curve import exposure_curve
    from geobuffer.analysis.membership import Answers, answer
    from geobuffer.analysis.merge import merge_settlements, merge_summary
    from geobuffer.analysis.raster_exposure import compare_exposure, exposure_raster
    from geobuffer.datasets.bundled import (
        list_datasets,
        load_not_located,
        load_regions,
        load_settlements,
        source_of,
    )
    from geobuffer.datasets.fetch.catalogue import fetch, list_sources
    from geobuffer.datasets.fetch.downloader import Downloader
    from geobuffer.datasets.name_search import find_settlements
    from geobuffer.datasets.scenario import (
        Report,
        Scenario,
        load_scenario,
        scenario_border,
        scenario_places,
        scenario_zone,
    )
    from geobuffer.errors import (
        ChecksumMismatch,
        DataError,
        DownloadError,
        GeobufferError,
        GeometryError,
        MissingCRSError,
        MissingExtra,
        NotAdjacent,
        UnknownDataset,
        UnknownRegion,
        UnknownSide,
        WriteError,
        WrongKind,
    )
    from geobuffer.io.read.read import read_border, read_regions, read_settlements
    from geobuffer.io.write.write import write
    from geobuffer.io.zone_file import read_zone
    from geobuffer.versions import show_versions
    from geobuffer.viz.claims import check_scenario
    from geobuffer.viz.figure.curve import plot_curve
    from geobuffer.viz.figure.plot import plot_crs, plot_zone
    from geobuffer.viz.offline.inline import OfflinePage, inline
    from geobuffer.viz.web.map import map_zone
    from geobuffer.viz.web.widget import widget
    from geobuffer.zones.border import Border, Section, Side
    from geobuffer.zones.make_border import border_along, border_around, border_between, border_of
    from geobuffer.zones.make_zone import build_zone, clip_zone, subtract, unite
    from geobuffer.zones.region import Region, Regions
    from geobuffer.zones.source import Source
    from geobuffer.zones.zone import BufferZone, CombinedZone

__all__ = [
    "Answers",
    "Border",
    "BufferZone",
    "ChecksumMismatch",
    "CombinedZone",
    "DataError",
    "DownloadError",
    "Downloader",
    "GeobufferError",
    "GeometryError",
    "MissingCRSError",
    "MissingExtra",
    "NotAdjacent",
    "OfflinePage",
    "Region",
    "Regions",
    "Report",
    "Scenario",
    "Section",
    "Side",
    "Source",
    "UnknownDataset",
    "UnknownRegion",
    "UnknownSide",
    "WriteError",
    "WrongKind",
    "__version__",
    "answer",
    "border_along",
    "border_around",
    "border_between",
    "border_of",
    "buffer",
    "build_zone",
    "check_scenario",
    "classify",
    "classify_file",
    "clip",
    "clip_zone",
    "compare",
    "compare_exposure",
    "distance_grid",
    "distance_to_border",
    "exposure",
    "exposure_curve",
    "exposure_raster",
    "fetch",
    "find_settlements",
    "inline",
    "list_datasets",
    "list_sources",
    "load_not_located",
    "load_regions",
    "load_scenario",
    "load_settlements",
    "locate",
    "map_zone",
    "merge_settlements",
    "merge_summary",
    "nearest_section",
    "plot_crs",
    "plot_curve",
    "plot_zone",
    "read_border",
    "read_regions",
    "read_settlements",
    "read_zone",
    "scenario_border",
    "scenario_places",
    "scenario_zone",
    "show_versions",
    "source_of",
    "subtract",
    "unite",
    "widget",
    "within",
    "write",
]

# The public names, by the module that defines them.
_NAMES = {
    "analysis.buffers": ("buffer",),
    "analysis.bulk": ("classify_file",),
    "analysis.classify": (
        "classify",
        "clip",
        "distance_to_border",
        "locate",
        "nearest_section",
        "within",
    ),
    "analysis.distance_grid": ("distance_grid",),
    "analysis.exposure": ("compare", "exposure"),
    "analysis.exposure_curve": ("exposure_curve",),
    "analysis.membership": ("Answers", "answer"),
    "analysis.merge": ("merge_settlements", "merge_summary"),
    "analysis.raster_exposure": ("compare_exposure", "exposure_raster"),
    "datasets.bundled": (
        "list_datasets",
        "load_not_located",
        "load_regions",
        "load_settlements",
        "source_of",
    ),
    "datasets.fetch.catalogue": ("fetch", "list_sources"),
    "datasets.fetch.downloader": ("Downloader",),
    "datasets.name_search": ("find_settlements",),
    "datasets.scenario": (
        "Report",
        "Scenario",
        "load_scenario",
        "scenario_border",
        "scenario_places",
        "scenario_zone",
    ),
    "errors": (
        "ChecksumMismatch",
        "DataError",
        "DownloadError",
        "GeobufferError",
        "GeometryError",
        "MissingCRSError",
        "MissingExtra",
        "NotAdjacent",
        "UnknownDataset",
        "UnknownRegion",
        "UnknownSide",
        "WriteError",
        "WrongKind",
    ),
    "io.read.read": ("read_border", "read_regions", "read_settlements"),
    "io.write.write": ("write",),
    "io.zone_file": ("read_zone",),
    "versions": ("show_versions",),
    "viz.claims": ("check_scenario",),
    "viz.figure.curve": ("plot_curve",),
    "viz.figure.plot": ("plot_crs", "plot_zone"),
    "viz.offline.inline": ("OfflinePage", "inline"),
    "viz.web.map": ("map_zone",),
    "viz.web.widget": ("widget",),
    "zones.border": ("Border", "Section", "Side"),
    "zones.make_border": ("border_along", "border_around", "border_between", "border_of"),
    "zones.make_zone": ("build_zone", "clip_zone", "subtract", "unite"),
    "zones.region": ("Region", "Regions"),
    "zones.source": ("Source",),
    "zones.zone": ("BufferZone", "CombinedZone"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

# Modules that work after ``import geobuffer as gb`` without another import, such as ``gb.errors``.
_SUBMODULES = {
    **{name: name for name in ("analysis", "datasets", "errors", "geodesy", "io")},
    **{name: name for name in ("palette", "versions", "viz", "zones")},
    "duckdb": "analysis.duckdb",
}

if not TYPE_CHECKING:  # A type checker that sees a __getattr__ accepts even misspelt names.

    def __getattr__(name: str) -> Any:
        """Import a public name or a module of the package on first use."""
        if name in _SUBMODULES:
            return importlib.import_module(f"geobuffer.{_SUBMODULES[name]}")
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"geobuffer.{_MODULE_OF[name]}"), name)
        _register_accessor()
        # Once the value is stored, the next access does not call this function. ``setdefault``
        # keeps a value that another thread or a test has set.
        return globals().setdefault(name, value)


def _register_accessor() -> None:
    """Register ``table.geobuffer`` with pandas if pandas is imported already; do not import it."""
    if "pandas" in sys.modules:
        importlib.import_module("geobuffer.analysis.accessor")


_register_accessor()


def __dir__() -> list[str]:
    """Return the public names only, because the modules that define them may change."""
    return sorted(__all__)
