"""The graph as every part of the learner sees it: numbers without names.

Ids never become features: a model is its metadata, its records and where it was pre-trained, a
dataset its size, its classes and its similarities. What has a scale of its own (accuracies,
similarities, transferability scores) is brought to one within its dataset or its kind, so that a
zoo with another metric or another probe model looks the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph, Texts
from learn.baselines import average_rank
from learn.pairs import Pairs, Standing, measured, standing

#: A failed fine-tuning lies ten deviations off; beyond this it only says 'failed'.
CLIP = 3.0
CATEGORIES = ("family", "architecture", "task")
NUMBERS = ("parameters", "memory_bytes", "input_size", "pretrained_accuracy")


@dataclass(frozen=True, slots=True)
class Encoder:
    """What the training graph says about metadata; unseen categories become 'other'.

    ``categories`` per column of ``CATEGORIES``; ``center`` and ``scale`` per column of ``NUMBERS``.
    """

    categories: tuple[tuple[str, ...], ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def width(self) -> int:
        """Columns that ``encode`` makes: categories, numbers, and whether each is known."""
        return sum(map(len, self.categories)) + 2 * len(self.center)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Shapes: M models, D datasets, N pairs, P pre-trainings, T scores.

    ``metadata`` [M, F] encoded; ``number`` [M, 4] standardised with NaN for unknown; ``smallness``
    [M] see there; ``category``
    [M, 3] codes that compare within this graph, -1 for unknown; ``size`` [D, 2] log classes and log
    samples, NaN for unknown; ``similarity`` [D, D] in (0, 1], NaN for unknown, 1 on the diagonal.
    ``z`` and ``normal`` [N] are the pair's clipped z-score and normal score within its dataset.
    ``origin_*`` [P] are pre-trainings, ``score_*`` [T] transferability as normal scores within
    (method, dataset), methods averaged.
    """

    metadata: Floats
    number: Floats
    smallness: Floats
    category: Indices
    size: Floats
    similarity: Floats
    pairs: Pairs
    standing: Standing
    z: Floats
    normal: Floats
    origin_model: Indices
    origin_dataset: Indices
    origin_accuracy: Floats
    score_model: Indices
    score_dataset: Indices
    score: Floats


def fit_encoder(graph: Subgraph) -> Encoder:
    """Categories that at least two models share; the spread of the numbers."""
    categories = []
    for name in CATEGORIES:
        known = [str(cell) for cell in getattr(graph.models, name) if cell is not None]
        names, count = np.unique(np.array(known, dtype=str), return_counts=True)
        categories.append(tuple(str(one) for one in names[count >= 2]))
    numbers = model_numbers(graph)
    center, scale = [], []
    for column in numbers.T:
        known_values = column[np.isfinite(column)]
        center.append(float(known_values.mean()) if len(known_values) else 0.0)
        spread = float(known_values.std()) if len(known_values) else 0.0
        scale.append(spread if spread > 1e-9 else 1.0)
    return Encoder(tuple(categories), tuple(center), tuple(scale))


def make_view(graph: Subgraph, *, encoder: Encoder, method: str) -> View:
    """Everything the learner's parts read of a graph."""
    pairs = measured(graph, method=method)
    stands = standing(pairs, datasets=len(graph.datasets))
    number = (model_numbers(graph) - np.array(encoder.center)) / np.array(encoder.scale)
    scored = score_columns(graph)
    return View(
        metadata=encode(graph, encoder, number),
        number=number,
        smallness=smallness(graph),
        category=np.stack([codes(getattr(graph.models, name)) for name in CATEGORIES], axis=1),
        size=dataset_numbers(graph),
        similarity=similarity_matrix(graph),
        pairs=pairs,
        standing=stands,
        z=np.clip(stands.z, -CLIP, CLIP),
        normal=normal_scores(pairs.oriented, pairs.dataset),
        origin_model=graph.pretrainings.model,
        origin_dataset=graph.pretrainings.dataset,
        origin_accuracy=graph.pretrainings.accuracy,
        score_model=scored[0],
        score_dataset=scored[1],
        score=scored[2],
    )


def main_origin(view: View) -> Indices:
    """The dataset of each model's pre-training; of several the one that most models share, so that
    kin is found, then the largest, then the one most like all others: names do not matter.
    Shapes: [M], -1 for none."""
    shared = np.bincount(view.origin_dataset, minlength=len(view.size))
    samples = np.nan_to_num(view.size[:, 1], nan=-1.0)
    # Rounded: sums in another order differ by a little.
    like = np.nan_to_num(view.similarity).sum(axis=1).round(9)
    order = np.lexsort([column[view.origin_dataset] for column in (like, samples, shared)])
    found = np.full(len(view.number), -1, dtype=np.int64)
    found[view.origin_model[order]] = view.origin_dataset[order]
    return found


def encode(graph: Subgraph, encoder: Encoder, number: Floats) -> Floats:
    """One-hot categories, then numbers (0 where unknown) and their flags. Shapes: [M, F]."""
    blocks = []
    for name, known in zip(CATEGORIES, encoder.categories, strict=True):
        column = getattr(graph.models, name)
        blocks += [(column == category).astype(np.float64)[:, None] for category in known]
    # Beyond what training saw a number carries no more information than 'very large'.
    blocks.append(np.clip(np.nan_to_num(number), -4.0, 4.0))
    blocks.append(np.isfinite(number).astype(np.float64))
    return np.concatenate(blocks, axis=1)


def model_numbers(graph: Subgraph) -> Floats:
    """Shapes: [M, 4]: log10 parameters, log10 bytes, input size, pre-training accuracy."""
    models = graph.models
    named = graph.pretrainings
    known = np.isfinite(named.accuracy)
    count = np.bincount(named.model[known], minlength=len(models))
    total = np.bincount(named.model[known], weights=named.accuracy[known], minlength=len(models))
    # Of several the mean: the last one would be a matter of the datasets' names.
    accuracy = np.where(count > 0, total / np.maximum(count, 1), models.pretrained_accuracy)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = (
            np.log10(models.parameters),
            np.log10(models.memory_bytes),
            models.input_size,
            accuracy,
        )
    numbers = np.stack(columns, axis=1)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def smallness(graph: Subgraph) -> Floats:
    """How much a model lacks in size: (1e8 / parameters)^(1/4) - 1, 0 where unknown or larger.

    Error falls with a small power of the parameters (Kaplan et al. 2020, arXiv:2001.08361), so this
    is the scale on which a tiny model's failure can be extrapolated from small ones'. Shapes: [M].
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        lack = (1e8 / np.maximum(graph.models.parameters, 1e3)) ** 0.25 - 1.0
    return np.clip(np.nan_to_num(lack), 0.0, 8.0)


def dataset_numbers(graph: Subgraph) -> Floats:
    """Shapes: [D, 2]: log10 classes, log10 samples."""
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = (np.log10(graph.datasets.classes), np.log10(graph.datasets.samples))
    numbers = np.stack(columns, axis=1)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def codes(column: Texts) -> Indices:
    """Numbers that are equal where the texts are, -1 for None."""
    known = np.array([cell is not None for cell in column], dtype=bool)
    found = np.full(len(column), -1, dtype=np.int64)
    if known.any():
        found[known] = np.unique(column[known].astype(str), return_inverse=True)[1]
    return found


def similarity_matrix(graph: Subgraph) -> Floats:
    """Closeness of datasets, averaged over the (measure, probe) kinds that know the pair.

    Within a kind the value is replaced by the share of pairs that are less close, because neither
    the zero nor the unit of two measures compares. Shapes: [D, D].
    """
    size = len(graph.datasets)
    total, count = np.zeros((size, size)), np.zeros((size, size))
    similar = graph.similarities
    kinds = codes(
        np.array(
            [f"{m}\0{p}" for m, p in zip(similar.measure, similar.probe, strict=True)], dtype=object
        )
    )
    for kind in range(kinds.max(initial=-1) + 1):
        rows = kinds == kind
        share = (average_rank(similar.value[rows]) + 1) / rows.sum()
        _accumulate(total, count, similar.a[rows], similar.b[rows], share)
    for a, b, share in embedding_similarities(graph):
        _accumulate(total, count, a, b, share)
    matrix: Floats = np.divide(total, count, out=np.full((size, size), np.nan), where=count > 0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def embedding_similarities(graph: Subgraph) -> list[tuple[Indices, Indices, Floats]]:
    """Cosines of embeddings, by (probe, method), where nobody stored similarities of that probe."""
    stored = set(graph.similarities.probe)
    embeddings = graph.embeddings
    kinds: dict[tuple[str, str, int], list[int]] = {}
    for row in range(len(embeddings)):
        probe, vector = embeddings.probe[row], embeddings.vector[row]
        if probe not in stored and np.isfinite(vector).all() and np.any(vector):
            kinds.setdefault((probe, embeddings.method[row], len(vector)), []).append(row)
    found = []
    for rows in kinds.values():
        vectors = np.stack([embeddings.vector[row] for row in rows]).astype(np.float64)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        a, b = np.triu_indices(len(rows), 1)
        if len(a):
            share = (average_rank((vectors @ vectors.T)[a, b]) + 1) / len(a)
            dataset = embeddings.dataset[np.array(rows)]
            found.append((dataset[a], dataset[b], share))
    return found


def _accumulate(total: Floats, count: Floats, a: Indices, b: Indices, value: Floats) -> None:
    for first, second in ((a, b), (b, a)):
        np.add.at(total, (first, second), value)
        np.add.at(count, (first, second), 1)


def score_columns(graph: Subgraph) -> tuple[Indices, Indices, Floats]:
    """One number a (model, dataset): its normal score among the dataset's, methods averaged."""
    scores = graph.transferabilities
    finite = np.isfinite(scores.score)
    model, dataset, value = scores.model[finite], scores.dataset[finite], scores.score[finite]
    size = max(len(graph.datasets), 1)
    normal = normal_scores(value, codes(scores.method[finite]) * size + dataset)
    key, row = np.unique(model * size + dataset, return_inverse=True)
    count = np.maximum(np.bincount(row, minlength=len(key)), 1)
    return key // size, key % size, np.bincount(row, weights=normal, minlength=len(key)) / count


def normal_scores(values: Floats, group: Indices) -> Floats:
    """Blom's normal score of each value within its group, ties by their mean rank.

    A group of equal values is all zeros. Shapes: [N], [N] -> [N].
    """
    from scipy.special import ndtri

    order = np.lexsort((values, group))
    ordered, groups = values[order], group[order]
    start = np.flatnonzero(np.diff(groups, prepend=-1))
    count = np.diff(np.append(start, len(groups)))
    rank = np.arange(len(groups)) - np.repeat(start, count)
    new = np.ones(len(groups), dtype=bool)
    new[1:] = (np.diff(ordered) != 0) | (np.diff(groups) != 0)
    tie = np.cumsum(new) - 1
    mean = np.bincount(tie, weights=rank)[tie] / np.bincount(tie)[tie]  # [N]
    found = np.empty(len(values))
    found[order] = ndtri((mean + 0.625) / (np.repeat(count, count) + 0.25))
    return found


def knows_results_alone(view: View) -> bool:
    """Whether models have no metadata that tells them apart, and datasets no similarities."""
    apart = ~np.eye(len(view.similarity), dtype=bool)
    return not np.ptp(view.metadata, axis=0).any() and not np.isfinite(view.similarity[apart]).any()
