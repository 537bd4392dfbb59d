"""H-Score: how much of the features' variance the class means explain.

Bao et al., "An Information-Theoretic Approach to Transferability", ICIP 2019: tr(cov(f)^-1
cov(E[f | y])). Its covariance is singular or ill-conditioned where samples are few; Ibrahim et al.,
"Newer is not always better", ECML 2022, https://arxiv.org/abs/2110.06893, shrink it (Ledoit and
Wolf) and the class means' by the same factor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def h_score(features: Floats, labels: NDArray[np.int64]) -> float:
    """Shapes: ``features`` [N, D], ``labels`` [N]."""
    centred, between = _centred(features, labels)
    within = centred.T @ centred / len(centred)
    return float(np.trace(np.linalg.pinv(within, rcond=1e-15, hermitian=True) @ between))


def regularised_h_score(features: Floats, labels: NDArray[np.int64]) -> float:
    """Shapes: ``features`` [N, D], ``labels`` [N]."""
    from sklearn.covariance import ledoit_wolf

    centred, between = _centred(features, labels)
    covariance, shrinkage = ledoit_wolf(centred, assume_centered=True)
    solved = np.linalg.solve(covariance, (1 - shrinkage) * between)
    return float(np.trace(solved))


def _centred(features: Floats, labels: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Centred features [N, D] and the covariance of their class means [D, D]."""
    centred = np.asarray(features, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    means = np.zeros_like(centred)
    for label in np.unique(labels):
        means[labels == label] = centred[labels == label].mean(axis=0)
    return centred, means.T @ means / len(centred)
