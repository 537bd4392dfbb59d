"""LogME: the logarithm of the maximum evidence of a Bayesian linear model on fixed features.

You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML 2021,
https://arxiv.org/abs/2102.11005. For each class, one against the rest, with weights
w ~ N(0, 1/alpha) and noise 1/beta, the evidence is

    L = n/2 log beta + d/2 log alpha - n/2 log 2 pi - beta/2 |F m - y|^2 - alpha/2 |m|^2
        - 1/2 log |alpha I + beta F'F|,      m = beta (alpha I + beta F'F)^-1 F'y

at the alpha and beta that maximise it, found by the fixed point of MacKay in the coordinates of one
singular value decomposition; the score is its mean over classes and samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ITERATIONS = 11
_CONVERGED = 1e-3


def log_maximum_evidence(features: Floats, labels: NDArray[np.int64]) -> float:
    """Shapes: ``features`` [N, D], ``labels`` [N]. Rank-deficient features are allowed."""
    matrix = np.asarray(features, dtype=np.float64)
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    squares = singular**2  # [R], R = min(N, D)
    scores = [
        _evidence(left, squares, (labels == label).astype(np.float64), matrix.shape[1])
        for label in np.unique(labels)
    ]
    return float(np.mean(scores))


def _evidence(left: Floats, squares: Floats, target: Floats, dim: int) -> float:
    """Evidence a sample of one class against the rest, maximised over alpha and beta."""
    count = len(target)
    projected = (left.T @ target) ** 2  # [N, R] -> [R]
    outside = max(float(target @ target - projected.sum()), 0.0)  # what no weights explain
    alpha = beta = 1.0
    for _ in range(_ITERATIONS):
        before = alpha / beta
        alpha, beta = _update(alpha, beta, squares, projected, outside, count)
        if abs(alpha / beta - before) / before <= _CONVERGED:
            break
    weights, residual = _fit(alpha, beta, squares, projected, outside)
    logdet = (dim - len(squares)) * np.log(alpha) + np.log(alpha + beta * squares).sum()
    evidence = (
        count * np.log(beta) + dim * np.log(alpha) - count * np.log(2 * np.pi)
        - beta * residual - alpha * weights - logdet
    ) / 2  # fmt: skip
    return float(evidence / count)


def _update(
    alpha: float, beta: float, squares: Floats, projected: Floats, outside: float, count: int
) -> tuple[float, float]:
    weights, residual = _fit(alpha, beta, squares, projected, outside)
    gamma = float((beta * squares / (alpha + beta * squares)).sum())
    tiny = np.finfo(np.float64).tiny ** 0.25  # separable classes leave no residual
    return gamma / max(weights, tiny), max(count - gamma, tiny) / max(residual, 1e-10)


def _fit(
    alpha: float, beta: float, squares: Floats, projected: Floats, outside: float
) -> tuple[float, float]:
    """|m|^2 and |F m - y|^2 of the posterior mean."""
    ratio = alpha / beta
    shrunk = ratio + squares
    weights = float((squares * projected / shrunk**2).sum())
    residual = float((projected * (ratio / shrunk) ** 2).sum()) + outside
    return weights, residual
