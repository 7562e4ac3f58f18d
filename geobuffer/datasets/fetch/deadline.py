"""End a request at a fixed time, whatever it waits for.

The timeout of a socket starts again with every byte. So a server that sends its headers, or its
part of a handshake, byte after byte can hold us for days. At the end of the time a timer shuts the
socket, which ends whatever reads from it.
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
    """The time at which the sockets that were given to it are shut: a context manager.

    Parameters
    ----------
    total_s
        After how many seconds.

    Examples
    --------
    >>> with Deadline(60.0) as deadline:
    ...     deadline.is_over
    False
    """

    def __init__(self, total_s: float) -> None:
        self._timer = threading.Timer(min(total_s, threading.TIMEOUT_MAX), self._end)
        # A program that ends does not wait for the timer.
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        #: Whether the time is over. True before the first socket is shut, so that a reader that
        #: meets the end of a stream can tell why.
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
        """Shut a connection at the end of the time; a copy of the socket survives TLS.

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
    """What opens the connections of a session of requests, and gives them to a deadline.

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
    """Return the class of pools whose connections are given to a deadline as they open."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> Any:
            # What urllib3 calls for the socket, before the handshakes with a proxy and of TLS.
            opened = super()._new_conn()
            deadline.watch(opened)
            return opened

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
