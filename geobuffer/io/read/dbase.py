"""Find the encoding of a dBASE table, which holds the texts of a Shapefile.

A ``.cpg`` file beside the table states the encoding, or else a byte of the table does. Both are
often wrong: programs write the code page of their machine, or none. So we test the stated encoding
on the texts themselves.
"""

from __future__ import annotations

import codecs
import re

import numpy as np

from geobuffer.errors import DataError
from geobuffer.io.read.encodings import Encoding, compare_encodings

# Byte 29 of a dBASE table states its encoding. We leave out 0x01, 0x03 and 0x57, which programs
# write by default, whatever the encoding of the texts is.
_LANGUAGE_DRIVERS = {
    0x02: "cp850", 0x26: "cp866", 0x65: "cp866", 0x64: "cp852", 0x6A: "cp737", 0x6B: "cp857",
    0x4D: "gb18030", 0x4E: "cp949", 0x4F: "big5hkscs", 0x7B: "cp932", 0xC8: "cp1250",
    0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253", 0xCC: "cp1257",
}  # fmt: skip

# What programs write to a .cpg: "UTF-8", "1251", "ANSI 1251", "OEM 866", "ISO-8859-2", "88592".
_ISO = re.compile(r"(?:iso)?[ _-]*8859[ _-]*(\d{1,2})")
_PAGE = re.compile(r"(?:ansi|oem|cp|ms|ibm|win(?:dows)?)?[ _-]*(\d{3,5})")
_UTF8 = re.compile(r"utf[ _-]?8|(?:cp)?65001")

_CHARACTERS = ord("C")


def find_dbase_encoding(
    table: bytes, code_page: bytes | None, name: str, notes: list[str]
) -> str | None:
    """Return the encoding of the texts of a table; ``None`` if all are plain ASCII.

    Parameters
    ----------
    table
        The content of the ``.dbf``.
    code_page
        The content of the ``.cpg``, or ``None`` if that file is missing.
    name
        The name of the file, for messages.
    notes
        The list to which we add a note if the ``.cpg`` is missing or wrong.

    Raises
    ------
    DataError
        Some texts are UTF-8 and others are not.
    """
    texts = list_dbase_texts(table)
    if texts.isascii():
        return None
    if code_page is None:
        found = compare_encodings(
            texts, _LANGUAGE_DRIVERS.get(int.from_bytes(table[29:30], "little"), "")
        )
        _check_not_mixed(found, name)
        reason = "because there is no .cpg file"
    else:
        written = code_page.decode("ascii", "replace").strip()[:40]
        stated = parse_code_page(written)
        found = compare_encodings(texts, stated)
        _check_not_mixed(found, name)
        if stated and found.name == stated:
            return stated
        reason = f"because its .cpg file states {written!r}, " + (
            "in which they are not words" if stated else "which is not a known encoding"
        )
    notes.append(
        f"its texts were read as {found.name}, {reason}. {_describe_doubt(found)}If letters look "
        "wrong, write the name of the encoding to such a file, or state it with encoding=."
    )
    return found.name


def _check_not_mixed(found: Encoding, name: str) -> None:
    if found.mixed_lines:
        raise DataError(
            f"Unreadable {name}: some of its texts are UTF-8, and others seem to be {found.name}. "
            "Save all as UTF-8, or state one encoding with encoding=."
        )


def _describe_doubt(found: Encoding) -> str:
    if not found.alternative:
        return ""
    one, other = found.example
    return f"They may be {found.alternative}: {one} would be {other}. "


def parse_code_page(written: str) -> str:
    """Return the codec that a ``.cpg`` file states; an empty text if it is not known.

    >>> [parse_code_page(text) for text in ("UTF-8", "ANSI 1251", "88592", "OEM 866", "system")]
    ['utf-8', 'cp1251', 'iso8859_2', 'cp866', '']
    """
    text = written.lower()
    if _UTF8.fullmatch(text):
        return "utf-8"
    if match := _ISO.fullmatch(text):
        text = f"iso8859_{match[1]}"
    elif match := _PAGE.fullmatch(text):
        text = f"cp{match[1]}"
    try:
        name = codecs.lookup(text).name
    except (LookupError, ValueError):
        return ""
    return name.replace("-", "_")


def name_for_gdal(codec: str) -> str:
    """Return the name by which GDAL knows a codec of Python.

    >>> [name_for_gdal(codec) for codec in ("iso8859_2", "iso8859-1", "koi8_u", "cp1251")]
    ['ISO-8859-2', 'ISO-8859-1', 'KOI8-U', 'cp1251']
    """
    name = codec.replace("_", "-")
    if name.startswith("iso8859-"):
        return name.replace("iso8859", "ISO-8859")
    if name == "euc-jis-2004":
        return "EUC-JP"
    return name.upper() if name.startswith(("koi8", "mac")) else codec


def list_dbase_texts(table: bytes) -> bytes:
    """Return the names of the fields and their texts, one a line."""
    header, record = (int.from_bytes(table[at : at + 2], "little") for at in (8, 10))
    names, columns, start = [], [], 1
    for at in range(32, min(header, len(table)) - 32, 32):
        names.append(table[at : at + 11].split(b"\0")[0])
        # A field of texts may be longer than 255: the next byte counts multiples of 256.
        is_text = table[at + 11] == _CHARACTERS
        width = table[at + 16] + (256 * table[at + 17] if is_text else 0)
        if is_text:
            columns.append((start, start + width))
        start += width
    count = max(len(table) - header, 0) // record if record else 0
    rows = np.frombuffer(table, np.uint8, count * record, header if count else 0)
    rows = rows.reshape(count, -1 if count else record)
    texts = [
        np.pad(rows[:, first:end], ((0, 0), (0, 1)), constant_values=ord("\n")).tobytes()
        for first, end in columns
    ]
    return b"\n".join([*names, *texts])
