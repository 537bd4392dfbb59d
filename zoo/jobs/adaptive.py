"""When a dataset's mean representation is known well enough: a sequential stopping rule.

Samples come in random order. With n of N of them the mean m of each dimension has the standard
error s (with the correction for a finite dataset). A neighbour's distance d_i = |m - e_i| moves
with m along u_i = (m - e_i) / d_i, so the gap d_j - d_i has the standard error |(u_j - u_i) * s|.
Sampling stops when every gap between one of the k nearest and one of the others is larger than
``SIGMAS`` of its standard errors: more samples would not change who the neighbours are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NEIGHBOURS = 10
SIGMAS = 2.0
#: Without others to tell apart: the standard error of the mean relative to its length.
TOLERANCE = 0.02
#: Two datasets that lie equally far are never told apart; this many samples are enough for them.
MOST_SAMPLES = 2_048


class Moments:
    """Running sums of representations, in all and by class.

    Shapes: ``sums`` and ``squares`` [D], ``class_sums`` [C, D], ``class_counts`` [C].
    """

    def __init__(self, dim: int, classes: int) -> None:
        self.sums = np.zeros(dim)
        self.squares = np.zeros(dim)
        self.class_sums = np.zeros((classes, dim))
        self.class_counts = np.zeros(classes)

    @property
    def count(self) -> int:
        return int(self.class_counts.sum())

    def add(self, features: Floats, labels: NDArray[np.int64]) -> None:
        """Shapes: ``features`` [B, D], ``labels`` [B]."""
        self.sums += features.sum(axis=0)
        self.squares += (features**2).sum(axis=0)
        np.add.at(self.class_sums, labels, features)
        np.add.at(self.class_counts, labels, 1)

    def mean(self) -> Floats:
        """Shape: [D]."""
        return self.sums / max(1, self.count)

    def standard_error(self, total: int) -> Floats:
        """Of the mean, for a sample without replacement from ``total`` rows. Shape: [D]."""
        n = max(2, self.count)
        variance = np.maximum(self.squares / n - (self.sums / n) ** 2, 0.0) * n / (n - 1)
        left = max(0.0, 1.0 - n / max(total, n))
        return np.sqrt(variance / n * left)

    def class_aware(self) -> Floats:
        """The balanced mean of the class means, and their spread: how far the classes lie apart.

        Shape: [2 D].
        """
        seen = self.class_counts > 0
        means = self.class_sums[seen] / self.class_counts[seen, None]  # [C', D]
        return np.concatenate([means.mean(axis=0), means.std(axis=0)])


def is_settled(moments: Moments, others: Floats, *, total: int, k: int = NEIGHBOURS) -> bool:
    """Whether more samples would leave the ``k`` nearest of ``others`` [E, D] as they are."""
    error = moments.standard_error(total)
    mean = moments.mean()
    if len(others) <= k:  # all are neighbours, or there are none: only precision is left to ask
        return bool(np.linalg.norm(error) <= TOLERANCE * np.linalg.norm(mean))
    offsets = mean - others  # [E, D]
    distances = np.linalg.norm(offsets, axis=1)  # [E]
    directions = offsets / np.maximum(distances, 1e-12)[:, None]
    order = np.argsort(distances, kind="stable")
    inside, outside = order[:k], order[k:]
    gaps = distances[outside][None, :] - distances[inside][:, None]  # [k, E - k]
    scaled = directions * error
    squared = (scaled**2).sum(axis=1)
    cross = scaled[inside] @ scaled[outside].T  # [k, E - k]
    spread = np.sqrt(np.maximum(squared[inside][:, None] + squared[outside] - 2 * cross, 0.0))
    return bool((gaps > SIGMAS * spread).all())
