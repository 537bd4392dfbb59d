"""What tables hold once they are decoded, measured in a process that has little memory.

A column that repeats one value keeps it once, and what the footer of a parquet file or the head of
a page says of sizes may be anything. Who decodes it finds out; so it is done where it may fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of memory of the process that measures, its libraries included.
_MEMORY = 1 << 30
#: Rows, and bytes as the footer says, that are decoded at once.
_ROWS = 100
_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """``bytes`` is None where it is more than was allowed, or than the process had memory for."""

    bytes: int | None
    rows: int


def measure_tables(files: Sequence[Path], allowed: Sequence[int], *, reader: str) -> list[Decoded]:
    """Of each file what it decodes to, up to the first that decodes to more than ``allowed``.

    ``reader`` is arrow for files of Arrow, anything else for parquet.
    """
    if not files:
        return []
    question = {"reader": reader, "files": [str(file) for file in files], "allowed": list(allowed)}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", __file__],  # not -m: its package would be loaded as well
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        # The pool that asks the system for what it needs, and for no more than that.
        env=os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    found = [Decoded(*json.loads(line)) for line in done.stdout.splitlines()]
    if len(found) < len(files) and all(one.bytes is not None for one in found):
        found.append(Decoded(None, 0))  # the process ended over it
    return found


def _answer(question: dict[str, Any]) -> None:
    batches = _arrow_batches if question["reader"] == "arrow" else _parquet_batches
    for file, allowed in zip(question["files"], question["allowed"], strict=True):
        found = _measure(batches(Path(file)), allowed)
        print(json.dumps([found.bytes, found.rows]), flush=True)
        if found.bytes is None:
            return


def _measure(batches: Iterator[pa.RecordBatch], allowed: int) -> Decoded:
    import pyarrow as pa

    size, rows = 0, 0
    try:
        for batch in batches:
            rows += batch.num_rows
            size += batch.nbytes + batch.num_rows
            if size > allowed:
                return Decoded(None, rows)
    except MemoryError:  # pyarrow's is one
        return Decoded(None, rows)
    except (pa.ArrowException, OSError, ValueError):
        pass  # damaged: whoever reads it afterwards comes no further, and says so
    return Decoded(size, rows)


def _parquet_batches(file: Path) -> Iterator[pa.RecordBatch]:
    from pyarrow import parquet

    with parquet.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20) as table:
        footer = table.metadata
        said = sum(footer.row_group(n).total_byte_size for n in range(footer.num_row_groups))
        rows = _BYTES * footer.num_rows // max(said, 1)
        yield from table.iter_batches(batch_size=min(max(rows, 1), _ROWS), use_threads=False)


def _arrow_batches(file: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with file.open("rb") as stream:
        try:
            yield from pa.ipc.open_stream(stream)
        except pa.ArrowInvalid:
            reader = pa.ipc.open_file(stream)
            yield from (reader.get_batch(number) for number in range(reader.num_record_batches))


def _main() -> None:
    import resource

    from pyarrow import parquet  # noqa: F401  # what is loaded is under no limit

    question = json.load(sys.stdin)
    loaded = Path("/proc/self/statm")
    pages = int(loaded.read_text("utf-8").split()[0]) if loaded.exists() else 0
    limit = max(_MEMORY, pages * resource.getpagesize() + _MEMORY // 2)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    _answer(question)


if __name__ == "__main__":
    _main()
