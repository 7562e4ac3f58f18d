"""A publisher of data on this machine: a threaded HTTP server that gives the answers of a test."""

import contextlib
import http.server
import sys
import threading
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Page:
    """One answer of the server."""

    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    etag: str = ""
    cut_after: int | None = None  # close the connection after so many bytes of the body
    hang: bool = False  # say nothing until the server is stopped
    length: bool = True  # state Content-Length
    drip_s: float = 0.0  # send one byte after another, with such pauses
    head_drip_s: float = 0.0  # the same for the headers


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Report errors, except clients that close the connection: tests do that on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _send_body(file, body, drip_s, stopping):
    """Send a body, in one piece or byte after byte with pauses."""
    step = 1 if drip_s else max(len(body), 1)
    for start in range(0, len(body), step):
        file.write(body[start : start + step])
        stopping.wait(drip_s)


def _send_head(handler, drip_s, stopping):
    """Send the headers that a handler holds, as a body is sent."""
    held, handler._headers_buffer = b"".join(handler._headers_buffer), []
    _send_body(handler.wfile, held, drip_s, stopping)
    handler.end_headers()


class Publisher:
    """A server with answers by path, which records all requests."""

    def __init__(self):
        self.pages = {}
        self.asked = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def serve(self, path, *pages):
        """Give these answers at a path, one after another; the last one is repeated."""
        self.pages[path] = list(pages)

    def paths(self):
        return [path for path, _, _ in self.asked]

    def stop(self):
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self):
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(parts.query)
                # Other programs of this machine look for servers of theirs on any port.
                if not self.headers.get("User-Agent", "").startswith("geobuffer/"):
                    return
                publisher.asked.append((parts.path, dict(self.headers), query))
                pages = publisher.pages.get(parts.path) or [Page(b"no such page", 404)]
                page = pages.pop(0) if len(pages) > 1 else pages[0]
                with contextlib.suppress(ConnectionError):
                    self.answer(page)

            def answer(self, page):
                if page.hang:
                    publisher.stopping.wait(5)
                    self.close_connection = True
                    return
                body, status, headers = page.body, page.status, dict(page.headers)
                if page.etag:
                    headers["ETag"] = page.etag
                    wanted = self.headers.get("Range", "")
                    if wanted and self.headers.get("If-Range") == page.etag:
                        start = int(wanted.removeprefix("bytes=").rstrip("-"))
                        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                        body, status = body[start:], 206
                if page.length:
                    headers["Content-Length"] = str(len(body))
                self.close_connection = page.cut_after is not None or not page.length
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                _send_head(self, page.head_drip_s, publisher.stopping)
                body = body if page.cut_after is None else body[: page.cut_after]
                _send_body(self.wfile, body, page.drip_s, publisher.stopping)

            def log_message(self, *args):
                pass

        return Handler
