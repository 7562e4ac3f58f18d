"""Run the command line by ``python -m geobuffer``."""

from geobuffer.cli.main import main

main()
