"""Model buffer zones along borders: exact distances, the places inside, the people, the map."""

from geobuffer._version import __version__
from geobuffer.analysis.bulk import classify_file
from geobuffer.analysis.classify import (
    classify,
    distance_to_border,
    locate,
    nearest_section,
    within,
)
from geobuffer.analysis.exposure import compare, exposure, exposure_curve
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
from geobuffer.viz.figure.curve import plot_curve
from geobuffer.viz.figure.plot import plot_crs, plot_zone
from geobuffer.viz.offline.inline import OfflinePage, inline
from geobuffer.viz.web.map import map_zone
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
    "build_zone",
    "classify",
    "classify_file",
    "clip_zone",
    "compare",
    "compare_exposure",
    "distance_to_border",
    "exposure",
    "exposure_curve",
    "exposure_raster",
    "fetch",
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
    "within",
    "write",
]


def __dir__() -> list[str]:
    """Return the public names: the modules behind them are no part of what is promised."""
    return sorted(__all__)
