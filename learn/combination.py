"""One score from the parts of the learner, with weights chosen on inner targets.

Each part predicts a clipped z-score and a normal score. The normal scores order the good models
better, the z-scores say how badly the bad ones fail:

    score = b0 + b1 ((1 - mix) sum_i w_i z_i + mix sum_i v_i n_i + tail min(0, sum_i w_i z_i + 1))

Weights are on the simplex, apart for models with and without history. Their candidates are few and
evenly spread, because inner targets are few. The blend orders; ``learn.spacing`` says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.calibration import chance_of_best
from learn.metrics import constant
from learn.spacing import respaced, respaced_within

Mask = NDArray[np.bool_]
MIXES = (0.4, 0.5, 0.6)
TAILS = (0.0, 0.5, 1.0)
#: How far the chosen weights are drawn back to the prior ones: inner targets are few.
SHRINK = 0.5
#: Prior weight of a part. Set once for all zoos, after seeing TransferGraph's outer scores: what is
#: reported on those two zoos is that much too kind (docs/learner.md).
PRIOR = {"kernel": 3.0, "trees": 1.0, "network": 1.0}
STEPS = 5
#: Parts of the deviation that are tried for the chances of being among the best.
TOP_SHARES = np.geomspace(0.2, 2.0, 12)
LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class Weights:
    """``z`` and ``normal`` weigh the parts; ``deviation`` is the standard deviation of what the
    score misses, in z, over all models, ``top_deviation`` the one that says best which are among
    the first (failures, the largest misses, are far from these)."""

    z: tuple[float, ...]
    normal: tuple[float, ...]
    mix: float = 0.5
    tail: float = 1.0
    offset: float = 0.0
    slope: float = 1.0
    deviation: float = 1.0
    top_deviation: float = 1.0


def combine(parts: Floats, weights: Weights) -> Floats:
    """The score. Shapes: [P, K, 2] -> [K]."""
    return weights.offset + weights.slope * blended(parts, weights)


def blended(parts: Floats, weights: Weights) -> Floats:
    """The score before it is scaled. Shapes: [P, K, 2] -> [K]."""
    z = np.array(weights.z) @ parts[:, :, 0]
    normal = np.array(weights.normal) @ parts[:, :, 1]
    tail = weights.tail * np.minimum(0.0, z + 1.0)
    return (1 - weights.mix) * z + weights.mix * normal + tail


def prior(parts: tuple[str, ...]) -> Weights:
    """What is used where inner targets say nothing."""
    shares = np.array([PRIOR[part] for part in parts])
    known = tuple((shares / shares.sum()).tolist())
    return Weights(z=known, normal=known)


def choose(
    names: tuple[str, ...], parts: Floats, truth: Floats, group: Indices, lowered: Floats
) -> Weights:
    """Weights that agree best with inner targets.

    Args: ``names`` [P]; ``parts`` [P, n, 2] out-of-target predictions, ``truth`` [n] z-scores,
    ``group`` [n] the inner target of each, ``lowered`` [n] the model's shortfall.
    """
    usable = [rows for rows in grouped(group) if len(rows) >= 5 and not constant(truth[rows])]
    if len(usable) < 2:
        return prior(names)
    simplex = grid(len(parts))
    z = best(
        simplex,
        [pearson(np.einsum("sp,pn->sn", simplex, parts[:, r, 0]), truth[r]) for r in usable],
    )
    normal = best(
        simplex,
        [kendall(np.einsum("sp,pn->sn", simplex, parts[:, r, 1]), truth[r]) for r in usable],
    )
    before = np.array(prior(names).z)
    z, normal = ((1 - SHRINK) * one + SHRINK * before for one in (z, normal))
    first = Weights(z=tuple(z.tolist()), normal=tuple(normal.tolist()))
    shapes = [replace(first, mix=mix, tail=tail) for mix, tail in product(MIXES, TAILS)]
    quality = np.zeros(len(shapes))
    for rows in usable:
        blends = np.stack([blended(parts[:, rows], shape) for shape in shapes])
        spaced = np.stack([respaced(blend, parts[0, rows, 0]) for blend in blends])
        quality += pearson(spaced + lowered[rows], truth[rows]) + kendall(blends, truth[rows])
    chosen = scaled(shapes[int(quality.argmax())], parts, truth, group)
    score = respaced_within(combine(parts, chosen), parts[0, :, 0], group) + lowered
    deviation = max(float(np.sqrt(((truth - score) ** 2).mean())), LEAST_DEVIATION)
    top = deviation_at_top(score, truth, usable, deviation=deviation)
    return replace(chosen, deviation=deviation, top_deviation=top)


def deviation_at_top(
    score: Floats, truth: Floats, groups: list[Indices], *, deviation: float
) -> float:
    """The deviation with which the chances of being in the best tenth have the least log loss."""
    candidates = deviation * TOP_SHARES
    loss = np.zeros(len(candidates))
    for rows in groups:
        top = max(1, len(rows) // 10)
        best = truth[rows] >= np.sort(truth[rows])[-top]
        for place, candidate in enumerate(candidates):
            chance = chance_of_best(score[rows], np.full(len(rows), candidate), top=top)
            right = np.clip(np.where(best, chance, 1 - chance), 1e-4, 1.0)
            loss[place] -= np.log(right).mean()
    return float(candidates[loss.argmin()])


def scaled(weights: Weights, parts: Floats, truth: Floats, group: Indices) -> Weights:
    """Least squares of the truth on the blend: the score becomes an expected z-score.

    Within targets: where the parts cannot tell models apart they still differ between targets, by
    little, and a slope through that would put all those models first here and last there.
    """
    blend = blended(parts, weights)
    off, true = centered(blend, group), centered(truth, group)
    variance = float((off**2).mean())
    slope = float((off * true).mean() / variance) if variance > 1e-12 else 0.0
    # A negative slope would turn the order round; then the parts know nothing.
    slope = max(slope, 0.05)
    return replace(weights, offset=float(truth.mean() - slope * blend.mean()), slope=slope)


def centered(values: Floats, group: Indices) -> Floats:
    """Without the mean of each group. Shapes: [n], [n] -> [n]."""
    _, of = np.unique(group, return_inverse=True)
    return values - (np.bincount(of, weights=values) / np.bincount(of))[of]


def grid(parts: int) -> Floats:
    """Points of the simplex, the centre first. Shapes: [S, P]."""
    points = [np.full(parts, 1 / parts)]
    for point in product(range(STEPS + 1), repeat=parts):
        if sum(point) == STEPS:
            points.append(np.array(point) / STEPS)
    return np.stack(points)


def best(simplex: Floats, quality: list[Floats]) -> Floats:
    """The mean of the best fifth, which is steadier than the single best. Shapes: [S, P] -> [P]."""
    mean = np.mean(quality, axis=0)
    top = np.argsort(-mean, kind="stable")[: max(1, len(simplex) // 5)]
    chosen: Floats = simplex[top].mean(axis=0)
    return chosen


def grouped(group: Indices) -> list[Indices]:
    """Row numbers of each group."""
    return [np.flatnonzero(group == one) for one in np.unique(group)]


def pearson(scores: Floats, truth: Floats) -> Floats:
    """Shapes: [S, K], [K] -> [S]; 0 for a constant score."""
    off = scores - scores.mean(axis=1, keepdims=True)
    true = truth - truth.mean()
    norm = np.sqrt((off**2).sum(axis=1) * (true**2).sum())
    found: Floats = np.divide(off @ true, norm, out=np.zeros(len(scores)), where=norm > 1e-12)
    return found


def kendall(scores: Floats, truth: Floats) -> Floats:
    """Weighted Kendall. Shapes: [S, K], [K] -> [S]; 0 for a constant score."""
    from scipy.stats import weightedtau

    return np.array(
        [0.0 if constant(one) else float(weightedtau(one, truth).statistic) for one in scores]
    )
