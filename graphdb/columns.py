"""The graph of one modality as NumPy columns: the only thing ``graphdb`` and ``learn`` exchange.

Nodes are rows of ``models`` and ``datasets``; every relationship table names its ends by those row
numbers (int64). Text columns are object arrays in which ``None`` is unknown, number columns are
float64 in which NaN is unknown. Nothing here knows a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Shapes: every column [M]."""

    id: Texts
    family: Texts
    architecture: Texts
    task: Texts
    license: Texts
    source: Texts
    parameters: Floats
    memory_bytes: Floats
    input_size: Floats
    pretrained_accuracy: Floats

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Datasets:
    """Shapes: every column [D]. ``quarantined`` holds the reason, None for a sound dataset;
    ``metric`` what it is measured by, None where its results alone say so."""

    id: Texts
    task: Texts
    source: Texts
    classes: Floats
    samples: Floats
    quarantined: Texts
    metric: Texts

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class FineTunings:
    """Shapes: every column [F]; one row a record, repeats of a pair included."""

    model: Indices
    dataset: Indices
    value: Floats
    metric: Texts
    method: Texts

    def __len__(self) -> int:
        return len(self.model)


@dataclass(frozen=True, slots=True, eq=False)
class Pretrainings:
    """Shapes: every column [P]."""

    model: Indices
    dataset: Indices
    accuracy: Floats

    def __len__(self) -> int:
        return len(self.model)


@dataclass(frozen=True, slots=True, eq=False)
class Similarities:
    """Shapes: every column [S]; each unordered pair once a (measure, probe), larger is closer."""

    a: Indices
    b: Indices
    value: Floats
    measure: Texts
    probe: Texts

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True, slots=True, eq=False)
class Transferabilities:
    """Shapes: every column [T]."""

    model: Indices
    dataset: Indices
    method: Texts
    score: Floats

    def __len__(self) -> int:
        return len(self.model)


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Shapes: every column [V]; ``vector`` is an object array of float32 [dim] arrays."""

    dataset: Indices
    probe: Texts
    method: Texts
    vector: Texts

    def __len__(self) -> int:
        return len(self.dataset)


@dataclass(frozen=True, slots=True, eq=False)
class Subgraph:
    """One modality's graph.

    Rows are ordered by id (models, datasets) and by their ends (relationships), so that equal
    graphs give equal columns whatever the order of the store.
    """

    modality: str
    models: Models
    datasets: Datasets
    fine_tunings: FineTunings
    pretrainings: Pretrainings
    similarities: Similarities
    transferabilities: Transferabilities
    embeddings: Embeddings


def take(table: Any, rows: NDArray[Any]) -> Any:
    """The same table with only ``rows`` (a mask or row numbers), in that order."""
    return type(table)(**{name: getattr(table, name)[rows] for name in table.__slots__})
