"""CSV files as rows with their physical lines, bounded in every direction.

A file may come from a stranger: it may be a gzip bomb, one endless line, a row of a million cells
or no text at all. Each of these ends in one refusal, never in an exhausted memory.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from graphdb.errors import ZooError
from zoo.paths import open_file
from zoo.sources.refusals import Refuse

#: Bytes of one file after decompression.
MAX_BYTES = 1 << 30
#: Bytes of one physical line.
MAX_LINE = 1 << 22
#: Rows handed over at once; bounds the memory that unchecked rows hold.
ROWS_A_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, each as wide as the header or, where asked for, shorter.

    ``lines`` counts physical lines from 1; a row of several lines stands in its first.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


class _UnreadableError(Exception):
    """The rest of the file cannot be read; the message says why."""


class _Bounded(io.RawIOBase):
    """A stream that ends in an error after ``MAX_BYTES``, however small the file on disk is.

    A line that does not end is one, too: whoever splits the stream would hold all of it.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MAX_BYTES
        self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise _UnreadableError(f"the file holds more than {MAX_BYTES:,} bytes")
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._line = self._line + len(data) if end < 0 else len(data) - end - 1
        if self._line > MAX_LINE:
            raise _UnreadableError(f"a line holds more than {MAX_LINE:,} bytes")
        buffer[: len(data)] = data
        return len(data)


def chunks(path: Path, *, refuse: Refuse, short: bool = False) -> Iterator[Chunk]:
    """The rows of a CSV file (UTF-8, header row, plain or ``.gz``).

    The first chunk comes even without rows, because its header is wanted. Blank lines and rows of
    empty cells are passed over; rows of another width than the header and whatever cannot be read
    are refused.

    Raises:
        ZooError: the file cannot be opened.
    """
    try:
        with open_file(path) as file:
            packed = path.suffix == ".gz"
            stream = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            yield from _chunks(stream, refuse, short)
    except OSError as error:
        raise ZooError(f"Cannot read {path}: {error.strerror or error}") from error


def table(path: Path, *, refuse: Refuse, short: bool = False) -> Chunk:
    """A whole file as one chunk; without a header there are no columns either.

    ``short`` lets rows through that end before the header does.
    """
    whole = Chunk([], [], [])
    for chunk in chunks(path, refuse=refuse, short=short):
        whole.header[:] = chunk.header
        whole.rows.extend(chunk.rows)
        whole.lines.extend(chunk.lines)
    return whole


def _chunks(stream: BinaryIO, refuse: Refuse, short: bool) -> Iterator[Chunk]:
    # Bytes that are no UTF-8 become lone surrogates here and are refused cell by cell, with the
    # line they stand in; a strict decoder would only know the block of 8 kB.
    buffered = io.BufferedReader(_Bounded(stream))
    text = io.TextIOWrapper(
        buffered,
        encoding="utf-8-sig",
        errors="surrogateescape",
        newline="",
    )
    reader = csv.reader(text, strict=True)
    chunk = Chunk([], [], [])
    line = 0
    try:
        if buffered.peek(2)[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):  # Excel's "Unicode text"
            refuse(1, "is UTF-16: save it as UTF-8")
            return
        for row in reader:
            if 1 < len(row) == len(chunk.header) and not any(row):
                pass  # what a spreadsheet writes of rows that were emptied
            elif not chunk.header:
                chunk = Chunk(row, [], [])
            elif len(row) == len(chunk.header) or (short and 0 < len(row) < len(chunk.header)):
                chunk.rows.append(row)
                chunk.lines.append(line + 1)
            elif row:
                refuse(line + 1, f"has {len(row)} cells, the header has {len(chunk.header)}")
            line = reader.line_num
            if len(chunk.rows) == ROWS_A_CHUNK:
                yield chunk
                chunk = Chunk(chunk.header, [], [])
    except (_UnreadableError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        refuse(line + 1, f"cannot be read from here on: {error}")
    if chunk.header:
        yield chunk
    else:
        refuse(1, "has no header row")
