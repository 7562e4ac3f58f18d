"""The companions of a Shapefile: which are missing, and in which encoding its texts are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from geobuffer.drafts import scratch
from geobuffer.errors import DataError
from geobuffer.reading.encodings import encoding_of
from geobuffer.reading.gdal import gdal_setting
from geobuffer.references import check_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geobuffer.reading.files import UserFile

# What a dBASE table's byte 29 says of its encoding, for those in which Cyrillic comes.
_LANGUAGE_DRIVERS = {0x26: "cp866", 0x65: "cp866", 0xC9: "cp1251"}


@contextmanager
def completed(file: UserFile, notes: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the name by which GDAL opens a Shapefile, and the encoding of its texts.

    Without ``.shx``, the index, it is copied to a folder of its own and the index made there.

    Raises
    ------
    DataError
        The ``.dbf`` is missing, without which no shape has a name; the file was cut off; one of
        its companions is a link to another folder; or its reference system names another file.
    """
    _check_links(file)
    _check_whole(file)
    check_reference((file.companion(".prj") or b"").decode("utf-8", "replace"), str(file))
    table = file.companion(".dbf")
    if table is None:
        raise DataError(
            f"Unreadable {file}: there is no {file.stem}.dbf beside it, so no shape has a name. "
            "Must be together: a Shapefile is .shp, .shx, .dbf and .prj."
        )
    encoding = None if file.companion(".cpg") else _encoding(table, notes)
    if file.companion(".shx") is not None:
        yield file.gdal_name, encoding
        return
    notes.append("its index (.shx) is missing and was made anew for reading.")
    with scratch() as folder:
        copy = folder / "shapes.shp"
        copy.write_bytes(file.read())
        for suffix in (".dbf", ".prj", ".cpg"):
            if (content := file.companion(suffix)) is not None:
                copy.with_suffix(suffix).write_bytes(content)
        with gdal_setting("SHAPE_RESTORE_SHX", "YES"):
            yield str(copy), encoding


def _check_links(file: UserFile) -> None:
    """Refuse companions that are not in the folder of the file, but links to somewhere else."""
    if file.member:
        return
    home = file.path.resolve()
    for path in home.parent.iterdir():
        beside = path.name.casefold().startswith(f"{home.stem.casefold()}.")
        if beside and path.is_symlink() and path.resolve().parent != home.parent:
            raise DataError(
                f"Unreadable {file}: {path.name} beside it is a link to another folder. Must be a "
                "file of the same folder; put the files themselves together."
            )


def _check_whole(file: UserFile) -> None:
    """Refuse a file shorter than its header says: GDAL reads the shapes cut off as missing."""
    # Bytes 24 to 27 hold the length in words of two bytes.
    promised = 2 * int.from_bytes(file.read(28)[24:28], "big")
    if file.size < promised:
        raise DataError(
            f"Unreadable {file}: it is incomplete, {file.size:,} bytes of {promised:,}. Get it "
            "again."
        )


def _encoding(table: bytes, notes: list[str]) -> str | None:
    """Return the encoding of a dBASE table that no ``.cpg`` tells; ``None`` if it needs none."""
    header = int.from_bytes(table[8:10], "little")
    content = table[header:]
    if content.isascii():
        return None
    encoding = _LANGUAGE_DRIVERS.get(table[29]) or encoding_of(content)
    notes.append(
        f"its texts were read as {encoding}, as there is no .cpg to tell; a .cpg file with the "
        "name of the encoding says otherwise."
    )
    return encoding
