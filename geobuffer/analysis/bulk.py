"""Classify the points of a large file: read batches, add the answers of a zone, write them.

The target is one file, complete or absent, or a folder of parts in Parquet. The folder holds a note
that names the source and the zone, so that an interrupted run can be continued.
"""

from __future__ import annotations

import json
import re
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from geobuffer._version import __version__
from geobuffer.analysis import _arrow
from geobuffer.analysis._arrow import (
    TableWriter,
    check_csv_columns,
    number_texts,
    open_table,
    read_batches,
    read_metres,
    read_points,
    read_texts,
)
from geobuffer.analysis._whole_tables import Reading
from geobuffer.analysis.conflicts import Listing, fill_gaps
from geobuffer.analysis.membership import (
    MEMBERSHIP,
    decide,
    find_uncertainty,
    measure_errors,
)
from geobuffer.analysis.text_columns import make_dictionary
from geobuffer.errors import DataError, did_you_mean
from geobuffer.geodesy.antimeridian import wrap_degrees
from geobuffer.geodesy.ellipsoid import is_on_globe
from geobuffer.io.atomic import (
    check_folder_writable,
    check_not_input,
    check_writable,
    is_temporary_folder,
    replace_file,
    write_text,
)
from geobuffer.io.odd_points import OddPoints, explain_beyond
from geobuffer.io.point_tables import check_metres, warn_if_swapped
from geobuffer.io.read.encodings import check_encoding
from geobuffer.io.read.files import MAX_GB, hide_password
from geobuffer.io.read.postgis import is_database
from geobuffer.io.read.read import parse_accuracy
from geobuffer.io.read.reproject import parse_crs
from geobuffer.io.write.write import check_csv_locale
from geobuffer.zones.arguments import (
    CALLABLE,
    FLAG,
    NUMBER,
    PATH,
    TEXT,
    check_arguments,
    optional,
)
from geobuffer.zones.checks import check_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geobuffer.analysis._arrow import Coordinates, TableSource
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.write.csv_tables import CsvStyle
    from geobuffer.zones.zone import Zone


# The file that records the source and the zone of a folder of parts, and the names of the files
# that such a folder may hold besides temporary ones.
_NOTE = "_geobuffer.json"
_PART = re.compile(r"part-\d{6,}\.parquet|_geobuffer\.json")

# What all parts of a folder must share. The key is the entry of the note that we compare. The value
# is what a difference means, and the entry that shows it to readers, if any.
_SHARED = {
    "zone_id": ("another zone", "zone"),
    "source": ("another source file", "source"),
    "bytes": ("an older version of the source file", ""),
    "modified": ("an older version of the source file", ""),
    "batch_rows": ("batches of another size", "batch_rows"),
    "encoding": ("another encoding of the source file", "encoding"),
    "reading": ("another way of reading the source file", ""),
    "made_with": ("another version of geobuffer", "made_with"),
}


def begin_parts(target: Path, run: dict[str, Any]) -> None:
    """Make a folder of parts, or check that its parts belong to this run."""
    note = target / _NOTE
    there = list(target.iterdir()) if target.is_dir() else []
    others = [path for path in there if not is_temporary_folder(path)]
    foreign = [path for path in others if not _PART.fullmatch(path.name)]
    if foreign or (others and not note.is_file()):
        name = (foreign or others)[0].name
        raise DataError(f"Invalid folder {str(target)!r}: it holds {name!r}. Must be empty.")
    if note.is_file():
        _check_same_run(target, _read_note(note), run)
    target.mkdir(exist_ok=True)
    write_text(note, json.dumps(run))


def _read_note(note: Path) -> dict[str, Any]:
    """Return the content of the note of a folder; empty if it is not an object in JSON."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _check_same_run(target: Path, before: dict[str, Any], run: dict[str, Any]) -> None:
    """Raise an error that names what differs between the run that began a folder and this one."""
    differing = [key for key in _SHARED if before.get(key) != run[key]]
    if "source" in differing:  # another file has another size and date, too
        differing = [key for key in differing if key not in {"bytes", "modified"}]
    reasons = []
    for what, shown in dict.fromkeys(_SHARED[key] for key in differing):
        value = before.get(shown)
        reasons.append(what if value is None else f"{what} ({value})")
    if reasons:
        raise DataError(
            f"Invalid folder {str(target)!r}: its parts belong to {' and '.join(reasons)}. "
            "Name another folder, or remove this one."
        )


def count_rows(folder: Path) -> int:
    """Return the number of rows in the parts of a folder."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(part).num_rows for part in sorted(folder.glob("part-*.parquet")))


def describe_run(rows: TableSource, zone: Zone, how: Reading) -> dict[str, Any]:
    """Return the facts about source, zone and program that all parts of a folder must share."""
    state = rows.path.stat()
    return {
        "source": str(rows.path.resolve()),
        "encoding": rows.encoding,
        "reading": repr(how._replace(encoding=None, crs=how.crs and how.crs.to_string())),
        "bytes": state.st_size,
        "modified": state.st_mtime_ns,
        "batch_rows": _arrow.BATCH_ROWS,
        "zone": repr(zone),
        **_describe_origin(zone),
    }


def _describe_origin(zone: Zone) -> dict[str, str]:
    """Return the zone and the program that answers come from."""
    return {"zone_id": zone.digest, "made_with": f"geobuffer {__version__}"}


def answer_batches(
    rows: TableSource,
    zone: Zone,
    progress: Callable[[float], None] | None,
    skip: set[int],
) -> Iterator[tuple[int, pa.Table]]:
    """Yield the number of each batch and its answered rows; leave out the numbers in ``skip``."""
    first = 0
    for number, (share, batch) in enumerate(_read_ahead(read_batches(rows))):
        if number not in skip:
            try:
                answered = _answer_batch(batch, rows, zone, first)
            except DataError as error:
                if str(rows.path) in str(error):
                    raise
                raise DataError(f"{rows.path}: {error}") from error
            yield number, answered
        first += batch.num_rows
        if progress is not None:
            progress(share)


def _read_ahead(batches: Iterator[tuple[float, pa.Table]]) -> Iterator[tuple[float, pa.Table]]:
    """Yield batches; a thread reads the next one while the caller works on one."""
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = ahead.submit(next, batches, None)
            yield batch


def _answer_batch(rows: pa.Table, source: TableSource, zone: Zone, first: int) -> pa.Table:
    """Return rows with the columns of answers added or replaced."""
    at = source.at
    lon, lat = read_points(rows, source, first)
    nowhere = np.isnan(lon) & np.isnan(lat)
    bad = np.flatnonzero(~nowhere & ~is_on_globe(lon, lat))
    if len(bad):
        row = bad[0]
        reason = explain_beyond(
            lon, lat, swap="swap=True turns all.",
            metres='need crs=: "EPSG:3857" for web maps, or that of the file.',
        )  # fmt: skip
        raise DataError(
            f"Invalid point in {source.cite_row(first + row)}: longitude {lon[row]:.10g}, "
            f"latitude {lat[row]:.10g}. Must lie within ±180 and ±90; {reason}"
        )
    if not first:  # the first batch is enough to see whether the axes are swapped
        lines = [one.line for one in zone.sections]
        warn_if_swapped(
            lon, lat, lines, pd.RangeIndex(len(lon)), stacklevel=2, remedy="swap=True turns them"
        )
    lon = wrap_degrees(lon)
    if source.odd is not None:
        source.odd.look(lon, lat, first)
    metres = {
        name: read_metres(rows, at.known[name], source, first)
        for name in ("accuracy_m", "radius_m")
        if name in at.known
    }
    if at.accuracy_m is not None:
        stated = metres.get("accuracy_m", np.full(len(lon), np.nan))
        metres["accuracy_m"] = np.where(np.isnan(stated), at.accuracy_m, stated)
    errors = measure_errors(
        lon, lat, zone, **{name: check_metres(name, column) for name, column in metres.items()}
    )
    listing, candidates = _read_listing(rows, at)
    uncertainty = find_uncertainty(lon, lat, zone, errors, listing, candidates)
    answers = decide(lon, lat, zone, uncertainty)
    columns = {
        "distance_km": _float_column(answers.distance_km),
        "side": make_dictionary(answers.side, [side.name for side in zone.sides], ""),
        "section": make_dictionary(answers.section, [section.name for section in zone.sections]),
        "chainage_km": _float_column(answers.chainage_km),
        "ring": make_dictionary(answers.ring, zone.ring_names),
        "membership": make_dictionary(answers.membership, MEMBERSHIP),
        "p_inside": _float_column(answers.p_inside),
        "margin_km": _float_column(answers.margin_km),
        "conflict": make_dictionary(*uncertainty.conflict),
    }
    rows = rows.select([name for name in rows.column_names if name not in columns])
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    return rows


def _read_listing(rows: pa.Table, at: Coordinates) -> tuple[Listing, Any]:
    """Return where rows are listed, and the candidates of rows without a point."""
    country, country_name, oblast, oblast_iso = (
        number_texts(rows, name, at.known[name]) if name in at.known else None
        for name in ("country", "country_name", "oblast", "oblast_iso")
    )
    texts = read_texts(rows, at.known["candidates"]) if "candidates" in at.known else None
    return Listing(fill_gaps(country, country_name), oblast, oblast_iso), texts


def _float_column(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)


_FORMATS = (".parquet", ".csv")


def classify_file(  # noqa: PLR0913 - one parameter for each fact that a file may not state
    source: str | Path,
    zone: Zone,
    target: str | Path,
    *,
    lon: str | None = None,
    lat: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    crs: Any = None,
    accuracy_m: float | str | None = None,
    swap: bool = False,
    max_gb: float = MAX_GB,
    csv_locale: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Classify the rows of a file of any length, write them, and return their number.

    The columns of :func:`geobuffer.classify` are added or replaced, with the same values. Rows
    without a point get missing values. Rows of a text table in which all fields are empty are left
    out, as in :func:`geobuffer.read_settlements`, and a warning counts them. Accuracies, radii,
    countries and oblasts are used where the file has them, as in a table of that function.

    Parameters
    ----------
    source
        Any file or table of PostGIS that :func:`geobuffer.read_settlements` reads, by the same
        rules. GeoParquet of points, Parquet with coordinates and text tables (CSV, TSV, TXT) of any
        length are read in batches. Other sources are read as a whole: layers, workbooks, records of
        JSON, files in an archive, and tables of PostGIS. For a table of PostGIS the target must be
        one file. Facts about a whole column, such as its decimal mark, are found in the whole file,
        so we read it twice. In a file with the column ``accuracy_m`` or ``radius_m``, a missing
        value counts as 1,000 metres. Without the column, all points count as exact, or all places
        as points. Columns keep their names; the points of a layer are in degrees.
    zone
        The zone.
    target
        A path that ends with ``.parquet`` or ``.csv`` is one file, which is written completely or
        not at all. A path without a suffix is a folder of parts in Parquet, in order. If the folder
        exists and is of the same source, an equal zone and this version of geobuffer, the missing
        parts are added. It is never the source itself, nor the folder in which the source lies.
    lon, lat, layer, sheet, encoding, crs, accuracy_m, swap
        How the source is read, as for :func:`geobuffer.read_settlements`.
    max_gb
        The largest size of a source that is read as a whole.
    csv_locale
        The locale of a ``target`` that ends with ``.csv``, as in :func:`geobuffer.write`.
    progress
        Called with the share of the source that is done, from 0 to 1.

    Raises
    ------
    DataError
        The source cannot be read or has no coordinates; a coordinate or an accuracy is invalid (the
        message names the line of a text table, or the row of Parquet, counted from 0); the suffix
        of the target names no format, or the format cannot hold a column of the source; the folder
        is of another source, another zone or another version of geobuffer; or an argument does not
        fit the file, such as ``encoding`` of Parquet; or ``csv_locale`` is unknown, or is stated
        for another target than CSV.
    GeometryError
        A row of a layer is not a point.
    WriteError
        ``target`` cannot be written, or it is or contains the source, also through a link.
    MissingCRSError
        A layer states no coordinate reference system, and ``crs`` does not either.
    WrongKind
        ``zone`` is not a zone, or an argument has a wrong type.

    Examples
    --------
    >>> import tempfile
    >>> import geobuffer as gb
    >>> zone = gb.scenario_zone(gb.load_scenario(), gb.load_regions())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = gb.write(gb.load_settlements(), f"{folder}/towns.parquet")
    ...     rows = classify_file(path, zone, f"{folder}/classified.parquet")
    ...     print(rows == len(gb.load_settlements()))
    True
    """
    texts = {"lon": lon, "lat": lat, "layer": layer, "sheet": sheet, "encoding": encoding}
    check_arguments(
        source=(source, PATH),
        target=(target, PATH),
        progress=(progress, optional(CALLABLE)),
        swap=(swap, FLAG),
        max_gb=(max_gb, NUMBER),
        **{name: (value, optional(TEXT)) for name, value in texts.items()},
        csv_locale=(csv_locale, optional(TEXT)),
    )
    how = Reading(
        lon, lat, layer, sheet, None if encoding is None else check_encoding(encoding),
        None if crs is None else parse_crs(crs),
        None if accuracy_m is None else parse_accuracy(accuracy_m), swap,
    )  # fmt: skip
    source = str(source).strip() if is_database(source) else Path(source)
    target, shown = Path(target), hide_password(str(source))
    check_zone(zone)
    check_not_input(target, [("source", source)])
    check_bulk_target(target)
    if isinstance(source, str) and not target.suffix:
        raise DataError(
            f"Invalid folder {str(target)!r}: rows of a database may change before a run is "
            "continued. Must be a file: .parquet or .csv."
        )
    style = check_csv_locale(target, csv_locale)
    odd, near = OddPoints(), [section.line for section in zone.sections]
    rows = open_table(source, how, near, max_gb=max_gb)
    if not rows.is_checked:
        rows = rows._replace(odd=odd)
    if target.suffix.lower() == ".csv":
        check_csv_columns(rows, target)
    with _use_system_memory():
        if target.suffix:
            count = _write_file(rows, zone, target, style, progress)
        else:
            count = _write_parts(rows, zone, how, target, progress)
    for note in [*rows.notes, *odd.list_notes(rows.cite_rows)]:
        warnings.warn(f"{shown}: {note}", stacklevel=2)
    return count


@contextmanager
def _use_system_memory() -> Iterator[None]:
    """Let Arrow take memory directly from the system, and restore its pool afterwards.

    Arrow's default pool returns the memory of each batch to the system and takes it again. That
    costs a tenth of the processor time.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def check_bulk_target(target: Path) -> None:
    """Refuse a target that cannot be written, before the source is read.

    Raises
    ------
    DataError
        The suffix names no format, or a file has the name of the folder.
    WriteError
        The folder does not exist or is read-only, or a folder has the name of the file.
    """
    if target.suffix.lower() not in (*_FORMATS, ""):
        hint = did_you_mean(target.suffix, _FORMATS)
        raise DataError(f"Invalid file {str(target)!r} for a large table. {hint}")
    if not target.suffix and target.exists() and not target.is_dir():
        raise DataError(f"Invalid folder {str(target)!r}: it is a file. Must be a folder's name.")
    if not target.suffix and target.is_dir():
        check_folder_writable(target, f"Invalid folder {str(target)!r}")
    else:
        check_writable(target)


def _write_file(
    rows: TableSource,
    zone: Zone,
    target: Path,
    style: CsvStyle | None,
    progress: Callable[[float], None] | None,
) -> int:
    """Write one file, completely or not at all; one thread classifies while another one writes."""
    count = 0
    with (
        replace_file(target) as draft,
        TableWriter(draft, rows, _describe_origin(zone), style) as writer,
        ThreadPoolExecutor(1) as behind,
    ):
        writing: Future[None] | None = None
        for _, table in answer_batches(rows, zone, progress, set()):
            count += table.num_rows
            if writing is not None:
                writing.result()
            writing = behind.submit(writer.write, table)
        if writing is not None:
            writing.result()
    return count


def _write_parts(
    rows: TableSource,
    zone: Zone,
    how: Reading,
    target: Path,
    progress: Callable[[float], None] | None,
) -> int:
    """Write a folder of parts; add only the missing ones if it is of this source and zone."""
    begin_parts(target, describe_run(rows, zone, how))
    origin = _describe_origin(zone)
    done = {int(part.stem.removeprefix("part-")) for part in target.glob("part-*.parquet")}
    for number, table in answer_batches(rows, zone, progress, done):
        part = target / f"part-{number:06}.parquet"
        with replace_file(part) as draft, TableWriter(draft, rows, origin) as writer:
            writer.write(table)
    return count_rows(target)
