"""Record which files are opened, by inotify of the kernel, and every connection to a server."""

import ctypes
import http.server
import os
import socket
import struct
import sys
import threading

# From <sys/inotify.h>: the code for an opened file, and the part of an event before its name.
_OPENED = 0x20
_EVENT = struct.Struct("iIII")


class Watch:
    """Files that must not be opened, and a server on this machine that no code may ask."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.folder.mkdir()
        self.asked = []
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._notes = self._libc.inotify_init1(os.O_NONBLOCK)
        self._server = _server(self.asked)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # It stops within a hundredth of a second, because many tests start one.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

        def refuse(_, address):
            self.asked.append(address)
            raise OSError("no connection is allowed here")

        monkeypatch.setattr(socket.socket, "connect", refuse)

    def begin(self):
        """From here on, count what is opened in the folder."""
        self._libc.inotify_add_watch(self._notes, os.fsencode(self.folder), _OPENED)

    def opened(self):
        """Return the names of files that were opened since the last call."""
        try:
            read = os.read(self._notes, 1 << 16)
        except BlockingIOError:
            return []
        names, at = [], 0
        while at < len(read):
            *_, length = _EVENT.unpack_from(read, at)
            at += _EVENT.size + length
            names.append(read[at - length : at].rstrip(b"\0").decode())
        return [name for name in names if name]

    def stop(self):
        os.close(self._notes)
        self._server.shutdown()
        self._server.server_close()


def _server(asked):
    class Server(http.server.HTTPServer):
        def get_request(self):
            asked.append("a connection")
            return super().get_request()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

        def log_message(self, *_):
            pass

    return Server(("127.0.0.1", 0), Handler)


CAN_WATCH = sys.platform == "linux"
