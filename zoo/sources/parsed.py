"""The typed columns of a bundle's file, some thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from graphdb.errors import ZooError
from zoo.sources.cells import Cells, Column, integers, reals, texts
from zoo.sources.layout import FILES, variants
from zoo.sources.refusals import Problems, Refuse, shown
from zoo.sources.tables import Chunk, chunks

Known = dict[str, str]
#: Columns of a wrong header that are named.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows of one file, column by column; a column that the file lacks is None throughout.

    ``bad`` are the lines of rows with a cell that was refused and is None here.
    """

    lines: Sequence[int]
    refuse: Refuse
    bad: frozenset[int]
    _texts: dict[str, list[str | None]] = field(default_factory=dict)
    _reals: dict[str, list[float | None]] = field(default_factory=dict)
    _integers: dict[str, list[int | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def texts(self, name: str) -> list[str | None]:
        return self._texts.get(name) or [None] * len(self)

    def reals(self, name: str) -> list[float | None]:
        return self._reals.get(name) or [None] * len(self)

    def integers(self, name: str) -> list[int | None]:
        return self._integers.get(name) or [None] * len(self)

    def needed(self, name: str) -> list[str]:
        """A required text column; refused cells are still None where rows are not sound."""
        return cast("list[str]", self.texts(name))

    def needed_reals(self, name: str) -> list[float]:
        return cast("list[float]", self.reals(name))

    def defaults(self, name: str, default: str) -> list[str]:
        """A text column in which an empty cell means ``default``."""
        return [text or default for text in self.texts(name)]

    def ends(self, name: str, known: Known, *, listed_in: str) -> list[str]:
        """Ids that another file must list; each comes back as that file's own string."""
        found = [known.get(text or "") for text in self.texts(name)]
        if None in found:
            for text, end, line in zip(self.texts(name), found, self.lines, strict=True):
                if end is None and text:
                    self.refuse(line, f"{name} {shown(text)} is not listed in {listed_in}")
        return cast("list[str]", found)


def find(folder: Path, name: str, problems: Problems) -> Path | None:
    """The file of a table, if there is one; two of them are a problem."""
    found = [folder / file for file in variants(name) if (folder / file).exists()]
    if len(found) > 1:
        problems.add(
            found[0].name, 1, f"lies beside {found[1].name}: only one of them may be there"
        )
    for path in found:
        if not path.is_file():
            raise ZooError(f"{path} is not a file. A record bundle is a folder of CSV files.")
    return found[0] if found else None


def parse(path: Path, name: str, problems: Problems) -> Iterator[Parsed]:
    """Read the file of one table."""
    refuse = problems.of(path.name)
    columns = {column.name: column for column in FILES[name]}
    good = None
    for chunk in chunks(path, refuse=refuse):
        if good is None:
            good = _check_header(chunk.header, columns, name, refuse)
        if good:
            yield _parse(chunk, columns, refuse)


def _check_header(header: list[str], columns: dict[str, Column], name: str, refuse: Refuse) -> bool:
    for separator, named in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            refuse(1, f"its columns are separated by {named}: save it with commas")
            return False
    needed = [column.name for column in columns.values() if column.required]
    missing = [repr(column) for column in needed if column not in header]
    if name == "fine_tunings" and not {"accuracy", "value"} & set(header):
        missing.append("'accuracy' or 'value'")
    unknown = [shown(column) for column in header if column and column not in columns]
    reasons = [f"{_named(missing)} {'is' if len(missing) == 1 else 'are'} missing"] * bool(missing)
    if "" in header:
        reasons.append(
            "a column has no name (the index of a data frame, or an empty one of a spreadsheet? "
            "Write it without)"
        )
    headed = [column for column in header if column]
    if len(set(headed)) < len(headed):
        reasons.append("a column is named twice")
    if unknown:
        them = "it" if len(unknown) == 1 else "them"
        reasons.append(
            f"unknown {_named(unknown)}; known are {', '.join(columns)}; rename {them} or leave "
            f"{them} out"
        )
    if reasons:
        refuse(1, "; ".join(reasons))
    return not reasons


def _named(columns: list[str]) -> str:
    some = ", ".join(columns[:_NAMED])
    more = len(columns) - _NAMED
    return f"column{'s' * (len(columns) > 1)} {some}" + (f" and {more} more" if more > 0 else "")


def _parse(chunk: Chunk, columns: dict[str, Column], refuse: Refuse) -> Parsed:
    bad: set[int] = set()

    def noted(line: int, reason: str) -> None:
        bad.add(line)
        refuse(line, reason)

    words: dict[str, list[str | None]] = {}
    numbers: dict[str, list[float | None]] = {}
    counts: dict[str, list[int | None]] = {}
    for name, column in zip(chunk.header, zip(*chunk.rows, strict=True), strict=False):
        cells = Cells(columns[name], column, chunk.lines)
        if cells.column.kind == "real":
            numbers[name] = reals(cells, refuse=noted)
        elif cells.column.kind == "integer":
            counts[name] = integers(cells, refuse=noted)
        else:
            words[name] = texts(cells, refuse=noted)
    return Parsed(chunk.lines, refuse, frozenset(bad), words, numbers, counts)
