"""``zoo evaluate``: learners and trivial baselines, each target held out in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graphdb.catalog import find_modality
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from learn import BASELINES, DEFAULT, Prediction, Result
from learn import evaluate as evaluate_learners
from zoo.training import check_method


def evaluate(
    store: Store,
    *,
    modality: str | None = None,
    method: str = "full",
    learners: Sequence[str] = (),
    regime: str = "dense",
    seeds: Sequence[int] = (0,),
    targets: Sequence[str] = (),
    folds: int | None = None,
    workers: int | None = None,
    progress: Callable[[float, str], None] | None = None,
    keep: list[Prediction] | None = None,
) -> Iterator[Result]:
    """Results line by line; without ``learners`` the default one and the four baselines.

    Raises:
        ZooError: a learner, regime or target that does not exist, or nothing to evaluate on.
    """
    check_method(method)
    modality = modality or find_modality(store, method=method)
    return evaluate_learners(
        read_subgraph(store, modality),
        learners=tuple(learners) or (DEFAULT, *BASELINES),
        method=method,
        regime=regime,
        seeds=seeds,
        targets=tuple(targets) or None,
        folds=folds,
        workers=workers,
        progress=progress,
        keep=keep,
    )
