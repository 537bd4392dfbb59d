"""``zoo db backup`` and ``zoo db restore``: a whole store as one file, and back.

The file is gzip over lines of JSON: a head with rows and checksum of every table, then rows, then
the learners' artefacts. It names no paths and holds no code. Restoring reads it twice: first all of
it is checked (size, shape, ends, checksums), then it is written into an empty store, and read back.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import shlex
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphdb.dump import (
    NODES,
    TABLES,
    Fingerprint,
    Summing,
    check_time,
    dump_table,
    from_json,
    load_rows,
    split,
    to_json,
)
from graphdb.ends import Ends
from graphdb.errors import ZooError
from graphdb.records import MAX_INTEGER
from graphdb.schema import current_version, stored_version
from graphdb.store import Row, Store
from zoo.artifacts import artifacts_url, flat_name, read_artifact, write_artifact
from zoo.moving import Moved, Progress, begin_filling, check_filled

_FORMAT = "transferzoo backup"
_VERSION = 1
#: Bytes of one line; a batch of rows or a piece of an artefact stays below.
_LONGEST_LINE = 64_000_000
_PIECE = 1 << 20
#: How much larger than the file its content may be: a backup of ours compresses 5 to 40 times.
_LARGEST_RATIO = 200
_ALWAYS_ALLOWED = 100_000_000
_DAMAGED = (
    EOFError, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError, zlib.error,
)  # fmt: skip
_PLAIN = (str, int, float, bool, bytes)


def backup(store: Store, path: Path, *, progress: Progress | None = None) -> Moved:
    """Write everything a store holds into one file, whole or not at all, readable by its owner.

    Raises:
        ZooError: the file is there already, or cannot be written; or somebody wrote to the store
            meanwhile, so that relationships were read whose ends were not.
    """
    report = progress or (lambda table, done, total: None)
    path = path.absolute()
    if path.exists():
        raise ZooError(f"{path} exists already. Name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            ends = Ends()
            found = {table: _spool(store, table, Path(folder), ends, report) for table in TABLES}
            names = _write(store, Path(folder), found)
            (Path(folder) / "whole").replace(path)
    except ValueError as error:
        raise ZooError(
            f"What was read from {store.address} is no whole zoo: {error}. "
            "Did somebody write meanwhile? Type the same command again"
        ) from error
    except OSError as error:
        raise ZooError(
            f"Cannot write {path}: {error.strerror or error}. Free some space (look: df -h "
            f"{shlex.quote(str(path.parent))}) or name another file: zoo db backup FILE"
        ) from error
    return Moved(str(path), {table: each.rows for table, each in found.items()}, 0, names)


def restore(store: Store, path: Path, *, progress: Progress | None = None) -> Moved:
    """Write a backup into an empty store, or go on with one that was interrupted.

    Raises:
        ZooError: no backup of ours, a damaged one, one of a newer program, a store that holds
            something else; then nothing is written.
    """
    report = progress or (lambda table, done, total: None)
    report("check the file", 0, 1)
    wanted, artifacts = _verify(path)
    token = _digest(path)
    differing = set(begin_filling(store, wanted, token=token))
    written = 0
    for table, rows in _rows(path):
        if table in differing:
            for part in split(rows):
                load_rows(store, table, part)
                written += len(part)
            report(table, written, sum(each.rows for each in wanted.values()))
    for name, content in _artifacts(path):
        write_artifact(name, content, url=artifacts_url(store.address))
    check_filled(store, wanted, report)
    store.write("claim_filling", token=None)
    rows_ = {table: found.rows for table, found in wanted.items()}
    return Moved(str(store.address), rows_, written, len(artifacts))


def _spool(store: Store, table: str, folder: Path, ends: Ends, report: Progress) -> Fingerprint:
    """A table's rows as lines of JSON in a file of its own: a lost connection starts it anew."""
    summed: list[Summing] = []
    with (folder / table).open("wb") as file:

        def begin() -> Callable[[list[Row]], None]:
            file.seek(0)
            file.truncate()
            summed.append(Summing())
            ends.forget(table)

            def write(rows: list[Row]) -> None:
                summed[-1].add(rows)
                for row in rows:
                    ends.check(table, row)
                for part in split(rows):
                    file.write(_line({"table": table, "rows": [to_json(row) for row in part]}))
                report(table, summed[-1].result.rows, 0)

            return write

        dump_table(store, table, begin)
    return summed[-1].result


def _write(store: Store, folder: Path, found: dict[str, Fingerprint]) -> int:
    artifacts = store.read("artifacts")
    kept = []
    descriptor = os.open(folder / "whole", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wb", compresslevel=6) as file:
        contents = []
        for row in artifacts:
            try:
                content = read_artifact(
                    row["artifact"], sha256=row["sha256"], url=artifacts_url(store.address)
                )
            except ZooError:
                continue  # a learner without its artefact is kept as what it is
            kept.append({"name": row["artifact"], "sha256": row["sha256"], "size": len(content)})
            contents.append(content)
        file.write(_line(_head(store, found, kept)))
        for table in TABLES:
            with (folder / table).open("rb") as rows:
                while block := rows.read(_PIECE):
                    file.write(block)
        for entry, content in zip(kept, contents, strict=True):
            for start in range(0, len(content), _PIECE):
                piece = base64.b64encode(content[start : start + _PIECE]).decode()
                file.write(_line({"artifact": entry["name"], "piece": piece}))
        file.write(_line({"end": True}))
    return len(kept)


def _head(store: Store, found: dict[str, Fingerprint], artifacts: list[dict[str, Any]]) -> Row:
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "schema": stored_version(store),
        "tables": {table: asdict(each) for table, each in found.items()},
        "artifacts": artifacts,
    }


def _line(value: Row) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


# Reading, without trust --------------------------------------------------------------------------


def _verify(path: Path) -> tuple[dict[str, Fingerprint], list[Any]]:
    """Read all of it and believe nothing; what the head says is what was found."""
    try:
        lines = _lines(path)
        head = next(lines)
        wanted, artifacts = _read_head(head)
        summed = {table: Summing() for table in TABLES}
        hashes = {entry["name"]: hashlib.sha256() for entry in artifacts}
        ended, ends = False, Ends()
        for line in lines:
            if ended:
                raise ValueError("it goes on after its end")
            ended = _check_line(line, summed, hashes, ends)
        if not ended:
            raise ValueError("its end is missing")
        for table, summing in summed.items():
            if summing.result != wanted[table]:
                raise ValueError(f"{table} are not what its head says")
        for entry in artifacts:
            if hashes[entry["name"]].hexdigest() != entry["sha256"]:
                raise ValueError(f"the artefact {entry['name']!r} is not what its head says")
    except (*_DAMAGED, StopIteration, ZooError) as error:
        raise ZooError(
            f"{path} is no sound backup: {_reason(error)}. Nothing was written"
        ) from error
    return wanted, artifacts


def _read_head(head: Row) -> tuple[dict[str, Fingerprint], list[Any]]:
    if head.get("format") != _FORMAT:
        raise ValueError("it was not written by zoo db backup")
    if head["version"] > _VERSION or head["schema"] > current_version():
        raise ValueError("a newer program wrote it: pip install --upgrade transferzoo")
    wanted = {
        table: Fingerprint(
            int(head["tables"][table]["rows"]), str(head["tables"][table]["checksum"])
        )
        for table in TABLES
    }
    for entry in head["artifacts"]:
        if not isinstance(entry["name"], str) or not isinstance(entry["sha256"], str):
            raise ValueError("an artefact has no name")
        flat_name(entry["name"])
    return wanted, list(head["artifacts"])


def _check_line(line: Row, summed: dict[str, Summing], hashes: dict[str, Any], ends: Ends) -> bool:
    if "artifact" in line:
        hashes[line["artifact"]].update(base64.b64decode(line["piece"], validate=True))
    elif "table" in line:
        rows = [_checked(row, line["table"]) for row in line["rows"]]
        summed[line["table"]].add(rows)
        for row in rows:
            ends.check(line["table"], row)
    return line.get("end") is True


def _checked(row: Row, table: str) -> Row:
    """A row that a store can hold and that is nothing but data."""
    ends = ("id",) if table in NODES else ("a", "b")
    if set(row) != {*ends, "set", "times"} or not all(isinstance(row[end], str) for end in ends):
        raise ValueError(f"a row of {table} has other fields than a row has")
    found = from_json(row)
    for key, value in found["set"].items():
        if not key or "\0" in key or not _is_property(value):
            raise ValueError(f"a row of {table} holds what no property is")
    if table in NODES and found["set"].get("id") != row["id"]:
        raise ValueError(f"a row of {table} has two ids")
    for moment in row["times"].values():
        check_time(moment)
    return found


def _is_property(value: object) -> bool:
    """What every store takes: a plain value of at most 64 bits, or a list of one kind of them."""
    if isinstance(value, list):
        return len({type(each) for each in value}) <= 1 and all(
            _is_property(each) and not isinstance(each, list | bytes) for each in value
        )
    if isinstance(value, int):
        return -MAX_INTEGER - 1 <= value <= MAX_INTEGER
    return isinstance(value, _PLAIN)


def _rows(path: Path) -> Iterator[tuple[str, list[Row]]]:
    for line in _lines(path):
        if "rows" in line:
            yield line["table"], [from_json(row) for row in line["rows"]]


def _artifacts(path: Path) -> Iterator[tuple[str, bytes]]:
    name, pieces = None, io.BytesIO()
    for line in _lines(path):
        if line.get("artifact") != name:
            if name is not None:
                yield name, pieces.getvalue()
            name, pieces = line.get("artifact"), io.BytesIO()
        if name is not None:
            pieces.write(base64.b64decode(line["piece"]))


def _lines(path: Path) -> Iterator[Row]:
    """Lines of JSON, bounded one by one and all together."""
    allowed = max(_ALWAYS_ALLOWED, path.stat().st_size * _LARGEST_RATIO)
    with path.open("rb") as raw, gzip.open(raw, "rb") as file:
        while line := _readline(file):
            allowed -= len(line)
            if allowed < 0:
                raise ValueError("it unpacks to far more than a backup does")
            found = json.loads(line)
            if not isinstance(found, dict):
                raise ValueError("a line is no object")
            yield found


def _readline(file: gzip.GzipFile) -> bytes:
    line = file.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise ValueError("a line is longer than any of ours")
    return line


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: BaseException) -> str:
    if isinstance(error, StopIteration):
        return "it is empty"
    if isinstance(error, KeyError):
        return f"{error} is missing or unknown"
    return " ".join(str(error).split())[:200] or type(error).__name__
