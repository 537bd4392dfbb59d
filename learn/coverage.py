"""Whether intervals hold over datasets: coverage pooled over targets, with a bootstrap over them.

On a single target coverage is all or nothing, because errors of one dataset go together: the unit
that is drawn again is the target (Efron and Tibshirani 1993, section 8.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learn.results import AGGREGATES, Result

DRAWS = 5000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Coverage:
    """Mean coverage over ``targets`` datasets, its bootstrap interval, mean width of intervals."""

    learner: str
    regime: str
    targets: int
    share: float
    low: float
    high: float
    width: float


def pool_coverage(results: Sequence[Result], *, seed: int = 0) -> list[Coverage]:
    """One line a learner and regime that gives intervals, in the order they come."""
    found = []
    for learner, regime in dict.fromkeys((one.learner, one.regime) for one in results):
        by_target: dict[str, list[tuple[float, float]]] = {}
        for one in results:
            if (one.learner, one.regime) != (learner, regime) or one.target in AGGREGATES:
                continue
            if one.coverage is not None and one.width is not None:
                by_target.setdefault(one.target, []).append((one.coverage, one.width))
        if not by_target:
            continue
        means = np.array([np.mean(seeds, axis=0) for seeds in by_target.values()])  # [T, 2]
        random = np.random.default_rng(seed)
        draws = means[random.integers(0, len(means), (DRAWS, len(means))), 0].mean(axis=1)
        low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
        share, width = means.mean(axis=0).tolist()
        found.append(Coverage(learner, regime, len(means), share, low, high, width))
    return found
