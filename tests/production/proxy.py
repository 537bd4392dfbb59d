"""A TCP proxy before a Bolt server that cuts connections in the middle of what they carry."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit


class CuttingProxy:
    """Forwards bytes; after each of ``cuts`` bytes, every connection is reset. Then it behaves.

    ``cut_now`` does so at once; ``lead_to`` another address, as after a restart.
    """

    def __init__(self, target: str, *, cuts: list[int]) -> None:
        self.lead_to(target)
        self._cuts = list(cuts)
        self._now = threading.Event()
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop)

    def __enter__(self) -> CuttingProxy:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(20)

    def lead_to(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None and parts.port is not None
        self._target = (parts.hostname, parts.port)

    def cut_now(self) -> None:
        self._now.set()

    def _loop(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._listener, selectors.EVENT_READ)
        carried = 0
        while not self._stop.is_set():
            for key, _ in selector.select(timeout=0.05):
                source = key.fileobj
                assert isinstance(source, socket.socket)
                if source is self._listener:
                    self._accept(selector)
                elif source in self._pairs:
                    carried += self._forward(source, selector)
            due = bool(self._cuts) and carried >= self._cuts[0]
            if due:
                self._cuts.pop(0)
            if due or self._now.is_set():
                self._now.clear()
                self.cut += 1
                carried = 0
                self._reset(selector)
        self._reset(selector)
        self._listener.close()
        selector.close()

    def _accept(self, selector: selectors.BaseSelector) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._target)
        except OSError:  # nobody listens there now: so it looks from outside
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            self._pairs[one] = other
            selector.register(one, selectors.EVENT_READ)

    def _forward(self, source: socket.socket, selector: selectors.BaseSelector) -> int:
        try:
            data = source.recv(1 << 16)
            if data:
                self._pairs[source].sendall(data)
                return len(data)
        except OSError:
            pass
        self._close(source, selector)
        return 0

    def _close(self, one: socket.socket, selector: selectors.BaseSelector) -> None:
        other = self._pairs.pop(one, None)
        for each in (one, other):
            if each is not None:
                self._pairs.pop(each, None)
                with contextlib.suppress(KeyError, ValueError):
                    selector.unregister(each)
                each.close()

    def _reset(self, selector: selectors.BaseSelector) -> None:
        for one in list(self._pairs):
            self._close(one, selector)
