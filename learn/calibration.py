"""Intervals that hold: conformal prediction over held-out inner targets.

A new target is one more draw of a dataset, not of a pair: residuals of one dataset go together, so
each inner target gives equally many. They are leave-one-dataset-out residuals, and their plain
quantile is the jackknife interval (Barber, Candès, Ramdas and Tibshirani 2021, arXiv:1905.02928):
what an inner target lacks, one dataset more to learn from, makes up for the few of them. Raising
the level with the number of targets as for unseen groups (Lee, Barber and Willett 2023,
arXiv:2306.06342) covers 4 to 12 points too much on generated zoos (docs/learner.md). The intervals
themselves are crepes' (Boström 2022): residuals scaled by a difficulty, quantile, scale.
"""

from __future__ import annotations

import numpy as np

from graphdb.columns import Floats, Indices

#: Residuals an inner target gives, spread evenly over its own.
DRAWS = 60
#: Residuals, in units of their expected size, that are rounding.
LEAST = 1e-2


def conformity(residual: Floats, difficulty: Floats, group: Indices) -> tuple[Floats, int]:
    """Scaled residuals, equally many a group, and the groups. Shapes: [n] -> [T DRAWS]."""
    scaled = np.abs(residual) / difficulty
    shares = (np.arange(DRAWS) + 0.5) / DRAWS
    groups = [np.quantile(scaled[group == one], shares) for one in np.unique(group)]
    return (np.concatenate(groups) if groups else np.zeros(0)), len(groups)


def error_bound(scores: Floats, groups: int, *, level: float) -> float:
    """The scaled error that ``level`` of the predictions stay within, NaN without anything to go
    by. Half an interval is this times the prediction's difficulty. Shapes: [n].

    Where all results are equal no residual is more than rounding, which says nothing of the next.
    """
    if groups < 2 or scores.max() < LEAST:
        return float("nan")
    from crepes import ConformalRegressor

    # At most the largest residual: past that there is no finite interval to give.
    reached = min(level, 1 - 1.5 / (len(scores) + 1))
    regressor = ConformalRegressor()
    regressor.fit(residuals=scores, sigmas=np.ones(len(scores)))
    bounds = regressor.predict_int(y_hat=np.zeros(1), sigmas=np.ones(1), confidence=reached)
    return float(bounds[0, 1])


def chance_of_best(score: Floats, deviation: Floats, *, top: int) -> Floats:
    """Chance of each model to be among the best ``top``: of lying above the threshold that ``top``
    models are expected to pass, with normal errors. Shapes: [K] -> [K], summing to ``top``."""
    from scipy.special import ndtr

    if top >= len(score):
        return np.ones(len(score))
    low = float((score - 8 * deviation).min())
    high = float((score + 8 * deviation).max())
    for _ in range(60):
        middle = (low + high) / 2
        if ndtr((score - middle) / deviation).sum() > top:
            low = middle
        else:
            high = middle
    chance: Floats = ndtr((score - (low + high) / 2) / deviation)
    return chance
