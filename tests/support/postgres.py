"""A real PostgreSQL with PostGIS on loopback, started for the tests and removed after them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def _bin() -> Path | None:
    """Return the folder of the server's programs: Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    elsewhere = shutil.which("initdb")
    return found[-1].parent if found else Path(elsewhere).parent if elsewhere else None


def _has_postgis() -> bool:
    return any(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))


_BIN = _bin()
_MISSING = _BIN is None or not _has_postgis()


# In CI a missing server is a failure: a test that is skipped there tests nothing.
needs_postgis = pytest.mark.skipif(
    _MISSING and not os.environ.get("CI"), reason="needs PostgreSQL with PostGIS"
)


@dataclass
class Database:
    """A database with PostGIS, and the user who may query it."""

    port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        """Its address, with the password in it."""
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        """Run statements as its owner."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def _as_server(folder: Path, *command: str) -> list[str]:
    """Return a command that does not run as root, because the server's programs refuse that."""
    if os.geteuid() != 0:
        return list(command)
    shutil.chown(folder, "postgres")
    return ["runuser", "-u", "postgres", "--", *command]


@contextlib.contextmanager
def postgis() -> Iterator[Database]:
    """Start a server on a free port of loopback, with a password, and end it."""
    assert _BIN is not None, "needs PostgreSQL: apt-get install postgresql postgresql-15-postgis-3"
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder, password = Path(name), secrets.token_hex(12)
        secret = folder / "password"
        secret.write_text(password)
        secret.chmod(0o644)
        data = folder / "data"
        options = ("-A", "scram-sha-256", "-U", "owner", f"--pwfile={secret}", "-E", "UTF8")
        initdb = (str(_BIN / "initdb"), "-D", str(data), *options, "--no-sync")
        subprocess.run(_as_server(folder, *initdb), check=True, capture_output=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = (str(_BIN / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"))
        subprocess.run(
            _as_server(folder, *control, "-o", settings, "start"), check=True, capture_output=True
        )
        database = Database(port, "owner", password)
        try:
            database.run("CREATE EXTENSION postgis")
            yield database
        finally:
            subprocess.run(
                _as_server(folder, *control, "-m", "immediate", "stop"),
                check=True,
                capture_output=True,
            )
