"""End a request at a fixed time, whatever it waits for.

The timeout of a socket starts again with every byte. So a server that sends its headers, or its
part of a handshake, slowly byte by byte can block us for days. At the deadline a timer shuts the
socket, which ends every read from it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from urllib3 import PoolManager


class Deadline:
    """A context manager that shuts its sockets after a time.

    Parameters
    ----------
    total_s
        The time in seconds.

    Examples
    --------
    >>> with Deadline(60.0) as deadline:
    ...     deadline.is_over
    False
    """

    def __init__(self, total_s: float) -> None:
        self._timer = threading.Timer(min(total_s, threading.TIMEOUT_MAX), self._end)
        # The timer must not keep a finished program alive.
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        #: Whether the time is over. It becomes true before the first socket is shut, so that a
        #: reader at the end of a stream knows the reason.
        self.is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._sockets:
                one.close()
            self._sockets.clear()

    def watch(self, opened: socket.socket) -> None:
        """Shut a connection at the deadline; we copy the socket because TLS replaces it.

        Raises
        ------
        TimeoutError
            The time is over.
        """
        with self._lock:
            if self.is_over:
                raise TimeoutError("the time of the request is over")
            self._sockets.append(opened.dup())

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            for one in self._sockets:
                # The server may have closed the connection.
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class WatchedAdapter(HTTPAdapter):
    """An adapter of requests that passes each new connection to a deadline.

    Parameters
    ----------
    deadline
        The deadline.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the manager of connections without a proxy."""
        super().init_poolmanager(*args, **options)
        self._watch_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:
        """Return the manager of connections through a proxy."""
        is_new = proxy not in self.proxy_manager
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        if is_new:
            self._watch_pools(manager)
        return manager

    def _watch_pools(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _derive_pool(pool, self._deadline)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


def _derive_pool(pool: Any, deadline: Deadline) -> Any:
    """Return a class of pools that passes each new connection to a deadline."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> Any:
            # urllib3 calls this for the socket, before the handshakes with a proxy and of TLS.
            opened = super()._new_conn()
            deadline.watch(opened)
            return opened

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
