"""Transferability estimators: how well features of a model suit labels, without fine-tuning.

Pure functions of arrays; larger promises a better fine-tuning. Features are computed once and
given to each of them. LogME and the H-Scores see features and labels; LEEP and NCE see the outputs
of the model's own source classifier.
"""

from learn.transferability.evidence import log_maximum_evidence
from learn.transferability.hscore import h_score, regularised_h_score
from learn.transferability.outputs import leep, negative_conditional_entropy

__all__ = [
    "FEATURE_ESTIMATORS",
    "OUTPUT_ESTIMATORS",
    "h_score",
    "leep",
    "log_maximum_evidence",
    "negative_conditional_entropy",
    "regularised_h_score",
]

#: By the name that ``zoo ingest scores --method`` takes.
FEATURE_ESTIMATORS = {
    "logme": log_maximum_evidence,
    "hscore": h_score,
    "regularised-hscore": regularised_h_score,
}
OUTPUT_ESTIMATORS = {"leep": leep, "nce": negative_conditional_entropy}
