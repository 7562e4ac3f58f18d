"""Model buffer zones along borders: exact distances, the places inside, the people, the map."""

from geobuffer.borders import border_between, border_of
from geobuffer.bulk import classify_file
from geobuffer.combined import CombinedZone, clip_zone, subtract, unite
from geobuffer.compare import compare
from geobuffer.curve import exposure_curve, plot_curve
from geobuffer.datasets import (
    list_datasets,
    load_not_located,
    load_regions,
    load_settlements,
    source_of,
)
from geobuffer.downloads.downloader import Downloader
from geobuffer.downloads.fetching import fetch, list_sources
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
from geobuffer.export import write
from geobuffer.exposure import exposure
from geobuffer.gazetteers import merge_settlements, merge_summary
from geobuffer.maps import map_zone
from geobuffer.membership import Answers, answer
from geobuffer.model import Border, BufferZone, Region, Regions, Section, Side, Source
from geobuffer.offline import OfflinePage, inline
from geobuffer.plots import plot_crs, plot_zone
from geobuffer.population import compare_exposure, exposure_raster
from geobuffer.queries import (
    classify,
    distance_to_border,
    locate,
    nearest_section,
    within,
)
from geobuffer.reading import read_border, read_regions, read_settlements
from geobuffer.scenarios import (
    Report,
    Scenario,
    load_scenario,
    scenario_border,
    scenario_places,
    scenario_zone,
)
from geobuffer.shapes import border_along, border_around
from geobuffer.versions import show_versions
from geobuffer.zonefile import read_zone
from geobuffer.zones import build_zone

__version__ = "0.1.0"

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
