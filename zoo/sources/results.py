"""The fine-tunings of a bundle, checked and built column by column: there can be millions."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import cast

import numpy as np

from graphdb.records import METHODS, METRICS, FineTuning
from zoo.sources.cells import Column, check
from zoo.sources.parsed import Known, Parsed
from zoo.sources.refusals import shown

#: The source in the ids of records that a bundle gives none.
SOURCE = "bundle"


class Results:
    """Collects the fine-tunings of a file chunk by chunk; ids are unique over all of them."""

    def __init__(self, models: Known, datasets: Known) -> None:
        self._models = models
        self._datasets = datasets
        self._lines: dict[str | None, int] = {}
        self._repeats: Counter[str] = Counter()
        self.records: list[FineTuning] = []

    def add(self, rows: Parsed) -> None:
        """Take a chunk, or note why not."""
        models = rows.ends("model", self._models, listed_in="models.csv")
        datasets = rows.ends("dataset", self._datasets, listed_in="datasets.csv")
        values = _values(rows)
        metrics = _choices(rows, "metric", tuple(METRICS), default="accuracy")
        methods = _choices(rows, "method", METHODS, default="full")
        _check_bounds(rows, values, metrics)
        settings = (
            rows.reals("epochs"),
            rows.reals("learning_rate"),
            rows.integers("batch_size"),
            rows.integers("seed"),
        )
        ids = rows.texts("id")
        whole = not rows.bad and None not in models and None not in datasets
        if whole and None not in methods and None in ids:
            prefixes = _prefixes((models, datasets, methods), settings)
            ids = [name or self._made(row) for name, row in zip(ids, prefixes, strict=True)]
        self._check_repeats(rows, ids)
        ends = (cast("list[str]", ids), models, datasets, cast("list[float]", values))
        rest = (metrics, methods, *settings, rows.reals("seconds"), rows.texts("device"))
        memory = rows.integers("peak_memory_bytes")
        self.records.extend(map(FineTuning, *ends, *rest, memory))

    def _check_repeats(self, rows: Parsed, ids: list[str | None]) -> None:
        fresh = dict(zip(ids, rows.lines, strict=True))
        if len(fresh) < len(ids) or not self._lines.keys().isdisjoint(fresh):
            for name, line, given in zip(ids, rows.lines, rows.texts("id"), strict=True):
                first = self._lines.setdefault(name, line)
                if name and first != line:
                    why = "" if given else ", which has the same settings: give this one an id"
                    rows.refuse(
                        line, f"id {shown(name)} is already the record of line {first}{why}"
                    )
        self._lines.update(fresh)

    def _made(self, prefix: str) -> str:
        """``fine_tuning_id`` of a row, without building its JSON from nothing each time."""
        occurrence = self._repeats[prefix]
        self._repeats[prefix] = occurrence + 1
        return hashlib.sha256(f"{prefix},{occurrence}]".encode()).hexdigest()[:32]


def _prefixes(
    ends: tuple[list[str], list[str], list[str]],
    settings: tuple[list[float | None], list[float | None], list[int | None], list[int | None]],
) -> list[str]:
    """The JSON that ``fine_tuning_id`` hashes, up to the occurrence."""
    words: dict[str, str] = {name: json.dumps(name) for column in ends for name in set(column)}
    numbers: dict[float | None, str] = {None: "null"}
    for column in settings:
        numbers.update(
            {number: repr(float(number) + 0.0) for number in set(column) if number is not None}
        )
    return [
        f'["{SOURCE}",{words[model]},{words[dataset]},{words[method]}'
        f",{numbers[epochs]},{numbers[rate]},{numbers[batch]},{numbers[seed]}"
        for model, dataset, method, epochs, rate, batch, seed in zip(*ends, *settings, strict=True)
    ]


def _values(rows: Parsed) -> list[float | None]:
    """``accuracy`` and ``value`` are two names of one column; a row gives one, or both equal."""
    accuracies, values = rows.reals("accuracy"), rows.reals("value")
    if None not in values and accuracies.count(None) == len(rows):
        return values
    merged = [
        value if value is not None else other
        for value, other in zip(values, accuracies, strict=True)
    ]
    for line, one, other in zip(rows.lines, accuracies, values, strict=True):
        if one is None and other is None and line not in rows.bad:
            rows.refuse(line, "has neither accuracy nor value")
        elif one is not None and other is not None and one != other:
            rows.refuse(line, f"accuracy {one} and value {other} differ")
    return merged


def _choices(rows: Parsed, name: str, allowed: tuple[str, ...], *, default: str) -> list[str]:
    known = {choice: choice for choice in allowed}
    found = [known.get(text) for text in rows.defaults(name, default)]
    if None in found:
        for text, choice, line in zip(rows.texts(name), found, rows.lines, strict=True):
            if choice is None:
                rows.refuse(line, f"{name} {shown(text)} is not one of {', '.join(allowed)}")
    return cast("list[str]", found)


def _check_bounds(rows: Parsed, values: list[float | None], metrics: list[str]) -> None:
    numbers = np.array(values, float)
    for metric in set(metrics) & METRICS.keys():
        low, high = METRICS[metric]
        outside = (numbers < low) | (numbers > high)
        wrong = [row for row in np.flatnonzero(outside).tolist() if metrics[row] == metric]
        for row in wrong:
            try:
                check(float(numbers[row]), Column(metric, "real", low=low, high=high))
            except ValueError as error:
                rows.refuse(rows.lines[row], f"{metric} {error}")
