"""Download how many people the hromadas of Ukraine have, from the populations on HDX (COD-PS).

A dataset has a workbook with a sheet for each administrative level, as ``ukr_admpop_adm3_2022``, or
a CSV file for each, as ``ukr_admpop_adm3_2022.csv``. ``ADM3_PCODE`` is the first nine characters of
the KATOTTG code of a hromada, ``T_TL`` the number of all people. Some years have no level 3; then
an error lists what there is. See :mod:`geobuffer.datasets.fetch.hdx`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from geobuffer.datasets.countries import describe_country
from geobuffer.datasets.fetch.check_content import check_text, check_zip
from geobuffer.datasets.fetch.hdx import fetch_package, obtain_resource, resource_name
from geobuffer.datasets.fetch.tables import Fetched, cite
from geobuffer.errors import DataError
from geobuffer.io.read.files import find_file
from geobuffer.io.read.totals import read_totals
from geobuffer.io.read.workbooks import list_sheets

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader, Obtained


_PCODE = re.compile(r"UA\d{7}")
# The name of a sheet or of a file that holds hromadas alone.
_HROMADAS = re.compile(r"adm(?:in)?_?3(?!\d)", re.IGNORECASE)
# That of a file of another level alone.
_ONE_LEVEL = re.compile(r"adm(?:in)?_?\d(?!\d)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def people(how: Downloader, *, refresh: bool) -> Fetched:
    """Return a row for each hromada: its p-code and its people, with their year."""
    iso3 = describe_country("UA").alpha_3
    package = fetch_package(how, "cod-ps", iso3, refresh=refresh)
    resource = _choose_resource(package)
    is_workbook = resource_name(resource).lower().endswith("xlsx")

    def check(path: Path) -> None:
        if is_workbook:
            check_zip(path, how.size_cap_bytes)
        else:
            check_text(path)

    file = obtain_resource(how, package, resource, iso3, check, refresh=refresh)
    totals = read_totals(file.path, sheet=_choose_sheet(file) if is_workbook else None)
    wrong = [code for code in totals if not _PCODE.fullmatch(code)]
    if wrong or not totals:
        given = repr(wrong[0]) if wrong else "no rows"
        raise DataError(
            f"Invalid codes of hromadas in {file.source.title}: {given}. Expected UA and seven "
            "digits."
        )
    years = _YEAR.findall(file.source.version)
    table = pd.DataFrame({"hromada_code": list(totals), "population": list(totals.values())})
    table["population_as_of"] = years[-1] if years else file.source.as_of
    table["source"] = cite(file.source)
    return Fetched(table.astype({"population": "Int64"}), (file.source,))


def _choose_resource(package: dict[str, Any]) -> dict[str, Any]:
    """Return the file of hromadas, or else the workbook of all levels; the latest of several."""
    named = [(resource_name(one), one) for one in package["resources"]]
    tables = [(name, one) for name, one in named if name.lower().endswith(("csv", "xlsx"))]
    alone = [(name, one) for name, one in tables if _HROMADAS.search(name)]
    every = [
        (name, one) for name, one in tables
        if name.lower().endswith("xlsx") and not _ONE_LEVEL.search(name)
    ]  # fmt: skip
    if not (alone or every):
        held = ", ".join(name for name, _ in named) or "nothing"
        raise DataError(
            f"HDX has no table of hromadas (level 3) in {package.get('name')}, but {held}."
        )
    _, latest = max(alone or every, key=lambda pair: max(_YEAR.findall(pair[0]), default=""))
    return dict(latest)


def _choose_sheet(file: Obtained) -> str:
    """Return the sheet of hromadas of a workbook."""
    sheets = list_sheets(find_file(file.path)[0])
    found = [title for title in sheets if _HROMADAS.search(title)]
    if not found:
        raise DataError(
            f"{file.source.title} has no people of hromadas: {file.source.version} holds the "
            f"sheets {', '.join(sheets)}. Give a table of yours with --totals."
        )
    return found[0]
