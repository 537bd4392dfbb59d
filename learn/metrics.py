"""How well a ranking agrees with the truth of one target dataset.

Truth is larger-is-better (``learn.pairs`` orients it) except in ``relative``, which compares values
in the metric's own units. A constant score has correlation 0; with fewer than three pairs, or with
constant truth, there is nothing to agree with and every metric is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats

DEPTHS = (1, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Metrics:
    """NaN is 'not defined here' and stays out of averages."""

    pearson: float
    spearman: float
    kendall: float
    weighted_kendall: float
    rel_at_1: float
    rel_at_3: float
    rel_at_5: float
    rel_at_10: float


UNDEFINED = Metrics(*[float("nan")] * 8)


def agreement(
    score: Floats, truth: Floats, *, seed: int = 0, smaller_is_better: bool = False
) -> Metrics:
    """All metrics of one target.

    Args: ``score`` [K], larger is better; ``truth`` [K] in the metric's own units; ``seed`` breaks
    ties of the score where an order is needed (Rel@k).
    """
    if len(truth) < 3 or constant(truth):
        return UNDEFINED
    oriented = -truth if smaller_is_better else truth
    order = ranked(score, seed=seed)
    relative = [rel(truth[order], depth=k, smaller_is_better=smaller_is_better) for k in DEPTHS]
    if constant(score):
        return Metrics(0.0, 0.0, 0.0, 0.0, *relative)
    return Metrics(*correlations(score, oriented), *relative)


def correlations(score: Floats, truth: Floats) -> tuple[float, float, float, float]:
    """Pearson, Spearman, Kendall's tau-b and weighted Kendall, with scipy's defaults."""
    from scipy import stats  # half a second that `import learn` need not pay

    return (
        float(stats.pearsonr(score, truth).statistic),
        float(stats.spearmanr(score, truth).statistic),
        float(stats.kendalltau(score, truth).statistic),
        float(stats.weightedtau(score, truth).statistic),
    )


def ranked(score: Floats, *, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows from best to worst, ties in an order drawn from the seed. Shapes: [K] -> [K]."""
    jitter = np.random.default_rng(seed).permutation(len(score))
    return np.lexsort((jitter, -score))


def rel(truth: Floats, *, depth: int, smaller_is_better: bool = False) -> float:
    """Best true value among the first ``depth`` relative to the best of all (Rel@k).

    Args: ``truth`` [K] in the order of the ranking. For an error the ratio is the other way round,
    so 1 is always perfect. NaN where the best value is not positive and was missed: there is no
    ratio to speak of.
    """
    best, found = (
        (truth.min(), truth[:depth].min())
        if smaller_is_better
        else (truth.max(), truth[:depth].max())
    )
    if best == found:
        return 1.0
    if smaller_is_better:
        return float(best / found)
    return float(found / best) if best > 0 else float("nan")


def constant(values: Floats) -> bool:
    """Equal up to the rounding of a mean."""
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))
