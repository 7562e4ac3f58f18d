"""Download one file over HTTP: resume partial files, limit sizes, space out requests."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
import threading
import time
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, InvalidHeader, ProtocolError, SSLError
from urllib3.util import Retry

from geobuffer.datasets.fetch.deadline import Deadline, WatchedAdapter
from geobuffer.errors import DataError
from geobuffer.io.atomic import append_to_file, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geobuffer.datasets.fetch.downloader import Downloader


#: The longest wait that a server may ask for: a person at a terminal waits about this long.
PATIENCE_S = 120.0

# Enough for the address of an archive, a mirror and a signed address. More is a loop.
_MOST_REDIRECTS = 5
# Large enough that the time of Python itself does not matter, small enough that a progress bar
# moves.
_CHUNK_BYTES = 2**16
# Overpass asks for this pause after a 429, and takes requests that come earlier as an abuse.
_BUSY_WAIT_S = 30.0
_PROJECT_PAGE = "https://pypi.org/project/geobuffer/"
# The longest wait between two attempts if the server names none.
_LONGEST_BACKOFF_S = 30.0

# Statuses that may change within moments, so that we ask again.
_TEMPORARY_STATUSES = {
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}  # fmt: skip

_turn_lock = threading.Lock()
_next_turn: dict[str, float] = {}


class Failure(Exception):
    """A request that did not bring the file.

    ``temporary`` says whether another request may succeed. ``wait_s`` is the wait in seconds that
    the server asks for, or None.
    """

    def __init__(self, reason: str, *, temporary: bool, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.temporary = temporary
        self.wait_s = wait_s


def retry_policy(how: Downloader) -> Retry:
    """Return when to repeat a request, and after which wait: urllib3's rules for HTTP.

    The policy is not mounted on the session, because an adapter repeats a request at the same
    address and from the first byte. We also turn to mirrors, resume a partial file, and make
    other threads wait for a host that is busy. So `cache.obtain` counts the attempts and asks
    the policy for the statuses, the `Retry-After` header and the growing waits.
    """
    policy = Retry(
        total=None,
        status_forcelist=_TEMPORARY_STATUSES,
        backoff_factor=how.pause_s,
        backoff_max=_LONGEST_BACKOFF_S,
    )
    # urllib3 2.6 and later shorten Retry-After to six hours. Our message shows the real wait.
    policy.retry_after_max = sys.maxsize
    return policy


def check_address(url: str, *, like: str = "") -> None:
    """Raise DataError unless an address is HTTPS, or HTTP on this machine.

    ``like`` is the address that names ``url``, as in a redirect. Both must have the same scheme.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:  # as for http://[::1
        raise DataError(f"Invalid address {url[:200]!r}: {error}.") from error
    secure = parts.scheme == "https" and parts.hostname
    if not secure and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise DataError(f"Invalid address {url!r}. It must begin with https://.")
    if like and parts.scheme != urlsplit(like).scheme:
        raise DataError(
            f"Invalid address {url!r}: {like!r} led to another scheme. Use the same scheme."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _CheckedSession(requests.Session):
    """A session that checks the address of a redirect before it follows it."""

    def get_redirect_target(self, response: requests.Response) -> str | None:
        target = super().get_redirect_target(response)
        if target:
            try:
                check_address(_join_address(response.url, target), like=response.url)
            except DataError:
                response.close()  # requests would leave the connection open
                raise
        return target


def _join_address(url: str, target: str) -> str:
    """Return the address of a redirect; raise DataError if it is malformed."""
    try:
        return urljoin(url, target)
    except ValueError as error:
        message = f"Invalid address {target[:200]!r}: {url!r} led to it, and it is no address."
        raise DataError(message) from error


def _open_session(url: str, deadline: Deadline) -> _CheckedSession:
    session = _CheckedSession()
    for scheme in ("https://", "http://"):
        session.mount(scheme, WatchedAdapter(deadline))
    session.max_redirects = _MOST_REDIRECTS
    # The environment may name a proxy. A proxy does not reach servers on this machine.
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")
    session.headers.update(
        {
            # Overpass refuses the names of HTTP libraries. The page tells operators who we are.
            "User-Agent": f"geobuffer/{version('geobuffer')} (+{_PROJECT_PAGE})",
            # The length of a compressed body says nothing about the part that we have, so it
            # could not be resumed.
            "Accept-Encoding": "identity",
        }
    )
    return session


def delay_host(url: str, wait_s: float) -> None:
    """Delay all requests of this process to the host of an address, by some seconds."""
    host = urlsplit(url).netloc
    with _turn_lock:
        _next_turn[host] = max(_next_turn.get(host, 0.0), time.monotonic() + wait_s)


def _await_turn(url: str, pause_s: float) -> None:
    """Wait until a request to the host is allowed, and reserve the pause that follows it."""
    host = urlsplit(url).netloc
    with _turn_lock:
        now = time.monotonic()
        turn = max(now, _next_turn.get(host, 0.0))
        _next_turn[host] = turn + pause_s
    if turn > now:
        time.sleep(turn - now)


def download(url: str, part: Path, name: str, how: Downloader) -> None:
    """Download a file to `part`; resume it if the server confirms that it has not changed.

    Raises
    ------
    Failure
        The file did not arrive, or not completely. The bytes that arrived stay in `part` for the
        next attempt.
    DataError
        A redirect leads to an address that is neither HTTPS nor this machine.
    """
    _await_turn(url, how.pause_s)
    with Deadline(how.total_s) as deadline:
        try:
            _request(url, part, name, how, deadline)
        except (Failure, DataError) as error:
            # Half of the headers may be read as the address of a redirect.
            if deadline.is_over:
                reason = f"not finished within {how.total_s:g} s"
                rest = "; the next request goes on from here" if part.is_file() else ""
                raise Failure(reason + rest, temporary=True) from error
            raise


def _request(url: str, part: Path, name: str, how: Downloader, deadline: Deadline) -> None:
    """Do what :func:`download` does, with an error of any kind after the deadline."""
    headers = _resume_headers(url, part)
    try:
        with (
            _open_session(url, deadline) as session,
            session.get(url, headers=headers, stream=True, timeout=how.timeout_s) as answer,
        ):
            _check_time(deadline)
            _check_status(answer, part, how)
            _write_body(answer, url, part, name, how, deadline)
    except requests.TooManyRedirects:
        raise Failure(f"more than {_MOST_REDIRECTS} redirects", temporary=False) from None
    except requests.exceptions.SSLError as error:
        reason = f"no secure connection: {_innermost_reason(error)}"
        raise Failure(reason, temporary=False) from error
    except requests.Timeout as error:
        raise Failure(f"no answer within {how.timeout_s:g} s", temporary=True) from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise Failure("the connection was cut", temporary=True) from error
    except requests.ConnectionError as error:
        slow = "timed out" in str(error)
        reason = (
            f"no byte within {how.timeout_s:g} s"
            if slow
            else f"no connection: {_innermost_reason(error)}"
        )
        raise Failure(reason, temporary=True) from error
    except requests.RequestException as error:
        raise Failure(_innermost_reason(error), temporary=False) from error


def _innermost_reason(error: Exception) -> str:
    """Return the text of the innermost error: requests wraps one error into another."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None)
    # The text begins with the connection object, which helps no reader.
    return re.sub(r"^<?\S*Connection\w*\(.*?\)[^:]*: ", "", str(reason or inner))


def _resume_headers(url: str, part: Path) -> dict[str, str]:
    """Return the headers that ask for the rest of a partial file, if it has not changed.

    RFC 9110, 13.1.5: If-Range with the validator of the first answer. Without a validator, the
    partial file is removed and the download starts from the first byte.
    """
    resume = _read_resume_info(part)
    have = part.stat().st_size if part.is_file() else 0
    if not have or resume.get("url") != url or not resume.get("validator"):
        remove_partial(part)
        return {}
    return {"Range": f"bytes={have}-", "If-Range": resume["validator"]}


def _resume_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_resume_info(part: Path) -> dict[str, str]:
    try:
        resume = json.loads(_resume_file(part).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return resume if isinstance(resume, dict) else {}


def remove_partial(part: Path) -> None:
    """Remove a partial file and the information to resume it."""
    part.unlink(missing_ok=True)
    _resume_file(part).unlink(missing_ok=True)


def _check_time(deadline: Deadline) -> None:
    """Raise Failure after the deadline: a response that ends then may be incomplete.

    Half of the headers are read as all of them. A body without a stated length ends where the
    connection does.
    """
    if deadline.is_over:
        raise Failure("the connection was shut", temporary=True)


def _check_status(answer: requests.Response, part: Path, how: Downloader) -> None:
    status = answer.status_code
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    reason = f"{status} {answer.reason or ''}".strip()
    if status == HTTPStatus.ACCEPTED:
        # HDX answers so, with an empty body, while its check of browsers is on.
        raise Failure(
            f"{reason}, without the file: the site asks for a browser, and serves no program now",
            temporary=False,
        )
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        remove_partial(part)
        raise Failure(reason, temporary=True)
    policy = retry_policy(how)
    try:
        wait_s = policy.get_retry_after(answer.raw)
    except (InvalidHeader, ValueError, OverflowError):
        wait_s = None  # Retry-After is neither a number nor a date.
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait_s = max(wait_s or 0.0, _BUSY_WAIT_S)
    raise Failure(reason, temporary=policy.is_retry("GET", status), wait_s=wait_s)


def _write_body(
    answer: requests.Response, url: str, part: Path, name: str, how: Downloader, deadline: Deadline
) -> None:
    """Write a body to `part`: append it if it is the rest of the file, else replace `part`."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure(
            "the body is packed (Content-Encoding), which was not asked for", temporary=False
        )
    start = _first_byte(answer, part)
    total = _total_bytes(answer, start)
    if total is not None:
        _check_size(total, how)
    if start == 0:
        validator = _find_validator(answer)
        # The partial file belongs to an earlier download. We delete it before we store the new
        # information to resume, so that the new information never applies to the old bytes.
        part.unlink(missing_ok=True)
        write_text(_resume_file(part), json.dumps({"url": url, "validator": validator}))
    have = start
    with append_to_file(part, truncate=not start) as add:
        for chunk in _read_chunks(answer, deadline):
            add(chunk)
            have += len(chunk)
            _check_size(have, how)
            if how.progress is not None:
                how.progress(name, have, total)
    if total is not None and have != total:
        raise Failure(f"cut off after {have:,} of {total:,} bytes", temporary=True)


def _read_chunks(answer: requests.Response, deadline: Deadline) -> Iterator[bytes]:
    """Yield what arrives, as it arrives, until the deadline.

    ``iter_content`` waits for whole chunks, which a slow server may never fill.
    """
    try:
        while chunk := answer.raw.read1(_CHUNK_BYTES):
            yield chunk
        _check_time(deadline)
    # The errors of requests, as its iter_content raises them.
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except SSLError as error:
        raise requests.exceptions.SSLError(error) from error
    except HTTPError as error:
        raise requests.ConnectionError(error) from error


def _first_byte(answer: requests.Response, part: Path) -> int:
    """Return the position in the file at which a body begins."""
    if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
        return 0
    have = part.stat().st_size if part.is_file() else 0
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-") or not have:
        remove_partial(part)
        raise Failure("the server sent another part of the file than we asked for", temporary=True)
    return have


def _total_bytes(answer: requests.Response, start: int) -> int | None:
    length = answer.headers.get("Content-Length", "")
    # No file has a length of more than 18 digits: a server that states one does not know it.
    return start + int(length) if re.fullmatch("[0-9]{1,18}", length) else None


def _check_size(count: int, how: Downloader) -> None:
    if count > how.size_cap_bytes:
        raise Failure(
            f"larger than {how.size_cap_bytes:,} bytes; to accept it, raise size_cap_bytes of the "
            "Downloader",
            temporary=False,
        )


def _find_validator(answer: requests.Response) -> str:
    """Return the header that identifies this version of the file; a weak ETag does not."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
