"""A matrix of distances between datasets as similarities."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from graphdb.records import MAX_ID, Similarity
from zoo.sources.refusals import Refuse, shown
from zoo.sources.tables import table

MEASURE = "domain"
PREFIX = "corr_domain_similarity_"


def read_distances(
    path: Path, *, dataset: Callable[[str], str], refuse: Refuse
) -> list[Similarity]:
    """Both triangles of a distance file as one similarity a pair, ``1 / (1 + distance)``.

    ``dataset`` turns a label into the id of a dataset; labels of the same dataset make one node,
    and what one label says of a pair the other must say, too. An empty cell is an unknown distance.
    The probe is the rest of the file's name: distances of two files do not compare.
    """
    whole = table(path, refuse=refuse)
    probe = path.name.partition(".")[0].removeprefix(PREFIX)
    columns = [_end(label, 1, dataset, refuse) for label in whole.header[1:]]
    found: dict[tuple[str, str], Similarity] = {}
    for line, (label, *cells) in zip(whole.lines, whole.rows, strict=True):
        row = _end(label, line, dataset, refuse)
        for column, cell in zip(columns, cells, strict=True):
            if row is None or column is None or not cell:
                continue
            try:
                _add(found, (row, column), _distance(cell), probe)
            except ValueError as error:
                refuse(line, f"distance of {shown(row)} to {shown(column)}: {error}")
    return list(found.values())


def _end(label: str, line: int, dataset: Callable[[str], str], refuse: Refuse) -> str | None:
    if not label or len(label) > MAX_ID or "\0" in label or not label.isprintable():
        refuse(line, f"{shown(label)} is no dataset")
        return None
    return dataset(label)


def _distance(cell: str) -> float:
    try:
        distance = float(cell)
    except ValueError:
        raise ValueError(f"{shown(cell)} is not a number") from None
    if not (math.isfinite(distance) and distance >= 0):
        raise ValueError(f"{distance} is no distance")
    return distance


def _add(
    found: dict[tuple[str, str], Similarity], pair: tuple[str, str], distance: float, probe: str
) -> None:
    a, b = sorted(pair)
    if a == b:
        if distance:
            raise ValueError(f"{distance} between a dataset and itself")
        return
    fresh = Similarity(a, b, 1 / (1 + distance), MEASURE, probe, distance)
    first = found.setdefault((a, b), fresh)
    if first.original is not None and not math.isclose(
        first.original, distance, rel_tol=1e-4, abs_tol=1e-6
    ):
        raise ValueError(f"{distance} here, {first.original} above: the first is kept")
