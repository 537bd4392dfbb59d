"""A stand-in of a model hub: the few answers of its HTTP interface that metadata need."""

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


@contextmanager
def serve(models: dict[str, Path | str]) -> Iterator[Hub]:
    """Answer on a free port until the block is left."""
    hub = Hub(models)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            found = re.match(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?$", path)
            if found:
                self._info(found[1])
                return
            found = re.match(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)$", path)
            if found:
                self._file(found[1], found[3])
                return
            self._answer(404, b"{}")

        def _info(self, name: str) -> None:
            folder = hub.models.get(name)
            if folder is None:
                self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif isinstance(folder, str):
                self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
            else:
                files = [{"rfilename": file.name} for file in sorted(folder.iterdir())]
                body = {"id": name, "sha": COMMIT, "siblings": files, "pipeline_tag": None}
                self._answer(200, json.dumps(body).encode())

        def _file(self, name: str, file: str) -> None:
            folder = hub.models.get(name)
            path = folder / file if isinstance(folder, Path) else None
            if path is None or not path.is_file():
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
                return
            body, status = path.read_bytes(), 200
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{path.stat().st_size}-{file}"'}
            wanted = re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if wanted:
                first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                body, status = body[first : last + 1], 206
            self._answer(status, body, headers, count=file)

        def _answer(
            self,
            status: int,
            body: bytes,
            headers: dict[str, str] | None = None,
            count: str | None = None,
        ) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)
                if count:
                    hub.served[count] = hub.served.get(count, 0) + len(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
