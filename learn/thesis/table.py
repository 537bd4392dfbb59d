"""What the thesis' regressions read: one row a pair of model and dataset.

Architecture, family and source dataset as numbers of their categories, the pre-training accuracy,
parameters, the target's samples and classes, the distance from source to target, the embeddings of
both. Unknown numbers become the mean of the training graph. The thesis also reads the seconds that
the fine-tuning took, which nobody knows before it ran; that is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph, Texts
from learn.baselines import similarity_to
from learn.thesis.edges import distances, normalised
from learn.view import model_numbers


@dataclass(frozen=True, slots=True)
class Columns:
    """Categories and means of the training graph."""

    architecture: tuple[str, ...]
    family: tuple[str, ...]
    source: tuple[str, ...]
    means: tuple[float, ...]


def fit_columns(graph: Subgraph) -> Columns:
    return Columns(
        architecture=categories(graph.models.architecture),
        family=categories(graph.models.family),
        source=categories(sources(graph)),
        means=tuple(mean(column) for column in numbers(graph)),
    )


def metadata(graph: Subgraph, columns: Columns, model: Indices, dataset: Indices) -> Floats:
    """Shapes: [K], [K] -> [K, 7]."""
    models = graph.models
    accuracy, parameters, samples, classes = (
        np.where(np.isfinite(one), one, fill)
        for one, fill in zip(numbers(graph), columns.means, strict=True)
    )
    table = [
        codes(models.architecture, columns.architecture)[model],
        codes(models.family, columns.family)[model],
        codes(sources(graph), columns.source)[model],
        accuracy[model],
        parameters[model],
        samples[dataset],
        classes[dataset],
    ]
    return np.stack(table, axis=1)


def distance(graph: Subgraph, model: Indices, dataset: Indices) -> Floats:
    """Distance of each model's source to the target, scaled to [0, 1] within the target.

    An unknown one counts as 0, the least there is (so does the thesis). Shapes: [K], [K] -> [K].
    """
    origin = source_rows(graph)[model]
    found = np.zeros(len(model))
    for target in np.unique(dataset):
        near = similarity_to(graph, int(target))
        known = np.flatnonzero(np.isfinite(near))
        far = np.full(len(near), np.nan)
        far[known] = distances(near[known])
        # The distance to itself, which nobody stores, is where the scale begins.
        far[target] = min(0.0, np.nanmin(far, initial=0.0))
        there = np.isfinite(far)
        far[there] = normalised(far[there], np.zeros(there.sum(), dtype=np.int64))
        rows = (dataset == target) & (origin >= 0)
        found[rows] = np.nan_to_num(far[origin[rows]])
    return found


def numbers(graph: Subgraph) -> tuple[Floats, Floats, Floats, Floats]:
    """Pre-training accuracy and parameters [M], samples and classes [D]."""
    accuracy = model_numbers(graph)[:, 3]
    return accuracy, graph.models.parameters, graph.datasets.samples, graph.datasets.classes


def source_rows(graph: Subgraph) -> Indices:
    """The dataset each model was pre-trained on, -1 where unknown. Shapes: [M]."""
    found = np.full(len(graph.models), -1, dtype=np.int64)
    found[graph.pretrainings.model[::-1]] = graph.pretrainings.dataset[::-1]
    return found


def sources(graph: Subgraph) -> Texts:
    """The same as ids. Shapes: [M]."""
    found = np.full(len(graph.models), None, dtype=object)
    rows = source_rows(graph)
    found[rows >= 0] = graph.datasets.id[rows[rows >= 0]]
    return found


def categories(column: Texts) -> tuple[str, ...]:
    return tuple(sorted({str(cell or "") for cell in column}))


def codes(column: Texts, known: tuple[str, ...]) -> Floats:
    """Number of each text in the alphabetical order of those known, -1 for a new one."""
    place = {name: float(number) for number, name in enumerate(known)}
    return np.array([place.get(str(cell or ""), -1.0) for cell in column], dtype=np.float64)


def mean(column: Floats) -> float:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else 0.0
