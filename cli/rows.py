"""Rows as a table for people, or as one JSON object a line for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from itertools import pairwise, zip_longest
from shutil import get_terminal_size
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cli.text import cell, plain, say

#: Spaces between two columns, and around a row.
_GAP = 2
#: Where a row's further lines begin.
_INDENT = 4
#: A folded column of fewer cells would be a tower of single words.
_NARROWEST = 20


def print_json(value: object) -> None:
    """One object on one line of stdout, in ASCII; NaN and infinity become null.

    JSON lines are read on terminals as well: what is escaped moves no cursor and reorders nothing.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    click.echo(json.dumps(_clean(value), allow_nan=False, default=str))


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    *,
    as_json: bool,
    title: str = "",
    nothing: str = "Nothing found.",
) -> None:
    """A table with the columns of the first row, or JSON lines."""
    if as_json:
        for row in rows:
            print_json(dict(row))
        return
    if not rows:
        say(nothing)
        return
    print_table(list(rows[0]), [[cell(value) for value in row.values()] for row in rows], title)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Cells and titles are text of unknown origin: no markup in them is read, nothing is hidden.

    Columns without a name have no header. In a pipe a row is a line. On a terminal wide cells are
    folded between words, never within one: an id that is broken in two cannot be copied. Columns
    that do not fit then go on below the others.
    """
    table = [[plain(text) for text in row] for row in (columns, *rows)]
    if title:
        click.echo(plain(title))
    head, *lines = _lines(table, width=get_terminal_size().columns if sys.stdout.isatty() else None)
    click.echo("\n".join([*([click.style(head, bold=True)] if head.strip() else []), *lines]))


def _lines(table: list[list[str]], *, width: int | None) -> Iterator[str]:
    """Rows as text, the columns that do not fit beside the others in lines below them."""
    blocks = []
    for start, end in pairwise([0, *_ends(table, width)]):
        block = [row[start:end] for row in table]
        indent = _INDENT if start else 0
        room = None if width is None else width - indent
        blocks.append((" " * indent, block, _widths(block, width=room)))
    for number in range(len(table)):
        yield "\n".join(
            f"{indent}{line}"
            for indent, block, widths in blocks
            for line in _row(block[number], widths)
        )


def _row(row: list[str], widths: list[int]) -> Iterator[str]:
    cells = [_folded(text, most) for text, most in zip(row, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        padded = (
            part + " " * (most - cell_len(part)) for part, most in zip(parts, widths, strict=True)
        )
        yield f" {'  '.join(padded)}".rstrip()


def _ends(table: list[list[str]], width: int | None) -> list[int]:
    """The columns before which a row goes on in another line, and the end of all."""
    ends: list[int] = []
    used = 0
    if width is None or _fits(_natural(table), width):
        return [len(table[0])]
    for number, least in enumerate(_least(table)):
        if number and used + least + _GAP > width:
            ends.append(number)
            used = _INDENT
        used += least + _GAP
    return [*ends, len(table[0])]


def _widths(table: list[list[str]], *, width: int | None) -> list[int]:
    """Cells of each column's width, the widest ones narrowed as far as their words allow."""
    widths = _natural(table)
    if width is None or _fits(widths, width):
        return widths
    least = _least(table)
    while not _fits(widths, width) and widths != least:
        _, widest = max((most, n) for n, most in enumerate(widths) if most > least[n])
        widths[widest] -= 1
    return widths


def _fits(widths: list[int], width: int) -> bool:
    return sum(widths) + _GAP * len(widths) <= width


def _natural(table: list[list[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*table, strict=True)]


def _least(table: list[list[str]]) -> list[int]:
    """Each column's width where it is folded as far as its words allow."""
    return [
        min(most, max([_NARROWEST, *(cell_len(word) for text in column for word in text.split())]))
        for column, most in zip(zip(*table, strict=True), _natural(table), strict=True)
    ]


def _folded(text: str, width: int) -> Sequence[str]:
    if cell_len(text) <= width:
        return (text,)
    return [line.plain.rstrip() for line in Text(text).wrap(Console(), width)]


def _clean(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
