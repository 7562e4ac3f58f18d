"""Add the p-codes by which humanitarian organisations join tables of Ukraine (COD-AB).

A KATOTTG code is ``UA`` and 17 digits: two for the oblast, two for the raion, three for the
hromada, three for the place. The p-codes of level 3 and 4 are its first nine and twelve characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_KATOTTG = r"UA\d{17}"
_PCODE_4 = r"UA\d{10}"

# The length of a p-code, by its column.
_LENGTHS = {"adm3_pcode": 9, "adm4_pcode": 12}


def insert_pcodes(table: pd.DataFrame) -> None:
    """Insert ``adm3_pcode`` and ``adm4_pcode`` after the codes; missing outside Ukraine.

    Examples
    --------
    >>> import pandas as pd
    >>> codes = {"code": ["UA59080310010012345", "1"], "code_system": ["KATOTTG", "OKTMO"]}
    >>> places = pd.DataFrame(codes)
    >>> insert_pcodes(places)
    >>> places[["adm3_pcode", "adm4_pcode"]].iloc[0].tolist()
    ['UA5908031', 'UA5908031001']
    """
    codes, is_ukrainian = table["code"], find_katottg(table)
    at = list(table.columns).index("code_system" if "code_system" in table else "code")
    for name, length in _LENGTHS.items():
        at += 1
        table.insert(at, name, codes.str[:length].where(is_ukrainian))


def find_katottg(table: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows have a KATOTTG code in ``code``, by its form and by ``code_system``."""
    found = table["code"].astype(object).str.fullmatch(_KATOTTG, na=False).astype(bool)
    return found & (table["code_system"] == "KATOTTG") if "code_system" in table else found


def key_code(system: str, code: str, pcode: str = "") -> tuple[str, str]:
    """Return a key that is equal for codes of the same place: system and relevant part.

    A KATOTTG code and its first twelve characters, the p-code of level 4, have one key. The next
    two digits are those of a city's district, which is a separate place with a separate key.

    Examples
    --------
    >>> key_code("KATOTTG", "UA59080310010012345"), key_code("", "", "UA5908031001")
    (('KATOTTG', 'UA5908031001'), ('KATOTTG', 'UA5908031001'))
    >>> key_code("KATOTTG", "UA80000000000126643"), key_code("", "7")
    (('KATOTTG', 'UA80000000000126643'), ('', ''))
    """
    if system == "KATOTTG" and re.fullmatch(_KATOTTG, code):
        return system, code[:12] if code[12:14] == "00" else code
    for given in (code, "" if system and code else pcode):
        if re.fullmatch(_PCODE_4, given):
            return "KATOTTG", given
    return (system, code) if system and code else ("", "")


def complete_pcodes(table: pd.DataFrame) -> None:
    """Fill in the p-codes of rows with a KATOTTG code; add the columns if they are missing."""
    if "code" not in table or not (coded := find_katottg(table)).any():
        return
    if not _LENGTHS.keys() & set(table):
        insert_pcodes(table)
    for name in _LENGTHS.keys() & set(table):
        gaps = coded & table[name].isna()
        table[name] = table[name].where(~gaps, table["code"].str[: _LENGTHS[name]])
