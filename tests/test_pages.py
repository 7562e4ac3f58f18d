"""Pages: taken apart as a browser does, and put under a policy that lets nothing in."""

from __future__ import annotations

import pytest

from geobuffer.pages import Pieces, guarded, linked, sealed

PAGE = """<!DOCTYPE html><html><head>
<!-- <script src="https://no/1.js"></script> -->
<script src="https://a/b.js"></script><SCRIPT>x = '<script src="https://no/2.js">';</SCRIPT>
<link href="https://a/c.css" rel="Stylesheet"/><link rel="icon" href="https://a/i.ico">
<style>a > b {}</style><script src="data:,1"></script>
</head><body><img src="https://a/p.png"></body></html>"""


def test_links_are_those_that_a_browser_would_follow() -> None:
    assert [url for piece in Pieces(PAGE).found if (url := linked(piece))] == [
        "https://a/b.js", "https://a/c.css",
    ]  # fmt: skip


def test_pieces_know_where_they_stand() -> None:
    pieces = Pieces(PAGE)
    texts = {PAGE[slice(*p.text)] for p in pieces.found if p.tag in {"script", "style"}}
    assert texts == {"", "x = '<script src=\"https://no/2.js\">';", "a > b {}"}
    script = next(piece for piece in pieces.found if linked(piece))
    assert PAGE[slice(*script.span)] == '<script src="https://a/b.js"></script>'
    assert PAGE[slice(*pieces.head)].startswith("\n<!--")
    assert PAGE[pieces.head[1] :].startswith("</head>")


@pytest.mark.parametrize(
    "script",
    ["a = '</script>'", "/* </SCRIPT > */", "`<!-- <script>`", "/<\\/script>/.test(x)", "'<!--'"],
)
def test_no_script_ends_early(script: str) -> None:
    page = f"<script>{sealed(script)}</script><p>after</p>"
    pieces = Pieces(page).found
    assert [piece.tag for piece in pieces] == ["script", "p"]
    assert "<!--" not in page


def test_scripts_point_to_no_source_map() -> None:
    assert sealed("x;\n//# sourceMappingURL=leaflet.js.map") == "x;\n"


def test_a_page_is_put_under_a_policy() -> None:
    begin, _ = Pieces(PAGE).head
    page = guarded(PAGE, begin)
    assert page.index("default-src 'none'") < page.index("<script")
    assert "http" not in page.partition('content="')[2].partition('"')[0]


def test_the_policy_that_a_page_has_lets_in_what_it_now_holds_and_no_web() -> None:
    page = (
        """<head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; """
        """script-src 'sha256-old' https://a/b.js; style-src 'unsafe-inline' https:; """
        """img-src data: https: http:; connect-src https:; upgrade-insecure-requests">"""
        """</head><script>1;</script><script type="application/json">{}</script>"""
    )
    assert guarded(page, 6).partition('content="')[2].partition('"')[0] == (
        # printf '1;' | openssl dgst -sha256 -binary | base64
        "default-src 'none'; script-src 'sha256-CImjRDTlhukYQ2AnxOi0wzgPhGQ3Mb3rVwJK24dFz1M='; "
        "style-src 'unsafe-inline'; img-src data:; connect-src 'none'; upgrade-insecure-requests"
    )
