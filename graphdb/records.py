"""What the graph holds, one frozen dataclass a node label or relationship type.

A row becomes a record at the border of the program and stays one; ``None`` means unknown and never
erases a stored value. Sizes are in bytes, durations in seconds, accuracies in the metric's own
units.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

#: Bounds of a fine-tuning's value by metric; ``mse`` is the one where smaller is better.
METRICS: dict[str, tuple[float, float]] = {
    "accuracy": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "mcc": (-1.0, 1.0),
    "mse": (0.0, float("inf")),
}
#: Integers are 64 bits wide in the store.
MAX_INTEGER = 2**63 - 1
#: Characters of an id: an index key of the store has limits, and nobody types a longer one.
MAX_ID = 1_000
#: Different experiments: a result of one never stands in for another.
METHODS = ("full", "lora", "linear")


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str | None = None
    family: str | None = None
    architecture: str | None = None
    modality: str | None = None
    task: str | None = None
    parameters: int | None = None
    memory_bytes: int | None = None
    input_size: int | None = None
    license: str | None = None
    revision: str | None = None
    source: str | None = None
    #: Accuracy on a pre-training dataset that nobody names; with a name it is a Pretraining.
    pretrained_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    id: str
    name: str | None = None
    modality: str | None = None
    task: str | None = None
    classes: int | None = None
    samples: int | None = None
    source: str | None = None
    fingerprint: str | None = None
    #: The reason why its fine-tunings are neither trained on nor truth.
    quarantined: str | None = None


@dataclass(frozen=True, slots=True)
class FineTuning:
    id: str
    model: str
    dataset: str
    value: float
    metric: str = "accuracy"
    method: str = "full"
    epochs: float | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    seconds: float | None = None
    device: str | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Pretraining:
    model: str
    dataset: str
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Similarity:
    """A symmetric similarity, larger is closer; stored once, the smaller id first.

    Values compare only within one (measure, probe). ``original`` is the source's own number.
    """

    dataset_a: str
    dataset_b: str
    value: float
    measure: str = "domain"
    probe: str = ""
    original: float | None = None


@dataclass(frozen=True, slots=True)
class Transferability:
    """A score of an estimator such as LogME: larger promises a better fine-tuning."""

    model: str
    dataset: str
    method: str
    score: float
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A dataset's representation by a probe model.

    Shape: ``vector`` is float32 [dim].
    """

    dataset: str
    probe: str
    vector: NDArray[np.float32]
    method: str = "domain"
    samples: int | None = None

    @property
    def id(self) -> str:
        return digest(self.dataset, self.probe, self.method)


@dataclass(frozen=True, slots=True)
class History:
    """Everything a source knows: what ``zoo ingest records`` writes and ``zoo export`` reads.

    Ids are unique within a table; a relationship's ends are in ``models`` and ``datasets`` or
    already stored.
    """

    models: list[Model] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    fine_tunings: list[FineTuning] = field(default_factory=list)
    pretrainings: list[Pretraining] = field(default_factory=list)
    similarities: list[Similarity] = field(default_factory=list)
    transferabilities: list[Transferability] = field(default_factory=list)
    embeddings: list[Embedding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why. ``line`` counts from 1, the header included."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def digest(*parts: str | float | None) -> str:
    """A stable id of 32 hexadecimal digits for a tuple of values."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fine_tuning_id(
    source: str,
    model: str,
    dataset: str,
    method: str,
    *,
    epochs: float | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    occurrence: int = 0,
) -> str:
    """The id of a record that came without one, never of its value: a corrected value updates.

    ``occurrence`` counts earlier rows of the same source with the same settings (repeats).
    """
    settings = (epochs, learning_rate, batch_size)
    numbers = tuple(None if n is None else float(n) for n in (*settings, seed))
    return digest(source, model, dataset, method, *numbers, occurrence)


def is_unicode(text: str) -> bool:
    """Whether a store takes it: half of a surrogate pair, which files can spell, is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
