"""``zoo evaluate``: learners and trivial baselines, each target held out in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graphdb.catalog import find_modality
from graphdb.errors import ZooError
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from learn import BASELINES, DEFAULT, Prediction, Result
from learn import evaluate as evaluate_learners
from learn.progress import Tell
from zoo.outputs import drafts
from zoo.paths import one_by_one
from zoo.training import check_method, check_seed


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
    progress: Tell | None = None,
    keep: list[Prediction] | None = None,
) -> Iterator[Result]:
    """Results line by line; without ``learners`` the default one and the four baselines.

    Raises:
        ZooError: a learner, regime or target that does not exist, or nothing to evaluate on.
    """
    check_method(method)
    if isinstance(seeds, int | str):
        raise ZooError(f"seeds is a list of numbers, not {seeds!r}: seeds=range(3)")
    for seed in seeds:
        check_seed(seed)
    modality = modality or find_modality(store, method=method)
    return evaluate_learners(
        read_subgraph(store, modality),
        learners=one_by_one(learners, what="learners") or (DEFAULT, *BASELINES),
        method=method,
        regime=regime,
        seeds=seeds,
        targets=one_by_one(targets, what="targets") or None,
        folds=folds,
        workers=workers,
        progress=progress,
        keep=keep,
    )


def check_pictures(folder: Path) -> None:
    """Check, before anything long is computed, that pictures can be drawn into a folder.

    Raises:
        ZooError: matplotlib is missing or the folder cannot be made.
    """
    from learn.plots import check_matplotlib

    check_matplotlib()
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def draw_pictures(
    results: Sequence[Result], predictions: Sequence[Prediction], folder: Path
) -> list[Path]:
    """Draw an evaluation into a folder; pictures of the same name in it are replaced.

    Raises:
        ZooError: as :func:`check_pictures`, or the disk refuses.
    """
    from learn.plots import plot

    check_pictures(folder)
    with _writing(folder), drafts(folder / "pictures") as fresh:
        drawn = plot(results, predictions, fresh)
        return [picture.replace(folder / picture.name) for picture in drawn]


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ZooError(
            f"Cannot draw into {folder}: {error.strerror or error}. Name another folder with "
            "--plots"
        ) from error
