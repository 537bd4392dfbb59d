"""Stores in processes of their own, that a test may kill, starve and start again."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from graphdb import embedded
from graphdb.store import Store
from tests.neo4j import Release, Server
from tests.production.serving import start_serving


class Host(Protocol):
    """A server of either kind."""

    kind: str

    @property
    def pid(self) -> int: ...
    @property
    def bolt(self) -> tuple[str, str, str]: ...
    @property
    def environment(self) -> dict[str, str]: ...
    def kill(self) -> None: ...
    def start(self) -> None: ...


@dataclass
class Served:
    """``zoo db serve`` over a folder."""

    folder: Path
    kind: str = "served"
    process: subprocess.Popen[str] | None = field(default=None)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def bolt(self) -> tuple[str, str, str]:
        url = embedded.find_served(self.folder)
        assert url is not None
        return url, embedded.USERNAME, embedded.read_password(self.folder) or ""

    @property
    def environment(self) -> dict[str, str]:
        return {"ZOO_STORE": f"embedded:{self.folder}"}

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.process = start_serving(self.folder)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)
        (self.folder / "address").unlink(missing_ok=True)  # what a killed server leaves behind


@dataclass
class Neo4j:
    """A Neo4j of the test's own."""

    server: Server
    kind: str = "neo4j"

    @property
    def pid(self) -> int:
        assert self.server.pid is not None
        return self.server.pid

    @property
    def bolt(self) -> tuple[str, str, str]:
        return self.server.uri, self.server.username, self.server.password

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ZOO_STORE": self.server.uri,
            "NEO4J_USERNAME": self.server.username,
            "NEO4J_PASSWORD": self.server.password,
        }

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        self.server.kill()


@contextmanager
def running(host: Host) -> Iterator[Host]:
    host.start()
    try:
        yield host
    finally:
        host.kill()


def make_neo4j(home: Path, release: Release) -> Neo4j:
    return Neo4j(Server(home, release=release))


def wipe(store: Store) -> None:
    """Empty a host that no test shares, between its tests."""
    store.timings.found.clear()
    for statement in (
        "MATCH ()-[r]->() WITH r LIMIT 20000 DELETE r RETURN count(*) AS n",
        "MATCH (n) WHERE NOT n:Zoo WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS n",
    ):
        while store._driver.execute_query(statement, database_=store.database).records[0]["n"]:
            pass


@contextmanager
def small_files(pid: int, size: int) -> Iterator[None]:
    """A process that may write no file past ``size`` bytes: to it, the disk is full."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        if Path(f"/proc/{pid}").exists():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def largest_file(folder: Path) -> int:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return max(sizes, default=0)


def environment(host: Host) -> dict[str, str]:
    return {**os.environ, **host.environment}
