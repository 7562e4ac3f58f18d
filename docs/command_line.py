# ruff: noqa: INP001
"""Write the reference of the command line from the commands themselves, at build time.

It uses the data from which typer prints the help, so the page and the help agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main

from geobuffer.cli.commands import app
from geobuffer.cli.options import list_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

PAGE = Path(__file__).parent / "reference" / "command-line.md"

HEAD = """\
# Command line

Each command answers one question through the public functions. Answers go to stdout, progress and
errors to stderr. A mistake gets one line on stderr and exit code 2; Ctrl-C ends with 130, SIGTERM
with 143. A fault of geobuffer gets one line and exit code 70: it names a file with the traceback,
which `--debug` shows. With `| head`, a command that is cut off ends with 1.

This page is made from the commands themselves; `geobuffer COMMAND --help` says the same.
"""

# Characters of markup: with a backslash before them, Markdown shows them as they are.
_MARKUP = str.maketrans({mark: f"\\{mark}" for mark in r"\`*_<>[]|"})


def commands(group: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the commands of a group and of the groups in it: name, command, and its context."""
    for own, command in group.commands.items():
        full = f"{name} {own}"
        yield full, command, command.make_context(full, [], resilient_parsing=True)
        if hasattr(command, "commands"):
            yield from commands(command, full)


def described(command: Any, context: Any) -> Iterator[str]:
    """Yield the parts of the page about a command."""
    yield str(command.help).translate(_MARKUP)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.info_name} {usage}\n```"
    for heading, records in list_options(command, context).items():
        yield f"**{heading}**"
        for names, explanation in records:
            # Columns are aligned for a terminal.
            name, explained = (" ".join(text.split()) for text in (names, explanation))
            yield f"```{{option}} {name}\n{explained.translate(_MARKUP)}\n```"
    yield f"Examples:\n\n```text\n{command.epilog}\n```"


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for name, command, context in commands(typer.main.get_command(app), "geobuffer"):
        parts += [f"## {name}", f"```{{program}} {name}\n```", *described(command, context)]
    return "\n\n".join(parts) + "\n"


def write_page(_app: Sphinx) -> None:
    """Write the page if it differs from the one that is there."""
    text = page()
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")
