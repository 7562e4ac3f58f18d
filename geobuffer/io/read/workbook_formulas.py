"""Find the cells of a workbook whose formula has no saved result.

Programs that only write workbooks, such as openpyxl, store formulas without results. Such a cell
looks empty until Excel or LibreOffice opens and saves the workbook.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO


# A cell that holds a formula and no result, or an empty one.
_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PLACE = re.compile(rb'\br="([A-Z]{1,3}\d{1,7})"')
# These types mean that the result is a text, which may be empty.
_IS_TEXT = re.compile(rb'\bt="(?:str|s|inlineStr)"')
_BLOCK = 1 << 20


def find_unsaved_formulas(workbook: BinaryIO, sheet: str) -> list[str]:
    """Return the cells of a sheet, such as "B2", whose formula has no saved result.

    Parameters
    ----------
    workbook
        The workbook as a file.
    sheet
        The path of the sheet in its archive.
    """
    found: list[str] = []
    with zipfile.ZipFile(workbook) as archive, archive.open(sheet.lstrip("/")) as file:
        rest = b""
        while block := file.read(_BLOCK):
            text = rest + block
            # We search the part after the last whole cell again with the next block.
            end = max(text.rfind(b"c>") + 2, len(text) - 2 * _BLOCK)
            for cell in _CELL.finditer(text, 0, end):
                place = _PLACE.search(cell[1])
                if place and not _IS_TEXT.search(cell[1]):
                    found.append(place[1].decode())
            rest = text[end:]
    return found
