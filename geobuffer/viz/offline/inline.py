"""Turn any folium map into one file that opens without a network.

folium links to a dozen libraries on the web. We find their files in the installed packages
(:mod:`geobuffer.viz.offline.packages`) and write them into the page. Libraries that nothing in the
page uses are left out. A warning lists the files that no package has; the rest of the map works
without them.
"""

from __future__ import annotations

import base64
import html
import json
import re
import warnings
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geobuffer.errors import DataError
from geobuffer.io.atomic import write_text
from geobuffer.viz.content_policy import OFFLINE_POLICY, policy_element, restrict_policy
from geobuffer.viz.leaflet import read_pin_pictures
from geobuffer.viz.offline.packages import (
    INERT_URL,
    Asset,
    InstalledPackages,
    StyleSheet,
    data_url,
    escape_script,
)
from geobuffer.zones.arguments import (
    TEXT,
    TEXTS,
    TEXTS_BY_NAME,
    Kind,
    check_arguments,
    describe_type,
    is_tuple_of,
)
from geobuffer.zones.repr_html import card_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    import folium


# Libraries that folium links to on every map, by the end of their address. For each: a pattern that
# matches any use of it in a page, and what does not work without it. Bootstrap's style sheet
# changes every element, so it counts as used.
_LIBRARIES: Mapping[str, tuple[str, str]] = {
    r"/jquery[-.\d]*(\.slim)?(\.min)?\.js": (r"\$(?!\{)|jQuery", "popups do not open"),
    r"/bootstrap(\.bundle)?(\.min)?\.js": (
        (r"data-bs-|data-toggle|\bbootstrap\.|\.(alert|button|carousel|collapse|dropdown|modal|"
         r"offcanvas|popover|tab|toast|tooltip)\("),
        "dialogs and menus made with Bootstrap do not open",
    ),
    r"/bootstrap(\.min)?\.css": ("", "text and tables in popups look plainer"),
    r"/leaflet\.awesome-markers(\.min)?\.js": (
        "AwesomeMarkers", "markers with a folium.Icon are plain pins",
    ),
    r"/leaflet\.awesome-markers(\.min)?\.css": (
        "AwesomeMarkers|awesome-marker", "markers with a folium.Icon are not seen",
    ),
    r"/leaflet\.awesome\.rotate(\.min)?\.css": ("fa-rotate", "the icons of markers are not turned"),
    r"/bootstrap-glyphicons(\.min)?\.css": (
        "glyphicon|AwesomeMarkers", "markers lack their glyphs",
    ),
    r"fontawesome.*/all(\.min)?\.css|/font-awesome(\.min)?\.css": (
        r"\bfa-\w|[\"' ]fa[bdlrs]?[\"' ]|AwesomeMarkers", "markers lack their symbols",
    ),
}  # fmt: skip

# Calls in a script that fetch an address which the script contains.
_FETCHES = re.compile(
    r"(?P<by>(?:L\.tileLayer(?:\.wms)?|L\.(?:image|video|svg)Overlay|L\.vectorGrid\.\w+"
    r"|L\.[rR]ealtime|fetch|\$\.(?:ajax|get\w*))\(\s*"
    r'|"(?:icon|iconRetina|shadow)Url":\s*)'
    r"""(?P<quote>["'`])(?!data:|blob:)(?P<url>[^"'`\s]+)(?P=quote)"""
)
# Pictures and frames in HTML that a script writes into popups and tooltips.
_SHOWN = re.compile(
    r"(?:<|\\u003c)(?:img|iframe|video|audio|source|embed)\b[^>]*?\bsrc=\\?"
    r"""["'](?P<url>(?:https?:)?//[^"'\\]+)"""
)
# Pages in frames, as folium.IFrame writes them.
_FRAMED = re.compile(r"data:text/html[^,\"']*;base64,([A-Za-z0-9+/]+=*)")
# What a page does not show without the content of such an address, by a word of the call.
_LOSSES = {
    "tileLayer": "this background is blank",
    "Overlay": "this picture is not shown",
    "Url": "this marker has the plain pin",
    "": "what it would load is not shown",
}

# This script runs after Leaflet and before the map. It gives Leaflet the pictures of its default
# pin. It shows an empty picture for each tile, so that Leaflet requests none.
_NO_FETCH_SCRIPT = """(function () {
    if (!window.L || !L.TileLayer) return;
    L.Icon.Default.mergeOptions(PINS);
    const create = L.TileLayer.prototype.createTile;
    L.TileLayer.include({createTile: function (at, done) {
        if (/^(data|blob):/.test(this._url)) return create.call(this, at, done);
        setTimeout(done, 0, null);
        return document.createElement("img");
    }});
})();"""

_BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_SCRIPT_TYPES = {"", "text/javascript", "application/javascript", "module"}


@dataclass(frozen=True)
class PageElement:
    """An element of a page: its tag and attributes, and the positions of it and of its text."""

    tag: str
    attributes: Mapping[str, str]
    span: tuple[int, int]
    text: tuple[int, int]


class PageElements(HTMLParser):
    """The elements of a page: scripts and styles with their text, others without it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[PageElement] = []
        self.head = (0, 0)
        self._lines = [0, *(found.end() for found in re.finditer("\n", page))]
        self.feed(page)
        self.close()

    def _position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Store an element: where it begins, and its attributes."""
        start = self._position()
        end = start + len(self.get_starttag_text() or "")
        attributes = {name: value or "" for name, value in attrs}
        self.found.append(PageElement(tag, attributes, (start, end), (end, end)))
        if tag == "head":
            self.head = (end, end)

    def handle_endtag(self, tag: str) -> None:
        """Store where the text of a script or a style ends."""
        here = self._position()
        if tag == "head":
            self.head = (self.head[0], here)
        elif tag in {"script", "style"} and self.found and self.found[-1].tag == tag:
            opened = self.found.pop()
            end = here + len(f"</{tag}>")
            text = (opened.text[0], here)
            self.found.append(PageElement(tag, opened.attributes, (opened.span[0], end), text))


def linked_url(element: PageElement) -> str:
    """Return the address of the script or style sheet that an element links to, or ``""``."""
    is_style = (
        element.tag == "link" and "stylesheet" in element.attributes.get("rel", "").lower().split()
    )
    name = "href" if is_style else "src" if element.tag == "script" else ""
    url = element.attributes.get(name, "")
    return "" if INERT_URL.match(url) else url


def add_policy(page: str, begin: int) -> str:
    """Return a page whose policy lets it fetch nothing.

    If the page has a policy, we restrict it. Otherwise we write one at ``begin``.
    """
    elements = PageElements(page).found
    for element in elements:
        if element.attributes.get("http-equiv", "").lower() == "content-security-policy":
            texts = {
                f"{tag}-src": [
                    page[slice(*one.text)]
                    for one in elements
                    if one.tag == tag and not one.attributes.get("type")
                ]
                for tag in ("script", "style")
            }
            policy = restrict_policy(element.attributes["content"], texts)
            begin, end = element.span
            break
    else:
        policy, end = OFFLINE_POLICY, begin
    return page[:begin] + policy_element(policy) + page[end:]


@dataclass(frozen=True)
class Missing:
    """A file that a page links to and does not contain: why, and what does not work without it."""

    url: str
    reason: str
    effect: str

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}; {self.effect}"


_MISSING = Kind(
    is_tuple_of(lambda one: isinstance(one, Missing)), "a tuple of the missing files of a page"
)


@dataclass(frozen=True, eq=False)
class OfflinePage:
    """A folium map as one page that fetches nothing, made by :func:`geobuffer.inline`.

    Parameters
    ----------
    html
        The page.
    inlined
        The files that were written into the page: address to package. If the package holds
        another version of the file, its entry says so.
    unused
        Addresses that were left out because nothing in the page uses them.
    missing
        Files that could not be written into the page.

    Examples
    --------
    >>> OfflinePage("<p>A page</p>").missing
    ()
    """

    html: str = field(repr=False)
    inlined: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()

    def __post_init__(self) -> None:
        check_arguments(
            html=(self.html, TEXT),
            inlined=(self.inlined, TEXTS_BY_NAME),
            unused=(self.unused, TEXTS),
            missing=(self.missing, _MISSING),
        )

    def save(self, path: str | Path) -> None:
        """Write the page to a file: all of it, or none if an error occurs.

        Parameters
        ----------
        path
            The file.
        """
        write_text(Path(path), self.html)

    def _repr_html_(self) -> str:
        frame = (
            f'<iframe srcdoc="{html.escape(self.html)}" '
            'style="width:100%;height:480px;border:0"></iframe>'
        )
        facts = [(one.url, f"{one.reason}; {one.effect}") for one in self.missing]
        return frame + (card_html("OfflinePage", "Not in this page", facts) if facts else "")


def inline(m: folium.Map) -> OfflinePage:
    """Turn a folium map into one page that opens without a network.

    The files that the map links to come from the installed packages. The extra
    ``geobuffer[offline]`` installs those that folium 0.20 and its plugins need. Nothing is ever
    fetched: neither by this function nor by the page, whose security policy forbids it. HTML that a
    user wrote into popups and elsewhere stays unchanged, but its pictures on the web are not shown.

    Parameters
    ----------
    m
        Any folium map: with plugins, from the ``explore()`` method of geopandas, or from
        :func:`geobuffer.map_zone`.

    Returns
    -------
    OfflinePage
        The page, with lists of the files that it contains, that it does not use, and that are
        missing.

    Raises
    ------
    DataError
        The argument is not a folium map.

    Warns
    -----
    UserWarning
        Files are missing. For each, the warning says why, and what does not work without it.

    Examples
    --------
    >>> import folium
    >>> m = folium.Map(tiles=None)
    >>> m.add_child(folium.CircleMarker([50.9, 34.8])).default_css = []
    >>> page = inline(m)
    >>> page.inlined["https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js"]
    'Leaflet 1.9.3'
    >>> "https://cdn" in page.html, page.missing
    (False, ())
    """
    from branca.element import Element

    root: Any = m.get_root() if isinstance(m, Element) else None  # type: ignore[redundant-expr]
    if not hasattr(root, "script"):
        raise DataError(f"Invalid m: {describe_type(m)}. Must be a folium map.", parameter="m")
    page = _PageInliner(root).inline()
    if page.missing:
        listed = "\n".join(f"- {missing}" for missing in page.missing)
        warnings.warn(f"The page lacks:\n{listed}", stacklevel=2)
    return page


class _PageInliner:
    """Writes the files of one map into its page, and records which of them were found."""

    def __init__(self, figure: Any) -> None:
        self.page: str = figure.render()
        self.parts = [part.render() for part in figure.script._children.values()]  # noqa: SLF001
        self.users = _list_users(figure)
        self.elements = PageElements(self.page)
        links = [element.span for element in self.elements.found if linked_url(element)]
        self.own = _apply_edits(self.page, [(*span, "") for span in links])
        self.packages = InstalledPackages()
        self.broken = False
        self.inlined: dict[str, str] = {}
        self.unused: list[str] = []
        self.missing: dict[str, Missing] = {}

    def inline(self) -> OfflinePage:
        """Return the page with all files that were found; unchanged if it links to nothing."""
        found = self._find_assets()
        self.broken = any(url in self.missing for url in found if not _is_style_sheet(url))
        edits = [
            edit for element in self.elements.found if (edit := self._edit_element(element, found))
        ]
        page = self.page
        if edits or self.missing:
            begin, end = self.elements.head
            no_fetch = _NO_FETCH_SCRIPT.replace("PINS", json.dumps(read_pin_pictures()))
            edits.append((end, end, f"<script>{no_fetch}</script>\n"))
            page = add_policy(_apply_edits(page, edits), begin)
        return OfflinePage(page, self.inlined, tuple(self.unused), tuple(self.missing.values()))

    def _find_assets(self) -> dict[str, Asset | None]:
        """Return the file to write for each linked address, if any, and record the outcome."""
        urls = dict.fromkeys(url for element in self.elements.found if (url := linked_url(element)))
        found = {url: self.packages.find(url) for url in urls}
        text = self._collect_uses(found)
        return {url: self._record_asset(url, asset, text) for url, asset in found.items()}

    def _record_asset(self, url: str, asset: Asset | str, text: str) -> Asset | None:
        use, loss = next(
            (uses for end, uses in _LIBRARIES.items() if re.search(f"(?:{end})$", url)),
            ("", self._describe_loss(url)),
        )
        if use and not re.search(use, text):
            self.unused.append(url)
            return None
        if isinstance(asset, str):
            self.missing[url] = Missing(url, asset, loss)
            return None
        self.inlined[url] = f"{asset.package}, {asset.note}" if asset.note else asset.package
        return asset

    def _describe_loss(self, url: str) -> str:
        users = ", ".join(sorted(self.users.get(url, ()))) or "what needs it"
        return f"{users} may look wrong" if _is_style_sheet(url) else f"{users} will not work"

    def _collect_uses(self, found: Mapping[str, Asset | str]) -> str:
        """Return all text that could use one of folium's libraries: of the page and of plugins."""
        libraries = "|".join([*_LIBRARIES, r"/leaflet(\.min|-src)?\.js"])
        plugins = [
            asset.data.decode("utf-8", "replace")
            for url, asset in found.items()
            if isinstance(asset, Asset) and not re.search(f"(?:{libraries})$", url)
        ]
        return "\n".join([self.own, *plugins])

    def _edit_element(
        self, element: PageElement, found: Mapping[str, Asset | None]
    ) -> tuple[int, int, str] | None:
        """Return the replacement of an element or of its text, or ``None`` if it stays."""
        if url := linked_url(element):
            return (*element.span, self._inline_asset(element, found[url]))
        before = self.page[slice(*element.text)]
        after = before
        if element.tag == "script" and element.attributes.get("type", "") in _SCRIPT_TYPES:
            after = self._edit_script(before)
        elif element.tag == "style":
            after = self._inline_style(before, None)
        else:
            self._record_missing(_source_url(element))
        return None if after == before else (*element.text, after)

    def _inline_asset(self, element: PageElement, asset: Asset | None) -> str:
        """Return an element that contains a file, to replace one that links to it."""
        if asset is None:
            return ""
        # Browsers read each line end as one character before they compute the hash of a text.
        text = asset.data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        name = "media" if element.tag == "link" else "type"
        value = element.attributes.get(name)
        attribute = f' {name}="{html.escape(value)}"' if value else ""
        if element.tag == "link":
            return f"<style{attribute}>{self._inline_style(text, asset)}</style>"
        return f"<script{attribute}>{escape_script(text)}</script>"

    def _inline_style(self, text: str, asset: Asset | None) -> str:
        sheet = StyleSheet(text, asset, self.packages, self.own)
        for url in sheet.missing:
            effect = "a picture or a font of this style is not shown"
            self.missing[url] = Missing(url, "no installed package has it", effect)
        return re.sub("</(?=style)", r"<\\/", sheet.text, flags=re.IGNORECASE)

    def _edit_script(self, text: str) -> str:
        """Return a script whose other parts still run if the library of one part is missing."""
        for part in self.parts if self.broken else ():
            caught = f"try {{{part}}} catch (error) {{ console.warn(error); }}"
            text = text.replace(part, caught, 1) if part.strip() else text
        for found in _SHOWN.finditer(text):
            self._record_missing(found["url"])
        for framed in _FRAMED.findall(text):
            page = base64.b64decode(framed).decode("utf-8", "replace")
            for element in PageElements(page).found:
                self._record_missing(linked_url(element) or _source_url(element))
        return _FETCHES.sub(self._embed_address, text)

    def _embed_address(self, match: re.Match[str]) -> str:
        """Return a call in a script with its address as a data URL.

        If no package has the file, a picture becomes blank, and other addresses stay.
        """
        url, by = match["url"].replace("\\u0026", "&"), match["by"]
        tiles = "tiles are fetched as the map is moved"
        asset = tiles if "tileLayer" in by else self.packages.find(url)
        if isinstance(asset, Asset):
            self.inlined[url] = asset.package
            return f'{by}"{data_url(url, asset.data)}"'
        loss = next(loss for word, loss in _LOSSES.items() if word in by)
        self.missing[url] = Missing(url, asset, loss)
        if "Url" in by:
            return f'{by}"{_BLANK if "shadow" in by else read_pin_pictures()["iconUrl"]}"'
        return f'{by}"{_BLANK}"' if "Overlay" in by else match[0]

    def _record_missing(self, url: str) -> None:
        """Record a picture or a frame in HTML of the user as missing."""
        if not INERT_URL.match(url):
            reason = "it is in HTML that was added to the map, which is not altered"
            self.missing[url] = Missing(url, reason, "it is not shown")


def _apply_edits(page: str, edits: list[tuple[int, int, str]]) -> str:
    """Return a page in which some spans are replaced: each edit is start, stop and new text.

    >>> _apply_edits("0123456", [(1, 2, "a"), (4, 4, "b")])
    '0a23b456'
    """
    for start, stop, text in sorted(edits, reverse=True):
        page = page[:start] + text + page[stop:]
    return page


def _list_users(element: Any) -> dict[str, set[str]]:
    """Return the addresses that the elements of a map link to, with the names of the elements."""
    names: dict[str, set[str]] = {}
    waiting = [element]
    while waiting:
        one = waiting.pop()
        for _, url in [*getattr(one, "default_js", ()), *getattr(one, "default_css", ())]:
            names.setdefault(url, set()).add(type(one).__name__)
        waiting += one._children.values()  # noqa: SLF001
    return names


def _source_url(element: PageElement) -> str:
    """Return the address of the picture or frame that an element shows, or ``""``."""
    names = () if element.tag in {"a", "link", "meta", "script"} else ("src", "data", "poster")
    return next((element.attributes[name] for name in names if element.attributes.get(name)), "")


def _is_style_sheet(url: str) -> bool:
    return url.partition("?")[0].endswith(".css")
