"""The file of a backup, read without trust.

Gzip over lines of JSON: a head with rows and checksum of every table, then rows, then the learners'
artefacts in pieces, then an end. It names no paths and holds no code.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphdb.dump import NODES, TABLES, Fingerprint, Summing, check_time, from_json
from graphdb.ends import Ends
from graphdb.errors import ZooError
from graphdb.records import MAX_INTEGER
from graphdb.schema import current_version
from graphdb.store import Row
from zoo.artifacts import flat_name
from zoo.paths import open_file

FORMAT = "transferzoo backup"
VERSION = 1
#: Bytes of one line; a batch of rows or a piece of an artefact stays below.
_LONGEST_LINE = 64_000_000
#: How much larger than the file its content may be: a backup of ours compresses 5 to 40 times.
_LARGEST_RATIO = 200
_ALWAYS_ALLOWED = 100_000_000
_DAMAGED = (
    EOFError, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError, zlib.error,
)  # fmt: skip
_PLAIN = (str, int, float, bool, bytes)


def verify(path: Path) -> tuple[dict[str, Fingerprint], list[Any]]:
    """Read all of it and believe nothing: what the head says of tables and artefacts was found.

    Raises:
        ZooError: no backup of ours, a damaged one, or one of a newer program.
    """
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
    if head.get("format") != FORMAT:
        raise ValueError("it was not written by zoo db backup")
    if head["version"] > VERSION or head["schema"] > current_version():
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


def rows_of(path: Path) -> Iterator[tuple[str, list[Row]]]:
    """(table, a batch of its rows) of a file that was verified."""
    for line in _lines(path):
        if "rows" in line:
            yield line["table"], [from_json(row) for row in line["rows"]]


def artifacts_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the learners' archives of a file that was verified."""
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
    with open_file(path) as raw, gzip.open(raw, "rb") as file:
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


def digest_of(path: Path) -> str:
    """The SHA-256 of the file, by which an interrupted restoring is known again."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: BaseException) -> str:
    if isinstance(error, StopIteration):
        return "it is empty"
    if isinstance(error, KeyError):
        return f"{error} is missing or unknown"
    return " ".join(str(error).split())[:200] or type(error).__name__
