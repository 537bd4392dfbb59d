"""How far work is: shares of it, and rows that a job in another process counts in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from learn.progress import Tell

#: Called with the rows seen so far, and those there are to be seen at most.
Rows = Callable[[int, int], None]


def tell_count(tell: Tell, done: int, total: int) -> None:
    tell(done / max(total, 1), f"{done} of {total}")


def piece_of(tell: Tell, number: int, total: int, *, name: str) -> Tell:
    """For what is number ``number`` of ``total`` pieces of work, counted from 0."""
    short = name.rstrip("/").rpartition("/")[2]

    def piece(done: float, what: str) -> None:
        tell((number + done) / total, f"{short}, {what}")

    return piece


def rows_of(tell: Tell) -> Rows:
    """Rows as a share of those there are at most: how many it takes nobody knows beforehand."""
    started: list[float] = []

    def rows(seen: int, most: int) -> None:
        now = time.monotonic()
        started[:] = started or [now]
        speed = f", {seen / (now - started[0]):.3g} a second" if now > started[0] and seen else ""
        tell(seen / max(most, 1), f"{seen:,} rows of {most:,} at most{speed}")

    return rows


def count_into(path: Path) -> Rows:
    """Keep the last count in a file, which is whole whenever it is read."""

    def count(seen: int, most: int) -> None:
        partial = path.with_suffix(".partial")
        partial.write_text(f"{seen} {most}", encoding="ascii")
        partial.replace(path)

    return count


def read_count(path: Path) -> tuple[int, int] | None:
    """What was counted last; None before anything was."""
    if not path.exists():
        return None
    seen, most = path.read_text(encoding="ascii").split()
    return int(seen), int(most)
