"""What is learned from and what is true: one value for a pair of model and dataset.

A pair's value is the mean of its records of one method and of the dataset's most frequent metric;
other metrics are not mixed in, and the records' spread is kept as noise. ``mse`` is the one metric
where smaller is better: ``oriented`` is larger-is-better for all of them, ``value`` stays in the
metric's own units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices, Subgraph, Texts, take

SMALLER_IS_BETTER = frozenset({"mse"})


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One row a measured pair, ordered by (model, dataset).

    Shapes: ``metric`` [D] (None for a dataset without records), every other column [N].
    ``spread`` is the records' standard deviation, NaN for a single record.
    """

    model: Indices
    dataset: Indices
    value: Floats
    oriented: Floats
    spread: Floats
    count: Indices
    metric: Texts

    def __len__(self) -> int:
        return len(self.model)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where each pair stands within its dataset, and the datasets' own level and spread.

    Shapes: ``z`` [N]; ``level``, ``spread`` [D] in oriented units (NaN without records), ``count``
    [D]. A constant dataset has z = 0.
    """

    z: Floats
    level: Floats
    spread: Floats
    count: Floats


def measured(graph: Subgraph, *, method: str) -> Pairs:
    """The pairs of a graph, quarantined datasets left out."""
    runs = graph.fine_tunings
    metric = dataset_metric(graph, method=method)
    sound = np.array([reason is None for reason in graph.datasets.quarantined], dtype=bool)
    keep = (runs.method == method) & np.isfinite(runs.value)
    keep &= (runs.metric == metric[runs.dataset]) & sound[runs.dataset]
    runs = take(runs, keep)
    width = max(len(graph.datasets), 1)
    key, row = np.unique(runs.model * width + runs.dataset, return_inverse=True)
    count = np.bincount(row, minlength=len(key))
    value = np.bincount(row, weights=runs.value, minlength=len(key)) / np.maximum(count, 1)
    square = np.bincount(row, weights=(runs.value - value[row]) ** 2, minlength=len(key))
    dataset = key % width
    return Pairs(
        model=key // width,
        dataset=dataset,
        value=value,
        oriented=orientation(metric)[dataset] * value,
        spread=np.where(count > 1, np.sqrt(square / np.maximum(count - 1, 1)), np.nan),
        count=count.astype(np.int64),
        metric=metric,
    )


def subset(pairs: Pairs, keep: NDArray[np.bool_]) -> Pairs:
    """The same pairs where ``keep`` [N] is true."""
    columns = {name: getattr(pairs, name)[keep] for name in pairs.__slots__ if name != "metric"}
    return Pairs(**columns, metric=pairs.metric)


def dataset_metric(graph: Subgraph, *, method: str) -> Texts:
    """The metric that is given, or the most frequent of each dataset's records of a method, ties by
    name.

    Shapes: [D], None where neither is.
    """
    chosen = np.full(len(graph.datasets), None, dtype=object)
    runs = take(graph.fine_tunings, graph.fine_tunings.method == method)
    names = sorted(set(runs.metric.tolist()))
    count = np.zeros((len(graph.datasets), max(len(names), 1)), dtype=np.int64)
    for column, name in enumerate(names):
        rows = runs.dataset[runs.metric == name]
        count[:, column] = np.bincount(rows, minlength=len(graph.datasets))
    for row in np.flatnonzero(count.any(axis=1)):
        chosen[row] = names[int(count[row].argmax())]
    given = graph.datasets.metric
    return np.where(given != None, given, chosen)  # noqa: E711, cell by cell


def orientation(metric: Texts) -> Floats:
    """+1 where larger is better, -1 where smaller is. Shapes: [D] -> [D]."""
    return np.array([-1.0 if name in SMALLER_IS_BETTER else 1.0 for name in metric])


def standing(pairs: Pairs, *, datasets: int, weight: NDArray[np.bool_] | None = None) -> Standing:
    """The z-score of each pair within its dataset.

    Args: ``weight`` [N] says which pairs define level and spread; all of them by default.
    """
    use = np.ones(len(pairs)) if weight is None else weight.astype(np.float64)
    count = np.bincount(pairs.dataset, weights=use, minlength=datasets)
    with np.errstate(invalid="ignore"):
        total = np.bincount(pairs.dataset, weights=use * pairs.oriented, minlength=datasets)
        level = total / np.where(count > 0, count, np.nan)
        off = pairs.oriented - level[pairs.dataset]
        square = np.bincount(
            pairs.dataset, weights=use * np.nan_to_num(off) ** 2, minlength=datasets
        )
        spread = np.sqrt(square / np.where(count > 0, count, np.nan))
    # Sums of equal values differ from the value by rounding: such a spread is none at all.
    flat = spread <= 1e-9 * np.maximum(np.abs(level), 1e-9)
    spread = np.where(flat, 0.0, spread)
    width = spread[pairs.dataset]
    z = np.divide(off, width, out=np.zeros(len(pairs)), where=width > 0)
    return Standing(z=np.nan_to_num(z), level=level, spread=spread, count=count.astype(np.float64))
