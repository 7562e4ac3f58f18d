"""The page about a map, put together: one file that fetches nothing and runs only its own scripts.

folium and branca run the text they are given as a template, so no text of a user's ever reaches
them: it travels as inert JSON, and the page writes it with ``textContent``.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import importlib.resources
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geobuffer.io.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

    import folium


_SCRIPTS = (
    "data.js", "fold.js", "say.js", "zone.js", "dots.js", "draw.js", "labels.js", "popup.js",
    "search.js", "panel.js", "table.js", "controls.js", "guests.js", "start.js",
)  # fmt: skip


class _AtomicSave:
    """What branca draws, saved whole or not at all."""

    def save(self, outfile: Any, *args: Any, **kwargs: Any) -> None:
        """Write the page to a file, which is whole or not there, or to an open one."""
        save: Any = getattr(super(), "save")  # noqa: B009 - that of folium, which has no types
        if not isinstance(outfile, (str, bytes, os.PathLike)):
            save(outfile, *args, **kwargs)
            return
        with replace_file(Path(os.fsdecode(outfile))) as draft, draft.open("wb") as file:
            save(file, *args, **kwargs)


@functools.cache
def make_map_class() -> Any:
    """Return folium's map, saved whole or not at all."""
    import folium

    class Map(_AtomicSave, folium.Map):
        """A map of folium's whose ``save`` never leaves half a file."""

    return Map


@functools.cache
def make_page_class() -> Any:
    """Return the page: a branca figure that writes itself without a template."""
    from branca.element import Figure

    class Page(_AtomicSave, Figure):
        def __init__(self, facts: dict[str, Any], drawn: folium.Map) -> None:
            super().__init__(height="640px")
            self.facts = facts
            self.title = facts["titles"][facts["language"]]
            self.add_child(drawn)

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


def _write_document(
    facts: Mapping[str, Any], *, header: str, body: str, script: str, extended: bool
) -> str:
    """Return the whole page as text.

    ``header``, ``body`` and ``script`` are folium's; ``extended`` says whether they hold layers
    that are not ours.
    """
    # folium forbids zooming on a phone; a reader with weak eyes needs it.
    header = re.sub(r'<meta\s+name="viewport".*?/>', "", header, flags=re.DOTALL)
    head = [
        f"<title>{html.escape(_escape_surrogates(facts['titles'][facts['language']]))}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<link rel="icon" href="data:," />',
        _style_element(_leaflet_css()),
        _script_element(_leaflet_js()),
        header,
        _style_element(read_asset("page.css")),
    ]
    room = read_asset("page.html").replace("<!-- map -->", body)
    data = {**facts, "pins": _pins() if extended else {}, "is_extended": extended}
    tail = [
        _json_element("geobuffer-words", load_words()),
        _json_element("geobuffer-data", data),
        *(_script_element(read_asset(name)) for name in _SCRIPTS),
        _script_element(script),
    ]
    policy = _write_policy("\n".join([*head, room, *tail]), extended=extended)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{facts["language"]}">',
            '<head><meta charset="utf-8" />',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}" />',
            *head,
            "</head><body>",
            room,
            *tail,
            "</body></html>\n",
        ]
    )


def _write_policy(page: str, *, extended: bool) -> str:
    """Return the content security policy that lets a page do what it does and nothing else.

    Inline scripts and styles are let in by the hash of their text; those that a layer of the
    user's links to, by their address. Only such layers may fetch pictures and data.

    >>> _write_policy("<style>p {}</style><script>1;</script>", extended=False)
    "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'sha256-...';
    style-src 'sha256-...'; img-src data:"
    """
    scripts, styles = _hash_elements(page, "script"), _hash_elements(page, "style")
    scripts += re.findall(r'<script[^>]* src="(https?://[^"; ]+)"', page)
    styles += re.findall(r'<link rel="stylesheet" href="(https?://[^"; ]+)"', page)
    rules = [
        "default-src 'none'; base-uri 'none'; form-action 'none'",
        f"script-src {' '.join(scripts)}",
        f"style-src {' '.join(styles)}",
        "img-src data: blob: https: http:" if extended else "img-src data:",
    ]
    if extended:
        rules += [
            "style-src-attr 'unsafe-inline'",
            "connect-src https: http: data:",
            "font-src https: data:",
            "frame-src https: data:",
        ]
    return "; ".join(rules)


def _hash_elements(page: str, tag: str) -> list[str]:
    """Return the sources by hash of a page's inline elements of a kind, each once."""
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
    digests = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def _script_element(text: str) -> str:
    return f"<script>{text}</script>"


def _style_element(text: str) -> str:
    return f"<style>{text}</style>"


def _json_element(name: str, facts: object) -> str:
    r"""Return facts as a block of JSON that no browser runs and no text can break out of.

    >>> _json_element("x", "</script>")
    '<script type="application/json" id="x">"\\u003c/script\\u003e"</script>'
    """
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{name}">{_escape_surrogates(text)}</script>'


def _escape_surrogates(text: str) -> str:
    """Return text that can be written as UTF-8: half a surrogate pair becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@functools.cache
def load_words() -> dict[str, dict[str, str]]:
    """Return the page's words by language and key."""
    read: dict[str, dict[str, str]] = json.loads(read_asset("words.json"))
    return read


@functools.cache
def read_asset(name: str) -> str:
    """Return a file of ``geobuffer/page``; browsers hash a line end as one character."""
    text = (importlib.resources.files("geobuffer.viz.web") / "assets" / name).read_text("utf-8")
    return text.replace("\r\n", "\n")


def _leaflet(name: str) -> Traversable:
    return importlib.resources.files("xstatic.pkg.leaflet") / "data" / name


@functools.cache
def _leaflet_js() -> str:
    """Return Leaflet, without the pointer to a source map that is not there."""
    text = _leaflet("leaflet.js").read_text("utf-8").replace("\r\n", "\n")
    return re.sub(r"//# sourceMappingURL=\S*\s*$", "", text)


@functools.cache
def _leaflet_css() -> str:
    """Return Leaflet's style sheet with its pictures written into it."""
    text = _leaflet("leaflet.css").read_text("utf-8").replace("\r\n", "\n")
    return re.sub(r"url\(images/([\w.-]+)\)", lambda found: f"url({_picture(found[1])})", text)


def _picture(name: str) -> str:
    encoded = base64.b64encode(_leaflet(f"images/{name}").read_bytes()).decode()
    return f"data:image/png;base64,{encoded}"


def _pins() -> dict[str, str]:
    """Return the pictures of Leaflet's default pin, which a user's markers need."""
    return {
        "iconUrl": _picture("marker-icon.png"),
        "iconRetinaUrl": _picture("marker-icon-2x.png"),
        "shadowUrl": _picture("marker-shadow.png"),
    }
