"""Compare the country and oblast that a table lists for each place with its point.

Even a long table has few different countries and oblasts. So we store each different value once and
its number for each row (:class:`NumberedValues`). Rows with the same values and the same regions
around their points are compared only once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.geodesy.area_index import AreaIndex
from geobuffer.zones.arguments import describe_type
from geobuffer.zones.toponyms import find_other_names, fold_name, fold_region_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.zones.region import Region

    Flags = NDArray[np.bool_]


# Codes of three letters and full names that gazetteers of these countries use, in folded spelling.
_COUNTRY_ALIASES = {
    "ukr": "UA", "rus": "RU", "blr": "BY", "russian federation": "RU",
    "россииская федерация": "RU", "росииска федерация": "RU",
}  # fmt: skip


class NumberedValues(NamedTuple):
    """The values of rows: each different one once, and its number for each row."""

    number: Ints
    """The number of each row's value, (n,); −1 where it is missing or blank."""
    different: Sequence[Any]
    """The different values."""

    def select(self, rows: Any) -> NumberedValues:
        """Return the values of some rows."""
        return self._replace(number=self.number[rows])

    def spread(self) -> NDArray[np.object_]:
        """Return the value of each row; None where it is missing."""
        values = np.array([*self.different, None], dtype=object)
        if not any(self.number.strides):
            return np.broadcast_to(values[self.number[:1]], len(self.number))
        return values.take(self.number)


class Listing(NamedTuple):
    """Where a table lists each place; None if it does not state that."""

    country: NumberedValues | None = None
    """Codes or names of countries."""
    oblast: NumberedValues | None = None
    """Names of oblasts."""
    oblast_iso: NumberedValues | None = None
    """ISO 3166-2 codes of oblasts."""


def read_listing(table: pd.DataFrame | pd.Series) -> Listing:
    """Return where a table lists its places; ``country_name`` fills the gaps of ``country``."""
    columns = getattr(table, "columns", ())
    country, country_name, oblast, oblast_iso = (
        number_values(name, table[name]) if name in columns else None
        for name in ("country", "country_name", "oblast", "oblast_iso")
    )
    return Listing(fill_gaps(country, country_name), oblast, oblast_iso)


def number_values(name: str, values: Any) -> NumberedValues:
    """Return the different values of a column with their numbers; blank texts count as missing.

    Parameters
    ----------
    name
        The name of the column or argument, for messages.
    values
        A Series or an array of objects.

    Raises
    ------
    DataError
        A value is a list, a dict or another object that cannot be a key.

    Examples
    --------
    >>> number_values("country", pd.Series(["UA", None, " ", "RU", "UA"])).number.tolist()
    [0, -1, -1, 2, 0]
    """
    try:
        number, different = pd.factorize(values)
    except TypeError as error:
        texts = np.asarray(values, dtype=object)
        row = next(row for row, value in enumerate(texts) if not _is_hashable(value))
        raise DataError(
            f"Invalid {name} at position {row}: {describe_type(texts[row])}. Must be a text, or "
            "missing.",
            parameter=name,
        ) from error
    return drop_blanks(NumberedValues(number, list(different)))


def drop_blanks(column: NumberedValues) -> NumberedValues:
    """Return values with blank texts marked as missing."""
    blank = [
        n for n, one in enumerate(column.different) if isinstance(one, str) and not one.strip()
    ]
    number = column.number
    for one in blank:
        number = np.where(number == one, -1, number)
    return NumberedValues(number, column.different)


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def fill_gaps(
    column: NumberedValues | None, others: NumberedValues | None
) -> NumberedValues | None:
    """Return the values of a column, and those of another one where they are missing.

    Examples
    --------
    >>> some = number_values("country", pd.Series(["UA", None, " "]))
    >>> names = number_values("country_name", pd.Series(["Ukraine", "Russia", None]))
    >>> fill_gaps(some, names).spread().tolist()
    ['UA', 'Russia', None]
    """
    if column is None or others is None:
        return others if column is None else column
    shifted = np.where(others.number < 0, -1, others.number + len(column.different))
    number = np.where(column.number < 0, shifted, column.number)
    return NumberedValues(number, [*column.different, *others.different])


class Conflicts(NamedTuple):
    """What :func:`find_conflicts` found: one entry for each row of a table."""

    sentences: NumberedValues
    """How the country or oblast contradicts the point; ``""`` if it does not."""
    wrong_country: Flags
    """Whether the country that lists the place differs from the country around its point."""
    unlisted: Flags
    """Whether no country lists the place."""


def find_conflicts(
    listing: Listing,
    regions: Sequence[Region],
    lon: Floats,
    lat: Floats,
    outlines: AreaIndex | None = None,
) -> Conflicts:
    """Find the places whose listed country or oblast contradicts their points.

    Oblasts are compared by ``oblast_iso``. A place without it is compared by the name in
    ``oblast``, if that is the name of one of the regions. For a region that is named after a known
    town, the name of another known town counts as another oblast. Each place is compared with the
    regions alone, so the other places of a table do not change what is found.

    Parameters
    ----------
    listing
        Where places are listed.
    regions
        The regions that may hold them.
    lon, lat
        Their points, in degrees; NaN where there is no point.
    outlines
        The index of the outlines of the regions, if there is one already.
    """
    count = len(lon)
    if all(column is None for column in listing):
        return make_no_conflicts(count)
    outlines = AreaIndex([region.geometry for region in regions]) if outlines is None else outlines
    holders = outlines.find_holders(lon, lat)
    there = np.isfinite(lon)
    columns = [column.number + 1 for column in listing if column is not None]
    case, first = _number_cases([holders.number, there, *columns])
    judged = _compare_cases(
        Listing(*(None if column is None else column.select(first) for column in listing)),
        regions, holders.combinations[holders.number[first]], there[first],
    )  # fmt: skip
    return Conflicts(
        judged.sentences._replace(number=judged.sentences.number.take(case)),
        judged.wrong_country.take(case),
        judged.unlisted.take(case),
    )


def make_no_conflicts(count: int) -> Conflicts:
    """Return empty conflicts, for places that no country or oblast lists."""
    none, listed = repeat_value(0, count), repeat_value(False, count)  # noqa: FBT003 - a value
    return Conflicts(NumberedValues(none, [""]), listed, repeat_value(True, count))  # noqa: FBT003


# The numbers of several columns are packed into one of 64 bits. Combinations are numbered again
# before it overflows.
_MOST_CASES = 2**62


def _number_cases(columns: Sequence[NDArray[Any]]) -> tuple[Ints, Ints]:
    """Return the number of each row's combination of numbers, and the first row of each."""
    case, cases = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        different = int(column.max(initial=0)) + 1
        if cases * different > _MOST_CASES:
            case = pd.factorize(case)[0]
            cases = int(case.max(initial=0)) + 1
        case, cases = case * different + column, cases * different
    case = pd.factorize(case)[0]
    # pandas numbers cases by first occurrence, so each new maximum is the first row of a case.
    return case, np.flatnonzero(np.diff(np.maximum.accumulate(case), prepend=-1))


def _compare_cases(
    listing: Listing, regions: Sequence[Region], held: Flags, has_point: Flags
) -> Conflicts:
    """Return the conflicts of rows; ``held`` (rows, regions) says which regions hold the point."""
    nothing = NumberedValues(np.full(len(held), -1), [])
    country, oblast, iso = (nothing if column is None else column for column in listing)
    codes = [*_read_country_codes(country.different, regions), None]
    sentences = np.full(len(held), "", dtype=object)
    wrong_country = np.zeros(len(held), dtype=bool)

    def read_row(row: np.signedinteger) -> Any:
        number, values = oblast if oblast.number[row] >= 0 else iso
        return values[number[row]]

    known = _compare_oblasts(iso, oblast, (country.number, codes), regions)
    for region, there, (here, elsewhere) in zip(regions, held.T, known, strict=True):
        abroad = np.array(
            [bool(region.country) and code not in {None, region.country} for code in codes]
        )[country.number]
        abroad &= there
        absent = ~there & here & has_point
        for row in np.flatnonzero(absent):
            if not sentences[row]:
                sentences[row] = f"listed in {read_row(row)}, but its point lies outside it"
        for row in np.flatnonzero((there & elsewhere) | abroad):
            lists = codes[country.number[row]] if abroad[row] else read_row(row)
            sentences[row] = f"listed in {lists}, but its point lies in {region.name}"
        wrong_country |= abroad
    number, different = pd.factorize(sentences)
    unlisted = np.array([code is None for code in codes])[country.number]
    return Conflicts(NumberedValues(number, list(different)), wrong_country, unlisted)


# Calls for one point after another share these arrays, because making them takes as long as testing
# the side of the point. A table needs one size or two.
@lru_cache(maxsize=64, typed=True)
def repeat_value(value: str | float, count: int) -> NDArray[Any]:
    """Return a read-only array that stores one value, however many rows it has.

    Examples
    --------
    >>> repeat_value(0.5, 3).tolist(), repeat_value("", 2).tolist()
    ([0.5, 0.5, 0.5], ['', ''])
    """
    one = np.array(value, dtype=object if isinstance(value, str) else None)
    # The array is shared, so no caller may make it writable again.
    one.flags.writeable = False
    return np.broadcast_to(one, count)


def _read_country_codes(values: Iterable[Any], regions: Iterable[Region]) -> list[str | None]:
    """Return the codes that codes or names of countries stand for; None if one is unknown."""
    known = dict(_COUNTRY_ALIASES)
    for region in regions:
        names = (region.country, *region.country_names.values())
        known |= {fold_name(name): region.country for name in names if name}

    def code(value: Any) -> str | None:
        text = value.strip() if isinstance(value, str) else ""
        is_code = len(text) == 2 and text.isascii() and text.isalpha()
        return text.upper() if is_code else known.get(fold_name(text))

    return [code(value) for value in values]


def _compare_oblasts(
    iso: NumberedValues,
    named: NumberedValues,
    country: tuple[Ints, list[str | None]],
    regions: Sequence[Region],
) -> list[tuple[Flags, Flags]]:
    """Return for each region which rows are listed in it, and which are surely listed elsewhere.

    Columns come as numbers and the values that these stand for.
    """
    coded = iso.number >= 0
    # The number −1 (missing) takes the last entry below.
    name_number = np.where(coded, -1, named.number)
    keys = [fold_region_name(name) if isinstance(name, str) else "" for name in named.different]
    spelled = [_region_spellings(region) for region in regions]
    all_spelled = set().union(*spelled)
    found = []
    for region, mine in zip(regions, spelled, strict=True):
        # Only codes with a hyphen are codes of oblasts; others stand for a country or a park.
        is_oblast = "-" in region.iso
        codes = [is_oblast and code == region.iso for code in iso.different]
        here = np.array([*codes, False])[iso.number]
        elsewhere = coded & ~here & is_oblast
        is_town = any(find_other_names(key) for key in mine)
        flags = [
            (k in mine, k in all_spelled or (is_town and bool(find_other_names(k)))) for k in keys
        ]
        its_own, known = np.array([*flags, (False, False)], dtype=bool)[name_number].T
        # Two countries may have oblasts of the same name, so the country must agree as well. A
        # place that no country lists has the last entry.
        agrees = [not region.country or code in {None, region.country} for code in country[1]]
        here = here | (its_own & np.array(agrees)[country[0]])
        elsewhere = elsewhere | (known & ~its_own)
        found.append((here, elsewhere))
    return found


def _region_spellings(region: Region) -> set[str]:
    names = {fold_region_name(name) for name in (region.name, *region.names.values()) if name}
    return names | {other for name in names for other in find_other_names(name)}
