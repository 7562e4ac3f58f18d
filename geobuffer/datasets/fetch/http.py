"""One request for one file: resumed where it was cut, within limits, polite to the server."""

from __future__ import annotations

import email.utils
import ipaddress
import json
import re
import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests

from geobuffer.errors import DataError
from geobuffer.io.atomic import growing, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader


#: The longest wait that a server may ask for: as long as somebody sits before a terminal.
PATIENCE_S = 120.0

# Enough for a file behind an archive's address, a mirror and a signed address; more is a circle.
_REDIRECTS = 5
# Large enough that Python's own time does not count, small enough for a bar that moves.
_CHUNK = 2**16

# Answers that may be others in a moment.
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}  # fmt: skip

_turn_lock = threading.Lock()
_next_turn: dict[str, float] = {}


class Failure(Exception):
    """A request that brought nothing, and whether it is worth another.

    ``wait_s`` is the wait that the server asks for, where it does.
    """

    def __init__(self, reason: str, *, passing: bool, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.passing = passing
        self.wait_s = wait_s


def check_address(url: str, *, like: str = "") -> None:
    """Raise DataError unless an address is HTTPS, or HTTP on the machine itself.

    ``like`` is the address that led to it, whose scheme it must keep.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https" and parts.hostname
    if not secure and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise DataError(f"Invalid address {url!r}. Must begin with https://.")
    if like and parts.scheme != urlsplit(like).scheme:
        raise DataError(f"Invalid address {url!r}: {like!r} led to another scheme. Must keep it.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Session(requests.Session):
    """A session that follows redirects only to addresses it would have asked itself."""

    def get_redirect_target(self, response: requests.Response) -> str | None:
        target = super().get_redirect_target(response)
        if target:
            check_address(urljoin(response.url, target), like=response.url)
        return target


def _session(url: str) -> _Session:
    session = _Session()
    session.max_redirects = _REDIRECTS
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")  # no proxy to oneself
    session.headers.update(
        {
            "User-Agent": f"geobuffer/{version('geobuffer')} python-requests/{version('requests')}",
            # A body that is packed on the way could not be resumed by its length.
            "Accept-Encoding": "identity",
        }
    )
    return session


def put_off(url: str, wait_s: float) -> None:
    """Let no request go to an address's host for a while."""
    host = urlsplit(url).netloc
    with _turn_lock:
        _next_turn[host] = max(_next_turn.get(host, 0.0), time.monotonic() + wait_s)


def _await_turn(url: str, pause_s: float) -> None:
    """Wait until the host's turn comes, and take it."""
    host = urlsplit(url).netloc
    with _turn_lock:
        now = time.monotonic()
        turn = max(now, _next_turn.get(host, 0.0))
        _next_turn[host] = turn + pause_s
    if turn > now:
        time.sleep(turn - now)


def transfer(url: str, part: Path, name: str, how: Downloader) -> None:
    """Bring a file to `part`, going on from what is there if the server vouches for it.

    Raises
    ------
    Failure
        It did not come, or not whole; what came stays in `part` for the next attempt.
    DataError
        It leads to an address that is neither HTTPS nor the machine itself.
    """
    _await_turn(url, how.pause_s)
    asked = _resume_headers(url, part)
    try:
        with _session(url).get(url, headers=asked, stream=True, timeout=how.timeout_s) as answer:
            _check_status(answer, part)
            _store(answer, url, part, name, how)
    except requests.TooManyRedirects:
        raise Failure(f"more than {_REDIRECTS} redirects", passing=False) from None
    except requests.exceptions.SSLError as error:
        raise Failure(f"no secure connection: {_words(error)}", passing=False) from error
    except requests.Timeout as error:
        raise Failure(f"no answer within {how.timeout_s:g} s", passing=True) from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise Failure("the connection was cut", passing=True) from error
    except requests.ConnectionError as error:
        slow = "timed out" in str(error)
        reason = (
            f"no byte within {how.timeout_s:g} s" if slow else f"no connection: {_words(error)}"
        )
        raise Failure(reason, passing=True) from error
    except requests.RequestException as error:
        raise Failure(_words(error), passing=False) from error


def _words(error: Exception) -> str:
    """Return the innermost reason of an error of requests, which wraps several in another."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None)
    # The reason follows the connection object that it befell.
    return re.sub(r"^<?\S*Connection\w*\(.*?\)[^:]*: ", "", str(reason or inner))


def _resume_headers(url: str, part: Path) -> dict[str, str]:
    """Return the headers that ask for the rest of a file only, if it is still the same one.

    RFC 9110, 13.1.5: If-Range with the validator of the first answer; without one, from the start.
    """
    notes = _read_notes(part)
    have = part.stat().st_size if part.is_file() else 0
    if not have or notes.get("url") != url or not notes.get("validator"):
        forget(part)
        return {}
    return {"Range": f"bytes={have}-", "If-Range": notes["validator"]}


def _notes_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_notes(part: Path) -> dict[str, str]:
    try:
        notes = json.loads(_notes_of(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def forget(part: Path) -> None:
    """Remove what came of a file so far."""
    part.unlink(missing_ok=True)
    _notes_of(part).unlink(missing_ok=True)


def _check_status(answer: requests.Response, part: Path) -> None:
    status = answer.status_code
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    reason = f"{status} {answer.reason or ''}".strip()
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        forget(part)
        raise Failure(reason, passing=True)
    raise Failure(reason, passing=status in _PASSING, wait_s=_retry_after(answer))


def _retry_after(answer: requests.Response) -> float | None:
    """Return the seconds to wait that a server asks for: RFC 9110, 10.2.3, a number or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        when = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _store(answer: requests.Response, url: str, part: Path, name: str, how: Downloader) -> None:
    """Write a body to `part`: at its end if it is the rest, else from the start."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure("the body is packed, which was not asked for", passing=False)
    start = _start(answer, part)
    total = _total(answer, start)
    if total is not None:
        _check_size(total, how)
    if start == 0:
        validator = _validator(answer)
        # What is there belongs to other notes: at no moment may it be gone on with by these.
        part.unlink(missing_ok=True)
        write_text(_notes_of(part), json.dumps({"url": url, "validator": validator}))
    have = start
    with growing(part, anew=not start) as add:
        for chunk in answer.iter_content(_CHUNK):
            add(chunk)
            have += len(chunk)
            _check_size(have, how)
            if how.progress is not None:
                how.progress(name, have, total)
    if total is not None and have != total:
        raise Failure(f"cut off after {have:,} of {total:,} bytes", passing=True)


def _start(answer: requests.Response, part: Path) -> int:
    """Return the byte that a body begins at."""
    if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
        return 0
    have = part.stat().st_size if part.is_file() else 0
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-") or not have:
        forget(part)
        raise Failure("another part of the file came than was asked for", passing=True)
    return have


def _total(answer: requests.Response, start: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return start + int(length) if length.isdecimal() else None


def _check_size(count: int, how: Downloader) -> None:
    if count > how.size_cap_bytes:
        raise Failure(
            f"larger than {how.size_cap_bytes:,} bytes; if that is right, raise size_cap_bytes of "
            "the Downloader",
            passing=False,
        )


def _validator(answer: requests.Response) -> str:
    """Return what tells this version of a file from others; a weak ETag does not."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
