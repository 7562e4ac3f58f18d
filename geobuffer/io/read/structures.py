"""Read names from nested values, as in the tables of Overture Maps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from geobuffer.io.read.column_words import NAMES

if TYPE_CHECKING:
    from geobuffer.io.read.source_table import SourceTable


def split_names(table: SourceTable) -> None:
    """Add the names in nested values to a table as columns of texts. Existing columns stay.

    ``names`` of Overture Maps has a primary name and common names by language. ``location`` of
    places saved in Google Maps has a name.
    """
    if "location" in table.frame.columns and "name" not in table.frame.columns:
        texts = [_read_object(value).get("name") for value in table.frame["location"].tolist()]
        if any(isinstance(text, str) for text in texts):
            table.frame = table.frame.assign(name=pd.Series(texts, dtype=object))
    if "names" not in table.frame.columns:
        return
    read = [_read_names(value) for value in table.frame["names"].tolist()]
    if not any(read):
        return
    wanted = {"name": "primary"} | {f"name_{language}": language for language in NAMES}
    for column, key in wanted.items():
        texts = [one.get(key) for one in read]
        if column not in table.frame.columns and any(texts):
            table.frame = table.frame.assign(**{column: pd.Series(texts, dtype=object)})


def _read_object(value: Any) -> dict[str, Any]:
    """Return a dictionary, also from its text in JSON; an empty one for other values."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _read_names(value: Any) -> dict[str, str]:
    """Return the names in a dictionary or its text in JSON; no names for other values."""
    value = _read_object(value)
    if not isinstance(value.get("primary"), str):
        return {}
    common = value.get("common")
    # Arrow returns a map as a list of pairs.
    pairs = common.items() if isinstance(common, dict) else (common if common is not None else ())
    names = {"primary": value["primary"]}
    for pair in pairs:
        if len(pair) == 2 and all(isinstance(text, str) for text in pair):
            names[pair[0]] = pair[1]
    return names
