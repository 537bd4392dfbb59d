"""From parts to one score in z, and from the score to an accuracy with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.calibration import conformity, error_bound
from learn.combination import Weights, choose, combine, prior
from learn.gaussian_process import scales, told_doubt
from learn.learner import USUAL_LEVEL
from learn.levels import Expected, expect, placed
from learn.members import Inner
from learn.spacing import Spacing, make_spacing, respaced_within, shortfall_of
from learn.view import View

Mask = NDArray[np.bool_]
#: Numbers of own records for which intervals are calibrated; between two the lower one holds.
STAGES = (0, 1, 3, 5)
#: Draws of own records an inner target, and models that must be left to ask about.
REPEATS = 5
FEWEST_LEFT = 3
#: Inner targets that a stage needs: of one with a few results none can be drawn, others stand in.
FEWEST_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Standards:
    """Weights for models with history and for those without."""

    warm: Weights
    cold: Weights

    def score(self, parts: Floats, fresh: Mask) -> Floats:
        """In the right order; how far apart is ``spacing``'s. Shapes: [P, K, 2], [K] -> [K]."""
        return np.where(fresh, combine(parts, self.cold), combine(parts, self.warm))

    def spacing(self, parts: Floats, fresh: Mask) -> Spacing:
        """Of a target, from models that stand for the zoo. Shapes: [P, R, 2], [R]."""
        return make_spacing(self.score(parts, fresh), parts[0, :, 0])

    def spaced(self, view: View, rows: Indices, parts: Floats, *, fresh: bool) -> Floats:
        """Scores of pairs whose models stand for the zoo themselves. Shapes: [n], [P, n, 2]."""
        score = self.score(parts, np.full(len(rows), fresh))
        placed = respaced_within(score, parts[0, :, 0], view.pairs.dataset[rows])
        return placed if fresh else placed + shortfall_of(view, rows)

    def deviation(self, fresh: Mask) -> Floats:
        """Standard deviation of the true z-score around the score. Shapes: [K] -> [K]."""
        return np.where(fresh, self.cold.deviation, self.warm.deviation)

    def top_deviation(self, fresh: Mask) -> Floats:
        """The one behind the chances of being among the best. Shapes: [K] -> [K]."""
        return np.where(fresh, self.cold.top_deviation, self.warm.top_deviation)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Shapes: ``warm`` and ``cold`` [S, C] scaled residuals of ``groups`` inner targets each, by
    stage: how many of the target's own records are known (``STAGES``); ``bounds`` [2, S] what
    ``USUAL_LEVEL`` of the warm and of the cold ones stay within;
    ``likeness`` is the smallest likeness of an inner target to the others, ``usual`` the median."""

    warm: Floats
    cold: Floats
    bounds: Floats
    groups: int
    likeness: float
    usual: float

    def bound(self, stage: int, *, fresh: bool, level: float) -> float:
        """See ``error_bound``. The usual level's is kept: importing crepes takes longer than all
        the rest of a ranking."""
        if level == USUAL_LEVEL:
            return float(self.bounds[int(fresh), stage])
        scores = self.cold if fresh else self.warm
        return error_bound(scores[stage], self.groups, level=level)


def usual_bounds(warm: Floats, cold: Floats, groups: int) -> Floats:
    """Shapes: [S, C], [S, C] -> [2, S]."""
    return np.array(
        [[error_bound(one, groups, level=USUAL_LEVEL) for one in kind] for kind in (warm, cold)]
    )


def weigh(view: View, inner: Inner, *, names: tuple[str, ...]) -> Standards:
    """Weights from out-of-target predictions."""
    return Standards(
        warm=weights_of(view, inner.rows, inner.warm, names, fresh=False),
        cold=weights_of(view, inner.rows, inner.cold, names, fresh=True),
    )


def weights_of(
    view: View, rows: Indices, parts: Floats, names: tuple[str, ...], *, fresh: bool
) -> Weights:
    """Chosen where predictions exist, the prior ones where none do."""
    known = np.isfinite(parts).all(axis=(0, 2))
    if known.sum() < 10:
        return prior(names)
    rows = rows[known]
    lowered = np.zeros(len(rows)) if fresh else shortfall_of(view, rows)
    truth, group = view.standing.z[rows], view.pairs.dataset[rows]
    return choose(names, parts[:, known], truth, group, lowered)


def calibrate(view: View, near: Floats, inner: Inner, standards: Standards) -> Calibration:
    """Residuals of inner targets in units of their expected difficulty."""
    rows, warm, cold = inner.rows, inner.warm, inner.cold
    targets = np.unique(view.pairs.dataset[rows])
    expected = {int(t): expect(view.standing, view.pairs.metric, near, int(t)) for t in targets}
    likeness = [one.likeness for one in expected.values()]
    usual = float(np.median(likeness)) if likeness else 0.0
    asked = partial(residuals, view, rows, standards=standards, expected=expected, usual=usual)
    scores: dict[bool, list[Floats]] = {False: [], True: []}
    groups = 0
    for known in STAGES:
        for fresh, parts in ((False, warm), (True, cold)):
            found, count = asked(parts, fresh=fresh, known=known)
            if known == 0 and not fresh:
                groups = count
                scores[fresh].append(found)
            elif count >= FEWEST_GROUPS:
                scores[fresh].append(resized(found, len(scores[False][0])))
            else:
                scores[fresh].append(scores[False][-1])
    stacked = np.stack(scores[False]), np.stack(scores[True])
    return Calibration(
        *stacked,
        bounds=usual_bounds(*stacked, groups),
        groups=groups,
        likeness=float(min(likeness)) if len(likeness) > FEW_TARGETS else 0.0,
        usual=usual,
    )


def resized(scores: Floats, size: int) -> Floats:
    """As many with the same quantiles. Shapes: [n] -> [size]."""
    found: Floats = np.quantile(scores, (np.arange(size) + 0.5) / max(size, 1))
    return found


#: With fewer inner targets nothing can be called unlike them.
FEW_TARGETS = 4


def residuals(
    view: View,
    rows: Indices,
    parts: Floats,
    *,
    standards: Standards,
    expected: dict[int, Expected],
    usual: float,
    fresh: bool,
    known: int,
) -> tuple[Floats, int]:
    """Scaled residuals of the inner targets whose level can be predicted, as if ``known`` of their
    records had been seen: the level moves, the score stays."""
    dataset = view.pairs.dataset[rows]
    level = np.array([expected[int(one)].level for one in dataset])
    usable = np.isfinite(parts).all(axis=(0, 2)) & np.isfinite(level)
    score = np.full(len(rows), np.nan)
    score[usable] = standards.spaced(view, rows[usable], parts[:, usable], fresh=fresh)
    deviation = float(standards.deviation(np.array([fresh]))[0])
    residual, hard, group = [], [], []
    for target in np.unique(dataset[usable]).tolist():
        here = np.flatnonzero(usable & (dataset == target))
        for shown in drawn(len(here), known):
            one = told(view, rows[here], score[here], expected[target], shown)
            if one is None:
                continue
            far = strangeness(expected[target].likeness, usual)
            asked = np.setdiff1d(np.arange(len(here)), shown)
            value = placed(
                np.full(len(asked), one.level),
                np.full(len(asked), one.spread),
                score[here[asked]],
                view.pairs.metric[target],
            )
            residual.append(view.pairs.oriented[rows[here[asked]]] - value)
            width = difficulty(np.array([one.spread]), np.array([one.doubt]), np.array([deviation]))
            hard.append(np.repeat(width * far, len(asked)))
            group.append(np.full(len(asked), target))
    if not residual:
        return np.zeros(0), 0
    return conformity(np.concatenate(residual), np.concatenate(hard), np.concatenate(group))


def drawn(size: int, known: int) -> list[Indices]:
    """Which of a target's records are seen: several draws, none where hardly any are left."""
    if known == 0:
        return [np.zeros(0, dtype=np.int64)]
    if size < known + FEWEST_LEFT:
        return []
    random = np.random.default_rng([size, known])
    return [random.permutation(size)[:known] for _ in range(REPEATS)]


def told(
    view: View, rows: Indices, score: Floats, expected: Expected, shown: Indices
) -> Expected | None:
    """What is expected of a target once the records ``shown`` of its ``rows`` are seen."""
    if not len(shown):
        return expected
    levels, spreads = scales(view.pairs.oriented[rows[shown]], score[shown], expected.prior)
    if not np.isfinite(levels[-1]):
        return None
    doubt = told_doubt(expected.doubt, spreads[-1:], np.array([float(len(shown))]))
    return Expected(float(levels[-1]), float(spreads[-1]), float(doubt[0]), expected.likeness)


def stage_of(records: Indices) -> Indices:
    """The row of ``STAGES`` that holds for so many known records. Shapes: [K] -> [K]."""
    return np.searchsorted(np.array(STAGES), records, side="right") - 1


def strangeness(likeness: float, usual: float) -> float:
    """How much wider a target's intervals are for being less like the known datasets than inner
    targets usually were, 1 to 2. Inner targets are widened alike, so that coverage stays."""
    return float(np.clip(usual / max(likeness, 1e-3), 1.0, 2.0))


def difficulty(spread: Floats, doubt: Floats, deviation: Floats) -> Floats:
    """Expected size of an error: the level's doubt and what the score misses. Shapes: [K]."""
    return np.sqrt(doubt**2 + (spread * np.minimum(deviation, 1.0)) ** 2) + 1e-9
