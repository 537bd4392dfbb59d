"""Estimators against their definitions and against what they must prefer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from learn.transferability import (
    FEATURE_ESTIMATORS,
    h_score,
    leep,
    log_maximum_evidence,
    negative_conditional_entropy,
    regularised_h_score,
)


def samples(distance: float, *, n: int = 300, dim: int = 12, seed: int = 0):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, dim)) * distance
    return centres[labels] + rng.normal(size=(n, dim)), labels


@pytest.mark.parametrize("name", FEATURE_ESTIMATORS)
def test_features_that_separate_the_classes_score_higher(name: str) -> None:
    scores = [FEATURE_ESTIMATORS[name](*samples(distance)) for distance in (0.0, 0.5, 1.0, 3.0)]
    assert scores == sorted(scores) and scores[-1] > scores[0]


@pytest.mark.parametrize("name", FEATURE_ESTIMATORS)
def test_more_dimensions_than_samples_and_separable_classes_are_finite(name: str) -> None:
    features, labels = samples(5.0, n=20, dim=64)
    assert np.isfinite(FEATURE_ESTIMATORS[name](features, labels))
    constant = np.hstack([features, np.zeros((20, 3))])
    assert np.isfinite(FEATURE_ESTIMATORS[name](constant, labels))


def test_logme_is_the_evidence_at_its_maximum() -> None:
    """Against a direct maximisation of N(y; 0, FF'/alpha + I/beta)."""
    features, labels = samples(1.0, n=60, dim=5)

    def best(target: np.ndarray) -> float:
        def negative(logs: np.ndarray) -> float:
            alpha, beta = np.exp(logs)
            covariance = features @ features.T / alpha + np.eye(60) / beta
            return -float(multivariate_normal.logpdf(target, np.zeros(60), covariance))

        return -minimize(negative, np.zeros(2), method="Nelder-Mead").fun / 60

    expected = np.mean([best((labels == c).astype(float)) for c in range(3)])
    assert log_maximum_evidence(features, labels) == pytest.approx(expected, abs=2e-3)


def test_the_h_score_is_the_explained_variance() -> None:
    """Of standardised independent features: the sum of the class means' variances."""
    features, labels = samples(1.0, n=4000, dim=3)
    centred = features - features.mean(axis=0)
    means = np.stack([centred[labels == c].mean(axis=0) for c in range(3)])
    weights = np.bincount(labels) / len(labels)
    between = (means * weights[:, None]).T @ means
    covariance = np.cov(centred.T, bias=True)
    assert h_score(features, labels) == pytest.approx(np.trace(np.linalg.inv(covariance) @ between))
    assert regularised_h_score(features, labels) == pytest.approx(
        h_score(features, labels), rel=0.05
    )


def test_outputs_that_tell_the_labels_score_zero_and_others_less() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    sure = np.eye(4)[[3, 3, 0, 0, 1, 1]]
    assert leep(sure, labels) == pytest.approx(0.0)
    assert negative_conditional_entropy(sure, labels) == pytest.approx(0.0)
    flat = np.full((6, 4), 0.25)
    assert leep(flat, labels) == pytest.approx(np.log(1 / 3))
    assert negative_conditional_entropy(flat, labels) == pytest.approx(np.log(1 / 3))
