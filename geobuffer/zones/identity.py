"""Compute a digest of a noun's content, by which nouns are compared and hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

# Coordinates are compared in steps of this many degrees, which is 0.1 mm. Other numbers are rounded
# to as many decimals: widths to a micrometre, accuracies to a nanometre.
_STEP_DEGREES = 1e-9
_DECIMALS = 9


@dataclass(frozen=True, eq=False)
class Noun:
    """The base class of nouns: two of one class are equal if their content is equal.

    A subclass is a frozen dataclass with ``eq=False``. Its content is all its fields, except those
    with ``compare=False``.
    """

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the content, in hexadecimal; equal for equal content."""
        return compute_digest(self)

    def _freeze_lists(self, *names: str) -> None:
        """Turn fields that are lists into tuples, because a noun is immutable."""
        for name in names:
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))

    def _content(self) -> dict[str, Any]:
        """Return the values that are compared, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.compare}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or not isinstance(other, Noun):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __getstate__(self) -> dict[str, Any]:
        # Another version of geobuffer may compute another digest, and the rows in Arrow repeat the
        # shapes, so a pickle holds neither.
        left_out = {"digest", "_arrow"}
        return {name: value for name, value in self.__dict__.items() if name not in left_out}


def compute_digest(noun: Noun) -> str:
    """Return the SHA-256 of the content of a noun, in hexadecimal.

    Coordinates are rounded to 1e-9 degrees. So the digest does not depend on −0.0, on the noise of
    a reprojection, or on whether an area is a polygon or a multipolygon of one part. The order of
    vertices counts, because the chainage of a border follows it.

    Parameters
    ----------
    noun
        A source, a region, a border, a zone or a part of these.

    Examples
    --------
    >>> import geobuffer as gb
    >>> one, other = gb.Source("a map", accuracy_m=5), gb.Source("a map", accuracy_m=5.0)
    >>> compute_digest(one) == compute_digest(other), one == other
    (True, True)
    """
    content = {name: _encode_value(value) for name, value in noun._content().items()}  # noqa: SLF001
    text = json.dumps([type(noun).__name__, content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _encode_value(value: Any) -> Any:
    """Return a value for JSON; values with the same meaning give the same result."""
    if isinstance(value, Noun):
        return value.digest
    if isinstance(value, BaseGeometry):
        return _digest_geometry(value)
    if isinstance(value, Mapping):
        return {str(key): _encode_value(value[key]) for key in value}
    if isinstance(value, (tuple, list)):
        return [_encode_value(one) for one in value]
    if isinstance(value, Real):
        return _round_number(float(value))
    # Files do not distinguish an empty text from a missing one.
    return str(value) if value is not None and value != "" else None


def _round_number(number: float) -> float | None:
    """Return a rounded number; None for NaN, which files store as a missing value."""
    return None if np.isnan(number) else round(number, _DECIMALS) + 0.0


def _digest_geometry(geometry: BaseGeometry) -> str:
    """Return the SHA-256 of the rounded coordinates of a geometry, ring by ring."""
    parts = shapely.get_parts(geometry)
    parts = shapely.force_2d(parts[~shapely.is_empty(parts)])
    steps = shapely.transform(parts, lambda degrees: np.rint(degrees / _STEP_DEGREES) + 0.0)
    hashed = hashlib.sha256()
    for wkb in shapely.to_wkb(steps, byte_order=1):
        hashed.update(wkb)
    return hashed.hexdigest()
