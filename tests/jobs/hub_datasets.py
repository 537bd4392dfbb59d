"""A stand-in of a hub of datasets: information, trees, paths and files over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote

from tests.jobs.hub import COMMIT, HubHandler, listen


@dataclass
class DatasetHub:
    """Folders by repository id (``org/name@revision``: of that revision), or the word ``gated``;
    ``asked`` lists requests in order. The connection breaks in the middle of files whose names are
    in ``broken``."""

    datasets: dict[str, Path | str]
    broken: set[str] = field(default_factory=set)
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve_datasets(datasets: dict[str, Path | str]) -> Iterator[DatasetHub]:
    """Answer on a free port until the block is left."""
    hub = DatasetHub(datasets)

    class Handler(HubHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length).decode()
            path, _, query = unquote(self.path).partition("?")
            hub.asked.append(f"{self.command} {path}")
            found = re.match(r"/(?:api/)?datasets/([^/]+/[^/]+)(?:/([^/]+)/([^/]+)/?(.*))?$", path)
            repository = self.find(hub.datasets, *((found[1], found[3]) if found else ("", None)))
            if found is None or repository is None:
                return
            folder, commit = repository
            if found[2] in (None, "revision"):
                files = [{"rfilename": entry["path"]} for entry in _entries(folder)]
                body = {"id": found[1], "sha": commit, "siblings": files, "tags": []}
                self.reply(200, json.dumps(body).encode())
            elif found[2] == "tree":
                self._list(folder, found[4], "recursive=true" in query.lower())
            elif found[2] == "paths-info":
                self._paths(folder, sent)
            else:
                self._file(folder / found[4], commit)

        def _list(self, folder: Path, under: str, recursive: bool) -> None:
            if not (folder / under).is_dir():
                self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound"})
                return
            found = [e for e in _entries(folder, directories=True)
                     if _below(str(e["path"]), under, recursive)]  # fmt: skip
            self.reply(200, json.dumps(found).encode())

        def _paths(self, folder: Path, sent: str) -> None:
            as_json = "json" in self.headers.get("Content-Type", "")
            wanted = (json.loads(sent) if as_json else parse_qs(sent)).get("paths", [])
            found = [e for e in _entries(folder, directories=True) if e["path"] in wanted]
            self.reply(200, json.dumps(found).encode())

        def _file(self, path: Path, commit: str) -> None:
            if path.name in hub.broken and self.command == "GET":
                self._break(path.read_bytes())
            else:
                self.send_path(path, commit)

        def _break(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True

    with listen(Handler) as hub.url:
        yield hub


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
