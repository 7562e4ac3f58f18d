"""Write content security policies: what a page may run, and what it may load.

A browser obeys the policy in a page's head. Our own page and the pages of
:func:`geobuffer.inline` each get one, so that neither can fetch anything unnoticed.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


#: The policy of a folium map that was made to work offline. All its scripts and styles are inline:
#: those of folium and of the user. Some plugins turn text into functions, which needs
#: ``unsafe-eval``. The page may load only the data that it contains.
OFFLINE_POLICY = (
    "default-src 'none'; base-uri 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "connect-src data: blob:; frame-src data: blob:; worker-src blob:"
)


def write_policy(page: str, *, extended: bool) -> str:
    """Return the policy that allows what our page needs and nothing else.

    Inline scripts and styles are allowed by the hash of their text. Scripts and styles that a layer
    of the user links to are allowed by their address. Only such layers (``extended``) may fetch
    pictures and data.

    >>> write_policy("<style>p {}</style><script>1;</script>", extended=False)
    "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'sha256-...';
    style-src 'sha256-...'; img-src data:"
    """
    scripts = hash_texts(re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL))
    styles = hash_texts(re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL))
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


def restrict_policy(policy: str, texts: Mapping[str, Iterable[str]]) -> str:
    """Return a policy without its web addresses, and with the hashes of a page's present texts.

    ``texts`` are the inline scripts and styles of the page, by ``"script-src"`` and
    ``"style-src"``. Their hashes replace those of the policy, unless it allows all inline text.

    >>> restrict_policy("img-src data: https:; connect-src https:", {})
    "img-src data:; connect-src 'none'"
    """
    rules = (_restrict_rule(rule, texts) for rule in policy.split(";"))
    return "; ".join(rule for rule in rules if rule)


def _restrict_rule(rule: str, texts: Mapping[str, Iterable[str]]) -> str:
    name, *sources = rule.split() or [""]
    allowed = [one for one in sources if not re.match(r"https?:|\*|'sha256-", one)]
    if name in texts and "'unsafe-inline'" not in allowed:
        allowed += hash_texts(texts[name])
    return " ".join([name, *(allowed or (["'none'"] if sources else []))])


def hash_texts(texts: Iterable[str]) -> list[str]:
    """Return the hashes that allow inline scripts or styles of these texts, each text once.

    >>> hash_texts(["1;", "1;"])
    ["'sha256-CImjRDTlhukYQ2AnxOi0wzgPhGQ3Mb3rVwJK24dFz1M='"]
    """
    digests = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def policy_element(policy: str) -> str:
    """Return the element that puts a page under a policy."""
    content = html.escape(policy, quote=False)
    return f'<meta http-equiv="Content-Security-Policy" content="{content}" />'
