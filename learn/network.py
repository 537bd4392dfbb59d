"""The graph network's weights, and its forward pass in NumPy.

Training needs torch (``learn.hetero``); ranking does not, so that a command answers without paying
for its import. A test holds the two passes equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.view import View

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """``networks`` are averaged; ``hidden`` is their width."""

    networks: int = 6
    hidden: int = 24
    steps: int = 300
    rate: float = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """Weights of all networks, stacked along the first axis. Shapes: see ``learn.hetero``."""

    weights: dict[str, Floats]
    scores: bool

    def predict(
        self, view: View, near: Floats, target: int, *, models: Indices, seen: Mask
    ) -> Floats:
        """Shapes: [K] -> [K, 2]."""
        raise NotImplementedError


def train_networks(
    view: View,
    near: Floats,
    *,
    targets: Indices,
    known: Mask,
    config: NetworkConfig,
    scores: bool,
    seed: int,
    device: str,
) -> Networks:
    """Networks trained on ``targets``, of which only the pairs ``known`` [N] exist."""
    from learn.hetero import fit_networks

    return fit_networks(
        view,
        near,
        targets=targets,
        known=known,
        config=config,
        scores=scores,
        seed=seed,
        device=device,
    )
