"""From parts to one score in z, and from the score to an accuracy with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.calibration import conformity
from learn.combination import Weights, choose, combine, prior
from learn.levels import Expected, expect, placed
from learn.members import Inner
from learn.view import View

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Standards:
    """Weights for models with history and for those without."""

    warm: Weights
    cold: Weights

    def score(self, parts: Floats, fresh: Mask) -> Floats:
        """Shapes: [P, K, 2], [K] -> [K]."""
        return np.where(fresh, combine(parts, self.cold), combine(parts, self.warm))

    def deviation(self, fresh: Mask) -> Floats:
        """Standard deviation of the true z-score around the score. Shapes: [K] -> [K]."""
        return np.where(fresh, self.cold.deviation, self.warm.deviation)

    def top_deviation(self, fresh: Mask) -> Floats:
        """The one behind the chances of being among the best. Shapes: [K] -> [K]."""
        return np.where(fresh, self.cold.top_deviation, self.warm.top_deviation)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Shapes: ``warm`` and ``cold`` [C] scaled residuals of ``groups`` inner targets each;
    ``likeness`` is the smallest likeness of an inner target to the others, ``usual`` the median."""

    warm: Floats
    cold: Floats
    groups: int
    likeness: float
    usual: float


def weigh(view: View, inner: Inner, *, names: tuple[str, ...]) -> Standards:
    """Weights from out-of-target predictions."""
    return Standards(
        warm=weights_of(view, inner.rows, inner.warm, names),
        cold=weights_of(view, inner.rows, inner.cold, names),
    )


def weights_of(view: View, rows: Indices, parts: Floats, names: tuple[str, ...]) -> Weights:
    """Chosen where predictions exist, the prior ones where none do."""
    known = np.isfinite(parts).all(axis=(0, 2))
    if known.sum() < 10:
        return prior(names)
    return choose(
        names, parts[:, known], view.standing.z[rows[known]], view.pairs.dataset[rows[known]]
    )


def calibrate(view: View, near: Floats, inner: Inner, standards: Standards) -> Calibration:
    """Residuals of inner targets in units of their expected difficulty."""
    rows, warm, cold = inner.rows, inner.warm, inner.cold
    targets = np.unique(view.pairs.dataset[rows])
    expected = {int(t): expect(view.standing, view.pairs.metric, near, int(t)) for t in targets}
    likeness = [one.likeness for one in expected.values()]
    usual = float(np.median(likeness)) if likeness else 0.0
    warm_scores, groups = residuals(view, rows, warm, standards, expected, usual, fresh=False)
    cold_scores, cold_groups = residuals(view, rows, cold, standards, expected, usual, fresh=True)
    if cold_groups < groups:
        cold_scores = warm_scores
    return Calibration(
        warm=warm_scores,
        cold=cold_scores,
        groups=groups,
        likeness=float(min(likeness)) if len(likeness) > FEW_TARGETS else 0.0,
        usual=usual,
    )


#: With fewer inner targets nothing can be called unlike them.
FEW_TARGETS = 4


def residuals(
    view: View,
    rows: Indices,
    parts: Floats,
    standards: Standards,
    expected: dict[int, Expected],
    usual: float,
    *,
    fresh: bool,
) -> tuple[Floats, int]:
    """Scaled residuals of the inner targets whose level can be predicted."""
    dataset = view.pairs.dataset[rows]
    level = np.array([expected[int(one)].level for one in dataset])
    known = np.isfinite(parts).all(axis=(0, 2)) & np.isfinite(level)
    if not known.any():
        return np.zeros(0), 0
    spread = np.array([expected[int(one)].spread for one in dataset])[known]
    doubt = np.array([expected[int(one)].doubt for one in dataset])[known]
    far = np.array([strangeness(expected[int(one)].likeness, usual) for one in dataset])[known]
    is_fresh = np.full(int(known.sum()), fresh)
    score = standards.score(parts[:, known], is_fresh)
    value = np.empty(len(score))
    for one in np.unique(dataset[known]):
        here = dataset[known] == one
        name = view.pairs.metric[one]
        value[here] = placed(level[known][here], spread[here], score[here], name)
    residual = view.pairs.oriented[rows[known]] - value
    hard = difficulty(spread, doubt, standards.deviation(is_fresh)) * far
    return conformity(residual, hard, dataset[known])


def strangeness(likeness: float, usual: float) -> float:
    """How much wider a target's intervals are for being less like the known datasets than inner
    targets usually were, 1 to 2. Inner targets are widened alike, so that coverage stays."""
    return float(np.clip(usual / max(likeness, 1e-3), 1.0, 2.0))


def difficulty(spread: Floats, doubt: Floats, deviation: Floats) -> Floats:
    """Expected size of an error: the level's doubt and what the score misses. Shapes: [K]."""
    return np.sqrt(doubt**2 + (spread * np.minimum(deviation, 1.0)) ** 2) + 1e-9
