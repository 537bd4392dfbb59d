"""A stand-in of a hub of datasets: information, trees, paths and files over HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote

from tests.jobs.hub import COMMIT


@dataclass
class DatasetHub:
    """Folders by repository id, or the word ``gated``; ``asked`` lists requests in order. The
    connection breaks in the middle of files whose names are in ``broken``."""

    datasets: dict[str, Path | str]
    broken: set[str] = field(default_factory=set)
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve_datasets(datasets: dict[str, Path | str]) -> Iterator[DatasetHub]:
    """Answer on a free port until the block is left."""
    hub = DatasetHub(datasets)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length).decode()
            path, _, query = unquote(self.path).partition("?")
            hub.asked.append(f"{self.command} {path}")
            found = re.match(r"/(?:api/)?datasets/([^/]+/[^/]+)(?:/([^/]+)/([^/]+)/?(.*))?$", path)
            folder = hub.datasets.get(found[1]) if found else None
            if found is None or folder is None:
                self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif isinstance(folder, str):
                self._answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
            elif found[2] in (None, "revision"):
                files = [{"rfilename": entry["path"]} for entry in _entries(folder)]
                body = {"id": found[1], "sha": COMMIT, "siblings": files, "tags": []}
                self._answer(200, json.dumps(body).encode())
            elif found[2] == "tree":
                self._list(folder, found[4], "recursive=true" in query.lower())
            elif found[2] == "paths-info":
                self._paths(folder, sent)
            else:
                self._file(folder / found[4])

        def _list(self, folder: Path, under: str, recursive: bool) -> None:
            if not (folder / under).is_dir():
                self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})
                return
            found = [e for e in _entries(folder, directories=True)
                     if _below(str(e["path"]), under, recursive)]  # fmt: skip
            self._answer(200, json.dumps(found).encode())

        def _paths(self, folder: Path, sent: str) -> None:
            as_json = "json" in self.headers.get("Content-Type", "")
            wanted = (json.loads(sent) if as_json else parse_qs(sent)).get("paths", [])
            found = [e for e in _entries(folder, directories=True) if e["path"] in wanted]
            self._answer(200, json.dumps(found).encode())

        def _file(self, path: Path) -> None:
            if not path.is_file():
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
                return
            body, status = path.read_bytes(), 200
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{len(body)}-{path.name}"'}
            wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if wanted:
                first, last = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                body, status = body[first : last + 1], 206
            if path.name in hub.broken and self.command == "GET":
                self._break(body)
                return
            self._answer(status, body, headers)

        def _break(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True

        def _answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in (more or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

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


def _entries(folder: Path, *, directories: bool = False) -> list[dict[str, object]]:
    return [
        {
            "type": "directory" if path.is_dir() else "file",
            "path": path.relative_to(folder).as_posix(),
            "oid": COMMIT,
            "size": 0 if path.is_dir() else path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if directories or path.is_file()
    ]


def _below(path: str, under: str, recursive: bool) -> bool:
    if under and not path.startswith(f"{under}/"):
        return False
    return recursive or "/" not in path[len(under) + 1 if under else 0 :]
