"""A deterministic, stratified train/validation/test split and a stratified sample cap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
#: Shares cut off where the source has no such split.
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15


def cut(labels: Indices, *, share: float, seed: int) -> tuple[Indices, Indices]:
    """Row numbers of the rest and of a stratified ``share``, both ascending.

    Every class with at least two rows keeps at least one on either side, so that a small class
    can be learnt and is tested.

    Shapes: ``labels`` [N] -> two arrays that together hold 0..N-1.
    """
    rng = np.random.default_rng(seed)
    taken = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        count = round(share * len(rows))
        count = min(max(count, 1), len(rows) - 1) if 0 < share < 1 else count
        taken[rows[:count]] = True
    return np.flatnonzero(~taken), np.flatnonzero(taken)


def sample(labels: Indices, *, share: float, seed: int) -> Indices:
    """Row numbers of a stratified ``share`` of all rows, ascending; all of them from 1 on."""
    if share >= 1:
        return np.arange(len(labels), dtype=np.int64)
    return cut(labels, share=share, seed=seed)[1]
