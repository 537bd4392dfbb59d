"""Estimators that compare the outputs of a model's source classifier with the target's labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def leep(probabilities: Floats, labels: Labels) -> float:
    """Log expected empirical prediction.

    Nguyen et al., "LEEP: A New Measure to Evaluate Transferability of Learned Representations",
    ICML 2020, https://arxiv.org/abs/2002.12462: the mean log-likelihood of the labels when a source
    class z, drawn from the model's output, predicts y by the empirical P(y | z).

    Shapes: ``probabilities`` [N, Z], rows sum to one; ``labels`` [N].
    """
    classes, numbers = np.unique(labels, return_inverse=True)
    joint = np.zeros((len(classes), probabilities.shape[1]))  # [Y, Z]
    np.add.at(joint, numbers, probabilities / len(labels))
    conditional = joint / np.maximum(joint.sum(axis=0), np.finfo(np.float64).tiny)
    expected = (probabilities @ conditional.T)[np.arange(len(labels)), numbers]  # [N]
    return float(np.log(np.maximum(expected, np.finfo(np.float64).tiny)).mean())


def negative_conditional_entropy(probabilities: Floats, labels: Labels) -> float:
    """-H(y | z) with z the most probable source class.

    Tran et al., "Transferability and Hardness of Supervised Classification Tasks", ICCV 2019,
    https://arxiv.org/abs/1908.08142.

    Shapes: ``probabilities`` [N, Z]; ``labels`` [N].
    """
    _, numbers = np.unique(labels, return_inverse=True)
    sources = probabilities.argmax(axis=1)
    joint = np.zeros((numbers.max() + 1, probabilities.shape[1]))  # [Y, Z]
    np.add.at(joint, (numbers, sources), 1 / len(labels))
    marginal = np.broadcast_to(joint.sum(axis=0), joint.shape)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / marginal[there])).sum())
