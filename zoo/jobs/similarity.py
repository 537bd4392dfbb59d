"""Similarities between datasets' embeddings, as the thesis' Domain Similarity keeps them.

A distance d between two mean representations becomes the similarity 1 / (1 + d); ``original`` keeps
d. Only embeddings of one probe, one method and one length compare.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphdb.errors import ZooError
from graphdb.records import Embedding, Similarity

MEASURES = ("euclidean", "correlation")


def similarities(
    new: Embedding, others: Sequence[Embedding], *, measure: str = "euclidean"
) -> list[Similarity]:
    """The similarity of ``new`` to each of ``others`` that compares; itself is left out.

    ``euclidean`` is the thesis' ``domain`` measure, ``correlation`` one minus Pearson's.

    Raises:
        ZooError: no such measure.
    """
    if measure not in MEASURES:
        raise ZooError(f"No similarity measure '{measure}'; there are {', '.join(MEASURES)}")
    comparable = [
        other for other in others
        if other.dataset != new.dataset and (other.probe, other.method) == (new.probe, new.method)
        and other.vector.shape == new.vector.shape
    ]  # fmt: skip
    name = new.method if measure == "euclidean" else f"{new.method}-correlation"
    return [_similarity(new, other, measure, name) for other in comparable]


def _similarity(new: Embedding, other: Embedding, measure: str, name: str) -> Similarity:
    first, second = sorted((new.dataset, other.dataset))
    distance = _distance(new, other, measure)
    return Similarity(first, second, 1 / (1 + distance), name, new.probe, distance)


def _distance(new: Embedding, other: Embedding, measure: str) -> float:
    a, b = new.vector.astype(np.float64), other.vector.astype(np.float64)
    if measure == "euclidean":
        return float(np.linalg.norm(a - b))
    a, b = a - a.mean(), b - b.mean()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return 1 - float(a @ b) / lengths if lengths else 1.0
