"""``zoo db backup`` and ``zoo db restore``: a whole store as one file, and back.

Restoring reads the file twice: first all of it is checked (size, shape, ends, checksums), then it
is written into an empty store, and read back.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphdb.batches import Progress
from graphdb.dump import TABLES, Fingerprint, Summing, dump_table, load_rows, split, to_json
from graphdb.ends import Ends
from graphdb.errors import ZooError
from graphdb.schema import stored_version
from graphdb.store import Row, Store
from zoo.artifacts import MissingArtifactError, artifacts_url, read_artifact, write_artifact
from zoo.backup_files import FORMAT, VERSION, artifacts_of, digest_of, rows_of, verify
from zoo.moving import Moved, begin_filling, check_filled
from zoo.outputs import check_file, drafts

#: Bytes of an artefact on one line.
_PIECE = 1 << 20


def backup(
    store: Store, path: Path, *, overwrite: bool = False, progress: Progress | None = None
) -> Moved:
    """Write everything a store holds into one file, whole or not at all, readable by its owner.

    Raises:
        ZooError: the file is there already and not to be replaced, or cannot be written; or
            somebody wrote to the store meanwhile, so that relationships were read whose ends were
            not.
    """
    report = progress or (lambda table, done, total: None)
    path = path.absolute()
    try:
        check_file(path, overwrite=overwrite)
        with drafts(path) as folder:
            ends = Ends()
            found = {table: _spool(store, table, folder, ends, report) for table in TABLES}
            names = _write(store, folder, found)
            (folder / "whole").replace(path)
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
    wanted, artifacts = verify(path)
    token = digest_of(path)
    differing = set(begin_filling(store, wanted, token=token))
    written = 0
    for table, rows in rows_of(path):
        if table in differing:
            for part in split(rows):
                load_rows(store, table, part)
                written += len(part)
            report(table, written, sum(each.rows for each in wanted.values()))
    for name, content in artifacts_of(path):
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
            except MissingArtifactError:
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
        "format": FORMAT,
        "version": VERSION,
        "schema": stored_version(store),
        "tables": {table: asdict(each) for table, each in found.items()},
        "artifacts": artifacts,
    }


def _line(value: Row) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
