"""Set up what the measurements need, and say why if something cannot be set up.

Two virtual environments are kept in a cache: ``default`` has the peers that PyPI has, and geobuffer
as ``pip install geobuffer`` gives it; ``fast`` has numba, dask and Spark as well. geobuffer itself
is built from this checkout and installed afresh each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TURF = "@turf/turf@7.4.0"
POSTGIS = ("postgresql", "postgresql-15-postgis-3")
SF = ("r-cran-sf",)

# What each environment has beside the peers of requirements.txt: extras of geobuffer.
EXTRAS = {"default": "world", "fast": "fast,world,dask"}

# Environment variables that we remove: they change what Python imports or the speed of numpy.
UNWANTED = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME")
UNWANTED_BEGIN = ("OPENBLAS_", "NUMBA_")


class CannotSetUp(RuntimeError):
    """A peer cannot be set up here; the message says why."""


def plain_variables(cache: Path) -> dict[str, str]:
    """Return the environment variables in which all measurements run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in UNWANTED and not name.startswith(UNWANTED_BEGIN)
    }
    return kept | {"XDG_CACHE_HOME": str(cache / "xdg")}


def run(*command: object, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; raise with its last line where it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=1800, env=env
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSetUp(f"{words[0]}: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise CannotSetUp(f"{' '.join(words[:3])}: {' '.join(last)}")


def python(cache: Path, name: str) -> Path:
    """Return the Python of an environment."""
    return cache / name / "bin" / "python"


def set_up(cache: Path) -> None:
    """Make both environments, and install this checkout into them."""
    env = plain_variables(cache)
    wheels = cache / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wanted = HERE.parent / "requirements.txt"
    stated = wanted.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + str(EXTRAS).encode()
    for name, extras in EXTRAS.items():
        program, stamp = python(cache, name), cache / name / "stamp"
        if not (stamp.is_file() and stamp.read_bytes() == stated):
            print(f"setting up the environment {name} ...", flush=True)
            run(sys.executable, "-m", "venv", "--clear", cache / name, env=env)
            packages = ("-r", wanted, f"{ROOT}[{extras}]")
            run(program, "-m", "pip", "install", "-q", *packages, env=env)
            stamp.write_bytes(stated)
        if not wheels.is_dir():
            build = ("wheel", "-q", "--no-deps", "-w", wheels, ROOT)
            run(program, "-m", "pip", *build, env=env)
        wheel = next(wheels.glob("*.whl"))
        run(program, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", wheel, env=env)


def spark(cache: Path) -> None:
    """Install Spark if Java is installed. Spark is large, and does not run without Java."""
    if not shutil.which("java"):
        raise CannotSetUp("Java is not installed")
    program = python(cache, "fast")
    run(program, "-m", "pip", "install", "-q", "pyspark>=4.0", env=plain_variables(cache))


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
    """Make sure that PostGIS is installed; if not, install Debian's packages."""
    if not any(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
        _install_from_debian("PostGIS", POSTGIS)


def sf() -> None:
    """Make sure that R and its package sf are installed; if not, install Debian's packages."""
    try:
        run("Rscript", "-e", "library(sf)")
    except CannotSetUp:
        _install_from_debian("sf", SF)


def _install_from_debian(what: str, packages: tuple[str, ...]) -> None:
    if not shutil.which("apt-get"):
        raise CannotSetUp(f"no {what}, and no apt-get to install it with")
    run("apt-get", "update", "-q")
    run("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages)
