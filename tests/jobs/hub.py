"""A stand-in of a model hub: the few answers of its HTTP interface that metadata need.

``HubHandler`` and ``listen`` serve the one for datasets (``hub_datasets``) as well.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Folders by repository id, or the word ``gated``; ``served`` counts bytes by file."""

    models: dict[str, Path | str]
    url: str = ""
    served: dict[str, int] = field(default_factory=dict)


class HubHandler(BaseHTTPRequestHandler):
    """How a hub answers: repositories that are missing or gated, files whole or in ranges."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def answer(self) -> None:
        raise NotImplementedError

    def refuse(self, folder: str | None) -> None:
        """Answer for a repository that is no folder: gated, or missing."""
        if folder is None:
            self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        else:
            self.reply(403, b"{}", {"X-Error-Code": "GatedRepo"})

    def send_path(self, path: Path | None, file: str) -> int:
        """Bytes of the file that were sent."""
        if path is None or not path.is_file():
            self.reply(404, b"", {"X-Error-Code": "EntryNotFound"})
            return 0
        body, status = path.read_bytes(), 200
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{len(body)}-{file}"'}
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            body, status = body[first : last + 1], 206
        return self.reply(status, body, headers)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> int:
        """Bytes of the body that were sent."""
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return 0
        self.wfile.write(body)
        return len(body)


@contextmanager
def listen(handler: type[HubHandler]) -> Iterator[str]:
    """Answer on a free port until the block is left; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serve(models: dict[str, Path | str]) -> Iterator[Hub]:
    """Answer on a free port until the block is left."""
    hub = Hub(models)

    class Handler(HubHandler):
        def answer(self) -> None:
            path = self.path.split("?")[0]
            found = re.match(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?$", path)
            if found:
                self._info(found[1])
                return
            found = re.match(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)$", path)
            if found:
                self._file(found[1], found[3])
                return
            self.reply(404, b"{}")

        def _info(self, name: str) -> None:
            folder = hub.models.get(name)
            if not isinstance(folder, Path):
                self.refuse(folder)
                return
            files = [{"rfilename": file.name} for file in sorted(folder.iterdir())]
            body = {"id": name, "sha": COMMIT, "siblings": files, "pipeline_tag": None}
            self.reply(200, json.dumps(body).encode())

        def _file(self, name: str, file: str) -> None:
            folder = hub.models.get(name)
            path = folder / file if isinstance(folder, Path) else None
            sent = self.send_path(path, file)
            if sent:
                hub.served[file] = hub.served.get(file, 0) + sent

    with listen(Handler) as hub.url:
        yield hub
