"""``python -m geobuffer`` is the command ``geobuffer``."""

from geobuffer.cli.main import main

main()
