"""Runs: one node a command that changed something, the provenance of what it wrote."""

from __future__ import annotations

import json
import os
import platform
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from graphdb.errors import ZooError
from graphdb.store import Store, Transaction

#: Large imports that this process is writing.
_working: set[str] = set()
_PACKAGES = ("transferzoo", "neo4j", "torch", "torch-geometric", "xgboost", "transformers")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who wrote something: ``id`` stamps the relationships, ``arguments`` repeat the command."""

    kind: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A large import between its first batch and its last; ``dead`` when nobody works on it."""

    id: str
    kind: str
    owner: str
    content: str
    arguments: str
    started: str
    dead: bool


def start_run(store: Store, provenance: Provenance) -> None:
    """Show a run as ``running``, for work that needs more than one transaction."""
    store.transact(lambda tx: begin_run(tx, provenance))


def keep_run(tx: Transaction, run: str) -> None:
    """Say in a transaction of a run that its writer lives, as long as the run is still its own.

    Raises:
        ZooError: the run was ended or taken over meanwhile: this process was taken for dead.
    """
    [row] = tx.run("keep_run", id=run, owner=owner())
    if not row["kept"]:
        raise ZooError(
            f"Run {run} was ended by another command while this one wrote. "
            "Type the same command again"
        )


def unfinished_imports(tx: Transaction) -> list[Unfinished]:
    """Large imports that have not ended, oldest first."""
    return [
        Unfinished(
            id=row["id"],
            kind=row["kind"],
            owner=row["owner"],
            content=row["content"],
            arguments=row["arguments"],
            started=row["started"],
            dead=row["stale"] or is_dead(row["owner"]) or _is_left(row["id"], row["owner"]),
        )
        for row in tx.run("unfinished_imports")
    ]


def record_run(tx: Transaction, provenance: Provenance, *, status: str = "done") -> None:
    """Write a run as ended, in the transaction of what it wrote."""
    begin_run(tx, provenance)
    tx.run("finish_run", id=provenance.id, status=status)


@contextmanager
def working_on(run: str) -> Iterator[None]:
    """What this process has begun and does not work on any more, it has left: see ``dead``."""
    _working.add(run)
    try:
        yield
    finally:
        _working.discard(run)


def _is_left(run: str, name: str) -> bool:
    return name == owner() and run not in _working


def owner() -> str:
    """This process, as host:pid: tells a dead writer of this machine from a live one."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(name: str | None) -> bool:
    """Whether the process ``host:pid`` ran on this machine and is gone."""
    host, _, pid = (name or "").rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def versions() -> dict[str, str]:
    """Versions of what computed a result."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def begin_run(tx: Transaction, provenance: Provenance, *, content: str | None = None) -> None:
    """Write a run as ``running``; ``content`` marks a large import and says what it writes."""
    tx.run(
        "start_run",
        id=provenance.id,
        kind=provenance.kind,
        arguments=json.dumps(dict(provenance.arguments), sort_keys=True),
        versions=json.dumps(versions(), sort_keys=True),
        owner=owner(),
        content=content,
    )
