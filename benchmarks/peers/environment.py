"""Set the peers up from registries, and say why where one cannot be had."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TURF = "@turf/turf@7.4.0"
POSTGIS = ("postgresql", "postgresql-15-postgis-3")


class CannotSetUp(RuntimeError):
    """A peer cannot be set up here; the message says why."""


def run(*command: object) -> None:
    """Run a command quietly; raise with its last line where it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSetUp(f"{words[0]}: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise CannotSetUp(f"{' '.join(words[:3])}: {' '.join(last)}")


def python(cache: Path) -> Path:
    """Return the Python of a virtual environment with all peers that PyPI has."""
    wanted = HERE.parent / "requirements.txt"
    folder, stamp = cache / "venv", cache / "venv" / "requirements.txt"
    program = folder / "bin" / "python"
    if not (stamp.is_file() and stamp.read_bytes() == wanted.read_bytes()):
        run(sys.executable, "-m", "venv", folder)
        run(program, "-m", "pip", "install", "-q", "-r", wanted)
        shutil.copyfile(wanted, stamp)
    return program


def node(cache: Path) -> Path:
    """Return a folder with Turf.js in its ``node_modules``."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise CannotSetUp(f"{program} is not installed")
    folder = cache / "node"
    package = folder / "node_modules" / "@turf" / "turf" / "package.json"
    if not (package.is_file() and f'"{TURF.rpartition("@")[2]}"' in package.read_text("utf-8")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        run("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", TURF)
    return folder


def postgis() -> None:
    """Make sure that PostGIS is there: Debian's packages, installed where we may."""
    extensions = Path("/usr/share/postgresql").glob("*/extension/postgis.control")
    if any(extensions):
        return
    if not shutil.which("apt-get"):
        raise CannotSetUp("no PostGIS, and no apt-get to install it with")
    run("apt-get", "update", "-q")
    run("apt-get", "install", "-y", "-q", "--no-install-recommends", *POSTGIS)
