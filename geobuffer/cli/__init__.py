"""The command line: ``geobuffer map``, ``zone``, ``settlements`` and their like."""
