"""Columns of text into columns of values; what is none is refused with its line.

A column is checked as a whole, and cell by cell only where that fails: a million rows take well
under a second a column, and a wrong cell is still named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from graphdb.records import MAX_ID, MAX_INTEGER, is_unicode
from zoo.sources.refusals import Refuse, shown

#: Characters of any other text.
MAX_TEXT = 100_000

_PERCENT = "; percentages are written as fractions"

Kind = Literal["id", "text", "real", "integer"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Column:
    """What the cells of one column may hold; an empty cell of an optional column is unknown."""

    name: str
    kind: Kind = "text"
    required: bool = False
    low: float = -math.inf
    high: float = math.inf

    def words(self) -> str:
        """The allowed range, for a message."""
        if self.low > -math.inf and self.high < math.inf:
            return f"between {self.low:g} and {self.high:g}"
        return f"at least {self.low:g}"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column in some rows, and where they stand."""

    column: Column
    texts: Sequence[str]
    lines: Sequence[int]

    def each(self, read: Callable[[str], Value], refuse: Refuse) -> list[Value | None]:
        """Read cell by cell; ``read`` raises ValueError with the reason of a refusal."""
        values: list[Value | None] = []
        for text, line in zip(self.texts, self.lines, strict=True):
            try:
                values.append(self._read(text, read))
            except ValueError as error:
                refuse(line, f"{self.column.name} {error}")
                values.append(None)
        return values

    def _read(self, text: str, read: Callable[[str], Value]) -> Value | None:
        if text:
            return read(text)
        if self.column.required:
            raise ValueError("is empty")
        return None


def texts(cells: Cells, *, refuse: Refuse) -> list[str | None]:
    """Names and other words; the empty text is None."""
    column = cells.column
    longest = MAX_ID if column.kind == "id" else MAX_TEXT

    def sound(words: Sequence[str], _: Sequence[str | None]) -> bool:
        blob = "".join(words)
        plain = "\0" not in blob and (blob.isascii() or is_unicode(blob))
        full = not column.required or all(words)
        return plain and full and max(map(len, words), default=0) <= longest

    found = _whole(cells.texts, str, sound)
    return cells.each(lambda text: _text(text, longest), refuse) if found is None else found


def reals(cells: Cells, *, refuse: Refuse) -> list[float | None]:
    """Finite numbers within the bounds of the column."""
    column = cells.column
    found = _whole(cells.texts, float, lambda words, values: _sound(words, values, column))
    return cells.each(lambda text: _real(text, column), refuse) if found is None else found


def integers(cells: Cells, *, refuse: Refuse) -> list[int | None]:
    """Whole numbers within the bounds of the column; ``16.0`` is one."""
    column = cells.column
    found = _whole(cells.texts, int, lambda words, values: _sound(words, values, column))
    return cells.each(lambda text: _integer(text, column), refuse) if found is None else found


def _whole(
    words: Sequence[str],
    read: Callable[[str], Value],
    sound: Callable[[Sequence[str], Sequence[Value | None]], bool],
) -> list[Value | None] | None:
    """All cells of a column, or None where any is wrong. Few words that repeat are read once, and
    a million equal cells are one object."""
    distinct = set(words)
    few = len(distinct) * 8 <= len(words)
    some = list(distinct) if few else words
    try:
        values = [read(word) if word else None for word in some]
        if not sound(some, values):
            return None
    except (ValueError, OverflowError):
        return None
    return list(map(dict(zip(some, values, strict=True)).__getitem__, words)) if few else values


def _sound(words: Sequence[str], values: Sequence[float | None], column: Column) -> bool:
    return "_" not in "".join(words) and _within(values, column)


def _within(values: Sequence[float | None], column: Column) -> bool:
    blank = values.count(None)
    if blank == len(values):
        return not column.required or not values
    if blank and column.required:
        return False
    known = np.array([value for value in values if value is not None] if blank else values, float)
    top = min(column.high, float(MAX_INTEGER) - 1024) if column.kind == "integer" else column.high
    low = max(column.low, -float(MAX_INTEGER)) if column.kind == "integer" else column.low
    return bool(np.all(np.isfinite(known) & (known >= low) & (known <= top)))


def _text(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"has {len(text):,} characters, at most {longest:,} are allowed")
    if not is_unicode(text):
        raise ValueError(f"{shown(text)} is not UTF-8")
    if "\0" in text:
        raise ValueError(f"{shown(text)} holds a NUL character")
    return text


def _real(text: str, column: Column) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{shown(text)} is not a number{_hint(text)}") from None
    if "_" in text:
        raise ValueError(f"{shown(text)} is not a number")
    return check(value, column)


def _hint(text: str) -> str:
    """What a spreadsheet makes of numbers."""
    if text.rstrip().endswith("%"):
        return _PERCENT
    return "; decimals have a point" if text.count(",") == 1 else ""


def _integer(text: str, column: Column) -> int:
    wrong = f"{shown(text)} is not an integer"
    try:
        value = int(text)
    except ValueError:
        try:
            real = float(text)
        except ValueError:
            raise ValueError(wrong) from None
        if not real.is_integer():
            raise ValueError(wrong) from None
        value = int(real)
    if "_" in text:
        raise ValueError(wrong)
    if abs(value) > MAX_INTEGER:
        raise ValueError(f"{shown(text)} does not fit into 64 bits")
    check(float(value), column)
    return value


def check(value: float, column: Column) -> float:
    """The value itself, or ValueError with the reason why the column cannot hold it."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not finite")
    if not column.low <= value <= column.high:
        percent = column.high == 1 < value <= 100
        hint = _PERCENT if percent else ""
        raise ValueError(f"{value:g} is out of range, {column.words()} is allowed{hint}")
    return value
