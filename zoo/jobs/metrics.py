"""Metrics of a classification, from logits alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.jobs.failures import JobError


def logits_of(outputs: Any, _: Any = None) -> Any:
    """Without the hidden states that some models hand out as well, which would fill the memory."""
    return outputs[0] if isinstance(outputs, tuple) else outputs


def measure(logits: Any, labels: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro F1 (that of class 1 for two classes, as GLUE) and Matthews' correlation.

    Shapes: ``logits`` [N, classes], ``labels`` [N].

    Raises:
        JobError: outputs that are not finite: the training has diverged.
    """
    from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

    values = logits_of(logits)
    if not np.isfinite(values).all():
        raise JobError("training", "the network's outputs are not finite: training diverged")
    predicted = values.argmax(axis=1)
    average = "binary" if values.shape[1] == 2 else "macro"
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "f1": float(f1_score(labels, predicted, average=average, zero_division=0)),
        "mcc": float(matthews_corrcoef(labels, predicted)),
    }
