"""What a training step of the graph network sees: targets, models, visible edges, as PyG data.

Every step hides whole targets, a random part of the history, and whole models. Letters of shapes as
in ``learn.message_passing``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

with warnings.catch_warnings():
    # PyG still calls torch.jit.script at import, which torch deprecates.
    warnings.simplefilter("ignore")
    from torch_geometric.data import HeteroData

from graphdb.columns import Floats, Indices
from learn.network import (
    DATASET_WIDTH,
    EXTRA,
    FOCUS,
    RELATIONS,
    SHRINK,
    NetworkConfig,
    dataset_inputs,
    model_inputs,
    resembling,
    trained_values,
    tuned_values,
)
from learn.trees import KEPT
from learn.view import View

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Which targets [K, B] are asked, on which models [m], with which pairs seen [K, B, e] of the
    pairs ``rows`` [e] of those models."""

    targets: Indices
    models: Indices
    rows: Indices
    seen: Mask


def draw(view: View, known: Mask, config: NetworkConfig, random: np.random.Generator) -> Batch:
    """A sample of models and, for every network, targets with part of the rest hidden."""
    pairs = view.pairs
    with_records = np.unique(pairs.model)
    models = np.sort(random.permutation(with_records)[: config.models])
    rows = np.flatnonzero(np.isin(pairs.model, models))
    rows = random.permutation(rows)
    rows = np.sort(rows[: config.records * max(1, len(models))])
    datasets = pairs.dataset[rows]
    targets = np.empty((len(known), config.targets), dtype=np.int64)
    seen = np.empty((len(known), config.targets, len(rows)), dtype=bool)
    for k, mask in enumerate(known):
        usable = np.unique(datasets[mask[rows]])
        usable = usable if len(usable) else np.unique(datasets)
        targets[k] = random.choice(usable, config.targets)
        for b, target in enumerate(targets[k]):
            hidden = random.random(len(view.number)) < config.hidden_models
            share = KEPT[random.integers(len(KEPT))]
            kept = random.random(len(rows)) < share
            seen[k, b] = mask[rows] & kept & ~hidden[pairs.model[rows]] & (datasets != target)
    return Batch(targets, models, rows, seen)


def labels(view: View, batch: Batch, known: Mask, device: torch.device) -> tuple[Tensor, Tensor]:
    """True (z, normal score) of every query's models and whether it is known.

    Shapes: [K, B, m, 2], [K, B, m].
    """
    pairs = view.pairs
    place = np.full(len(view.number), -1, dtype=np.int64)
    place[batch.models] = np.arange(len(batch.models))
    networks, queries = batch.targets.shape
    truth = np.zeros((networks, queries, len(batch.models), 2))
    weight = np.zeros((networks, queries, len(batch.models)))
    for k in range(networks):
        for b in range(queries):
            rows = np.flatnonzero((pairs.dataset == batch.targets[k, b]) & known[k])
            rows = rows[place[pairs.model[rows]] >= 0]
            where = place[pairs.model[rows]]
            truth[k, b, where] = tuned_values(view, rows)
            weight[k, b, where] = 1.0
    return (
        torch.as_tensor(truth, dtype=torch.float32, device=device),
        torch.as_tensor(weight, dtype=torch.float32, device=device),
    )


def hetero_data(
    view: View, near: Floats, batch: Batch, *, scores: bool, device: torch.device
) -> HeteroData:
    """Columns to PyG: node inputs, edges, edge values, and what each query may see.

    ``visible`` [K, B, E, 1] masks the hidden edges; ``data.target`` is [K, B].
    """
    data = HeteroData()
    place = np.full(len(view.number), -1, dtype=np.int64)
    place[batch.models] = np.arange(len(batch.models))
    shape = batch.targets.shape

    def tensor(values: NDArray[np.generic]) -> Tensor:
        kind = torch.float32 if values.dtype.kind == "f" else None
        return torch.as_tensor(values, dtype=kind, device=device)

    def connect(
        relation: tuple[str, str, str],
        source: Indices,
        end: Indices,
        values: Floats,
        visible: Mask,
    ) -> None:
        store = data[relation]
        store.edge_index = tensor(np.stack([source, end]))
        store.edge_attr = tensor(values)
        store.visible = tensor(visible[..., None])

    data["model"].x = tensor(model_inputs(view)[batch.models])
    data["dataset"].x = tensor(dataset_queries(view, near, batch))
    data["model"].extra = tensor(extra_queries(view, near, batch, place, scores=scores))
    data.target = tensor(batch.targets)
    ends = place[view.pairs.model[batch.rows]]
    dataset = view.pairs.dataset[batch.rows]
    values = tuned_values(view, batch.rows)
    connect(RELATIONS[0], ends, dataset, values, batch.seen)
    source, end, close = resembling(view, near)
    connect(RELATIONS[1], source, end, close, np.ones((1, 1, len(source)), dtype=bool))
    connect(RELATIONS[2], dataset, ends, values, batch.seen)
    trained = np.flatnonzero(place[view.origin_model] >= 0)
    connect(
        RELATIONS[3],
        view.origin_dataset[trained],
        place[view.origin_model[trained]],
        trained_values(view, trained),
        np.ones((1, 1, len(trained)), dtype=bool),
    )
    scored = np.flatnonzero(place[view.score_model] >= 0)
    on = view.score_dataset[scored]
    connect(
        RELATIONS[4],
        on,
        place[view.score_model[scored]],
        view.score[scored, None],
        on != batch.targets.reshape(*shape, 1),
    )
    return data


def dataset_queries(view: View, near: Floats, batch: Batch) -> Floats:
    """``dataset_inputs`` for every query. Shapes: [K, B, D, 6]."""
    networks, queries = batch.targets.shape
    found = np.empty((networks, queries, len(near), DATASET_WIDTH))
    for k in range(networks):
        for b in range(queries):
            seen = np.zeros(len(view.pairs), dtype=bool)
            seen[batch.rows[batch.seen[k, b]]] = True
            found[k, b] = dataset_inputs(view, near, int(batch.targets[k, b]), seen)
    return found


def extra_queries(
    view: View, near: Floats, batch: Batch, place: Indices, *, scores: bool
) -> Floats:
    """``extra_inputs`` for every query and the batch's models. Shapes: [K, B, m, 5]."""
    networks, queries = batch.targets.shape
    size = len(batch.models)
    ends, dataset = place[view.pairs.model[batch.rows]], view.pairs.dataset[batch.rows]
    found = np.zeros((networks, queries, size, EXTRA))
    for k in range(networks):
        for b in range(queries):
            target, seen = int(batch.targets[k, b]), batch.seen[k, b]
            weight = near[target, dataset] ** FOCUS * seen
            amount = np.bincount(ends, weights=weight, minlength=size) + SHRINK
            for column, values in enumerate((view.z, view.normal)):
                total = np.bincount(ends, weights=weight * values[batch.rows], minlength=size)
                found[k, b, :, column] = total / amount
            found[k, b, :, 2] = np.log1p(np.bincount(ends[seen], minlength=size))
            if scores:
                rows = (view.score_dataset == target) & (place[view.score_model] >= 0)
                where = place[view.score_model[rows]]
                found[k, b, where, 3], found[k, b, where, 4] = view.score[rows], 1.0
    return found
