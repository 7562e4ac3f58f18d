"""Assemble the page around a map: one file that fetches nothing and runs only its own scripts.

folium and branca render text as a template, so we never pass them a text of a user. The page
contains such texts as inert JSON, and its script writes them with ``textContent``.
"""

from __future__ import annotations

import functools
import html
import importlib.resources
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geobuffer.io.atomic import replace_file
from geobuffer.viz.content_policy import policy_element, write_policy
from geobuffer.viz.leaflet import read_leaflet_script, read_leaflet_style, read_pin_pictures
from geobuffer.zones.translation import (
    choose_texts,
    list_languages,
    read_language_file,
    translate_all,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import folium


# The scripts in the order in which they run: each one uses definitions of earlier scripts.
_SCRIPTS = (
    "data.js", "names.js", "say.js", "zone.js", "expected.js", "coordinates.js", "measure.js",
    "swath.js", "dots.js", "ground.js", "draw.js", "arrange.js", "labels.js", "popup.js", "ask.js",
    "search.js", "answer.js", "panel.js", "reports.js", "table.js", "own.js", "controls.js",
    "share.js", "folium.js", "start.js",
)  # fmt: skip

# Additional scripts for the page of a widget. Published pages do not need them and stay small.
_WIDGET_SCRIPTS = ("selection.js", "sketch.js", "tools.js", "bridge.js")


def _save_atomically(save: Callable[..., None], outfile: Any, *args: Any, **kwargs: Any) -> None:
    """Let folium save a page: atomically to a path, directly to an open file."""
    if not isinstance(outfile, (str, bytes, os.PathLike)):
        save(outfile, *args, **kwargs)
        return
    with replace_file(Path(os.fsdecode(outfile))) as draft, draft.open("wb") as file:
        save(file, *args, **kwargs)


@functools.cache
def make_map_class() -> Any:
    """Return a subclass of folium's map whose ``save`` writes the whole file or none."""
    import folium

    class Map(folium.Map):
        """A folium map whose ``save`` never leaves half a file."""

        def save(self, outfile: Any, *args: Any, **kwargs: Any) -> None:
            """Write the page to a path or to an open file."""
            _save_atomically(super().save, outfile, *args, **kwargs)

    return Map


@functools.cache
def make_page_class() -> Any:
    """Return the page: a branca figure that writes itself without a template."""
    from branca.element import Figure

    class Page(Figure):
        def __init__(self, facts: dict[str, Any], drawn: folium.Map) -> None:
            super().__init__(height="640px")
            self.facts = facts
            self.title = facts["titles"][facts["language"]]
            self.add_child(drawn)

        def save(self, outfile: Any, *args: Any, **kwargs: Any) -> None:
            _save_atomically(super().save, outfile, *args, **kwargs)

        def render(self, **kwargs: object) -> str:
            for child in self._children.values():
                child.render(**kwargs)
            drawn = self.to_dict(depth=2)["children"]["map_geobuffer"]["children"]
            return _write_document(
                self.facts,
                header=self.header.render(**kwargs),
                body=self.html.render(**kwargs),
                script=self.script.render(**kwargs),
                extended=len(drawn) > 1,
            )

    return Page


def write_plain_page(facts: Mapping[str, Any]) -> str:
    """Return the page of a map to which no caller adds layers, as text.

    The page is made without folium, because importing folium takes 0.2 s.
    """
    return _write_document(
        facts,
        header="",
        body='<div class="folium-map" id="map_geobuffer"></div>',
        script=_strip_comments(read_asset("map.js")),
        extended=False,
    )


def _write_document(
    facts: Mapping[str, Any], *, header: str, body: str, script: str, extended: bool
) -> str:
    """Return the whole page as text.

    ``header``, ``body`` and ``script`` come from folium. ``extended`` says whether they hold layers
    that are not ours.
    """
    # folium forbids zooming on a phone, but readers with poor eyesight need it.
    header = re.sub(r'<meta\s+name="viewport".*?/>', "", header, flags=re.DOTALL)
    head = [
        f"<title>{html.escape(_escape_surrogates(facts['titles'][facts['language']]))}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<link rel="icon" href="data:," />',
        _style_element(read_leaflet_style()),
        _script_element(read_leaflet_script()),
        header,
        _style_element(_strip_comments(read_asset("page.css"))),
    ]
    scripts = [*_SCRIPTS]
    if "widget" in facts:
        head.append(_style_element(_strip_comments(read_asset("widget.css"))))
        scripts += _WIDGET_SCRIPTS
    page = read_asset("page.html").replace("<!-- no script -->", _write_no_script_lines())
    content = page.replace("<!-- map -->", body)
    data = {**facts, "pins": read_pin_pictures() if extended else {}, "is_extended": extended}
    tail = [
        _json_element("geobuffer-words", _collect_words(facts)),
        _json_element("geobuffer-data", data),
        *(_script_element(_strip_comments(read_asset(name))) for name in scripts),
        _script_element(script),
    ]
    policy = write_policy("\n".join([*head, content, *tail]), extended=extended)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{facts["language"]}">',
            '<head><meta charset="utf-8" />',
            policy_element(policy),
            *head,
            "</head><body>",
            content,
            *tail,
            "</body></html>\n",
        ]
    )


def _script_element(text: str) -> str:
    return f"<script>{text}</script>"


def _strip_comments(text: str) -> str:
    """Return a script or a style without comment lines, empty lines and indentation.

    This saves a fifth of the size. It cannot change a text in a script, because none of our texts
    runs over several lines.
    """
    bare = re.sub(r"^ *(?://.*|/\*(?s:.*?)\*/)\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\n\s*", "\n", bare)


def _style_element(text: str) -> str:
    return f"<style>{text}</style>"


def _json_element(name: str, facts: object) -> str:
    r"""Return facts as a block of JSON. Browsers do not run it, and no text in it can end it early.

    >>> _json_element("x", "</script>")
    '<script type="application/json" id="x">"\\u003c/script\\u003e"</script>'
    """
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{name}">{_escape_surrogates(text)}</script>'


def _escape_surrogates(text: str) -> str:
    """Return text that can be written as UTF-8: an unpaired surrogate becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


# Texts that only pages of places with outlines show.
_OUTLINE_TEXTS = ("share_inside", "uncertain_or_partly")
# The prefix of the keys of texts that only widgets show.
_WIDGET_PREFIX = "tool_"


def _collect_words(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the page's texts for the kind of zone that it shows: keys, and texts by language.

    All languages have the same keys, so that they are written once.
    """
    kind, has_outlines = facts["kind"], "farthest_km" in facts["places"]["columns"]
    words = {to: choose_texts(read_language_file(to)["page"], kind) for to in list_languages()}
    left_out = () if has_outlines else _OUTLINE_TEXTS
    keys = [
        key
        for key in words["en"]
        if key not in left_out and ("widget" in facts or not key.startswith(_WIDGET_PREFIX))
    ]
    return {
        "keys": keys,
        "texts": {to: [known[key] for key in keys] for to, known in words.items()},
    }


def _write_no_script_lines() -> str:
    """Return a line in each language for readers whose browser runs no scripts."""
    return "\n".join(
        f'<p class="no-script" lang="{to}">{html.escape(text)}</p>'
        for to, text in translate_all("no_script").items()
    )


@functools.cache
def read_asset(name: str) -> str:
    """Return the text of a file in ``assets``; browsers hash each line end as one character."""
    text = (importlib.resources.files("geobuffer.viz.web") / "assets" / name).read_text("utf-8")
    return text.replace("\r\n", "\n")
