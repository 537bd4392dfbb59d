"""GraphSAGE and GAT by link prediction: which model does well on which dataset.

Two layers over one homogeneous graph (Hamilton et al. 2017, arXiv:1706.02216; Velickovic et al.
2018, arXiv:1710.10903, with a linear skip as in the thesis), the probability of an edge is the
sigmoid of its ends' inner product, the loss binary cross-entropy. The thesis samples 20 and 10
neighbours, which needs a library that is not on PyPI; here each step sees all neighbours, and as a
dataset is similar to nearly every other, the adjacency is a dense matrix (PyG's dense layers: half
the time of its sparse ones on TransferGraph's graphs). Its dataset features are a probe model's
embeddings, which its files lack; here a dataset is described by its similarities. Models have
random features, as in the thesis.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    # PyG still calls torch.jit.script at import, which torch deprecates.
    warnings.simplefilter("ignore")
    from torch_geometric.data import Data
    from torch_geometric.nn import DenseGATConv, DenseSAGEConv
    from torch_geometric.transforms import RandomLinkSplit

from graphdb.columns import Floats
from graphdb.errors import ZooError
from learn.cores import threads
from learn.learner import DEFAULT
from learn.message_passing import chosen_device
from learn.thesis.edges import Edges

HIDDEN = 128
EPOCHS = 50
BATCH = 16
RATE = 0.001
NEGATIVES = 2
#: The adjacency of this many nodes takes 0.4 GB, and attention over it several times that.
MOST_NODES = 10_000
#: With fewer positive edges there is nothing to split; the network stays as it was drawn.
FEWEST_EDGES = 10


class Encoder(nn.Module):
    """Shapes: x [N, F], adjacency [N, N] -> [N, 128]."""

    def __init__(self, name: str, width: int) -> None:
        super().__init__()
        self.attends = name == "gat"
        kind = DenseGATConv if self.attends else DenseSAGEConv
        self.layers = nn.ModuleList([kind(width, HIDDEN), kind(HIDDEN, HIDDEN)])
        self.skips = nn.ModuleList([nn.Linear(width, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        for number, (layer, skip) in enumerate(zip(self.layers, self.skips, strict=True)):
            if self.attends:
                out = layer(x, adjacency, add_loop=False)[0] + skip(x)
            else:
                out = layer(x, adjacency)[0]  # has a linear skip of its own
            x = out if number else torch.relu(out)
        return x


def train_network(
    name: str,
    positive: Edges,
    negative: Edges,
    similar: Edges,
    *,
    models: int,
    size: int,
    seed: int,
    device: str,
) -> Floats:
    """Embeddings of all nodes. Shapes: [size, 128].

    Raises: ZooError for a graph that does not fit into memory.
    """
    if size > MOST_NODES:
        raise ZooError(
            f"'{name}' compares every node with every other and takes at most {MOST_NODES:,} "
            f"models and datasets, not {size:,}. One that takes more: --learner {DEFAULT}"
        )
    torch.set_num_threads(threads(size * size))
    place = chosen_device(device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        x = node_features(similar, models=models, size=size).to(place)
        encoder = Encoder(name, x.size(1)).to(place)
        links, closeness = pairs(positive).to(place), pairs(similar).to(place)
        if links.size(1) >= FEWEST_EDGES:
            train(encoder, x, links, pairs(negative).to(place), closeness, models=models)
        with torch.no_grad():
            found: Tensor = encoder(x, adjacent(links, closeness, size=size))
    return found.cpu().numpy().astype(np.float64)


def train(
    encoder: Encoder, x: Tensor, links: Tensor, absent: Tensor, closeness: Tensor, *, models: int
) -> None:
    """50 epochs of batches of 16 links and twice as many absent ones."""
    messages, asked = divided(links, size=len(x))
    adjacency = adjacent(messages, closeness, size=len(x))
    optimizer = torch.optim.Adam(encoder.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        for batch in torch.split(torch.randperm(asked.size(1), device=x.device), BATCH):
            others = drawn(absent, NEGATIVES * len(batch), models=models, size=len(x))
            optimizer.zero_grad()
            loss = link_loss(encoder(x, adjacency), asked[:, batch], others)
            torch.autograd.backward(loss)
            optimizer.step()


def divided(links: Tensor, *, size: int) -> tuple[Tensor, Tensor]:
    """Links that carry messages, and others that are asked for.

    A tenth is held for validation and a fifth for the test (the thesis reports on them); of the
    rest three tenths are asked. Shapes: [2, E] -> [2, A], [2, B].
    """
    split = RandomLinkSplit(
        num_val=0.1, num_test=0.2, disjoint_train_ratio=0.3, neg_sampling_ratio=0.0
    )
    known, _, _ = split(Data(edge_index=links, num_nodes=size))
    return known.edge_index, known.edge_label_index


def link_loss(states: Tensor, asked: Tensor, absent: Tensor) -> Tensor:
    """Binary cross-entropy of links [2, B] and absent ones [2, 2 B]. Shapes: [N, 128] -> []."""
    ends = torch.cat([asked, absent], dim=1)
    logit = (states[ends[0]] * states[ends[1]]).sum(dim=-1)  # [3 B]
    truth = torch.zeros_like(logit)
    truth[: asked.size(1)] = 1.0
    return nn.functional.binary_cross_entropy_with_logits(logit, truth)


def drawn(absent: Tensor, count: int, *, models: int, size: int) -> Tensor:
    """Negative pairs, with replacement; any model and dataset where none is known."""
    if absent.size(1):
        return absent[:, torch.randint(absent.size(1), (count,), device=absent.device)]
    model = torch.randint(models, (count,), device=absent.device)
    return torch.stack([model, torch.randint(models, size, (count,), device=absent.device)])


def node_features(similar: Edges, *, models: int, size: int) -> Tensor:
    """Random features of models, similarities to all datasets of datasets. Shapes: [size, D]."""
    width = size - models
    x = torch.rand(size, width)
    x[models:] = torch.eye(width)
    a, b = torch.as_tensor(similar.a - models), torch.as_tensor(similar.b - models)
    weight = torch.as_tensor(similar.weight, dtype=torch.float32)
    x[models + a, b] = weight
    x[models + b, a] = weight
    return x


def pairs(edges: Edges) -> Tensor:
    return torch.as_tensor(np.stack([edges.a, edges.b]), dtype=torch.long)  # [2, E]


def adjacent(*edges: Tensor, size: int) -> Tensor:
    """1 where there is an edge, in both directions; a node without any is its own neighbour, for
    attention over nothing is not defined. Shapes: several [2, E] -> [N, N]."""
    ends = torch.cat(edges, dim=1)
    matrix = torch.zeros(size, size, device=ends.device)
    matrix[ends[0], ends[1]] = 1.0
    matrix[ends[1], ends[0]] = 1.0
    alone = torch.where(matrix.sum(dim=1) == 0)[0]
    matrix[alone, alone] = 1.0
    return matrix
