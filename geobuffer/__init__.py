"""Model buffer zones along borders: exact distances, the places inside, the people, the map."""

from geobuffer.borders import border_between, border_of
from geobuffer.bulk import classify_file
from geobuffer.compare import compare
from geobuffer.datasets import (
    list_datasets,
    load_not_located,
    load_regions,
    load_settlements,
    source_of,
)
from geobuffer.errors import (
    ChecksumMismatch,
    DataError,
    GeobufferError,
    GeometryError,
    MissingCRSError,
    NotAdjacent,
    UnknownDataset,
    UnknownRegion,
    UnknownSide,
)
from geobuffer.export import write
from geobuffer.exposure import exposure
from geobuffer.gazetteers import merge_settlements, merge_summary
from geobuffer.maps import map_zone
from geobuffer.model import Border, BufferZone, Region, Regions, Section, Side, Source
from geobuffer.population import compare_exposure, exposure_raster
from geobuffer.queries import (
    Answers,
    answer,
    classify,
    distance_to_border,
    locate,
    nearest_section,
    within,
)
from geobuffer.scenarios import (
    Report,
    Scenario,
    load_scenario,
    scenario_border,
    scenario_places,
    scenario_zone,
)
from geobuffer.zones import build_zone

__version__ = "0.1.0.dev0"

__all__ = [
    "Answers",
    "Border",
    "BufferZone",
    "ChecksumMismatch",
    "DataError",
    "GeobufferError",
    "GeometryError",
    "MissingCRSError",
    "NotAdjacent",
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
    "__version__",
    "answer",
    "border_between",
    "border_of",
    "build_zone",
    "classify",
    "classify_file",
    "compare",
    "compare_exposure",
    "distance_to_border",
    "exposure",
    "exposure_raster",
    "list_datasets",
    "load_not_located",
    "load_regions",
    "load_scenario",
    "load_settlements",
    "locate",
    "map_zone",
    "merge_settlements",
    "merge_summary",
    "nearest_section",
    "scenario_border",
    "scenario_places",
    "scenario_zone",
    "source_of",
    "within",
    "write",
]
