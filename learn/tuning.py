"""Choosing on inner targets: the kernel's hyperparameters, without ever solving twice.

With the inverse covariance Q of all pairs and a = Q y, the prediction of a whole dataset from the
others is y_t - Q_tt^-1 a_t (Rasmussen and Williams, section 5.4.2, for a block). Cold models are
simulated by leaving whole models out first.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.gaussian_process import Process
from learn.kernel import KernelConfig, dataset_kernel, near_kernel, profile, size_kernel
from learn.metrics import constant
from learn.view import View

Mask = NDArray[np.bool_]
#: Share of the models that are hidden to see how a new one would fare.
COLD = 0.3
#: A smaller gain in mean quality is luck.
LUCK = 0.006
#: Inner targets asked, where there are more.
MOST_TARGETS = 40
#: Pairs used to compare hyperparameters.
ENOUGH = 1000

CANDIDATES: tuple[dict[str, float], ...] = (
    {},
    {"shared_here": 0.2},
    {"shared_here": 0.4},
    {"size_weight": 0.1},
    {"size_weight": 0.6},
    {"sharpness": 2.0},
    {"noise": 0.8},
    {"noise": 0.2},
    {"shared": 0.3, "shared_near": 0.1, "own": 0.3, "own_near": 0.2},
    {"shared": 0.3, "shared_near": 0.5},
    {"power": 1.0},
)


def inner_predictions(
    view: View,
    config: KernelConfig,
    rows: Indices,
    *,
    near: Floats | None = None,
    cold: Mask | None = None,
) -> Floats:
    """Each pair predicted without any record of its dataset.

    With ``cold`` [M] only the pairs of those models are asked, and without their records too.
    Shapes: [n, 2], NaN where the pair was not asked.
    """
    close = dataset_kernel(view, config) if near is None else near
    process = Process(view, close, profile(view), -1, config)
    hidden = np.zeros(len(view.number), dtype=bool) if cold is None else cold
    warm = rows[~hidden[view.pairs.model[rows]]]
    found = np.full((len(rows), 2), np.nan)
    values = np.stack([view.z, view.normal], axis=1)
    if not len(warm):
        return found
    inverse = np.linalg.inv(process.covariance(warm))
    weights = inverse @ values[warm]
    datasets = view.pairs.dataset
    for target in np.unique(datasets[rows]):
        asked = np.flatnonzero(datasets[rows] == target)
        out = np.flatnonzero(datasets[warm] == target)
        block = np.linalg.solve(inverse[np.ix_(out, out)], weights[out]) if len(out) else None
        if cold is None and block is not None:
            found[asked] = values[rows[asked]] - block
            continue
        without = weights - (inverse[:, out] @ block if block is not None else 0.0)
        at = replace_target(process, int(target))
        new = asked[hidden[view.pairs.model[rows[asked]]]]
        found[new] = at.shared_part(warm, without, view.pairs.model[rows[new]])
    return found


def replace_target(process: Process, target: int) -> Process:
    """The same process asked about another dataset."""
    return replace(process, target=target)


def tune(view: View, *, seed: int) -> KernelConfig:
    """The best of a few hyperparameters by inner targets, warm and cold models alike, one group of
    settings after the other."""
    rows = thin_models(view, seed=seed)
    if len(np.unique(view.pairs.dataset[rows])) < 3:
        return KernelConfig()
    cold = np.random.default_rng([seed, 1]).random(len(view.number)) < COLD
    kernels = {one: near_kernel(view, one) for one in (1.0, 2.0)}
    alike = size_kernel(view)

    def value_of(config: KernelConfig) -> float:
        share = config.size_weight
        near = (1 - share) * kernels[config.sharpness] + share * alike
        return quality(view, config, rows, near=near, cold=cold)

    best = KernelConfig()
    best_value = value_of(best)
    for change in CANDIDATES[1:]:
        candidate = replace(best, **change)
        value = value_of(candidate)
        if value > best_value + LUCK:
            best, best_value = candidate, value
    return best


def quality(view: View, config: KernelConfig, rows: Indices, *, near: Floats, cold: Mask) -> float:
    """Mean over inner targets of Pearson (z) and weighted Kendall (normal score), warm and cold."""
    total = []
    for mask in (None, cold):
        found = inner_predictions(view, config, rows, near=near, cold=mask)
        total.append(inner_quality(view, rows, found))
    return float(np.mean(total))


def inner_quality(view: View, rows: Indices, found: Floats) -> float:
    """Mean over datasets of (Pearson + weighted Kendall) / 2; 0 where nothing can be compared."""
    from scipy.stats import weightedtau

    values = []
    for target in np.unique(view.pairs.dataset[rows]):
        here = (view.pairs.dataset[rows] == target) & np.isfinite(found).all(axis=1)
        if here.sum() < 5:
            continue
        truth = view.pairs.oriented[rows[here]]
        if constant(truth) or constant(found[here, 0]) or constant(found[here, 1]):
            continue
        pearson = np.corrcoef(found[here, 0], truth)[0, 1]
        values.append((pearson + weightedtau(found[here, 1], truth).statistic) / 2)
    return float(np.mean(values)) if values else 0.0


def thin_models(view: View, *, seed: int) -> Indices:
    """All pairs, or those of a random part of the models, or of the datasets where they are many:
    each dataset that is left should still have enough models to compare."""
    rows = np.arange(len(view.pairs))
    random = np.random.default_rng(seed)
    datasets = np.unique(view.pairs.dataset)
    if len(datasets) > MOST_TARGETS:
        rows = rows[np.isin(view.pairs.dataset, random.permutation(datasets)[:MOST_TARGETS])]
    if len(rows) <= ENOUGH:
        return rows
    order = random.permutation(len(view.number))[view.pairs.model[rows]]
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    return np.sort(rows[rank < ENOUGH])
