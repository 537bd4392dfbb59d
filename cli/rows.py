"""Rows as a table for people, or as one JSON object a line for programs."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.text import cell, plain, say
from graphdb.errors import ZooError

_PIPED = 160
_FOLDED = 500


def print_json(value: object) -> None:
    """One object on one line of stdout, in ASCII; NaN and infinity become null.

    JSON lines are read on terminals as well: what is escaped moves no cursor and reorders nothing.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    with _writing():
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

    Wide cells are folded where the rows are few enough to be read.
    """
    shown = [[plain(text) for text in row] for row in rows]
    with _writing():
        if title:
            # As a title of the table it would be folded to the table's width.
            click.echo(plain(title))
        if len(shown) > _FOLDED:
            click.echo("\n".join(_lines([[plain(column) for column in columns], *shown])))
            return
        table = Table(box=None)
        for column in columns:
            table.add_column(Text(plain(column)), overflow="fold")
        for row in shown:
            table.add_row(*map(Text, row))
        # Whoever pipes a table on gets whole columns, whatever width a pipe pretends to have.
        _Console(width=None if sys.stdout.isatty() else _PIPED).print(table)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the command with exit code 1."""
        raise BrokenPipeError


@contextmanager
def _writing() -> Iterator[None]:
    """Whoever read our output (head, less) may have seen enough; a full disk is an error."""
    try:
        yield
    except BrokenPipeError:
        # What is still buffered goes nowhere, without a second complaint when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(0) from None
    except OSError as error:
        raise ZooError(
            f"Cannot write the output: {error.strerror}. Free some space, or write it elsewhere"
        ) from error


def _lines(rows: list[list[str]]) -> Iterator[str]:
    """One line a row: folding thousands takes longer than finding them."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (
            text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)
        )
        yield f" {'  '.join(padded)}".rstrip()


def _clean(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
