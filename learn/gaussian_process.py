"""Gaussian process over pairs of model and dataset.

    y(m, d) = f(m, d) + g_m(d) + noise
    cov f = (Km(m, m') + s s_m s_m') (a0 + a1 Kd(d, d') + a2 [d = d'])   what models of that kind do
    cov g = [m = m'] (b0 + b1 Kd(d, d'))            what this very model does beyond it

with the kernels of ``learn.kernel``. Inference is exact
(Rasmussen and Williams, "Gaussian Processes for Machine Learning", algorithm 2.1), as is the
leave-one-out prediction (its equation 5.12), so that a pair's own record never enters its own
prediction while every other model's record on that dataset does. Beyond ``LARGEST`` pairs ``f`` is
learned on a sample of models and ``g`` stays exact for each model: linear in the models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices
from learn.kernel import (
    KernelConfig,
    Profile,
    covariance,
    model_kernel,
    profile,
    shared_scale,
    taken,
)
from learn.view import View

#: Pairs of an exact solve; its cost is cubic.
LARGEST = 2600
#: Records a model at most contributes to the shared part, when that is learned on a sample.
SHARED_RECORDS = 12
#: Models whose own part is solved at once.
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Prior:
    """What is expected of the target before it has records: level and spread of oriented values,
    NaN where nothing is, and the level's standard deviation."""

    level: float
    spread: float
    doubt: float


def predict(
    view: View,
    near: Floats,
    target: int,
    *,
    models: Indices,
    prior: Prior,
    config: KernelConfig,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Expected (z, normal score) of each model on the target, without and with its records.

    The target's records are read on the scale that the prior and the *other* records give.
    Shapes: [K] -> two of [K, 2].
    """
    some = profile(view)
    on_target = np.flatnonzero(view.pairs.dataset == target)
    others = np.flatnonzero(view.pairs.dataset != target)
    rows = sampled(view, others, seed=seed)
    values = np.stack([view.z, view.normal], axis=1)  # [N, 2]
    process = Process(view, near, some, target, config)
    if not len(rows) and not len(on_target):
        nothing = np.zeros((len(models), 2))
        return nothing, nothing
    weights = solve(process.covariance(rows), values[rows]) if len(rows) else np.zeros((0, 2))
    expected = process.mean(rows, weights, models)
    if len(rows) < len(others):
        expected += process.own_part(rows, weights, values, others, models)
    if not len(on_target):
        return expected, expected
    on_target = thinned(on_target, LARGEST // 4, seed=seed)
    return expected, process.updated(
        expected, rows, values[rows], weights, on_target, models, prior
    )


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """The process of one view and target."""

    view: View
    near: Floats
    some: Profile
    target: int
    config: KernelConfig

    def covariance(self, rows: Indices) -> Floats:
        return covariance(self.view, self.near, self.some, rows, self.config)

    def mean(self, rows: Indices, weights: Floats, models: Indices) -> Floats:
        """Posterior mean on the target. Shapes: [N], [N, C], [K] -> [K, C]."""
        shared = self.shared_part(rows, weights, models)
        near = self.near[self.target, self.view.pairs.dataset[rows]]
        own = (self.config.own + self.config.own_near * near)[:, None] * weights
        summed = np.zeros((len(self.some.origin), weights.shape[1]))
        np.add.at(summed, self.view.pairs.model[rows], own)  # [N, C] -> [M, C]
        return shared + summed[models]

    def shared_part(self, rows: Indices, weights: Floats, models: Indices) -> Floats:
        """What models of that kind do on the target. Shapes: [N], [N, C], [K] -> [K, C]."""
        return self.shared(rows, weights, models, np.full(len(models), self.target))

    def shared(self, rows: Indices, weights: Floats, models: Indices, datasets: Indices) -> Floats:
        """``f`` of pairs (models, datasets): sums over the sample's models first, then over
        datasets, so that the cost a pair does not grow with the pairs. Shapes: [K, C]."""
        columns = weights.shape[1]
        if not len(rows) or not len(models):
            return np.zeros((len(models), columns))
        known, where = np.unique(self.view.pairs.model[rows], return_inverse=True)
        close = shared_scale(self.near, self.config)
        size = len(self.near)
        by_pair = np.zeros((len(known), size, columns))
        np.add.at(by_pair, (where, self.view.pairs.dataset[rows]), weights)
        wanted, column = np.unique(datasets, return_inverse=True)
        by_wanted = np.tensordot(by_pair, close[:, wanted], axes=(1, 0))  # [U, D, C] -> [U, C, W]
        found = np.empty((len(models), columns))
        reference = taken(self.some, known)
        for start in range(0, len(models), CHUNK):
            part = slice(start, start + CHUNK)
            unique, row = np.unique(models[part], return_inverse=True)
            alike = model_kernel(taken(self.some, unique), reference, self.near, self.config)
            for index in range(columns):
                table = alike @ by_wanted[:, index]  # [U', U] x [U, W] -> [U', W]
                found[part, index] = table[row, column[part]]
        return found

    def own_part(
        self, sample: Indices, weights: Floats, values: Floats, rows: Indices, models: Indices
    ) -> Floats:
        """``g`` of the models outside the sample, each exact on its own records. Shapes: [K, 2]."""
        inside = np.zeros(len(self.some.origin), dtype=bool)
        inside[self.view.pairs.model[sample]] = True
        asked = np.zeros(len(inside), dtype=bool)
        asked[models] = True
        pairs = self.view.pairs
        rows = rows[asked[pairs.model[rows]] & ~inside[pairs.model[rows]]]
        rows, place = by_model(pairs.model, rows, width=SHARED_RECORDS * 2)
        found = np.zeros((len(inside), values.shape[1]))
        if not len(rows):
            return found[models]
        rest = values[rows] - self.shared(sample, weights, pairs.model[rows], pairs.dataset[rows])
        unique, line = np.unique(pairs.model[rows], return_inverse=True)
        for start in range(0, len(unique), CHUNK):
            chosen = (line >= start) & (line < start + CHUNK)
            local = (line[chosen] - start, place[chosen])
            count, width = int(local[0].max()) + 1, int(place[chosen].max()) + 1
            dataset = np.zeros((count, width), dtype=np.int64)
            present = np.zeros((count, width))
            residual = np.zeros((count, width, values.shape[1]))
            dataset[local], present[local] = pairs.dataset[rows[chosen]], 1.0
            residual[local] = rest[chosen]
            scale = self.config.own + self.config.own_near * self.near
            both = present[:, :, None] * present[:, None, :]
            gram = scale[dataset[:, :, None], dataset[:, None, :]] * both  # [B, W, W]
            gram += np.eye(width) * self.config.noise
            cross = scale[self.target, dataset] * present
            solved = np.linalg.solve(gram, residual)  # [B, W, 2]
            found[unique[start : start + CHUNK]] = np.einsum("bw,bwc->bc", cross, solved)
        return found[models]

    def updated(
        self,
        expected: Floats,
        rows: Indices,
        values: Floats,
        weights: Floats,
        on_target: Indices,
        models: Indices,
        prior: Prior,
    ) -> Floats:
        """The prediction after the target's own records, each model's own left out.

        A record is an affine function of its raw value, so the posterior of every leave-one-out
        scale follows from two more solves. Shapes: [K, 2].
        """
        pairs = self.view.pairs
        raw, measured = pairs.oriented[on_target], pairs.model[on_target]
        before = self.mean(rows, weights, measured)[:, 0]  # [n]
        level, spread = scales(raw, before, prior)  # each [n + 1], the last without leaving out
        both = np.concatenate([rows, on_target])
        columns = np.zeros((len(both), 4))
        columns[: len(rows), :2] = values
        columns[len(rows) :, 2], columns[len(rows) :, 3] = raw, 1.0
        units = np.eye(len(both))[:, len(rows) :]
        solved = solve(self.covariance(both), np.concatenate([columns, units], axis=1))
        inverse = np.diag(solved[len(rows) :, 4:])  # [n], of the records on the target
        base = self.mean(rows, weights, models)
        result = expected + 0.0
        if np.isfinite(level[-1]):
            inner = (
                solved[:, :2] + ((solved[:, 2] - level[-1] * solved[:, 3]) / spread[-1])[:, None]
            )
            result += self.mean(both, inner, models) - base
        own = {int(model): row for row, model in enumerate(measured)}
        for place, model in enumerate(models):
            row = own.get(int(model))
            if row is None:
                continue
            result[place] = base[place]
            if np.isfinite(level[row]):
                at = len(rows) + row
                inner_own = (solved[at, 2] - level[row] * solved[at, 3]) / spread[row]
                seen = (raw[row] - level[row]) / spread[row]
                result[place] = seen - (solved[at, :2] + inner_own) / inverse[row]
        return result


def scales(raw: Floats, before: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """Level and spread of the target as its records show them, each left out once, then none.

    The prior counts as three records for the spread, and for the level as many as its doubt says
    (``told_doubt``): a record is off by a spread. It says 'level' after what the model was expected
    to stand above it is taken off. NaN where neither prior nor other record says anything.
    Shapes: [n] -> [n + 1], [n + 1].
    """
    count = len(raw)
    use = np.concatenate([~np.eye(count, dtype=bool), np.ones((1, count), dtype=bool)])  # [n+1, n]
    number = use.sum(axis=1)
    known = np.isfinite(prior.level) and np.isfinite(prior.spread) and prior.spread > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = use @ raw / np.maximum(number, 1)
        square = (use * (raw[None] - mean[:, None]) ** 2).sum(axis=1)
        strength = 3.0 if known else 0.0
        first = prior.spread if known else 0.0
        spread = np.sqrt((strength * first**2 + square) / (strength + number))
        spread = np.where(spread > 1e-9, spread, np.nan)
        base = np.where(np.isfinite(spread), spread, 0.0)
        shown = use @ raw - base * (use @ before)
        weight = (base / prior.doubt) ** 2 if known else np.zeros(count + 1)
        level = (weight * (prior.level if known else 0.0) + shown) / (weight + number)
    level = np.where(np.isfinite(spread), level, np.nan)
    return level, np.where(np.isfinite(level), spread, 1.0)


def told_doubt(doubt: float, spread: Floats, records: Floats) -> Floats:
    """The level's standard deviation once that many records of the target are known: the prior's
    and theirs, of which each says as much as one spread. Shapes: [n], [n] -> [n]."""
    prior = np.where(np.isfinite(doubt), doubt, spread * 3)
    with np.errstate(divide="ignore"):
        found: Floats = 1 / np.sqrt(1 / prior**2 + records / np.maximum(spread, 1e-9) ** 2)
    return found


def solve(matrix: Floats, columns: Floats) -> Floats:
    """Shapes: [N, N], [N, C] -> [N, C]."""
    from scipy.linalg import cho_factor, cho_solve

    solved: Floats = cho_solve(cho_factor(matrix, lower=True, check_finite=False), columns)
    return solved


def sampled(view: View, rows: Indices, *, seed: int) -> Indices:
    """All pairs, or those of a random sample of models where they are too many to solve."""
    if len(rows) <= LARGEST:
        return rows
    random = np.random.default_rng(seed)
    order = random.permutation(len(view.number))[view.pairs.model[rows]]
    rows = rows[np.lexsort((random.random(len(rows)), order))]
    rows, _ = by_model(view.pairs.model, rows, width=SHARED_RECORDS)
    return np.sort(rows[:LARGEST])


def by_model(model: Indices, rows: Indices, *, width: int) -> tuple[Indices, Indices]:
    """At most ``width`` rows a model, and each row's place among its model's. Order is kept
    within a model."""
    order = np.argsort(model[rows], kind="stable")
    ordered = model[rows][order]
    start = np.flatnonzero(np.diff(ordered, prepend=-1))
    place = np.arange(len(order)) - np.repeat(start, np.diff(np.append(start, len(order))))
    found = np.empty(len(rows), dtype=np.int64)
    found[order] = place
    keep = found < width
    return rows[keep], found[keep]


def thinned(rows: Indices, most: int, *, seed: int) -> Indices:
    """At most ``most`` rows, drawn by the seed."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])
