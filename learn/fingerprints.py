"""Whether a graph is still the one that a learner was trained on."""

from __future__ import annotations

import hashlib
from dataclasses import fields

import numpy as np

from graphdb.columns import Subgraph


def fingerprint(graph: Subgraph) -> str:
    """32 hexadecimal digits that change when anything in the graph does."""
    state = hashlib.sha256(graph.modality.encode())
    for part in fields(graph):
        table = getattr(graph, part.name)
        if part.name == "modality":
            continue
        for column in table.__slots__:
            _digest(state, f"{part.name}.{column}", getattr(table, column))
    return state.hexdigest()[:32]


def _digest(state: hashlib._Hash, name: str, column: np.ndarray) -> None:
    state.update(f"\0{name}\0{len(column)}\0".encode())
    if column.dtype != object:
        state.update(np.ascontiguousarray(column).tobytes())
    elif len(column) and isinstance(column[0], np.ndarray):
        for vector in column:
            state.update(vector.tobytes())
    else:
        state.update("\0".join("\1" if cell is None else str(cell) for cell in column).encode())
