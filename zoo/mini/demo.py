"""Fine-tune some of the mini zoo's models live on one of its tasks, as its history was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphdb.errors import ZooError
from zoo.hub.failures import Failure
from zoo.jobs.local import LocalLauncher
from zoo.mini.building import workshop
from zoo.mini.jobs import Result, build_models, job

Tell = Callable[[str], None]


def fine_tune_live(
    models: Sequence[str],
    dataset: str,
    *,
    folder: Path | None = None,
    parallel: int = 2,
    tell: Tell = lambda _: None,
) -> Iterator[Result | Failure]:
    """Build what is needed of ``models`` and fine-tune each on ``dataset``; results as they end.

    Packages are fetched, our own networks are pre-trained again (the same seed gives the same
    weights). What cannot be had is a Failure, and the rest go on.

    Args:
        models: ids of the mini zoo's models.
        folder: where they are built and kept; the user's cache where not given.

    Raises:
        ZooError: ids that the mini zoo does not have, or the dataset cannot be made.
    """
    shop = workshop(folder)
    known = {model.id: model for model in shop.mini.models}
    unknown = [name for name in models if name not in known]
    if unknown or dataset not in {task.id for task in shop.mini.tasks}:
        raise ZooError(f"Not in the mini zoo: {', '.join(unknown) or dataset}")
    chosen = [known[name] for name in models]
    tell("making the models")
    failures = build_models(
        shop, chosen, parallel=parallel, tell=lambda result: tell(f"made {result.spec.model.id}")
    )
    yield from failures
    task = shop.mini.task(dataset)
    failed = {failure.reference for failure in failures}
    specs = [job(shop, model, task) for model in chosen if model.id not in failed]
    tell(f"fine-tuning {len(specs)} models on {dataset}")
    with LocalLauncher(parallel=parallel) as launcher:
        for finished in launcher.run(specs):
            yield Result(spec=finished.spec, outcome=finished.outcome)


def related(dataset: str) -> list[str]:
    """Tasks made of the same data: whoever leaves one out leaves these out too."""
    mini = workshop().mini
    origin = mini.task(dataset)
    return [
        task.id
        for task in mini.tasks
        if task.id != dataset and (task.origin, task.corpus) == (origin.origin, origin.corpus)
    ]
