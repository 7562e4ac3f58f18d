"""The cache: each file whole or not there, with its papers; one process at a time brings a file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import filelock
import platformdirs

from geobuffer.datasets.fetch.downloader import Obtained
from geobuffer.datasets.fetch.http import (
    PATIENCE_S,
    Failure,
    check_address,
    forget,
    put_off,
    transfer,
)
from geobuffer.errors import ChecksumMismatch, DataError, DownloadError, WriteError
from geobuffer.io.atomic import move, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geobuffer.datasets.fetch.downloader import Downloader, Wanted
    from geobuffer.zones.source import Source


# The longest that another process may hold a file: a large raster over a slow line.
_LOCK_S = 3600.0
# The longest wait between two attempts where the server names none.
_BACKOFF_S = 30.0
# By length in hexadecimal digits; publishers state MD5 too, against damage and not against fraud.
_HASHES = {32: "md5", 40: "sha1", 64: "sha256"}


def cache_folder(how: Downloader) -> Path:
    """Return the folder that a downloader keeps its files in."""
    return Path(how.folder or platformdirs.user_cache_path("geobuffer", appauthor=False))


def file_name(text: str) -> str:
    """Return a text as a plain file name: letters, digits, dot, dash and underscore.

    Examples
    --------
    >>> file_name("../../etc/passwd"), file_name("ukr admin.zip")
    ('etc_passwd', 'ukr_admin.zip')
    """
    # 100 characters: with the suffixes of drafts, below the 143 that encrypted file systems allow.
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[-100:] or "file"


def obtain(wanted: Wanted, how: Downloader, *, refresh: bool) -> Obtained:
    """Return a file from the cache, or bring it there.

    A file that somebody put into the cache by hand is taken as it is, once it is checked.

    Raises
    ------
    ChecksumMismatch
        The file in the cache is not the one that was downloaded, or a download is not the one
        that its publisher states.
    DataError
        An address is not HTTPS; a file put there by hand is not what it must be; the cache is
        not to be written.
    DownloadError
        It is neither to be had nor in the cache.
    """
    for url in wanted.urls:
        check_address(url)
    folder = cache_folder(how) / wanted.site
    path = folder / wanted.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if path.is_file() and not refresh:
                return _from_cache(path, wanted)
            return _bring(path, wanted, how)
    except PermissionError as error:
        raise DataError(
            f"The cache {str(folder)!r} is not to be written: {error.strerror}. Must be; name "
            "another with Downloader(folder=...)."
        ) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from a file of the cache."""
    try:
        with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_S):
            yield
    except filelock.Timeout:
        raise DownloadError(f"Another process has been fetching {path} for an hour.") from None


def _from_cache(path: Path, wanted: Wanted) -> Obtained:
    papers = _read_papers(path)
    found = _hash(path, "sha256")
    if papers is None:
        wanted.check(path)
        _check_stated(path, wanted)
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        note = "put into the cache by hand; hash recorded when it was first used"
        papers = _papers(wanted, wanted.urls[0], found, day, note)
        _write_papers(path, papers)
    if found != papers["sha256"]:
        raise ChecksumMismatch(
            f"Altered {path}: sha256 is {found[:12]}…, but was {papers['sha256'][:12]}… when it "
            "was downloaded. Remove it, or fetch it with refresh."
        )
    return Obtained(path, _dated(wanted.source, papers["url"], papers["retrieved"], found))


def _dated(source: Source, url: str, retrieved: str, sha256: str) -> Source:
    return dataclasses.replace(source, url=url, retrieved=retrieved, sha256=sha256)


def _bring(path: Path, wanted: Wanted, how: Downloader) -> Obtained:
    """Download a file, check it, and put it in its place with its papers."""
    part = path.with_name(path.name + ".part")
    url = _download(path, part, wanted, how)
    try:
        _check_stated(part, wanted)
    except ChecksumMismatch:
        forget(part)
        raise
    papers = _papers(wanted, url, _hash(part, "sha256"), datetime.now(UTC), _hash_note(wanted))
    # Without papers a file counts as put there by hand: so at no moment is one taken for another.
    _papers_of(path).unlink(missing_ok=True)
    move(part, path)
    forget(part)
    _write_papers(path, papers)
    return _from_cache(path, wanted)


def _download(path: Path, part: Path, wanted: Wanted, how: Downloader) -> str:
    """Bring a file to `part`, from the first address that gives it; return that address."""
    turns, reasons = list(wanted.urls), []
    for number in range(max(how.attempts, len(turns))):
        url = turns.pop(0)
        try:
            transfer(url, part, wanted.name, how)
            wanted.check(part)
        except Failure as failure:
            reasons.append(f"{_host(url)}: {failure}{_asked_wait(failure)}")
            if failure.passing and (failure.wait_s or 0.0) <= PATIENCE_S:
                turns.append(url)
                own = min(how.pause_s * 2**number, _BACKOFF_S)
                put_off(url, own if failure.wait_s is None else failure.wait_s)
        except WriteError:
            # A part that fills the disk is of no use to anybody.
            forget(part)
            raise
        except DataError as wrong:
            reasons.append(f"{_host(url)}: {str(wrong).rstrip('.')}")
            forget(part)
        else:
            return url
        if not turns:
            forget(part)
            break
    raise DownloadError(_message(path, wanted, reasons))


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _asked_wait(failure: Failure) -> str:
    return "" if failure.wait_s is None else f" (asks to wait {failure.wait_s:,.0f} s)"


def _message(path: Path, wanted: Wanted, reasons: list[str]) -> str:
    """Return what happened, and how to have the file all the same."""
    told = "; ".join(dict.fromkeys(reasons))
    if path.is_file():
        rest = f"The cache holds an older one, {path}: leave out refresh to use it."
    else:
        rest = (
            f"It is not in the cache. To do it by hand, download {wanted.urls[0]} and save it as "
            f"{path}; it will be used from there."
        )
    return f"Cannot download {wanted.source.title}: {told}. {rest}"


def _check_stated(path: Path, wanted: Wanted) -> None:
    stated = wanted.stated_hash.lower()
    if not stated:
        return
    found = _hash(path, _HASHES[len(stated)])
    if found != stated:
        raise ChecksumMismatch(
            f"Wrong {wanted.name}: {_HASHES[len(stated)]} is {found[:12]}…, but its publisher "
            f"states {stated[:12]}…. Damaged or changed on the way, or the statement is old: fetch "
            "it again with refresh."
        )


def known_hash(text: str) -> str:
    """Return a stated hash if it is one that can be checked, else nothing.

    Examples
    --------
    >>> known_hash("d41d8cd98f00b204e9800998ecf8427e"), known_hash("n/a")
    ('d41d8cd98f00b204e9800998ecf8427e', '')
    """
    bare = text.strip().lower().rpartition(":")[2]
    return bare if len(bare) in _HASHES and re.fullmatch("[0-9a-f]+", bare) else ""


def _hash(path: Path, method: str) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(method, usedforsecurity=False))
    return digest.hexdigest()


def _hash_note(wanted: Wanted) -> str:
    if wanted.stated_hash:
        return f"agrees with the {_HASHES[len(wanted.stated_hash)]} that its publisher states"
    return "its publisher states none; recorded at this download, and compared at every use"


def _papers(wanted: Wanted, url: str, sha256: str, when: datetime, note: str) -> dict[str, Any]:
    """Return the papers of a file: its source, and how far its hash is to be trusted."""
    source = _dated(wanted.source, url, when.date().isoformat(), sha256)
    return {**dataclasses.asdict(source), "sha256_note": note}


def _papers_of(path: Path) -> Path:
    """Return the file that says where another comes from: beside it, its name with `.json`."""
    return path.with_name(path.name + ".json")


def _read_papers(path: Path) -> dict[str, str] | None:
    papers = _papers_of(path)
    if not papers.is_file():
        return None
    try:
        read = json.loads(papers.read_text(encoding="utf-8"))
        return {key: str(read[key]) for key in ("url", "retrieved", "sha256")}
    except (ValueError, KeyError, TypeError) as error:
        message = f"Unreadable {papers}: {error}. Remove it: the file will be checked anew."
        raise DataError(message) from error


def _write_papers(path: Path, papers: dict[str, Any]) -> None:
    text = json.dumps(papers, ensure_ascii=False, indent=2) + "\n"
    write_text(_papers_of(path), text)
