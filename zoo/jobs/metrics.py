"""Metrics of a classification, from logits alone.

scikit-learn's definitions; its import takes longer than many a job's test.
"""

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

    Macro F1 is over the classes that are a label or a prediction, with 0 for one never predicted.
    The correlation with what is constant is 0.

    Shapes: ``logits`` [N, classes], ``labels`` [N].

    Raises:
        JobError: outputs that are not finite: the training has diverged.
    """
    values = logits_of(logits)
    if not np.isfinite(values).all():
        raise JobError("training", "the network's outputs are not finite: training diverged")
    classes = values.shape[1]
    pairs = np.bincount(labels * classes + values.argmax(axis=1), minlength=classes**2)
    confusion = pairs.reshape(classes, classes).astype(np.float64)  # [label, prediction]
    return {
        "accuracy": float(confusion.trace() / confusion.sum()),
        "f1": _f1(confusion),
        "mcc": _matthews(confusion),
    }


def _f1(confusion: NDArray[np.float64]) -> float:
    sums = confusion.sum(axis=0) + confusion.sum(axis=1)  # [classes]
    scores = 2 * confusion.diagonal() / np.maximum(sums, 1)
    return float(scores[1] if len(scores) == 2 else scores[sums > 0].mean())


def _matthews(confusion: NDArray[np.float64]) -> float:
    total, right = confusion.sum(), confusion.trace()
    predicted, labelled = confusion.sum(axis=0), confusion.sum(axis=1)
    spread = (total**2 - predicted @ predicted) * (total**2 - labelled @ labelled)
    return float((right * total - predicted @ labelled) / np.sqrt(spread)) if spread else 0.0
