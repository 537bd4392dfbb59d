"""Rankings that learn nothing: what every learner has to beat.

``model-mean`` is the model's mean z-score over the other datasets, ``mean-rank`` the mean share of
models it beats there, ``similarity-mean`` the mean z-score weighted by the other datasets'
similarity, ``random`` a draw from the seed, and ``score:METHOD`` a stored transferability score.
A model without history stands in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph
from graphdb.errors import ZooError
from learn.learner import USUAL_LEVEL, Ranking
from learn.pairs import Pairs, measured, standing, subset
from learn.progress import Tell


@dataclass(frozen=True, slots=True)
class Baseline:
    name: str

    def fit(
        self,
        graph: Subgraph,
        *,
        method: str = "full",
        seed: int = 0,
        device: str = "auto",
        progress: Tell | None = None,
    ) -> FittedBaseline:
        return FittedBaseline(self.name, method, seed)


@dataclass(frozen=True, slots=True)
class FittedBaseline:
    """Nothing but a name: everything is read from the graph that is ranked."""

    name: str
    method: str
    seed: int

    def rank(
        self,
        graph: Subgraph,
        dataset: int,
        *,
        models: Indices | None = None,
        level: float = USUAL_LEVEL,
        top: int = 10,
    ) -> Ranking:
        rows = np.arange(len(graph.models)) if models is None else models
        pairs = measured(graph, method=self.method)
        elsewhere = subset(pairs, pairs.dataset != dataset)
        mean = model_mean(graph, elsewhere)
        score = self._score(graph, elsewhere, dataset, mean)[rows]
        unknown = np.full(len(rows), np.nan)
        return Ranking(rows, score, unknown, unknown, unknown, unknown, mean[rows])

    def _score(self, graph: Subgraph, pairs: Pairs, dataset: int, mean: Floats) -> Floats:
        if self.name == "model-mean":
            return np.nan_to_num(mean)
        if self.name == "mean-rank":
            return mean_rank(graph, pairs)
        if self.name == "similarity-mean":
            return similarity_mean(graph, pairs, dataset)
        if self.name == "random":
            return np.random.default_rng([self.seed, dataset]).standard_normal(len(graph.models))
        return stored_score(graph, dataset, self.name.removeprefix("score:"))


def model_mean(graph: Subgraph, pairs: Pairs) -> Floats:
    """Mean z-score of each model. Shapes: [M], NaN without history."""
    return grouped_mean(standing(pairs, datasets=len(graph.datasets)).z, pairs.model, graph)


def mean_rank(graph: Subgraph, pairs: Pairs) -> Floats:
    """Mean share of models that each model beats on a dataset, ties by half. Shapes: [M]."""
    share = np.full(len(pairs), 0.5)
    for dataset in np.unique(pairs.dataset):
        rows = np.flatnonzero(pairs.dataset == dataset)
        if len(rows) > 1:
            share[rows] = average_rank(pairs.oriented[rows]) / (len(rows) - 1)
    return np.nan_to_num(grouped_mean(share, pairs.model, graph), nan=0.5)


def similarity_mean(graph: Subgraph, pairs: Pairs, dataset: int) -> Floats:
    """Mean z-score weighted by similarity to the dataset; unknown counts as the least similar."""
    weight = similarity_to(graph, dataset)
    if np.isfinite(weight).any():
        weight = np.where(np.isfinite(weight), weight, np.nanmin(weight))
    else:
        weight = np.ones(len(graph.datasets))
    z = standing(pairs, datasets=len(graph.datasets)).z
    return np.nan_to_num(grouped_mean(z, pairs.model, graph, weight=weight[pairs.dataset]))


def similarity_to(graph: Subgraph, dataset: int) -> Floats:
    """Similarity of each dataset to one, by the (measure, probe) that knows most of them.

    Shapes: [D], NaN where unknown. Values of different measures or probes do not compare.
    """
    similar = graph.similarities
    touches = (similar.a == dataset) | (similar.b == dataset)
    found = np.full(len(graph.datasets), np.nan)
    kinds = list(zip(similar.measure[touches], similar.probe[touches], strict=True))
    if not kinds:
        return found
    best = max(sorted(set(kinds)), key=kinds.count)
    rows = np.flatnonzero(touches)[[kind == best for kind in kinds]]
    ends = np.where(similar.a[rows] == dataset, similar.b[rows], similar.a[rows])
    found[ends] = similar.value[rows]
    return found


def stored_score(graph: Subgraph, dataset: int, method: str) -> Floats:
    """A stored estimator's scores on a dataset. Shapes: [M], NaN where there is none.

    Raises: ZooError where the graph holds no score of that method at all.
    """
    known = np.unique(graph.transferabilities.method.astype(str))
    if method not in known:
        names = ", ".join(known) or "none"
        raise ZooError(
            f"No scores '{method}' in this zoo (stored: {names}). See: zoo ingest scores"
        )
    scores = graph.transferabilities
    rows = (scores.method == method) & (scores.dataset == dataset)
    found = np.full(len(graph.models), np.nan)
    found[scores.model[rows]] = scores.score[rows]
    return found


def grouped_mean(
    values: Floats, model: Indices, graph: Subgraph, *, weight: Floats | None = None
) -> Floats:
    """Mean of values by model. Shapes: [N] -> [M], NaN without any."""
    use = np.ones(len(values)) if weight is None else weight
    size = len(graph.models)
    total = np.bincount(model, weights=use, minlength=size)
    summed = np.bincount(model, weights=use * values, minlength=size)
    mean: Floats = np.divide(summed, total, out=np.full(size, np.nan), where=total > 0)
    return mean


def average_rank(values: Floats) -> Floats:
    """Rank from 0, ties by their mean. Shapes: [K] -> [K]."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2)[inverse].astype(np.float64)
