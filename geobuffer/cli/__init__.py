"""The command line: ``geobuffer map``, ``zone``, ``settlements`` and their like."""

from geobuffer.cli.commands import app
from geobuffer.cli.running import main

__all__ = ["app", "main"]
