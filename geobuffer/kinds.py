"""What is given for a border, a zone or a region is one: an error at the door, not far inside."""

from __future__ import annotations

from geobuffer.combined import CombinedZone
from geobuffer.errors import WrongKind
from geobuffer.model import Border, BufferZone, Region


def check_border(given: object) -> None:
    """Refuse what is no border.

    Raises
    ------
    WrongKind
        With the functions that make one of what people have.

    Examples
    --------
    >>> check_border("Kursk–Sumy")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid border: a str. Must be a Border: border_between() makes \
one of regions, border_along() of lines, border_around() of shapes, read_border() of a file.
    """
    if not isinstance(given, Border):
        raise WrongKind(
            f"Invalid border: {_kind(given)}. Must be a Border: border_between() makes one of "
            "regions, border_along() of lines, border_around() of shapes, read_border() of a file."
        )


def check_zone(given: object) -> None:
    """Refuse what is no zone.

    Raises
    ------
    WrongKind
        With the functions that make one.

    Examples
    --------
    >>> check_zone(10)
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid zone: a int. Must be a zone: build_zone() makes one of a \
border, read_zone() of a file.
    """
    if not isinstance(given, (BufferZone, CombinedZone)):
        raise WrongKind(
            f"Invalid zone: {_kind(given)}. Must be a zone: build_zone() makes one of a border, "
            "read_zone() of a file."
        )


def check_region(given: object) -> None:
    """Refuse what is no region.

    Raises
    ------
    WrongKind
        With the way from a name to its region.

    Examples
    --------
    >>> check_region("Kursk")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid region: 'Kursk', a str. Must be a Region: \
load_regions()['Kursk'] if it is bundled, read_regions() makes them of a file.
    """
    if isinstance(given, str):
        raise WrongKind(
            f"Invalid region: {given!r}, a str. Must be a Region: load_regions()[{given!r}] if it "
            "is bundled, read_regions() makes them of a file."
        )
    if not isinstance(given, Region):
        raise WrongKind(
            f"Invalid region: {_kind(given)}. Must be a Region, as load_regions() or "
            "read_regions() holds them."
        )


def _kind(given: object) -> str:
    return f"a {type(given).__name__}"
