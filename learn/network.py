"""The graph network: its inputs, its weights, and its forward pass in NumPy.

Training needs torch and PyG (``learn.message_passing``, where the formulas stand); ranking does
not, so that a command answers without paying for their import. A test holds the two passes equal.

Letters of shapes: K networks (stacked, every weight has that first axis), M models, D datasets,
E edges of a relation, H hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.view import View

Mask = NDArray[np.bool_]
Weights = dict[str, NDArray[np.float32]]

#: Relations by (source, name, target); each is one attention of edge values.
RELATIONS = (
    ("model", "shows", "dataset"),
    ("dataset", "resembles", "dataset"),
    ("dataset", "tuned", "model"),
    ("dataset", "trained", "model"),
    ("dataset", "scored", "model"),
)
#: Numbers on an edge: (z, normal), nearness, (z, normal), (accuracy, whether it is known), score.
EDGE_WIDTH = {"shows": 2, "resembles": 1, "tuned": 2, "trained": 2, "scored": 1}
DATASET_WIDTH = 6
#: What the head reads beside the model and the target: base (z, normal), log records, score, flag.
EXTRA = 5
#: Weight of a prior record of an average model in the base.
SHRINK = 0.3
FOCUS = 4.0
SLOPE = 0.2
#: Models whose records tell the network about the datasets, when there are more.
MOST_SHOWN = 256
CHUNK = 2048
#: Similar datasets that a dataset hears.
MOST_LIKE = 16


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """``networks`` are averaged, ``hidden`` is their width. A step trains each network on
    ``targets`` hidden datasets over a sample of ``models``."""

    networks: int = 5
    hidden: int = 24
    steps: int = 220
    rate: float = 0.01
    decay: float = 1e-3
    targets: int = 2
    models: int = 72
    records: int = 24
    hidden_models: float = 0.25


def shapes(networks: int, hidden: int, *, models: int) -> dict[str, tuple[int, int, int]]:
    """Every weight by name; ``models`` is the width of what the network reads of a model.

    In the order in which training draws their first values.
    """
    square, row = (hidden, hidden), (1, hidden)
    found = {
        "model.in": (models, hidden),
        "model.bias": row,
        "model.self": square,
        "model.offset": row,
        "dataset.in": (DATASET_WIDTH, hidden),
        "dataset.bias": row,
        "dataset.self": square,
        "dataset.offset": row,
        "dataset.again": square,
        "dataset.shift": row,
        "head.first": (2 * hidden + EXTRA, hidden),
        "head.offset": row,
        "head.last": (hidden, 2),
    }
    for name, width in EDGE_WIDTH.items():
        found |= {f"{name}.source": square}
        found |= {f"{name}.look": (hidden, 1), f"{name}.ask": (hidden, 1)}
        found |= {f"{name}.mind": (width, 1), f"{name}.scale": (width, hidden)}
        found |= {f"{name}.value": (width, hidden)}
    return {name: (networks, *shape) for name, shape in found.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """Weights of all networks, stacked; ``fold`` [K] is the fold each has never seen."""

    weights: Weights
    fold: Indices
    scores: bool

    def predict(
        self,
        view: View,
        near: Floats,
        target: int,
        *,
        models: Indices,
        seen: Mask,
        fold: int | None = None,
    ) -> Floats:
        """Mean of all networks, or of those that have not seen a fold. Shapes: [K] -> [K, 2]."""
        chosen = np.ones(len(self.fold), dtype=bool) if fold is None else self.fold == fold
        weights = {name: one[chosen] for name, one in self.weights.items()}
        seen = seen & (view.pairs.dataset != target)
        told = datasets_told(weights, view, near, target, seen)
        found = np.zeros((len(models), 2))
        for start in range(0, len(models), CHUNK):
            part = models[start : start + CHUNK]
            found[start : start + CHUNK] = self._models(
                weights, view, near, target, part, seen, told
            )
        return found

    def _models(
        self,
        weights: Weights,
        view: View,
        near: Floats,
        target: int,
        models: Indices,
        seen: Mask,
        told: NDArray[np.float32],
    ) -> Floats:
        """Shapes: [n], ``told`` [K, D, H] -> [n, 2]."""
        unique, back = np.unique(models, return_inverse=True)
        place = np.full(len(view.number), -1, dtype=np.int64)
        place[unique] = np.arange(len(unique))
        state = dense(weights, "model", model_inputs(view)[unique])  # [K, n, H]
        tuned = np.flatnonzero(seen & (place[view.pairs.model] >= 0))
        trained = np.flatnonzero(place[view.origin_model] >= 0)
        scored = np.flatnonzero((place[view.score_model] >= 0) & (view.score_dataset != target))
        total = state @ weights["model.self"]
        for name, source, end, values in (
            (
                "tuned",
                view.pairs.dataset[tuned],
                view.pairs.model[tuned],
                tuned_values(view, tuned),
            ),
            (
                "trained",
                view.origin_dataset[trained],
                view.origin_model[trained],
                trained_values(view, trained),
            ),
            (
                "scored",
                view.score_dataset[scored],
                view.score_model[scored],
                view.score[scored, None],
            ),
        ):
            total = total + attention(weights, name, told, state, source, place[end], values)
        state = np.maximum(total + weights["model.offset"], 0.0)
        extra = extra_inputs(view, near, target, seen, scores=self.scores)[unique]
        goal = np.broadcast_to(told[:, target, None, :], state.shape)
        extras = np.broadcast_to(extra.astype(np.float32), (len(state), *extra.shape))
        joined = np.concatenate([state, goal, extras], axis=-1)
        inner = np.maximum(joined @ weights["head.first"] + weights["head.offset"], 0.0)
        out = inner @ weights["head.last"] + extra[None, :, :2]  # [K, n, 2]
        mean: Floats = out.mean(axis=0)[back].astype(np.float64)
        return mean


def datasets_told(
    weights: Weights, view: View, near: Floats, target: int, seen: Mask
) -> NDArray[np.float32]:
    """What the network knows of each dataset with respect to the target. Shapes: [K, D, H]."""
    state = dense(weights, "dataset", dataset_inputs(view, near, target, seen))
    shown = np.flatnonzero(seen)
    models = np.unique(view.pairs.model[shown])
    if len(models) > MOST_SHOWN:
        models = np.sort(np.random.default_rng(0).permutation(models)[:MOST_SHOWN])
        shown = shown[np.isin(view.pairs.model[shown], models)]
    place = np.searchsorted(models, view.pairs.model[shown])
    sources = dense(weights, "model", model_inputs(view)[models])
    ends = view.pairs.dataset[shown]
    total = state @ weights["dataset.self"] + weights["dataset.offset"]
    total = total + attention(
        weights, "shows", sources, state, place, ends, tuned_values(view, shown)
    )
    state = np.maximum(total, 0.0)
    source, end, values = resembling(view, near)
    total = state @ weights["dataset.again"] + weights["dataset.shift"]
    total = total + attention(weights, "resembles", state, state, source, end, values)
    told: NDArray[np.float32] = np.maximum(total, 0.0).astype(np.float32)
    return told


def attention(
    weights: Weights,
    name: str,
    sources: NDArray[np.float32],
    ends: NDArray[np.float32],
    source: Indices,
    end: Indices,
    values: Floats,
) -> NDArray[np.float32]:
    """One relation's messages, see ``learn.message_passing.EdgeValueAttention``.

    Shapes: [K, S, H], [K, T, H], [E], [E], [E, V] -> [K, T, H].
    """
    heard = np.zeros(ends.shape, dtype=np.float32)
    if not len(source):
        return heard
    order = np.argsort(end, kind="stable")
    source, end, numbers = source[order], end[order], values[order].astype(np.float32)
    start = np.flatnonzero(np.diff(end, prepend=-1))
    length = np.diff(np.append(start, len(end)))
    projected = sources @ weights[f"{name}.source"]  # [K, S, H]
    logit = (projected @ weights[f"{name}.look"])[:, source]  # [K, E, 1]
    logit = logit + (ends @ weights[f"{name}.ask"])[:, end]
    logit = logit + numbers @ weights[f"{name}.mind"]
    logit = np.where(logit > 0, logit, SLOPE * logit)
    top = np.maximum.reduceat(logit, start, axis=1)
    share = np.exp(logit - np.repeat(top, length, axis=1))
    share /= np.repeat(np.add.reduceat(share, start, axis=1), length, axis=1) + 1e-16
    message = projected[:, source] * (1 + numbers @ weights[f"{name}.scale"])
    message = (message + numbers @ weights[f"{name}.value"]) * share  # [K, E, H]
    heard[:, end[start]] = np.add.reduceat(message, start, axis=1)
    return heard


def dense(weights: Weights, name: str, inputs: Floats) -> NDArray[np.float32]:
    """Shapes: [N, F] -> [K, N, H]."""
    out = inputs.astype(np.float32) @ weights[f"{name}.in"] + weights[f"{name}.bias"]
    found: NDArray[np.float32] = np.maximum(out, 0.0)
    return found


def model_inputs(view: View) -> Floats:
    """Shapes: [M, F + 1]."""
    return np.concatenate([view.metadata, view.smallness[:, None]], axis=1)


def dataset_inputs(view: View, near: Floats, target: int, seen: Mask) -> Floats:
    """Size, whether it is known, nearness to the target, being it, and records. Shapes: [D, 6]."""
    size = np.nan_to_num(view.size) - np.array([1.0, 4.0])
    size[~np.isfinite(view.size)] = 0.0
    known = np.isfinite(view.size).all(axis=1)
    is_target = np.arange(len(near)) == target
    count = np.bincount(view.pairs.dataset[seen], minlength=len(near))
    columns = [size[:, 0], size[:, 1], known, near[target], is_target, np.log1p(count) / 5]
    return np.stack([np.asarray(one, dtype=np.float64) for one in columns], axis=1)


def tuned_values(view: View, rows: Indices) -> Floats:
    """Shapes: [E] -> [E, 2]."""
    return np.stack([view.z[rows], view.normal[rows]], axis=1)


def trained_values(view: View, rows: Indices) -> Floats:
    """Accuracy of the pre-training, 0 where unknown, and whether it is. Shapes: [E] -> [E, 2]."""
    accuracy = view.origin_accuracy[rows]
    return np.stack([np.nan_to_num(accuracy), np.isfinite(accuracy)], axis=1).astype(np.float64)


def resembling(view: View, near: Floats) -> tuple[Indices, Indices, Floats]:
    """Edges to each dataset from the nearest ones with records. Shapes: [E], [E], [E, 1]."""
    known = np.unique(view.pairs.dataset)
    nearest = np.argsort(-near[:, known], axis=1, kind="stable")[:, : MOST_LIKE + 1]
    source = known[nearest].ravel()
    end = np.repeat(np.arange(len(near)), nearest.shape[1])
    apart = source != end
    return source[apart], end[apart], near[source[apart], end[apart]][:, None]


def extra_inputs(view: View, near: Floats, target: int, seen: Mask, *, scores: bool) -> Floats:
    """Base (z, normal), log of records, the target's transferability, its flag. Shapes: [M, 5]."""
    size = len(view.number)
    model = view.pairs.model[seen]
    weight = near[target, view.pairs.dataset[seen]] ** FOCUS
    amount = np.bincount(model, weights=weight, minlength=size) + SHRINK
    columns = [
        np.bincount(model, weights=weight * values[seen], minlength=size) / amount
        for values in (view.z, view.normal)
    ]
    columns.append(np.log1p(np.bincount(model, minlength=size)))
    here, flag = np.zeros(size), np.zeros(size)
    if scores:
        rows = view.score_dataset == target
        here[view.score_model[rows]], flag[view.score_model[rows]] = view.score[rows], 1.0
    return np.stack([*columns, here, flag], axis=1)
