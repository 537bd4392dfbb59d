"""Level and spread of a dataset that has no record yet, from datasets like it.

Both are predicted by kriging (a Gaussian process over datasets, with the kernel that compares
similarities, classes and samples) on a scale without bounds: a bounded metric's level as its logit,
an error's as its logarithm, and the spread relative to what the level leaves room for. Only
datasets of the same metric compare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices, Texts
from graphdb.records import METRICS
from learn.gaussian_process import Prior
from learn.pairs import Standing

#: Fewer datasets of a metric say too little: 'ranking only'.
FEWEST = 3
NOISE = 0.25
#: Neighbours asked; farther ones say next to nothing.
MOST = 150
#: Least doubt of a level, in spreads of the dataset: a few others that happen to agree do not
#: outweigh more than 25 results of its own (``scales``).
LEAST_DOUBT = 0.2


@dataclass(frozen=True, slots=True)
class Expected:
    """Oriented ``level`` and ``spread`` of a dataset, and the level's standard deviation; NaN where
    too little is known. ``likeness`` in [0, 1] is 1 where a known dataset is just like it."""

    level: float
    spread: float
    doubt: float
    likeness: float

    @property
    def prior(self) -> Prior:
        """What records of the dataset are weighed against."""
        return Prior(self.level, self.spread, self.doubt)


def known_datasets(
    stands: Standing, metric: Texts, near: Floats, name: str | None, target: int
) -> Indices:
    """The nearest datasets of that metric (any, where it is None) whose level says something."""
    same = np.array([one is not None and (name is None or one == name) for one in metric])
    known = same & (stands.count >= 3) & np.isfinite(stands.level)
    known[target] = False
    rows = np.flatnonzero(known)
    return rows[np.argsort(-near[target, rows], kind="stable")[:MOST]]


def most_frequent_metric(metric: Texts) -> str | None:
    """The metric that a dataset without records is taken to have."""
    names, count = np.unique([name for name in metric if name is not None], return_counts=True)
    return str(names[count.argmax()]) if len(names) else None


def expect(stands: Standing, metric: Texts, near: Floats, target: int) -> Expected:
    """What to expect of a dataset before its first record. Args: ``near`` [D, D] is Kd."""
    name = metric[target] if metric[target] is not None else most_frequent_metric(metric)
    rows = known_datasets(stands, metric, near, name, target)
    likeness = float(near[target, rows].max()) if len(rows) else 0.0
    if name is None or len(rows) < FEWEST:
        return Expected(np.nan, np.nan, np.nan, likeness)
    level, share = unbounded(stands.level[rows], stands.spread[rows], name)
    gram = near[np.ix_(rows, rows)] + NOISE * np.eye(len(rows))
    ones = np.ones(len(rows))
    inverse = np.linalg.inv(gram)
    cross = near[target, rows]
    predicted = []
    for column in (level, share):
        mean = ones @ inverse @ column / (ones @ inverse @ ones)
        predicted.append(mean + cross @ inverse @ (column - mean))
    center = ones @ inverse @ level / (ones @ inverse @ ones)
    scale = (level - center) @ inverse @ (level - center) / len(rows)
    gap = 1 - ones @ inverse @ cross
    left = 1 + NOISE - cross @ inverse @ cross + gap**2 / (ones @ inverse @ ones)
    doubt = float(np.sqrt(max(scale * left, 1e-12)))
    value, spread, slope = bounded(float(predicted[0]), float(predicted[1]), name)
    return Expected(value, spread, max(doubt * slope, LEAST_DOUBT * spread), likeness)


def placed(level: Floats, spread: Floats, score: Floats, name: str | None) -> Floats:
    """Oriented accuracy of a score: level + spread x score near the level, bent so that no metric's
    bound is ever passed: room x tanh(spread x score / room) with the room left on that side.

    Order is kept: two scores never meet at the bound. Shapes: [K] -> [K].
    """
    low, high = METRICS.get(name or "accuracy", (0.0, 1.0))
    step = spread * score
    if not np.isfinite(high):
        # An error has one bound, at zero; oriented it is the upper one.
        low, high = -np.inf, 0.0
    room = np.maximum(np.where(step > 0, high - level, level - low), 1e-9)
    finite = np.isfinite(room)
    bent = np.where(finite, room, 1.0) * np.tanh(step / np.where(finite, room, 1.0))
    return level + np.where(finite, bent, step)


def unbounded(level: Floats, spread: Floats, name: str) -> tuple[Floats, Floats]:
    """Oriented level and spread to the scale of kriging. Shapes: [D], [D]."""
    low, high = METRICS.get(name, (0.0, 1.0))
    if not np.isfinite(high):
        size = np.maximum(-level, 1e-9)
        return np.log(size), np.log(np.maximum(spread / size, 1e-4))
    share = np.clip((level - low) / (high - low), 1e-4, 1 - 1e-4)
    room = np.sqrt(share * (1 - share)) * (high - low)
    return np.log(share / (1 - share)), np.log(np.maximum(spread / room, 1e-3))


def bounded(level: float, spread: float, name: str) -> tuple[float, float, float]:
    """Back to oriented units: level, spread, and the level's slope in the unbounded one."""
    low, high = METRICS.get(name, (0.0, 1.0))
    if not np.isfinite(high):
        size = float(np.exp(np.clip(level, -50, 50)))
        return -size, float(np.exp(spread)) * size, size
    share = 1 / (1 + float(np.exp(-np.clip(level, -50, 50))))
    room = (share * (1 - share)) ** 0.5 * (high - low)
    return (
        low + share * (high - low),
        float(np.exp(spread)) * room,
        share * (1 - share) * (high - low),
    )
