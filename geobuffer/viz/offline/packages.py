"""Find the files that a web page links to among the installed packages; fetch nothing.

The address of a file on a content delivery network states its library, its version and its path.
Some Python packages hold such files. An XStatic package holds one library, and folium holds a few
files of its own. folium-offline holds nearly all that folium and its plugins link to, as texts by
address.
"""

from __future__ import annotations

import ast
import base64
import importlib.metadata
import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackagePath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.metadata import Distribution

    Found = tuple[tuple[int, ...], "Asset"]


# How content delivery networks that folium and its plugins use write library, version and file.
_ADDRESSES = (
    (
        r"(?:cdn\.jsdelivr\.net/npm|unpkg\.com)/+"
        r"(?P<library>(?:@[^/]+/)?[^/@]+)(?:@(?P<version>[^/]+))?(?:/(?P<path>.+))?"
    ),
    r"cdn\.jsdelivr\.net/gh/[^/]+/(?P<library>[^/@]+)(?:@(?P<version>[^/]+))?/(?P<path>.+)",
    r"cdnjs\.cloudflare\.com/ajax/libs/(?P<library>[^/]+)/(?P<version>[^/]+)/(?P<path>.+)",
    r"[^/]+/(?P<library>[^/]+)/(?P<version>\d[\d.]*)/(?P<path>.+)",
    (
        r"[^/]+/(?:.*/)?"
        r"(?P<path>(?P<library>[A-Za-z][\w-]*?)[-.]v?(?P<version>\d+(?:\.\d+)*)(?:\.[A-Za-z]+)+)"
    ),
)

# Libraries whose name in npm differs from that of their Python package.
_OTHER_NAMES = {"fontawesomefree": "fontawesome"}

# The package that holds texts by address, and the modules in it. We read them and never run them.
_TEXT_PACKAGE = "folium-offline"
_TEXT_MODULES = ("offlinefolium/elements.py", "offlinefolium/features.py")

#: The files of Leaflet that are part of geobuffer; data/build/leaflet.py takes them from npm.
LEAFLET = Path(__file__).parents[1] / "web" / "assets" / "leaflet"

# Formats of fonts, the best first: one installed file of a font is enough.
_FONTS = ("woff2", "woff", "ttf", "otf")
_FONT_TYPES = {"ttf": "truetype", "otf": "opentype"}
_KINDS = {
    "png": "image/png", "gif": "image/gif", "svg": "image/svg+xml", "jpg": "image/jpeg",
    "jpeg": "image/jpeg", "webp": "image/webp", "ico": "image/x-icon", "cur": "image/x-icon",
    **{font: f"font/{font}" for font in _FONTS},
}  # fmt: skip
# Kinds of files that a page may get. No other file of a package is ever read.
_SERVED = {"js", "mjs", "css", "json", *_KINDS}
#: Addresses that fetch nothing: they hold their data, or point into the page.
INERT_URL = re.compile(r"data:|blob:|about:|#|$")

_URL = re.compile(r"""url\(\s*("[^"]*"|'[^']*'|[^)"'\s]*)\s*\)""")
_IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"')\s;]+)["']?\s*\)?([^;]*);""")
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_FONT_FAMILY = re.compile(r"""font-family\s*:\s*["']?([^"';}]+)""")
_FONT_SOURCE = re.compile(r"src\s*:(?:url\([^)]*\)|[^;}])*;?")


class BundledLeaflet:
    """The Leaflet of geobuffer, with the members of ``importlib.metadata.Distribution`` we use."""

    name, version = "Leaflet", "1.9.3"

    @property
    def files(self) -> list[PackagePath]:
        """Its files, relative to its folder."""
        paths = [PackagePath(p.relative_to(LEAFLET)) for p in LEAFLET.rglob("*") if p.is_file()]
        for path in paths:
            path.dist = self  # type: ignore[assignment]
        return paths

    def locate_file(self, path: PackagePath) -> Path:
        """Return where a file is."""
        return LEAFLET / path


@dataclass(frozen=True)
class Address:
    """The parts of a web address: a library, its version (empty for any), and a file in it."""

    library: str
    version: str
    path: str


@dataclass(frozen=True, eq=False)
class Asset:
    """The content of a file that a page links to.

    Parameters
    ----------
    url
        The address of the file.
    data
        Its content.
    package
        Name and version of the package that holds it.
    note
        How the file differs from the one of the address; empty if it does not.
    """

    url: str
    data: bytes = field(repr=False)
    package: str
    note: str = ""
    _path: str = field(default="", repr=False)
    _files: tuple[PackagePath, ...] = field(default=(), repr=False)

    def find_sibling(self, reference: str) -> bytes | None:
        """Return a file of the same package by its path relative to this file, or ``None``."""
        if urlsplit(reference).netloc:
            return None
        plain = unquote(urlsplit(reference).path)
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), plain))
        found = next((f for f in self._files if f.as_posix() == wanted and _is_served(f)), None)
        return found.read_binary() if found else None


def read_address(url: str) -> Address | None:
    """Return the parts of an address, or ``None`` if it does not state them.

    Examples
    --------
    >>> read_address("https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js")
    Address(library='leaflet', version='1.9.3', path='dist/leaflet.js')
    >>> read_address("https://code.jquery.com/jquery-3.7.1.min.js")
    Address(library='jquery', version='3.7.1', path='jquery-3.7.1.min.js')
    """
    parts = urlsplit(url)
    plain = unquote(parts.netloc + parts.path)
    for pattern in _ADDRESSES:
        if found := re.fullmatch(pattern, plain):
            return Address(found["library"], found["version"] or "", found["path"] or "")
    return None


class InstalledPackages:
    """The packages that are installed when we first look for a file."""

    def find(self, url: str) -> Asset | str:
        """Return the file that an address names, or a text that says why it is missing.

        The version in the address is preferred. Another version must be compatible: of the same
        major version, or below 1.0 of the same minor version. The newest compatible one is chosen.
        """
        url = urljoin("https://cdn/", url)
        address = read_address(url)
        found = [*self._find_files(url, address), *self._find_texts(url, address)]
        if not found:
            advice = "" if self._texts_by_url else "; pip install 'geobuffer[offline]' brings most"
            return f"no installed package has it{advice}"
        wanted = _version_numbers(address.version) if address else ()
        exact = [asset for version, asset in found if version[: len(wanted)] == wanted]
        if exact:
            return exact[0]
        compatible = [one for one in found if _is_compatible(one[0], wanted)]
        if not compatible:
            return f"{found[0][1].package} has another major version of it"
        version, asset = max(compatible, key=lambda one: one[0])
        note = f"version {'.'.join(map(str, version))} in place of {'.'.join(map(str, wanted))}"
        return Asset(url, asset.data, asset.package, note, asset._path, asset._files)  # noqa: SLF001

    def _find_files(self, url: str, address: Address | None) -> Iterator[Found]:
        """Yield the file that an address names from each package with the library's name."""
        if address is None:
            return
        for package in self._by_library.get(_fold_library(address.library), ()):
            files = tuple(package.files or ())
            if file := _choose_file(files, address):
                title = f"{package.name} {package.version}"
                asset = Asset(url, file.read_binary(), title, "", file.as_posix(), files)
                yield _version_numbers(package.version), asset

    def _find_texts(self, url: str, address: Address | None) -> Iterator[Found]:
        """Yield the stored texts of an address: of the address itself, and of other versions."""
        for known, text in self._texts_by_url.items():
            other = read_address(known)
            if known == url or (address and other and _names_same_file(address, other)):
                version = _version_numbers(other.version) if other else ()
                yield version, Asset(url, text.encode(), self._text_package_title)

    @cached_property
    def _by_library(self) -> dict[str, list[Distribution]]:
        packages: dict[str, list[Distribution]] = {"leaflet": [BundledLeaflet()]}  # type: ignore[list-item]
        for package in importlib.metadata.distributions():
            name = _fold_library(package.name or "").removeprefix("xstatic")
            packages.setdefault(name, []).append(package)
        return packages

    @cached_property
    def _texts_by_url(self) -> dict[str, str]:
        """The texts in the modules of folium-offline, by their addresses."""
        packages = self._by_library.get(_fold_library(_TEXT_PACKAGE), ())
        files = [file for package in packages for file in package.files or ()]
        texts = [file.read_text("utf-8") for file in files if file.as_posix() in _TEXT_MODULES]
        return {url: text for module in texts for url, text in _read_assignments(module)}

    @cached_property
    def _text_package_title(self) -> str:
        package = self._by_library[_fold_library(_TEXT_PACKAGE)][0]
        return f"{package.name} {package.version}"


def _read_assignments(module: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a Python module's statements ``name["https://…"] = "…"``.

    >>> list(_read_assignments("x['https://a/b.js'] = 'text'; y = 1; z[y] = 'no'; print('never')"))
    [('https://a/b.js', 'text')]
    """
    for statement in ast.parse(module).body:
        match statement:
            case ast.Assign([ast.Subscript(slice=ast.Constant(str(url)))], ast.Constant(str(text))):
                yield url, text


def _fold_library(name: str) -> str:
    """Return a library's name in one spelling, which is the same for all publishers.

    >>> names = ("Leaflet.draw", "moment.js", "@fortawesome/fontawesome-free")
    >>> [_fold_library(name) for name in names]
    ['leafletdraw', 'moment', 'fontawesome']
    """
    letters = re.sub(r"[^a-z0-9]", "", name.lower().rsplit("/", 1)[-1].removesuffix(".js"))
    return _OTHER_NAMES.get(letters, letters)


def _version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; empty for a word such as ``latest``.

    >>> _version_numbers("1.9.3.0"), _version_numbers("v4"), _version_numbers("main")
    ((1, 9, 3, 0), (4,), ())
    """
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def _is_compatible(version: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Return whether two versions have the same major number; below 1.0, the same minor one."""
    same = 2 if wanted[0] == 0 else 1
    return version[:same] == wanted[:same]


def _file_names(address: Address) -> tuple[str, str]:
    """Return the file name in an address, with and without the version."""
    name = posixpath.basename(address.path)
    return name, re.sub(rf"[-.]v?{re.escape(address.version)}(?=\.)", "", name)


def _names_same_file(one: Address, other: Address) -> bool:
    return (
        _fold_library(one.library) == _fold_library(other.library)
        and _file_names(one)[1] == _file_names(other)[1] != ""
    )


def _choose_file(files: tuple[PackagePath, ...], address: Address) -> PackagePath | None:
    """Return the file with the name in an address; of several, the one in the same folders."""
    wanted = posixpath.dirname(address.path).split("/")
    named = [file for file in files if file.name in _file_names(address) and _is_served(file)]
    there = [file for file in named if file.locate().is_file()]  # type: ignore[attr-defined]
    return max(there, key=lambda file: len({*file.parent.parts} & {*wanted}), default=None)


def _is_served(file: PackagePath) -> bool:
    """Return whether a file is of a kind that pages use, and lies within its package."""
    return file.suffix[1:].lower() in _SERVED and ".." not in file.parts


def data_url(name: str, data: bytes) -> str:
    """Return bytes as a data URL; the media type follows from the ending of the file's name.

    >>> data_url("images/layers.png", b"x")
    'data:image/png;base64,eA=='
    """
    ending = posixpath.splitext(urlsplit(name).path)[1][1:].lower()
    kind = _KINDS.get(ending, "application/octet-stream")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _is_font(reference: str, font: str) -> bool:
    """Return whether a reference names a font of a format, by its ending or its media type.

    >>> _is_font("a/b.woff?v=1", "woff"), _is_font("data:font/woff2;base64,x", "woff")
    (True, False)
    """
    if not reference.startswith("data:"):
        return urlsplit(reference).path.endswith(f".{font}")
    kind = reference[5:40].partition(";")[0].partition(",")[0].rpartition("/")[2]
    return kind.removeprefix("x-").removeprefix("font-") in {font, _FONT_TYPES.get(font)}


def escape_script(text: str) -> str:
    r"""Return a script that can stand between tags: no text ends it, and it names no source map.

    In JavaScript, ``</script`` and ``<!--`` occur only in literals and comments, where their
    escapes mean the same.

    >>> escape_script("a = '</script><!--'")
    "a = '<\\/script>\\x3C!--'"
    """
    text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE).replace("<!--", r"\x3C!--")
    return re.sub(r"//[#@] sourceMappingURL=\S*", "", text)


def embed_urls(style: str, find_url: Callable[[str], str | None]) -> str:
    """Return a style sheet whose ``url(...)`` references are replaced by other addresses.

    ``find_url`` returns the new address for a reference, or ``None`` to leave it as it is.

    >>> embed_urls("a {background: url(b.png)}", lambda reference: "data:,")
    'a {background: url("data:,")}'
    """

    def replace(match: re.Match[str]) -> str:
        url = find_url(match[1].strip("\"'"))
        return match[0] if url is None else f'url("{url}")'

    return _URL.sub(replace, style)


class StyleSheet:
    """A style sheet that contains all files to which it refers.

    ``text`` is the style sheet, and ``missing`` holds the addresses that no installed package has.
    ``asset`` is the file of the style sheet, to which its addresses are relative; ``None`` for a
    style in the page itself. Fonts that neither the style sheet nor the page names are left out.
    """

    def __init__(
        self, text: str, asset: Asset | None, packages: InstalledPackages, page: str
    ) -> None:
        self.missing: list[str] = []
        self._asset, self._packages, self._page = asset, packages, page
        text = _IMPORT.sub(self._inline_import, text)
        self._rules = _FONT_FACE.sub("", text)
        text = _FONT_FACE.sub(self._reduce_font, text)
        self.text = embed_urls(text, self._embed_reference)

    def _resolve(self, reference: str) -> str:
        return urljoin(self._asset.url if self._asset else "", reference)

    def _find_data(self, reference: str) -> str | None:
        """Return a reference as a data URL if a package has the file; an inert one unchanged."""
        if INERT_URL.match(reference):
            return reference
        data = self._asset.find_sibling(reference) if self._asset else None
        if data is None:
            found = self._packages.find(self._resolve(reference))
            data = found.data if isinstance(found, Asset) else None
        return None if data is None else data_url(reference, data)

    def _inline_import(self, match: re.Match[str]) -> str:
        asset, media = self._packages.find(self._resolve(match[1])), match[2].strip()
        if isinstance(asset, str):
            self.missing.append(self._resolve(match[1]))
            return ""
        sheet = StyleSheet(asset.data.decode("utf-8-sig"), asset, self._packages, self._page)
        self.missing += sheet.missing
        return f"@media {media} {{{sheet.text}}}" if media else sheet.text

    def _reduce_font(self, match: re.Match[str]) -> str:
        """Return a font rule with the best installed file; empty if nothing uses the font."""
        family = _FONT_FAMILY.search(match[0])
        if family and family[1].strip() not in self._rules + self._page:
            return ""
        references = [found.strip("\"'") for found in _URL.findall(match[0])]
        ordered = [one for font in _FONTS for one in references if _is_font(one, font)]
        data = next((data for one in ordered if (data := self._find_data(one))), None)
        if data is None:
            self.missing += [self._resolve(one) for one in references[:1]]
            return ""
        return _FONT_SOURCE.sub("", match[0])[:-1].rstrip() + f';src:url("{data}")}}'

    def _embed_reference(self, reference: str) -> str | None:
        url = self._find_data(reference)
        if url == reference:
            return None
        if url is None:
            self.missing.append(self._resolve(reference))
        return url or "data:,"
