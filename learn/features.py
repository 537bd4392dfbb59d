"""A pair of model and target as a row of numbers, for the boosted trees.

Metadata, the model's own history, the history of models like it (same family, architecture or
pre-training dataset, itself left out), the target's size and nearness, and stored transferability.
Records of the target are never read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.view import View, main_origin

Mask = NDArray[np.bool_]
#: How fast a dataset's say falls with its distance from the target.
FOCUS = 4.0
#: Columns beside the metadata: numbers, size, history, kin, origin, transferability, target.
OTHER_FEATURES = 4 + 1 + 8 + 3 * 3 + 1 + 2 + 3


def features(
    view: View, near: Floats, target: int, *, models: Indices, seen: Mask, scores: bool
) -> Floats:
    """One row a model, NaN where unknown. Shapes: ``seen`` [N] -> [K, F]."""
    rows = np.flatnonzero(seen & (view.pairs.dataset != target))
    weight = near[target, view.pairs.dataset[rows]] ** FOCUS
    blocks = [view.metadata, view.number, view.smallness[:, None]]
    blocks.append(history(view, rows, weight))
    blocks += [kin(view, rows, weight, code) for code in kinship(view)]
    blocks.append(origin(view, near, target))
    blocks.append(transferability(view, near, target, scores=scores))
    known = np.unique(view.pairs.dataset[rows])
    nearest = near[target, known].max(initial=0.0)
    blocks.append(np.tile([*view.size[target], nearest], (len(view.number), 1)))
    return np.concatenate([block[models] for block in blocks], axis=1)


def history(view: View, rows: Indices, weight: Floats) -> Floats:
    """The model's own records. Shapes: [n], [n] -> [M, 8]."""
    size, model = len(view.number), view.pairs.model[rows]
    z, normal = view.z[rows], view.normal[rows]
    count = np.bincount(model, minlength=size).astype(np.float64)
    low, high = np.full(size, np.nan), np.full(size, np.nan)
    np.fmin.at(low, model, z)
    np.fmax.at(high, model, z)
    columns = [
        np.log1p(count),
        mean(z, model, None, size),
        mean(normal, model, None, size),
        mean(z, model, weight, size),
        mean(normal, model, weight, size),
        low,
        high,
        nearest(z, model, weight, size),
    ]
    return np.stack(columns, axis=1)


def nearest(z: Floats, model: Indices, weight: Floats, size: int) -> Floats:
    """The record on the nearest dataset, the mean of equally near ones. Shapes: [n] -> [M]."""
    most = np.zeros(size)
    np.maximum.at(most, model, weight)
    # Up to the rounding of the kernel, or the datasets' names would say which of equals it is.
    at = weight >= most[model] * (1 - 1e-6)
    return mean(z[at], model[at], None, size)


def kinship(view: View) -> list[Indices]:
    """Codes that models alike share, -1 where unknown. Shapes: three of [M]."""
    return [view.category[:, 0], view.category[:, 1], main_origin(view)]


def kin(view: View, rows: Indices, weight: Floats, code: Indices) -> Floats:
    """Records of other models of the same code, on datasets near the target first.

    Shapes: [n], [n], [M] -> [M, 3].
    """
    size = len(view.number)
    model = view.pairs.model[rows]
    rows, weight, model = rows[code[model] >= 0], weight[code[model] >= 0], model[code[model] >= 0]
    groups = int(code.max(initial=-1)) + 1
    found = np.full((size, 3), np.nan)
    safe = np.maximum(code, 0)
    for column, values in enumerate((view.z[rows], view.normal[rows])):
        total = np.bincount(code[model], weights=weight * values, minlength=groups + 1)[safe]
        own = np.bincount(model, weights=weight * values, minlength=size)
        amount = np.bincount(code[model], weights=weight, minlength=groups + 1)[safe]
        amount = amount - np.bincount(model, weights=weight, minlength=size)
        usable = (code >= 0) & (amount > 1e-9)
        found[usable, column] = (total - own)[usable] / amount[usable]
        found[:, 2] = np.where(usable, np.log1p(np.maximum(amount, 0.0)), 0.0)
    return found


def origin(view: View, near: Floats, target: int) -> Floats:
    """Nearness of the pre-training dataset. Shapes: [M, 1]."""
    found = np.full((len(view.number), 1), np.nan)
    close = near[target, view.origin_dataset]
    np.fmax.at(found[:, 0], view.origin_model, close)
    return found


def transferability(view: View, near: Floats, target: int, *, scores: bool) -> Floats:
    """Stored scores elsewhere and, where it is allowed, on the target. Shapes: [M, 2]."""
    size = len(view.number)
    elsewhere = view.score_dataset != target
    weight = near[target, view.score_dataset[elsewhere]]
    other = mean(view.score[elsewhere], view.score_model[elsewhere], weight, size)
    here = np.full(size, np.nan)
    if scores:
        here[view.score_model[~elsewhere]] = view.score[~elsewhere]
    return np.stack([other, here], axis=1)


def mean(values: Floats, group: Indices, weight: Floats | None, size: int) -> Floats:
    """Weighted mean by group, NaN without any. Shapes: [n] -> [M]."""
    use = np.ones(len(values)) if weight is None else weight
    amount = np.bincount(group, weights=use, minlength=size)
    total = np.bincount(group, weights=use * values, minlength=size)
    found: Floats = np.divide(total, amount, out=np.full(size, np.nan), where=amount > 1e-12)
    return found
