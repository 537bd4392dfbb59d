"""How wide the table of a text file is: as a table, a line that lacks columns has all of them.

A line of ten bytes in a csv file under a header of 20,000 names becomes 160 kB, and so does one of
a json file beside 20,000 with another key each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

#: Columns of a table; a flattened image has some thousands.
MAX_COLUMNS = 10_000
#: Cells of what is read at once.
MAX_CELLS = 50_000_000
#: Bytes of json that the ``datasets`` library makes one table of.
_BLOCK = 10 << 20
_KEY = re.compile(rb'"(?:[^"\\\n]|\\.)*"\s*:')


def csv_width(stream: IO[bytes], separator: str) -> int:
    """Columns of the header."""
    return stream.readline(_BLOCK).count(separator.encode()) + 1


def json_width(stream: IO[bytes]) -> int:
    """Distinct keys, more than ``MAX_COLUMNS`` where rows and keys make too many cells."""
    widest = 0
    keys: set[bytes] = set()
    rows = 0
    for block, whole in _blocks(stream):
        if not whole:
            keys, rows = set(), 0
        keys.update(_KEY.findall(block))
        rows += max(block.count(b"\n"), block.count(b"{"))
        widest = max(widest, len(keys))
        if widest > MAX_COLUMNS or len(keys) * rows > MAX_CELLS:
            return MAX_COLUMNS + 1
    return widest


def _blocks(stream: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """What one table is made of; whether it belongs to the block before: a list is read whole."""
    whole = stream.read(1) == b"["
    while block := stream.read(_BLOCK):
        yield block, whole
