"""A TCP proxy on a free port that delays what the server answers, or is cut, for tests of networks."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SlowProxy:
    """Forwards to `target`; every answer comes `delay` seconds late. `delay` may be changed at any time."""

    def __init__(self, target: tuple[str, int], delay: float = 0.0) -> None:
        self.delay = delay
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._server.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator["SlowProxy"]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._server.close()

    def cut(self) -> None:
        """End the connections that there are, of both sides, in the middle of whatever they are at."""
        cut, self._open = self._open, []  # not those that somebody opens as soon as theirs has ended
        _end(*cut)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(self._target)
                self._open += (client, server)
                for pair in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, late: bool) -> None:
        with suppress(OSError), source, sink:
            try:
                while data := source.recv(65536):
                    if late:
                        time.sleep(self.delay)
                    sink.sendall(data)
            finally:
                _end(source, sink)


def _end(*connections: socket.socket) -> None:
    """Tell both sides that it is over: to close alone tells nobody while another thread waits for what comes."""
    for one in connections:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
