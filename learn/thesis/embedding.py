"""Embeddings of all models and datasets of a graph, by name."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from graphdb.columns import Floats, Subgraph
from graphdb.errors import ZooError
from learn.learner import EMBEDDERS
from learn.pairs import measured
from learn.thesis.edges import Edges, accuracy_edges, similarity_edges
from learn.walks import ENDED, Rule, make_network, walks

DIMENSIONS = 128
WINDOW = 10
#: p = 1 is the thesis'. Its calls set neither q nor gamma, so these are PecanPy's defaults.
NODE2VEC = Rule(p=1.0, q=1.0)
NODE2VEC_PLUS = Rule(p=1.0, q=1.0, extended=True, gamma=0.0)


# The three regressions of one embedder are evaluated one after the other on the same graph.
@lru_cache(maxsize=len(EMBEDDERS))
def embed(graph: Subgraph, name: str, *, method: str, seed: int, device: str) -> Floats:
    """Shapes: [M + D, 128], models first.

    Raises: ZooError where an embedder's package is not installed.
    """
    positive, negative = accuracy_edges(graph, measured(graph, method=method))
    similar = similarity_edges(graph)
    size = len(graph.models) + len(graph.datasets)
    if name == "node2vec":
        # The thesis' Node2Vec walks regardless of weights; weights are what Node2Vec+ adds.
        return skip_gram(positive, similar, NODE2VEC, size=size, seed=seed, weighted=False)
    if name == "node2vec-plus":
        return skip_gram(positive, similar, NODE2VEC_PLUS, size=size, seed=seed)
    from learn.thesis.networks import train_network

    return train_network(
        name, positive, negative, similar, models=len(graph.models), size=size, seed=seed,
        device=device,
    )  # fmt: skip


def skip_gram(
    accuracy: Edges, similar: Edges, rule: Rule, *, size: int, seed: int, weighted: bool = True
) -> Floats:
    """Embeddings in which nodes that share walks are close (Mikolov et al. 2013, word2vec).

    Shapes: [size, 128].

    Raises: ZooError where gensim is not installed.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise ZooError(
            "Node2Vec needs gensim, which is not installed. Install it with: "
            "pip install 'transferzoo[thesis]'"
        ) from error
    weight = np.concatenate([accuracy.weight, similar.weight])
    network = make_network(
        np.concatenate([accuracy.a, similar.a]),
        np.concatenate([accuracy.b, similar.b]),
        weight if weighted else (weight > 0).astype(np.float64),
        size=size,
    )
    texts = [
        [str(node) for node in walk[walk != ENDED]]
        for block in walks(network, rule, seed=seed)
        for walk in block
    ]
    # One worker: with several the order of the updates, and so the result, is a matter of chance.
    model = Word2Vec(
        texts, vector_size=DIMENSIONS, window=WINDOW, min_count=0, sg=1, workers=1, epochs=1,
        seed=seed,
    )  # fmt: skip
    return np.stack([model.wv[str(node)] for node in range(size)]).astype(np.float64)
