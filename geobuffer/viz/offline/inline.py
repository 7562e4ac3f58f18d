"""Turn any folium map into one file that opens without a network.

folium links to a dozen libraries on the web. They are taken from the installed packages
(:mod:`geobuffer.assets`) and written into the page. What nothing in the page can use is left out;
what no package has is told, and the rest of the map works without it.

Take a page of HTML apart, and make it one that fetches nothing.
"""

from __future__ import annotations

import base64
import hashlib
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
from geobuffer.viz.offline.packages import Asset, InstalledPackages, StyleSheet, data_url
from geobuffer.zones.repr_html import card_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    import folium


# Nothing is asked of anybody. Scripts and styles are folium's and the user's, all inline; some
# plugins make functions of text. What the page holds as data may be shown.
_POLICY = (
    "default-src 'none'; base-uri 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "connect-src data: blob:; frame-src data: blob:; worker-src blob:"
)

# Addresses that hold what they stand for, or ask for nothing.
INERT = re.compile(r"data:|blob:|about:|#|$")


@dataclass(frozen=True)
class PageElement:
    """An element of a page: what it is given, and where it and its text stand."""

    tag: str
    given: Mapping[str, str]
    span: tuple[int, int]
    text: tuple[int, int]


class PageElements(HTMLParser):
    """The elements of a page: scripts and styles with their text, others by their opening tag."""

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
        """Note an element: where it begins and what it is given."""
        start = self._position()
        end = start + len(self.get_starttag_text() or "")
        given = {name: value or "" for name, value in attrs}
        self.found.append(PageElement(tag, given, (start, end), (end, end)))
        if tag == "head":
            self.head = (end, end)

    def handle_endtag(self, tag: str) -> None:
        """Note where the text of a script or a style ends."""
        here = self._position()
        if tag == "head":
            self.head = (self.head[0], here)
        elif tag in {"script", "style"} and self.found and self.found[-1].tag == tag:
            begun = self.found.pop()
            end = here + len(f"</{tag}>")
            text = (begun.text[0], here)
            self.found.append(PageElement(tag, begun.given, (begun.span[0], end), text))


def linked_url(element: PageElement) -> str:
    """Return the address of a script or style sheet that an element links to, or nothing."""
    sheet = element.tag == "link" and "stylesheet" in element.given.get("rel", "").lower().split()
    name = "href" if sheet else "src" if element.tag == "script" else ""
    url = element.given.get(name, "")
    return "" if INERT.match(url) else url


def escape_script(text: str) -> str:
    r"""Return a script that no text in it can end early, and that points to no source map.

    The signs that HTML would see stand in literals and comments only, where these mean the same.

    >>> escape_script("a = '</script><!--'")
    "a = '<\\/script>\\x3C!--'"
    """
    text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE).replace("<!--", r"\x3C!--")
    return re.sub(r"//[#@] sourceMappingURL=\S*", "", text)


def add_policy(page: str, begin: int) -> str:
    """Return a page with a policy that lets it fetch nothing; its own, if it has one, made so."""
    elements = PageElements(page).found
    for element in elements:
        if element.given.get("http-equiv", "").lower() == "content-security-policy":
            rules = [
                _restrict_rule(rule, page, elements) for rule in element.given["content"].split(";")
            ]
            policy, (begin, end) = "; ".join(rule for rule in rules if rule), element.span
            break
    else:
        policy, end = _POLICY, begin
    content = html.escape(policy, quote=False)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content}" />'
    return page[:begin] + meta + page[end:]


def _restrict_rule(rule: str, page: str, elements: list[PageElement]) -> str:
    """Return a rule of a policy without the web, and with the hashes of what the page now holds."""
    name, *sources = rule.split() or [""]
    kept = [one for one in sources if not re.match(r"https?:|\*|'sha256-", one)]
    tag = {"script-src": "script", "style-src": "style"}.get(name)
    if tag and "'unsafe-inline'" not in kept:
        texts = [page[slice(*p.text)] for p in elements if p.tag == tag and not p.given.get("type")]
        digests = [hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts)]
        kept += [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return " ".join([name, *(kept or (["'none'"] if sources else []))])


# Libraries that folium links to on every map, by the end of their address: what any use of them
# leaves in a page, and what is amiss without them. Bootstrap's style sheet changes every element.
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

# What fetches by an address that is written into a script, and what is amiss without it.
_FETCHES = re.compile(
    r"(?P<by>(?:L\.tileLayer(?:\.wms)?|L\.(?:image|video|svg)Overlay|L\.vectorGrid\.\w+"
    r"|L\.[rR]ealtime|fetch|\$\.(?:ajax|get\w*))\(\s*"
    r'|"(?:icon|iconRetina|shadow)Url":\s*)'
    r"""(?P<quote>["'`])(?!data:|blob:)(?P<url>[^"'`\s]+)(?P=quote)"""
)
# Pictures and frames in HTML that a script puts into popups and the like.
_SHOWN = re.compile(
    r"(?:<|\\u003c)(?:img|iframe|video|audio|source|embed)\b[^>]*?\bsrc=\\?"
    r"""["'](?P<url>(?:https?:)?//[^"'\\]+)"""
)
# Pages in frames, as folium.IFrame writes them.
_FRAMED = re.compile(r"data:text/html[^,\"']*;base64,([A-Za-z0-9+/]+=*)")
_AMISS = {
    "tileLayer": "this background is blank",
    "Overlay": "this picture is not shown",
    "Url": "this marker has the plain pin",
    "": "what it would load is not shown",
}

# Run after Leaflet and before the map: pictures of the plain pin, and tiles that ask nobody.
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
_LEAFLET = "https://cdn.jsdelivr.net/npm/leaflet@1/dist/"
_SCRIPT_TYPES = {"", "text/javascript", "application/javascript", "module"}


@dataclass(frozen=True)
class Missing:
    """What a page asks for and cannot have: why, and what will not work without it."""

    url: str
    reason: str
    effect: str

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}; {self.effect}"


@dataclass(frozen=True, eq=False)
class OfflinePage:
    """A folium map as one page that fetches nothing. Made by :func:`geobuffer.inline`.

    Parameters
    ----------
    html
        The page.
    inlined
        What was written into it: addresses, each with the package that it is from and how that
        differs from what was asked, if it does.
    unused
        Addresses that were left out because nothing in the page can use them.
    missing
        What could not be written into it.

    Examples
    --------
    >>> OfflinePage("<p>A page</p>").missing
    ()
    """

    html: str = field(repr=False)
    inlined: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write the page to a file, which is whole or not there.

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

    What the map links to is looked for among the installed packages; the extra
    ``geobuffer[offline]`` brings what folium 0.20 and its plugins need. Nothing is ever fetched,
    neither here nor by the page, whose security policy forbids it. What a user wrote into popups
    and elsewhere stays as it is; pictures of it that lie on the web are not shown.

    Parameters
    ----------
    m
        Any folium map: with plugins, of geopandas' ``explore()``, of :func:`geobuffer.map_zone`.

    Returns
    -------
    OfflinePage
        The page, and what was found where, what was left out as unused, and what is missing.

    Raises
    ------
    DataError
        It is no folium map.

    Warns
    -----
    UserWarning
        Something is missing: what, why, and what will not work. The rest does.

    Examples
    --------
    >>> import folium
    >>> m = folium.Map(tiles=None)
    >>> m.add_child(folium.CircleMarker([50.9, 34.8])).default_css = []
    >>> page = inline(m)
    >>> page.inlined["https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js"]
    'XStatic-Leaflet 1.9.3.0'
    >>> "https://cdn" in page.html, page.missing
    (False, ())
    """
    from branca.element import Element

    root: Any = m.get_root() if isinstance(m, Element) else None  # type: ignore[redundant-expr]
    if not hasattr(root, "script"):
        raise DataError(f"Invalid map {m!r:.80}. Must be a folium map.")
    page = _PageInliner(root).inline()
    if page.missing:
        told = "\n".join(f"- {missing}" for missing in page.missing)
        warnings.warn(f"The page lacks:\n{told}", stacklevel=2)
    return page


class _PageInliner:
    """Binds one map into one page, and keeps account of what was found and what was not."""

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
        """Return the page with all that could be found; as it was, if it asks for nothing."""
        found = self._find_assets()
        self.broken = any(url in self.missing for url in found if not _is_style_sheet(url))
        edits = [
            edit for element in self.elements.found if (edit := self._edit_element(element, found))
        ]
        page = self.page
        if edits or self.missing:
            begin, end = self.elements.head
            stay = _NO_FETCH_SCRIPT.replace("PINS", json.dumps(self._read_pins()))
            edits.append((end, end, f"<script>{stay}</script>\n"))
            page = add_policy(_apply_edits(page, edits), begin)
        return OfflinePage(page, self.inlined, tuple(self.unused), tuple(self.missing.values()))

    def _find_assets(self) -> dict[str, Asset | None]:
        """Return what is written in for each address linked to, keeping account of all."""
        urls = dict.fromkeys(url for element in self.elements.found if (url := linked_url(element)))
        found = {url: self.packages.find(url) for url in urls}
        traces = self._collect_uses(found)
        return {url: self._record_asset(url, asset, traces) for url, asset in found.items()}

    def _record_asset(self, url: str, asset: Asset | str, traces: str) -> Asset | None:
        trace, amiss = next(
            (uses for end, uses in _LIBRARIES.items() if re.search(f"(?:{end})$", url)),
            ("", self._describe_loss(url)),
        )
        if trace and not re.search(trace, traces):
            self.unused.append(url)
            return None
        if isinstance(asset, str):
            self.missing[url] = Missing(url, asset, amiss)
            return None
        self.inlined[url] = f"{asset.package}, {asset.note}" if asset.note else asset.package
        return asset

    def _describe_loss(self, url: str) -> str:
        users = ", ".join(sorted(self.users.get(url, ()))) or "what needs it"
        return f"{users} may look wrong" if _is_style_sheet(url) else f"{users} will not work"

    def _collect_uses(self, found: Mapping[str, Asset | str]) -> str:
        """Return all text that could use one of folium's libraries: the page's, and plugins'."""
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
        """Return what takes the place of an element, or of its text, if anything does."""
        if url := linked_url(element):
            return (*element.span, self._inline_asset(element, found[url]))
        before = self.page[slice(*element.text)]
        after = before
        if element.tag == "script" and element.given.get("type", "") in _SCRIPT_TYPES:
            after = self._edit_script(before)
        elif element.tag == "style":
            after = self._inline_style(before, None)
        else:
            self._record_missing(_source_url(element))
        return None if after == before else (*element.text, after)

    def _inline_asset(self, element: PageElement, asset: Asset | None) -> str:
        """Return an element with an asset in it, that takes the place of one with a link to it."""
        if asset is None:
            return ""
        # Browsers read a line's end as one sign, and hash it so.
        text = asset.data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        kept = "media" if element.tag == "link" else "type"
        given = f' {kept}="{html.escape(element.given[kept])}"' if element.given.get(kept) else ""
        if element.tag == "link":
            return f"<style{given}>{self._inline_style(text, asset)}</style>"
        return f"<script{given}>{escape_script(text)}</script>"

    def _inline_style(self, text: str, asset: Asset | None) -> str:
        sheet = StyleSheet(text, asset, self.packages, self.own)
        for url in sheet.missing:
            effect = "a picture or a font of this style is not shown"
            self.missing[url] = Missing(url, "no installed package has it", effect)
        return re.sub("</(?=style)", r"<\\/", sheet.text, flags=re.IGNORECASE)

    def _edit_script(self, text: str) -> str:
        """Return a script of the page whose parts do not fall with one that lacks its library."""
        for part in self.parts if self.broken else ():
            guarded = f"try {{{part}}} catch (amiss) {{ console.warn(amiss); }}"
            text = text.replace(part, guarded, 1) if part.strip() else text
        for found in _SHOWN.finditer(text):
            self._record_missing(found["url"])
        for framed in _FRAMED.findall(text):
            page = base64.b64decode(framed).decode("utf-8", "replace")
            for element in PageElements(page).found:
                self._record_missing(linked_url(element) or _source_url(element))
        return _FETCHES.sub(self._embed_address, text)

    def _embed_address(self, match: re.Match[str]) -> str:
        """Return a script's address as data; it stays, or is a blank, if nobody has it."""
        url, by = match["url"].replace("\\u0026", "&"), match["by"]
        tiles = "tiles are fetched as the map is moved"
        asset = tiles if "tileLayer" in by else self.packages.find(url)
        if isinstance(asset, Asset):
            self.inlined[url] = asset.package
            return f'{by}"{data_url(url, asset.data)}"'
        amiss = next(amiss for sign, amiss in _AMISS.items() if sign in by)
        self.missing[url] = Missing(url, asset, amiss)
        if "Url" in by:
            return f'{by}"{_BLANK if "shadow" in by else self._read_pins()["iconUrl"]}"'
        return f'{by}"{_BLANK}"' if "Overlay" in by else match[0]

    def _record_missing(self, url: str) -> None:
        """Keep account of a picture or a frame in what a user wrote."""
        if not INERT.match(url):
            reason = "it is in HTML that was added to the map, which is not altered"
            self.missing[url] = Missing(url, reason, "it is not shown")

    def _read_pins(self) -> dict[str, str]:
        """Return the pictures of Leaflet's own pin."""
        names = {
            "iconUrl": "marker-icon.png",
            "iconRetinaUrl": "marker-icon-2x.png",
            "shadowUrl": "marker-shadow.png",
        }
        found = {to: self.packages.find(f"{_LEAFLET}images/{name}") for to, name in names.items()}
        return {to: data_url(p.url, p.data) for to, p in found.items() if isinstance(p, Asset)}


def _apply_edits(page: str, edits: list[tuple[int, int, str]]) -> str:
    """Return a page with other texts in some places.

    >>> _apply_edits("0123456", [(1, 2, "a"), (4, 4, "b")])
    '0a23b456'
    """
    for start, stop, text in sorted(edits, reverse=True):
        page = page[:start] + text + page[stop:]
    return page


def _list_users(element: Any) -> dict[str, set[str]]:
    """Return the addresses that the elements of a map ask for, with the elements' names."""
    names: dict[str, set[str]] = {}
    waiting = [element]
    while waiting:
        one = waiting.pop()
        for _, url in [*getattr(one, "default_js", ()), *getattr(one, "default_css", ())]:
            names.setdefault(url, set()).add(type(one).__name__)
        waiting += one._children.values()  # noqa: SLF001
    return names


def _source_url(element: PageElement) -> str:
    """Return the address of what an element of the page's body shows, or nothing."""
    names = () if element.tag in {"a", "link", "meta", "script"} else ("src", "data", "poster")
    return next((element.given[name] for name in names if element.given.get(name)), "")


def _is_style_sheet(url: str) -> bool:
    return url.partition("?")[0].endswith(".css")
