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

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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
from graphdb.errors import ZooError
from learn.batches import draw, hetero_data, labels
from learn.cores import threads
from learn.network import RELATIONS, SLOPE, NetworkConfig, Networks, shapes
from learn.view import View

Mask = NDArray[np.bool_]
#: Weights that start at zero: what is added to a sum, and the last layer.
ZERO = ("bias", "offset", "shift", "last")


def first(name: str, networks: int, rows: int, columns: int) -> nn.Parameter:
    """A weight before training: Glorot-uniform, or zero. Shapes: [K, 1, rows, columns]."""
    if name in ZERO:
        return nn.Parameter(torch.zeros(networks, 1, rows, columns))
    bound = (6.0 / (rows + columns)) ** 0.5
    return nn.Parameter((torch.rand(networks, 1, rows, columns) * 2 - 1) * bound)


@contextmanager
def _nothing_left() -> Iterator[None]:
    """PyG writes the code of a class's message passing into the temporary directory, imports it and
    leaves it there: here that directory is one that goes again."""
    usual = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = usual


class EdgeValueAttention(MessagePassing):  # type: ignore[misc]
    """Attention of one relation whose edge values enter the messages.

        a_e = softmax_e(leaky_relu(l . W s + q . t + c . v_e))     over the edges into t
        t'  = sum_e a_e ((W s) * (1 + G v_e) + E v_e)

    Shapes: sources [K, B, S, H], ends [K, B, T, H], values [E, V], visible [K, B, E, 1]
    -> [K, B, T, H].
    """

    source: nn.Parameter
    look: nn.Parameter
    ask: nn.Parameter
    mind: nn.Parameter
    scale: nn.Parameter
    value: nn.Parameter

    def __init__(self, weights: Mapping[str, nn.Parameter]) -> None:
        with _nothing_left():
            super().__init__(aggr="sum", node_dim=-2)
        for name, one in weights.items():
            self.register_parameter(name, one)

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
        weights: dict[str, dict[str, nn.Parameter]] = {}
        for full, shape in shapes(networks, hidden, models=models).items():
            part, name = full.split(".")
            weights.setdefault(part, {})[name] = first(name, *shape)
        self.inputs = nn.ParameterDict(
            {
                f"{part}_{name}": one
                for part in ("model", "dataset", "head")
                for name, one in weights[part].items()
            }
        )
        self.relations = nn.ModuleDict(
            {name: EdgeValueAttention(weights[name]) for _, name, _ in RELATIONS}
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


def train_networks(
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
    place = chosen_device(device)
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


def chosen_device(device: str) -> torch.device:
    """``auto`` takes an accelerator where there is one.

    Raises: ZooError for a device that is not here.
    """
    name = device
    if device == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:  # the latter from a torch without the driver
        why = str(error).partition("\n")[0].partition(". ")[0][:100].rstrip(".")
        raise ZooError(f"No device {device!r} here ({why}). Take another: --device cpu") from None
