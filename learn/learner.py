"""What every learner answers, ours, the thesis' and the trivial ones: ``fit`` a graph, ``rank``.

A learner has a name, by which commands, evaluation and artefacts speak of the same thing
(``learn.registry`` makes it). The graph given to ``rank`` may hold models and datasets that ``fit``
never saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph
from learn.progress import Tell

#: The learner that ``zoo train`` makes.
DEFAULT = "inductive"
BASELINES = ("model-mean", "mean-rank", "similarity-mean", "random")
#: Parts of the default learner on their own, for the ablation.
PARTS = ("inductive-network", "inductive-trees", "inductive-kernel")
EMBEDDERS = ("node2vec", "node2vec-plus", "graphsage", "gat")
REGRESSORS = ("lr", "rf", "xgb")
#: Level of the intervals of who names none.
USUAL_LEVEL = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Models for one dataset, in the order they were asked for (not sorted).

    Shapes: every column [K]. ``score`` is the z-score within the dataset, larger is better.
    ``accuracy``, ``low`` and ``high`` are in the metric's own units, NaN where too little is known
    ('ranking only'). ``probability_best`` is the chance of being among the best ``top``.
    ``model_mean`` is the trivial baseline, NaN for a model without history elsewhere. ``notes`` are
    sentences for the user.
    """

    model: Indices
    score: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    probability_best: Floats
    model_mean: Floats
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.model)

    def order(self) -> Indices:
        """Positions from best to worst score, an unknown score last."""
        return np.argsort(-np.nan_to_num(self.score, nan=-np.inf), kind="stable")


class Fitted(Protocol):
    """A learner after training."""

    @property
    def name(self) -> str: ...

    def rank(
        self,
        graph: Subgraph,
        dataset: int,
        *,
        models: Indices | None = None,
        level: float = USUAL_LEVEL,
        top: int = 10,
    ) -> Ranking:
        """Rank ``models`` (row numbers; all by default) for the dataset in row ``dataset``."""
        ...


class Learner(Protocol):
    @property
    def name(self) -> str: ...

    def fit(
        self,
        graph: Subgraph,
        *,
        method: str = "full",
        seed: int = 0,
        device: str = "auto",
        progress: Tell | None = None,
    ) -> Fitted:
        """Learn from the fine-tunings of ``method`` in the graph."""
        ...


def learner_names() -> tuple[str, ...]:
    """Every name that ``make_learner`` takes, but the open family ``score:METHOD``."""
    thesis = [f"{embedder}+{regressor}" for embedder in EMBEDDERS for regressor in REGRESSORS]
    ours = (DEFAULT, f"{DEFAULT}+scores", *PARTS)
    return (*ours, *BASELINES, *thesis, "metadata-lr")
