"""``python -m geobuffer`` is the command ``geobuffer``."""

from geobuffer.cli import main

main()
