"""Which part of a history a learner may see while a target is predicted.

``dense`` hides the targets' records; on top of that ``sparse:F`` keeps a random fraction F of the
other records, ``cold:F`` hides every record of a random fraction F of the models and scores only
those, ``zoo:F`` keeps a random fraction F of the models, and ``few:N`` lets N records of each
target be seen and scores the others. Transferability scores on a target are hidden with it; so are
those of a cold model, which nobody has run yet.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices, Subgraph, take
from graphdb.errors import ZooError
from learn.pairs import Pairs, measured

Mask = NDArray[np.bool_]
KINDS = ("dense", "sparse", "cold", "zoo", "few")
USAGE = "Give one of: dense, sparse:0.1, cold:0.3, zoo:0.5, few:3"


@dataclass(frozen=True, slots=True)
class Regime:
    """``amount`` is a fraction between 0 and 1, for ``few`` a number of records."""

    kind: str
    amount: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is asked of one target: models [K] (rows of the visible graph), values [K] in the
    metric's own units, and the gap that weighs the target (best minus mean of all its values)."""

    dataset: int
    model: Indices
    value: Floats
    smaller_is_better: bool
    gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """``visible`` is what learners get; ``with_scores`` also shows TRANSFERABILITY on targets."""

    visible: Subgraph
    with_scores: Subgraph
    truths: tuple[Truth, ...]


def parse(text: str) -> Regime:
    """Raises: ZooError for what is no regime."""
    kind, _, amount = text.partition(":")
    if kind == "dense" and not amount:
        return Regime("dense")
    try:
        value = float(amount)
    except ValueError:
        value = -1.0
    whole = kind == "few" and value >= 1 and value.is_integer()
    if not whole and not (kind in KINDS[1:4] and 0 < value < 1):
        raise ZooError(f"No regime '{text}'. {USAGE}")
    return Regime(kind, value)


def hide(graph: Subgraph, *, targets: Indices, method: str, regime: Regime, seed: int) -> Hidden:
    """The graph without what the targets' prediction must not see, and the truth.

    Args: ``targets`` are dataset rows held out together; the draw depends on the seed and the first
    target's id, never on row numbers.
    """
    name = str(graph.datasets.id[targets[0]]).encode()
    random = np.random.default_rng([seed, zlib.crc32(name)])
    if regime.kind == "zoo":
        graph = keep_models(graph, random.random(len(graph.models)) < regime.amount)
    pairs = measured(graph, method=method)
    asked = np.isin(pairs.dataset, targets)
    cold = np.zeros(len(graph.models), dtype=bool)
    seen = np.zeros(len(pairs), dtype=bool)
    if regime.kind == "cold":
        cold = random.random(len(graph.models)) < regime.amount
        asked &= cold[pairs.model]
    if regime.kind == "few":
        for target in targets:
            rows = np.flatnonzero(pairs.dataset == target)
            seen[random.permutation(rows)[: int(regime.amount)]] = True
        asked &= ~seen
    with_scores = _without_records(graph, pairs, targets, cold, seen, method)
    with_scores = _with_metric(with_scores, pairs, targets)
    if regime.kind == "sparse":
        others = ~np.isin(with_scores.fine_tunings.dataset, targets)
        keep = ~others | (random.random(len(others)) < regime.amount)
        with_scores = replace(with_scores, fine_tunings=take(with_scores.fine_tunings, keep))
    scores = with_scores.transferabilities
    visible = replace(
        with_scores, transferabilities=take(scores, ~np.isin(scores.dataset, targets))
    )
    truths = tuple(_truth(pairs, int(target), asked) for target in targets)
    return Hidden(visible=visible, with_scores=with_scores, truths=truths)


def _without_records(
    graph: Subgraph, pairs: Pairs, targets: Indices, cold: Mask, seen: Mask, method: str
) -> Subgraph:
    runs, scores = graph.fine_tunings, graph.transferabilities
    width = max(len(graph.datasets), 1)
    shown = (pairs.model * width + pairs.dataset)[seen]
    is_seen = np.isin(runs.model * width + runs.dataset, shown) & (runs.method == method)
    keep = (~np.isin(runs.dataset, targets) | is_seen) & ~cold[runs.model]
    return replace(
        graph,
        fine_tunings=take(runs, keep),
        transferabilities=take(scores, ~cold[scores.model]),
    )


def _with_metric(graph: Subgraph, pairs: Pairs, targets: Indices) -> Subgraph:
    """What a target is measured by is part of the question, and its results are hidden."""
    metric = graph.datasets.metric.copy()
    metric[targets] = pairs.metric[targets]
    return replace(graph, datasets=replace(graph.datasets, metric=metric))


def _truth(pairs: Pairs, target: int, asked: Mask) -> Truth:
    rows = asked & (pairs.dataset == target)
    everything = pairs.oriented[pairs.dataset == target]
    return Truth(
        dataset=target,
        model=pairs.model[rows],
        value=pairs.value[rows],
        smaller_is_better=pairs.metric[target] == "mse",
        gap=float(everything.max() - everything.mean()) if len(everything) else 0.0,
    )


def keep_models(graph: Subgraph, keep: Mask) -> Subgraph:
    """The graph with only these models [M], rows renumbered."""
    row = np.cumsum(keep) - 1
    runs = take(graph.fine_tunings, keep[graph.fine_tunings.model])
    origins = take(graph.pretrainings, keep[graph.pretrainings.model])
    scores = take(graph.transferabilities, keep[graph.transferabilities.model])
    return replace(
        graph,
        models=take(graph.models, keep),
        fine_tunings=replace(runs, model=row[runs.model]),
        pretrainings=replace(origins, model=row[origins.model]),
        transferabilities=replace(scores, model=row[scores.model]),
    )


def keep_datasets(graph: Subgraph, keep: Mask) -> Subgraph:
    """The graph with only these datasets [D], rows renumbered."""
    row = np.cumsum(keep) - 1
    runs = take(graph.fine_tunings, keep[graph.fine_tunings.dataset])
    origins = take(graph.pretrainings, keep[graph.pretrainings.dataset])
    similar = take(graph.similarities, keep[graph.similarities.a] & keep[graph.similarities.b])
    scores = take(graph.transferabilities, keep[graph.transferabilities.dataset])
    embeddings = take(graph.embeddings, keep[graph.embeddings.dataset])
    return replace(
        graph,
        datasets=take(graph.datasets, keep),
        fine_tunings=replace(runs, dataset=row[runs.dataset]),
        pretrainings=replace(origins, dataset=row[origins.dataset]),
        similarities=replace(similar, a=row[similar.a], b=row[similar.b]),
        transferabilities=replace(scores, dataset=row[scores.dataset]),
        embeddings=replace(embeddings, dataset=row[embeddings.dataset]),
    )
