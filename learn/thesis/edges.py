"""The thesis' graph: which edges a zoo has, and their weights in [0, 1].

Nodes are numbered models first: model m is node m, dataset d is node M + d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph
from learn.pairs import Pairs

#: An accuracy edge is positive above this normalised accuracy, negative at or below it.
POSITIVE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Pairs of nodes with a weight. Shapes: every column [E]."""

    a: Indices
    b: Indices
    weight: Floats

    def __len__(self) -> int:
        return len(self.a)


def normalised(values: Floats, dataset: Indices) -> Floats:
    """Values scaled to [0, 1] within each dataset; NaN where all of a dataset's are equal.

    Shapes: [N], [N] -> [N].
    """
    size = int(dataset.max(initial=-1)) + 1
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, dataset, values)
    np.maximum.at(high, dataset, values)
    span = (high - low)[dataset]
    found = np.full(len(values), np.nan)
    np.divide(values - low[dataset], span, out=found, where=span > 1e-12)
    return found


def accuracy_edges(graph: Subgraph, pairs: Pairs) -> tuple[Edges, Edges]:
    """Positive and negative edges of models to datasets.

    As in the thesis, a pre-training is one more result of its model on its dataset, with the mean
    accuracy where none is known, and what lies on one dataset is scaled together.
    """
    origins = graph.pretrainings
    accuracy = origins.accuracy
    known = np.isfinite(accuracy)
    mean = accuracy[known].mean() if known.any() else 1.0
    model = np.concatenate([pairs.model, origins.model])
    dataset = np.concatenate([pairs.dataset, origins.dataset])
    value = np.concatenate(
        [normalised(pairs.oriented, pairs.dataset), np.where(known, accuracy, mean)]
    )
    there = np.isfinite(value)
    model, dataset = model[there], dataset[there]
    value = normalised(value[there], dataset)
    ends = dataset + len(graph.models)
    above, below = value > POSITIVE, value <= POSITIVE
    return (
        Edges(model[above], ends[above], value[above]),
        Edges(model[below], ends[below], value[below]),
    )


def similarity_edges(graph: Subgraph) -> Edges:
    """Every similarity of the (measure, probe) that knows most pairs, scaled to [0, 1]."""
    similar = graph.similarities
    kinds = list(zip(similar.measure, similar.probe, strict=True))
    most = max(sorted(set(kinds)), key=kinds.count, default=None)
    rows = np.array([kind == most for kind in kinds], dtype=bool)
    far = distances(similar.value[rows])
    closeness = 1 - normalised(far, np.zeros(len(far), dtype=np.int64))
    first = len(graph.models)
    weight = np.nan_to_num(closeness, nan=1.0)
    return Edges(first + similar.a[rows], first + similar.b[rows], weight)


def distances(similarity: Floats) -> Floats:
    """The distances behind similarities, 1/(1 + d) as TransferGraph's; else the reversed order."""
    if (similarity > 0).all():
        return 1 / similarity - 1
    return -similarity
