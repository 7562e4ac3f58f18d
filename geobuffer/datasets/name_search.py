"""Search settlements by name, in any spelling; the page's ``names.js`` gives the same answers."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from geobuffer.datasets.bundled import load_other_names
from geobuffer.errors import DataError
from geobuffer.zones.arguments import NAME, Kind, check_arguments
from geobuffer.zones.toponyms import (
    NAME_COLUMNS,
    TOWN_NAMES,
    count_edits,
    make_coarse_keys,
    make_name_keys,
    strip_kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How far the bundled table reaches from the line, in km: data/README.md.
BUNDLED_REACH_KM = 60

# An official code or its beginning: KATOTTG from the raion on, or OKTMO. Shorter runs of digits
# are numbers in names.
_CODE = re.compile(r"UA\d{4,17}|\d{8,11}")
# A coarse key of fewer letters stands for too many names.
_COARSE_LETTERS = 5
# No name of fewer letters is similar to another one, but longer ones may begin with it.
_SIMILAR_LETTERS, _BEGUN_LETTERS = 4, 2


class Found(NamedTuple):
    """The rows that a name stands for."""

    rows: list[int]
    """Positions in the table."""
    ranks: list[int]
    """0 for each row; 1 for a place that only shares its hromada's name, or whose own name has a
    word for its kind besides: a station of a town."""
    is_exact: bool
    """False if the name is only similar: another language's spelling of it."""
    by: str = "name"
    """What of the rows was found: ``name``, ``code``, ``hromada`` or ``similar name``."""


_NAMED = Kind(
    lambda value: (
        isinstance(value, pd.DataFrame) and bool({*NAME_COLUMNS, "code"} & set(value.columns))
    ),
    "a table of settlements with a column name, name_en, name_uk, name_ru or code",
)


def find_settlements(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of a table that a name or an official code stands for, the best first.

    Names are found as people spell them in Ukrainian, Russian and both common Latin schemes, with
    or without a word for the kind of place (*с. Басівка*), and by former names of bundled places.
    Of a table with ``hromada``, the name of a hromada finds its places. ``geobuffer where``
    searches in the same way.

    Parameters
    ----------
    table
        Settlements, such as :func:`geobuffer.load_settlements` or
        :func:`geobuffer.read_settlements` returns.
    name
        A name, or an official code or its beginning from the raion on.

    Returns
    -------
    pandas.DataFrame
        The rows with the column ``found_by``: ``name``, ``code``, ``hromada``, or ``similar name``
        if no place is spelled so. The table is empty if nothing is found.

    Raises
    ------
    DataError
        The name is blank.
    WrongKind
        The table has no column to search.

    Warns
    -----
    UserWarning
        Nothing is found, but there are similar names.

    Examples
    --------
    >>> import geobuffer as gb
    >>> found = find_settlements(gb.load_settlements(), "Loknya")
    >>> found[["name_en", "country", "found_by"]].values.tolist()
    [['Loknia', 'UA', 'name'], ['Loknia', 'UA', 'name'], ['Loknya', 'RU', 'name']]
    """
    check_arguments(table=(table, _NAMED), name=(name, NAME))
    if not name.strip():
        raise DataError("Invalid name: it is blank. Must be a name or a code.", parameter="name")
    index = NameIndex(table)
    found = index.find(name)
    order = sorted(range(len(found.rows)), key=found.ranks.__getitem__)
    rows = table.iloc[[found.rows[n] for n in order]]
    if rows.empty and (near := index.suggest(name)):
        warnings.warn(
            f"No settlement is called {name!r}. Did you mean {' or '.join(map(repr, near))}?",
            stacklevel=2,
        )
    return rows.assign(found_by=found.by)


class NameIndex:
    """Finds the rows of a table by their names, official codes and hromadas.

    Parameters
    ----------
    table
        Settlements with name columns; ``id``, ``code``, ``hromada`` and ``hromada_code`` are
        searched too if the table has them.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._names = _list_names(table)
        self._rows, self._bare_rows = _index_rows(self._names)

    @cached_property
    def _hromadas(self) -> dict[str, list[int]]:
        whole, bare = _index_rows(_list_texts(self._table, ("hromada",)))
        return {**bare, **whole}

    @cached_property
    def _coarse_rows(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        keys = list(self._rows)
        for key, coarse in zip(keys, make_coarse_keys(keys), strict=True):
            found[coarse] += self._rows[key]
        return dict(found)

    def find(self, text: str) -> Found:
        """Return the rows of a name or an official code.

        We try in turn the name as it is, without the words for its kind, as that of a hromada,
        and its coarse key. The first that any place has decides.
        """
        code = "".join(text.split()).upper()
        if _CODE.fullmatch(code):
            texts = _list_texts(self._table, ("code", "hromada_code"))
            return _make_found((row for row, one in texts if one.startswith(code)), by="code")
        full, bare = make_name_keys([text, strip_kind(text)])
        for key in (full, bare):
            wanted = _town_keys().get(key, (key,))
            own = {row for one in wanted for row in self._rows.get(one, ())}
            also = {row for one in wanted for row in self._bare_rows.get(one, ())} - own
            if own or also:
                rows = sorted(own | also)
                return Found(rows, [int(row in also) for row in rows], is_exact=True)
        if bare in self._hromadas:
            return self._rank_hromada(bare)
        (coarse,) = make_coarse_keys([bare])
        known = full in _town_keys() or len(coarse) < _COARSE_LETTERS
        alike = [] if known else self._coarse_rows.get(coarse, [])
        return _make_found(alike, is_exact=False, by="similar name")

    def _rank_hromada(self, key: str) -> Found:
        rows = sorted(set(self._hromadas[key]))
        # Юнаківська громада is named after Юнаківка.
        stem = re.sub("ska$", "", key)
        own = {row for name, rows in self._rows.items() if name.startswith(stem) for row in rows}
        return Found(rows, [int(row not in own) for row in rows], is_exact=True, by="hromada")

    def suggest(self, text: str, most: int = 3) -> list[str]:
        """Return the names that begin like a name, differ by a few letters or hold it, best first.

        A known town that no place of the table has gets no suggestion: it lies elsewhere.
        """
        (key,) = make_name_keys([strip_kind(text)])
        if len(key) < _BEGUN_LETTERS or key in _town_keys():
            return []
        near = sorted(
            (*rank, one) for one in self._rows if (rank := _rank_similar(one, key)) is not None
        )
        # Each place once, though it may have several such names.
        found: dict[str, set[int]] = {}
        for _, _, one in near:
            if not any(rows.issuperset(self._rows[one]) for rows in found.values()):
                found[one] = set(self._rows[one])
        return self._show_names(list(found)[:most])

    def describe_reach(self, text: str, found: pd.DataFrame) -> str:
        """Return how far the bundled table reaches, and which town of a name it lacks.

        Parameters
        ----------
        text
            The name that was searched.
        found
            The rows of the table that were found.

        Examples
        --------
        >>> import geobuffer as gb
        >>> table = gb.load_settlements()
        >>> print(NameIndex(table).describe_reach("Konotop", find_settlements(table, "Konotop")))
        The bundled table ends 60 km from the border of Ukraine and Russia: the place that
        Konotopskyi Raion (Sumy) is named after is not in it. --places reads your own.
        """
        missing = self._find_missing_town(text, found)
        if not missing:
            far = (names[0] for names in TOWN_NAMES if not self._has_town(names[0]))
            missing = f"towns farther away, such as {' and '.join(islice(far, 2))}, are not in it"
        return (
            f"The bundled table ends {BUNDLED_REACH_KM} km from the border of Ukraine and Russia: "
            f"{missing}. --places reads your own."
        )

    def _has_town(self, name: str) -> bool:
        rows = self._table.iloc[self.find(name).rows]
        return not self._find_missing_town(name, rows)

    def _find_missing_town(self, text: str, found: pd.DataFrame) -> str:
        """Return in words the known town of a name that is not among the places found; else ""."""
        if not {"kind", "oblast", "raion_en"}.issubset(found.columns):
            return ""  # the bundled table was joined to others
        full, bare = make_name_keys([text, strip_kind(text)])
        cities = found[found["kind"] == "city"]
        if group := _town_keys().get(bare) or _town_keys().get(full):
            # Each of these towns is in the oblast of its name.
            if set(make_name_keys(cities["oblast"])) & set(group):
                return ""
            name = next(names[0] for names in TOWN_NAMES if set(make_name_keys(names)) & set(group))
            return f"the large town {name} is not in it"
        for key, oblast, raion in self._raions:
            if not re.fullmatch(rf"{re.escape(bare.rstrip('aeiou'))}(?:(?:[aeio]?[nv])?sk)?i", key):
                continue
            here = (found["oblast"] == oblast) & (found["raion_en"] == raion)
            if not here.any() and oblast not in set(cities["oblast"]):
                return f"the place that {raion} ({oblast}) is named after is not in it"
        return ""

    @cached_property
    def _raions(self) -> list[tuple[str, str, str]]:
        """The key of the first word of each raion's name, its oblast and its name."""
        known = self._table[["oblast", "raion_en"]].dropna().drop_duplicates()
        keys = make_name_keys([name.split()[0] for name in known["raion_en"]])
        return list(zip(keys, known["oblast"], known["raion_en"], strict=True))

    def _show_names(self, keys: list[str]) -> list[str]:
        """Return for each key the first name of the table that has it."""
        rows = {row for key in keys for row in self._rows[key]}
        names = [name for row, name in reversed(self._names) if row in rows]
        shown = dict(zip(make_name_keys(names), names, strict=True))
        return [shown[key] for key in keys]


def _rank_similar(key: str, wanted: str) -> tuple[int, int] | None:
    """Return how similar a key is, the best first, and how many letters differ; None if it is not.

    0: a word of the key begins so; 1: at most one letter in four differs; 2: a part of the key.

    >>> [_rank_similar(key, "ivka") for key in ("ivkav", "ivke", "basivka", "sumi")]
    [(0, 1), (1, 1), (2, 3), None]
    """
    more = len(key) - len(wanted)
    if f" {wanted}" in f" {key}":
        return 0, more
    if len(wanted) < _SIMILAR_LETTERS:
        return None
    # Belogorye is not Belopolye: three letters of eight differ.
    most = len(wanted) // 4
    if (edits := count_edits(key, wanted, most)) <= most:
        return 1, edits
    return (2, more) if wanted in key else None


def _make_found(rows: Iterable[int], *, by: str, is_exact: bool = True) -> Found:
    distinct = sorted(set(rows))
    return Found(distinct, [0] * len(distinct), is_exact, by)


def _list_texts(table: pd.DataFrame, columns: Iterable[str]) -> list[tuple[int, str]]:
    """Return the texts of some columns, those that the table has, with their rows."""
    return [
        (row, text)
        for column in columns
        if column in table
        for row, text in enumerate(table[column].tolist())
        if isinstance(text, str) and text
    ]


def _list_names(table: pd.DataFrame) -> list[tuple[int, str]]:
    others = load_other_names()
    ids = _list_texts(table, ("id",))
    return _list_texts(table, NAME_COLUMNS) + [
        (row, name) for row, one in ids if one in others for name in others[one].split("|")
    ]


def _index_rows(
    names: Iterable[tuple[int, str]],
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return the rows of each key: of whole names, and of names without the words for kinds."""
    rows = defaultdict(list)
    for row, name in names:
        rows[name].append(row)
    bare = {name: stripped for name in rows if (stripped := strip_kind(name)) != name.lower()}
    found: list[dict[str, list[int]]] = []
    for texts in (dict(zip(rows, rows, strict=True)), bare):
        by_key: dict[str, list[int]] = defaultdict(list)
        for name, key in zip(texts, make_name_keys(texts.values()), strict=True):
            by_key[key] += rows[name]
        by_key.pop("", None)
        found.append(dict(by_key))
    return found[0], found[1]


@cache
def _town_keys() -> dict[str, tuple[str, ...]]:
    """Return, for each key of a town's name, all its keys."""
    groups = [tuple(dict.fromkeys(make_name_keys(names))) for names in TOWN_NAMES]
    return {key: group for group in groups for key in group}
