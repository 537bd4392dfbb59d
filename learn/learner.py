"""What every learner answers, ours, the thesis' and the trivial ones: ``fit`` a graph, ``rank``.

A learner is named (``make_learner``), so that commands, evaluation and artefacts speak of the same
thing. The graph given to ``rank`` may hold models and datasets that ``fit`` never saw.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph
from graphdb.errors import ZooError, did_you_mean
from learn.progress import Tell

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

#: The learner that ``zoo train`` makes.
DEFAULT = "inductive"
BASELINES = ("model-mean", "mean-rank", "similarity-mean", "random")
#: Parts of the default learner on their own, for the ablation.
PARTS = ("inductive-network", "inductive-trees", "inductive-kernel")
EMBEDDERS = ("node2vec", "node2vec-plus", "graphsage", "gat")
REGRESSORS = ("lr", "rf", "xgb")


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
        level: float = 0.8,
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


def make_learner(name: str, **config: object) -> Learner:
    """The learner of that name; ``config`` overrides settings of the default learner.

    Raises: ZooError for a name or a setting that does not exist.
    """
    if name in BASELINES or name.startswith("score:"):
        from learn.baselines import Baseline

        _refuse(name, config)
        return Baseline(name)
    if name in (DEFAULT, f"{DEFAULT}+scores", *PARTS):
        from learn.inductive import Inductive
        from learn.settings import configuration

        return Inductive(name, configuration(name, config))
    if name in learner_names():
        from learn.thesis import Thesis

        _refuse(name, config)
        return Thesis(name)
    meant = did_you_mean(name, learner_names())
    raise ZooError(f"No learner {name!r}.{meant} There are: {', '.join(learner_names())}")


def save_learner(fitted: Fitted, folder: Path) -> None:
    """Write a default learner as safetensors and JSON; nothing that executes.

    Raises: ZooError for a learner that is never kept (baselines, the thesis').
    """
    from learn.artifact import save
    from learn.ranking import FittedInductive

    if not isinstance(fitted, FittedInductive):
        raise ZooError(f"'{fitted.name}' is trained where it is used and not kept; keep: {DEFAULT}")
    save(fitted, Path(folder))


def load_learner(folder: Path, *, origin: str | None = None) -> Fitted:
    """Read what ``save_learner`` wrote; ``origin`` is what errors call it, else the folder.

    Raises: ZooError where the folder holds no learner, a damaged one, or one of another version.
    """
    from learn.artifact import load

    return load(Path(folder), origin=origin)


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


def threads(work: int) -> int:
    """Threads worth starting for that many numbers: one below a million, where waiting for each
    other costs more than it saves (and very much more on a busy machine), else
    ``OMP_NUM_THREADS`` where set, else all cores."""
    if work < 1_000_000:
        return 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return int(limit) if limit.isdigit() and int(limit) > 0 else available()


def limit_blas(count: int) -> AbstractContextManager[object]:
    """At most so many BLAS threads, while the context lasts or, without one, from now on. Matrices
    of a ranking are small: on a busy machine threads that wait for each other cost a hundredfold.
    """
    limited: AbstractContextManager[object] = _pools().limit(limits=count, user_api="blas")
    return limited


@cache
def _pools() -> ThreadpoolController:
    """Looking for the libraries takes longer than a ranking, so once; SciPy brings its own BLAS."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def available() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _digest(state: hashlib._Hash, name: str, column: np.ndarray) -> None:
    state.update(f"\0{name}\0{len(column)}\0".encode())
    if column.dtype != object:
        state.update(np.ascontiguousarray(column).tobytes())
    elif len(column) and isinstance(column[0], np.ndarray):
        for vector in column:
            state.update(vector.tobytes())
    else:
        state.update("\0".join("\1" if cell is None else str(cell) for cell in column).encode())


def _refuse(name: str, config: dict[str, object]) -> None:
    if config:
        raise ZooError(f"'{name}' has no settings, got: {', '.join(sorted(config))}")
