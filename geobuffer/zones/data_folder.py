"""Find the folder of the bundled data, in an installed package or in a checkout."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from geobuffer.errors import DataError


def data_folder() -> Path:
    """Return the folder of the bundled data.

    In an installed wheel the folder is inside the package. In a checkout, and so in an editable
    install, it is ``data/`` beside the package.

    Raises
    ------
    DataError
        Neither folder exists.
    """
    package = Path(str(resources.files("geobuffer")))
    for folder in (package / "data", package.parent / "data"):
        if (folder / "manifest.toml").is_file():
            return folder
    raise DataError(
        f"No bundled data in {package / 'data'}: manifest.toml is missing. Reinstall geobuffer."
    )
