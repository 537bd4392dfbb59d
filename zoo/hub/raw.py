"""Datasets in the layouts their authors published, read as a configuration says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graphdb.errors import ZooError
from zoo.hub.configs import RawLayout

if TYPE_CHECKING:
    from datasets import Dataset

Rows = list[dict[str, str]]


def read_raw(folder: Path, layout: RawLayout) -> dict[str, Dataset]:
    """The splits of a folder laid out as ``layout`` says: columns ``text`` and ``label``, or a
    table's own.

    Raises:
        ZooError: a file is absent or does not have that layout.
    """
    from datasets import Dataset

    if layout.reader == "classes":
        splits = {"train": list(_classes(folder, layout))}
    else:
        splits = {split: _split(folder, split, layout) for split in layout.files}
    return {split: Dataset.from_list(rows) for split, rows in splits.items()}


def is_laid_out(folder: Path, layout: RawLayout) -> bool:
    """Whether all files of a layout are there: a folder's name alone proves nothing."""
    return all((folder / name).is_file() for names in layout.files.values() for name in names)


def _split(folder: Path, split: str, layout: RawLayout) -> Rows:
    readers = {"lines": _lines, "table": _table, "prefix": _prefix}
    return readers[layout.reader](folder, layout.files[split], layout)


def _lines(folder: Path, files: list[str], layout: RawLayout) -> Rows:
    texts, labels = (_read(folder / name, layout) for name in files)
    if len(texts) != len(labels):
        raise ZooError(
            f"{folder}: {files[0]} has {len(texts)} lines and {files[1]} {len(labels)}; "
            "each text needs its label"
        )
    names = _names(folder, layout)
    pairs = zip(texts, labels, strict=True)
    return [{"text": text, "label": names.get(label, label)} for text, label in pairs]


def _names(folder: Path, layout: RawLayout) -> dict[str, str]:
    lines = _read(folder / layout.names, layout) if layout.names else []
    return {key: word for key, _, word in (line.partition("\t") for line in lines)}


def _table(folder: Path, files: list[str], layout: RawLayout) -> Rows:
    lines = [line for name in files for line in _read(folder / name, layout)]
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if layout.quoting else csv.QUOTE_NONE
    rows = list(csv.reader(lines, delimiter=layout.delimiter, quoting=quoting))
    header = layout.columns or rows.pop(0)
    wrong = next((n for n, row in enumerate(rows, 1) if len(row) != len(header)), None)
    if wrong:
        raise ZooError(
            f"{folder / files[0]}:{wrong}: {len(rows[wrong - 1])} fields, {len(header)} expected"
        )
    return [dict(zip(header, row, strict=True)) for row in rows]


def _prefix(folder: Path, files: list[str], layout: RawLayout) -> Rows:
    lines = [line for name in files for line in _read(folder / name, layout)]
    words = [line.partition(" ") for line in lines]
    return [
        {"text": text.strip(), "label": label.partition(layout.separator)[0]}
        for label, _, text in words
    ]


def _classes(folder: Path, layout: RawLayout) -> Iterator[dict[str, str]]:
    for label, files in layout.files.items():
        for name in files:
            for line in _read(folder / name, layout):
                yield {"text": line.strip(), "label": label}


def _read(path: Path, layout: RawLayout) -> list[str]:
    if not path.is_file():
        raise ZooError(f"{path} is missing; the dataset's configuration names it")
    # Not splitlines(): tweets hold Unicode line separators that are no ends of lines.
    lines = path.read_text(encoding=layout.encoding).replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
