"""A stand-in of a model hub: the few answers of its HTTP interface that metadata need.

``HubHandler`` and ``listen`` serve the one for datasets (``hub_datasets``) as well.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
#: What a hub knows nobody by.
BAD_TOKEN = "hf_revoked"


def commit_of(key: str) -> str:
    """The commit of ``org/name@revision``; all of ``org/name`` is ``COMMIT``."""
    return hashlib.sha1(key.encode()).hexdigest() if "@" in key else COMMIT


@dataclass
class Hub:
    """Folders by repository id (``org/name@revision``: of that revision), or the word ``gated``;
    ``served`` counts bytes by file."""

    models: dict[str, Path | str]
    url: str = ""
    served: dict[str, int] = field(default_factory=dict)


class HubHandler(BaseHTTPRequestHandler):
    """How a hub answers: repositories that are missing or gated, files whole or in ranges."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == f"Bearer {BAD_TOKEN}":
            reason = "Invalid credentials in Authorization header"
            self.reply(401, json.dumps({"error": reason}).encode(), {"X-Error-Message": reason})
        else:
            self.answer()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def answer(self) -> None:
        raise NotImplementedError

    def find(
        self, repositories: dict[str, Path | str], name: str, revision: str | None
    ) -> tuple[Path, str] | None:
        """The folder of a revision and its commit; None where the answer was to refuse: gated, or
        missing."""
        keys = [key for key in repositories if key.partition("@")[0] == name]
        wanted = [name] if revision in (None, "main") else [f"{name}@{revision}"]
        found = [key for key in keys if key in wanted or commit_of(key) == revision]
        folder = repositories[found[0]] if found else None
        if isinstance(folder, Path):
            return folder, commit_of(found[0])
        if folder == "gated":
            self.reply(403, b"{}", {"X-Error-Code": "GatedRepo"})
        else:
            missing = "RevisionNotFound" if keys else "RepoNotFound"
            self.reply(404, b"{}", {"X-Error-Code": missing})
        return None

    def send_path(self, path: Path, commit: str) -> int:
        """Bytes of the file that were sent."""
        if not path.is_file():
            self.reply(404, b"", {"X-Error-Code": "EntryNotFound"})
            return 0
        body, status = path.read_bytes(), 200
        headers = {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha1(body).hexdigest()}"'}
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
                self._info(found[1], found[2])
                return
            found = re.match(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)$", path)
            if found:
                self._file(found[1], found[2], found[3])
                return
            self.reply(404, b"{}")

        def _info(self, name: str, revision: str | None) -> None:
            found = self.find(hub.models, name, revision)
            if found is None:
                return
            files = [{"rfilename": file.name} for file in sorted(found[0].iterdir())]
            body = {"id": name, "sha": found[1], "siblings": files, "pipeline_tag": None}
            self.reply(200, json.dumps(body).encode())

        def _file(self, name: str, revision: str, file: str) -> None:
            found = self.find(hub.models, name, revision)
            sent = self.send_path(found[0] / file, found[1]) if found else 0
            if sent:
                hub.served[file] = hub.served.get(file, 0) + sent

    with listen(Handler) as hub.url:
        yield hub
