"""The cache of downloads: complete files only, each with its metadata, one process at a time."""

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
    delay_host,
    download,
    remove_partial,
    retry_policy,
)
from geobuffer.errors import ChecksumMismatch, DataError, DownloadError, WriteError
from geobuffer.io.atomic import move_into_place, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geobuffer.datasets.fetch.downloader import Downloader, Wanted
    from geobuffer.zones.source import Source


# The longest time that another process may lock a file: a large raster over a slow connection.
_LOCK_S = 3600.0
# Methods by the length of the hash in hexadecimal digits. Some publishers state MD5, which
# detects damage but not fraud.
_HASHES = {32: "md5", 40: "sha1", 64: "sha256"}


def cache_folder(how: Downloader) -> Path:
    """Return the folder where a downloader stores its files."""
    return Path(how.folder or platformdirs.user_cache_path("geobuffer", appauthor=False))


def file_name(text: str) -> str:
    """Return a plain file name made of a text: letters, digits, dot, dash and underscore.

    Examples
    --------
    >>> file_name("../../etc/passwd"), file_name("ukr admin.zip")
    ('etc_passwd', 'ukr_admin.zip')
    """
    # At most 100 characters: unfinished files add suffixes, and encrypted file systems allow 143.
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[-100:] or "file"


def obtain(wanted: Wanted, how: Downloader, *, refresh: bool) -> Obtained:
    """Return a file from the cache; download it first if it is missing.

    A file that a user put into the cache by hand is checked and then used as it is.

    Raises
    ------
    ChecksumMismatch
        The file in the cache has changed since the download, or the download differs from the
        hash that its publisher states.
    DataError
        An address is not HTTPS, a file put there by hand has the wrong content, or we may not
        write to the cache.
    DownloadError
        The file is not in the cache and cannot be downloaded.
    """
    for url in wanted.urls:
        check_address(url)
    folder = cache_folder(how) / wanted.site
    path = folder / wanted.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock_file(path):
            if path.is_file() and not refresh:
                return _read_cached(path, wanted)
            if how.offline:
                raise DownloadError(_failure_message(path, wanted, ["it is asked for offline"]))
            return _fetch_to_cache(path, wanted, how)
    except PermissionError as error:
        raise DataError(
            f"Cannot write to the cache {str(folder)!r}: {error.strerror}. Choose another folder "
            "with Downloader(folder=...)."
        ) from error


@contextmanager
def _lock_file(path: Path) -> Iterator[None]:
    """Lock a file of the cache against other processes and threads."""
    try:
        with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_S):
            yield
    except filelock.Timeout:
        raise DownloadError(f"Another process has been downloading {path} for an hour.") from None


def _read_cached(path: Path, wanted: Wanted) -> Obtained:
    """Return a file of the cache, after comparing its hash with its metadata."""
    metadata = _read_metadata(path)
    found = _file_hash(path, "sha256")
    if metadata is None:
        wanted.check(path)
        _check_stated_hash(path, wanted)
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        note = "put into the cache by hand; hash recorded when it was first used"
        metadata = _describe_file(wanted, wanted.urls[0], found, day, note)
        _write_metadata(path, metadata)
    if found != metadata["sha256"]:
        raise ChecksumMismatch(
            f"Altered {path}: its sha256 is {found[:12]}…, but was {metadata['sha256'][:12]}… when "
            "it was downloaded. Remove the file, or fetch it with refresh."
        )
    source = _date_source(wanted.source, metadata["url"], metadata["retrieved"], found)
    return Obtained(path, source)


def _date_source(source: Source, url: str, retrieved: str, sha256: str) -> Source:
    return dataclasses.replace(source, url=url, retrieved=retrieved, sha256=sha256)


def _fetch_to_cache(path: Path, wanted: Wanted, how: Downloader) -> Obtained:
    """Download a file, check it, and move it to its place with its metadata."""
    part = path.with_name(path.name + ".part")
    url = _download_part(path, part, wanted, how)
    try:
        _check_stated_hash(part, wanted)
    except ChecksumMismatch:
        remove_partial(part)
        raise
    sha256, note = _file_hash(part, "sha256"), _hash_note(wanted)
    metadata = _describe_file(wanted, url, sha256, datetime.now(UTC), note)
    # We delete the old metadata first: a file without metadata counts as added by hand, so new
    # data is never paired with old metadata.
    _metadata_file(path).unlink(missing_ok=True)
    move_into_place(part, path)
    remove_partial(part)
    _write_metadata(path, metadata)
    return _read_cached(path, wanted)


def _download_part(path: Path, part: Path, wanted: Wanted, how: Downloader) -> str:
    """Download a file to `part` and return the address that delivered it.

    Addresses take turns. An address whose failure is temporary is tried again after the others.
    """
    queue, reasons = list(wanted.urls), []
    retry = retry_policy(how)
    for _ in range(max(how.attempts, len(queue))):
        url = queue.pop(0)
        try:
            download(url, part, wanted.name, how)
            wanted.check(part)
        except Failure as failure:
            asks = "" if failure.wait_s is None else f" (asks to wait {failure.wait_s:,.0f} s)"
            reasons.append(f"{_find_host(url)}: {failure}{asks}")
            retry = retry.increment("GET", url, error=failure)
            if failure.temporary and (failure.wait_s or 0.0) <= PATIENCE_S:
                queue.append(url)
                own_s = retry.get_backoff_time()
                delay_host(url, own_s if failure.wait_s is None else failure.wait_s)
        except WriteError:
            # The disk is full or refuses the file, so a partial file helps no later attempt.
            remove_partial(part)
            raise
        except DataError as wrong:
            reasons.append(f"{_find_host(url)}: {str(wrong).rstrip('.')}")
            retry = retry.increment("GET", url, error=wrong)
            remove_partial(part)
        else:
            return url
        if not queue:
            remove_partial(part)
            break
    raise DownloadError(_failure_message(path, wanted, reasons))


def _find_host(url: str) -> str:
    return urlsplit(url).netloc or url


def _failure_message(path: Path, wanted: Wanted, reasons: list[str]) -> str:
    """Return why each address failed, and how to obtain the file without a download."""
    causes = "; ".join(dict.fromkeys(reasons))
    if path.is_file():
        rest = f"The cache holds an older copy, {path}: leave out refresh to use it."
    else:
        rest = (
            f"It is not in the cache. To add it by hand, open {wanted.urls[0]} in a browser and "
            f"save it as {path}; then run the same again, and geobuffer will use that file."
        )
    return f"Cannot download {wanted.source.title}: {causes}. {rest}"


def _check_stated_hash(path: Path, wanted: Wanted) -> None:
    stated = wanted.stated_hash.lower()
    if not stated:
        return
    found = _file_hash(path, _HASHES[len(stated)])
    if found != stated:
        raise ChecksumMismatch(
            f"Wrong {wanted.name}: {_HASHES[len(stated)]} is {found[:12]}…, but its publisher "
            f"states {stated[:12]}…. The file is damaged or was changed on the way, or the stated "
            "hash is old. Fetch it again with refresh."
        )


def known_hash(text: str) -> str:
    """Return a stated hash in lower case if we can check it, else an empty text.

    Examples
    --------
    >>> known_hash("d41d8cd98f00b204e9800998ecf8427e"), known_hash("n/a")
    ('d41d8cd98f00b204e9800998ecf8427e', '')
    """
    bare = text.strip().lower().rpartition(":")[2]
    return bare if len(bare) in _HASHES and re.fullmatch("[0-9a-f]+", bare) else ""


def _file_hash(path: Path, method: str) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(method, usedforsecurity=False))
    return digest.hexdigest()


def _hash_note(wanted: Wanted) -> str:
    if wanted.stated_hash:
        return f"agrees with the {_HASHES[len(wanted.stated_hash)]} that its publisher states"
    return "its publisher states none; recorded at this download, and compared at every use"


def _describe_file(
    wanted: Wanted, url: str, sha256: str, when: datetime, note: str
) -> dict[str, Any]:
    """Return the metadata of a file: its source, and a note on where its hash comes from."""
    source = _date_source(wanted.source, url, when.date().isoformat(), sha256)
    return {**dataclasses.asdict(source), "sha256_note": note}


def _metadata_file(path: Path) -> Path:
    """Return the file that stores the metadata of another: beside it, its name with `.json`."""
    return path.with_name(path.name + ".json")


def _read_metadata(path: Path) -> dict[str, str] | None:
    file = _metadata_file(path)
    if not file.is_file():
        return None
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        return {key: str(read[key]) for key in ("url", "retrieved", "sha256")}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"Cannot read {file}: {error}. Remove it, and {path.name} will be checked again."
        raise DataError(message) from error


def _write_metadata(path: Path, metadata: dict[str, Any]) -> None:
    text = json.dumps(metadata, ensure_ascii=False, indent=2) + "\n"
    write_text(_metadata_file(path), text)
