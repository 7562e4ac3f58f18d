"""Take a page of HTML apart, and make it one that fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
class Piece:
    """An element of a page: what it is given, and where it and its text stand."""

    tag: str
    given: Mapping[str, str]
    span: tuple[int, int]
    text: tuple[int, int]


class Pieces(HTMLParser):
    """The elements of a page: scripts and styles with their text, others by their opening tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Piece] = []
        self.head = (0, 0)
        self._lines = [0, *(found.end() for found in re.finditer("\n", page))]
        self.feed(page)
        self.close()

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element: where it begins and what it is given."""
        start = self._here()
        end = start + len(self.get_starttag_text() or "")
        given = {name: value or "" for name, value in attrs}
        self.found.append(Piece(tag, given, (start, end), (end, end)))
        if tag == "head":
            self.head = (end, end)

    def handle_endtag(self, tag: str) -> None:
        """Note where the text of a script or a style ends."""
        here = self._here()
        if tag == "head":
            self.head = (self.head[0], here)
        elif tag in {"script", "style"} and self.found and self.found[-1].tag == tag:
            begun = self.found.pop()
            end = here + len(f"</{tag}>")
            text = (begun.text[0], here)
            self.found.append(Piece(tag, begun.given, (begun.span[0], end), text))


def linked(piece: Piece) -> str:
    """Return the address of a script or style sheet that an element links to, or nothing."""
    sheet = piece.tag == "link" and "stylesheet" in piece.given.get("rel", "").lower().split()
    name = "href" if sheet else "src" if piece.tag == "script" else ""
    url = piece.given.get(name, "")
    return "" if INERT.match(url) else url


def sealed(text: str) -> str:
    r"""Return a script that no text in it can end early, and that points to no source map.

    The signs that HTML would see stand in literals and comments only, where these mean the same.

    >>> sealed("a = '</script><!--'")
    "a = '<\\/script>\\x3C!--'"
    """
    text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE).replace("<!--", r"\x3C!--")
    return re.sub(r"//[#@] sourceMappingURL=\S*", "", text)


def guarded(page: str, begin: int) -> str:
    """Return a page with a policy that lets it fetch nothing; its own, if it has one, made so."""
    pieces = Pieces(page).found
    for piece in pieces:
        if piece.given.get("http-equiv", "").lower() == "content-security-policy":
            rules = [_rule(rule, page, pieces) for rule in piece.given["content"].split(";")]
            policy, (begin, end) = "; ".join(rule for rule in rules if rule), piece.span
            break
    else:
        policy, end = _POLICY, begin
    content = html.escape(policy, quote=False)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content}" />'
    return page[:begin] + meta + page[end:]


def _rule(rule: str, page: str, pieces: list[Piece]) -> str:
    """Return a rule of a policy without the web, and with the hashes of what the page now holds."""
    name, *sources = rule.split() or [""]
    kept = [one for one in sources if not re.match(r"https?:|\*|'sha256-", one)]
    tag = {"script-src": "script", "style-src": "style"}.get(name)
    if tag and "'unsafe-inline'" not in kept:
        texts = [page[slice(*p.text)] for p in pieces if p.tag == tag and not p.given.get("type")]
        digests = [hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts)]
        kept += [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return " ".join([name, *(kept or (["'none'"] if sources else []))])
