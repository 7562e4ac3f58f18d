"""Read the rules by which the page and the picture place names: ``label_rules.json``."""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import Any


@functools.cache
def load_label_rules() -> dict[str, Any]:
    """Return the rules, without the line that says what they are.

    Examples
    --------
    >>> load_label_rules()["order"][:2]
    ['named', 'first']
    """
    text = (
        importlib.resources.files("geobuffer.viz").joinpath("label_rules.json").read_text("utf-8")
    )
    return {key: value for key, value in json.loads(text).items() if key != "about"}
