"""The inductive graph network over the heterogeneous graph, in PyG.

A graph attention network (Velickovic et al. 2018, arXiv:1710.10903) with one attention a relation,
in which the edge values v_e (accuracy as z and normal score, nearness, transferability) enter the
messages and not the attention logits alone (``EdgeValueAttention``). The dataset side is asked with
respect to one target t (its nearness and "this is t" are inputs), so the attention over a model's
own records is target-aware and nothing is looked up by id:

    h_m = relu(W x_m)                         h_d = relu(W' [x_d, near(d, t), d = t])
    h_d <- relu(U h_d + shows_{m -> d})       models' metadata and values tell about datasets
    h_d <- relu(U' h_d + resembles_{d' -> d})
    h_m <- relu(U'' h_m + tuned_{d -> m} + trained_{d -> m} + scored_{d -> m})
    out(m, t) = base(m, t) + MLP([h_m, h_t, base, log records, score])       [z, normal score]

``base`` is the nearness-weighted mean of the model's values, shrunk towards an average model: the
network learns what is left over. Every training step hides whole targets, a random part of the
history, and whole models; a supervision edge is never a message edge, because all records of the
target are hidden.

All networks train at once, stacked along the first axis: K networks, B targets each, on one sample
of models. Shapes: node states [K, B, N, H], edge values [E, V].
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

with warnings.catch_warnings():
    # PyG still calls torch.jit.script at import, which torch deprecates.
    warnings.simplefilter("ignore")
    from torch_geometric.data import HeteroData
    from torch_geometric.nn import MessagePassing
    from torch_geometric.utils import softmax

from graphdb.columns import Floats, Indices
from learn.learner import threads
from learn.network import (
    DATASET_WIDTH,
    EDGE_WIDTH,
    EXTRA,
    FOCUS,
    RELATIONS,
    SHRINK,
    SLOPE,
    NetworkConfig,
    Networks,
    dataset_inputs,
    model_inputs,
    resembling,
    trained_values,
    tuned_values,
)
from learn.trees import KEPT
from learn.view import View

Mask = NDArray[np.bool_]


def stacked(networks: int, rows: int, columns: int) -> nn.Parameter:
    """Glorot-uniform weights of all networks. Shapes: [K, 1, rows, columns]."""
    bound = (6.0 / (rows + columns)) ** 0.5
    return nn.Parameter((torch.rand(networks, 1, rows, columns) * 2 - 1) * bound)


class EdgeValueAttention(MessagePassing):  # type: ignore[misc]
    """Attention of one relation whose edge values enter the messages.

        a_e = softmax_e(leaky_relu(l . W s + q . t + c . v_e))     over the edges into t
        t'  = sum_e a_e ((W s) * (1 + G v_e) + E v_e)

    Shapes: sources [K, B, S, H], ends [K, B, T, H], values [E, V], visible [K, B, E, 1]
    -> [K, B, T, H].
    """

    def __init__(self, networks: int, hidden: int, width: int) -> None:
        super().__init__(aggr="sum", node_dim=-2)
        self.source = stacked(networks, hidden, hidden)
        self.look = stacked(networks, hidden, 1)
        self.ask = stacked(networks, hidden, 1)
        self.mind = stacked(networks, width, 1)
        self.scale = stacked(networks, width, hidden)
        self.value = stacked(networks, width, hidden)

    def forward(
        self, sources: Tensor, ends: Tensor, edges: Tensor, values: Tensor, visible: Tensor
    ) -> Tensor:
        projected = sources @ self.source
        logits = (projected @ self.look, ends @ self.ask)
        found: Tensor = self.propagate(
            edges,
            x=(projected, ends),
            logit=logits,
            values=values,
            visible=visible,
            size=(sources.size(-2), ends.size(-2)),
        )
        return found

    def message(
        self,
        x_j: Tensor,
        logit_i: Tensor,
        logit_j: Tensor,
        values: Tensor,
        visible: Tensor,
        index: Tensor,
        size_i: int | None,
    ) -> Tensor:
        logit = nn.functional.leaky_relu(logit_i + logit_j + values @ self.mind, SLOPE)
        logit = logit.masked_fill(~visible, -1e9)
        share = softmax(logit, index, num_nodes=size_i, dim=-2) * visible  # [K, B, E, 1]
        message: Tensor = share * (x_j * (1 + values @ self.scale) + values @ self.value)
        return message


class GraphNetwork(nn.Module):
    """The formulas of this module, for K networks at once."""

    def __init__(self, networks: int, models: int, hidden: int) -> None:
        super().__init__()

        def zeros(columns: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(networks, 1, 1, columns))

        self.inputs = nn.ParameterDict(
            {
                "model_in": stacked(networks, models, hidden),
                "model_bias": zeros(hidden),
                "model_self": stacked(networks, hidden, hidden),
                "model_offset": zeros(hidden),
                "dataset_in": stacked(networks, DATASET_WIDTH, hidden),
                "dataset_bias": zeros(hidden),
                "dataset_self": stacked(networks, hidden, hidden),
                "dataset_offset": zeros(hidden),
                "dataset_again": stacked(networks, hidden, hidden),
                "dataset_shift": zeros(hidden),
                "head_first": stacked(networks, 2 * hidden + EXTRA, hidden),
                "head_offset": zeros(hidden),
                "head_last": nn.Parameter(torch.zeros(networks, 1, hidden, 2)),
            }
        )
        self.relations = nn.ModuleDict(
            {
                name: EdgeValueAttention(networks, hidden, EDGE_WIDTH[name])
                for _, name, _ in RELATIONS
            }
        )

    def forward(self, data: HeteroData) -> Tensor:
        """Shapes: a graph of ``hetero_data`` -> [K, B, M, 2]."""
        own = self.inputs
        models = torch.relu(data["model"].x @ own["model_in"] + own["model_bias"])
        datasets = torch.relu(data["dataset"].x @ own["dataset_in"] + own["dataset_bias"])
        models = models.expand(-1, datasets.size(1), -1, -1)
        told = self._hear(data, RELATIONS[0], models, datasets)
        told = told + datasets @ own["dataset_self"] + own["dataset_offset"]
        datasets = torch.relu(told)
        told = self._hear(data, RELATIONS[1], datasets, datasets)
        told = told + datasets @ own["dataset_again"] + own["dataset_shift"]
        datasets = torch.relu(told)
        total = models @ own["model_self"] + own["model_offset"]
        for relation in RELATIONS[2:]:
            total = total + self._hear(data, relation, datasets, models)
        models = torch.relu(total)
        index = data.target[:, :, None, None].expand(-1, -1, 1, datasets.size(-1))
        goal = datasets.gather(2, index).expand_as(models)
        joined = torch.cat([models, goal, data["model"].extra], dim=-1)
        inner = torch.relu(joined @ own["head_first"] + own["head_offset"])
        out: Tensor = inner @ own["head_last"] + data["model"].extra[..., :2]
        return out

    def _hear(
        self, data: HeteroData, relation: tuple[str, str, str], sources: Tensor, ends: Tensor
    ) -> Tensor:
        store = data[relation]
        if store.edge_index.size(1) == 0:
            return torch.zeros_like(ends)
        heard: Tensor = self.relations[relation[1]](
            sources, ends, store.edge_index, store.edge_attr, store.visible
        )
        return heard

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Weights by the names that ``learn.network`` reads. Shapes: [K, rows, columns]."""
        found = {name.replace("_", ".", 1): one for name, one in self.inputs.items()}
        for relation, module in self.relations.items():
            found |= {f"{relation}.{name}": one for name, one in module.named_parameters()}
        return {name: one.detach().cpu().numpy()[:, 0].copy() for name, one in found.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Which targets [K, B] are asked, on which models [m], with which pairs seen [K, B, e] of the
    pairs ``rows`` [e] of those models."""

    targets: Indices
    models: Indices
    rows: Indices
    seen: Mask


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


def fit_networks(
    view: View,
    near: Floats,
    *,
    folds: list[Indices],
    config: NetworkConfig,
    scores: bool,
    seed: int,
    device: str,
) -> Networks:
    """Train all networks; network k never sees the datasets of its fold, in no role."""
    torch.manual_seed(seed)
    work = config.networks * config.targets * config.models * config.records * config.hidden
    torch.set_num_threads(threads(work))
    place = torch.device(chosen_device(device))
    random = np.random.default_rng([seed, 4])
    fold = np.arange(config.networks) % len(folds)
    known = np.stack([~np.isin(view.pairs.dataset, folds[one]) for one in fold])  # [K, N]
    network = GraphNetwork(config.networks, view.metadata.shape[1] + 1, config.hidden).to(place)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.rate, total_steps=config.steps
    )
    for _ in range(config.steps):
        batch = draw(view, known, config, random)
        data = hetero_data(view, near, batch, scores=scores, device=place)
        truth, weight = labels(view, batch, known, place)
        loss = objective(network(data), truth, weight)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return Networks(weights=network.arrays(), fold=fold, scores=scores)


def draw(view: View, known: Mask, config: NetworkConfig, random: np.random.Generator) -> Batch:
    """A sample of models and, for every network, targets with part of the rest hidden."""
    pairs = view.pairs
    with_records = np.unique(pairs.model)
    models = np.sort(random.permutation(with_records)[: config.models])
    rows = np.flatnonzero(np.isin(pairs.model, models))
    rows = random.permutation(rows)
    rows = np.sort(limited(pairs.model, rows, config.records * max(1, len(models))))
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


def limited(model: Indices, rows: Indices, most: int) -> Indices:
    """The first ``most`` rows."""
    return rows[:most] if len(model) else rows


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


def objective(predicted: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Smooth L1 of both columns and a listwise term (ListNet, Cao et al. 2007) of the order.

    The sum over networks, each of which has its own weights. Shapes: [K, B, m, 2], [K, B, m].
    """
    count = weight.sum(-1).clamp(min=1.0)
    error = nn.functional.smooth_l1_loss(predicted, truth, reduction="none").sum(-1)
    pointwise = (error * weight).sum(-1) / count
    hidden = (1 - weight) * -1e9
    target = torch.softmax(truth[..., 1] * 1.5 + hidden, dim=-1)
    listed = torch.log_softmax(predicted[..., 1] * 1.5 + hidden, dim=-1)
    listwise = -(target * listed * weight).sum(-1)
    return (pointwise + 0.3 * listwise).mean(1).sum()


def chosen_device(device: str) -> str:
    """``auto`` takes an accelerator where there is one."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"
