"""The command line: ``geobuffer map``, ``zone``, ``settlements`` and their like."""

from geobuffer.cli.commands import app, main

__all__ = ["app", "main"]
