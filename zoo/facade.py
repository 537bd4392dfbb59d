"""The Python interface on one open store: what is asked, answered, brought in and taken out.

Jobs (:mod:`zoo.jobs`) and the database itself (:mod:`zoo.databases`, :mod:`zoo.moving`,
:mod:`zoo.backups`) are functions of ``Zoo.store``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from graphdb.changes import Changes
from graphdb.errors import ZooError
from graphdb.learners import LearnerRecord
from graphdb.records import History
from graphdb.store import Row, Store
from learn.learner import USUAL_LEVEL
from zoo import (
    candidates,
    evaluation,
    forgetting,
    ingestion,
    listing,
    prediction,
    queries,
    recording,
    training,
)
from zoo.forgetting import Forgotten
from zoo.ingestion import Ingested
from zoo.limits import Limits
from zoo.listing import Shown
from zoo.prediction import Candidates

if TYPE_CHECKING:
    import py2neo

    from graphdb.batches import Progress
    from learn import Prediction, Result
    from learn.progress import Tell


class Zoo:
    """A zoo that is open: ``with Zoo.open() as zoo: zoo.predict("pets")``.

    Every method raises ``graphdb.errors.ZooError`` for what its caller can mend.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, address: str | None = None, *, database: str | None = None) -> Self:
        """Open the zoo at ``address`` (embedded:, bolt://..., neo4j+s://...).

        Without one: ``ZOO_STORE``, else ``NEO4J_URI``, else the embedded store in the user's data
        folder. Credentials come from ``NEO4J_USERNAME`` and ``NEO4J_PASSWORD``.
        """
        return cls(Store.open(address, database=database))

    def ingest(
        self,
        path: str | Path,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Ingested:
        """Write a history: TransferGraph's files or a record bundle."""
        return ingestion.ingest_records(self.store, Path(path), dry_run=dry_run, progress=progress)

    def export(self, path: str | Path, *, overwrite: bool = False) -> History:
        """Write everything the zoo holds as a record bundle; ``overwrite`` replaces another one."""
        return ingestion.export_records(self.store, Path(path), overwrite=overwrite)

    def record(
        self,
        model: str,
        dataset: str,
        value: float,
        *,
        metric: str = "accuracy",
        method: str = "full",
        create: bool = False,
        modality: str | None = None,
        **settings: Unpack[recording.Settings],
    ) -> Changes:
        """Add one fine-tuning result of one's own; see :func:`zoo.recording.record_result`."""
        return recording.record_result(
            self.store,
            model,
            dataset,
            value=value,
            metric=metric,
            method=method,
            create=create,
            modality=modality,
            **settings,
        )

    def forget(self, identity: str, *, kind: str | None = None, dry_run: bool = False) -> Forgotten:
        """Undo a run, or remove a model or dataset."""
        return forgetting.forget(self.store, identity, kind=kind, dry_run=dry_run)

    def quarantine(self, dataset: str, *, reason: str | None) -> None:
        """Take a dataset's results out of training and truth; ``reason=None`` takes them back."""
        forgetting.quarantine(self.store, dataset, reason=reason)

    def train(
        self,
        *,
        modality: str | None = None,
        method: str = "full",
        learner: str | None = None,
        seed: int = 0,
        device: str = "auto",
        default: bool = True,
        progress: Tell | None = None,
    ) -> LearnerRecord:
        """Train a learner on what the graph holds and keep it."""
        return training.train(
            self.store,
            modality=modality,
            method=method,
            learner=learner,
            seed=seed,
            device=device,
            default=default,
            progress=progress,
        )

    def predict(
        self,
        *datasets: str | Path,
        modality: str | None = None,
        method: str = "full",
        learner: str | None = None,
        limits: Limits | None = None,
        k: int = 10,
        level: float = USUAL_LEVEL,
        write: bool = True,
        progress: Tell | None = None,
    ) -> list[Candidates]:
        """Rank models for datasets (all that have results where none is named)."""
        return prediction.predict(
            self.store,
            [_named(dataset) for dataset in datasets],
            modality=modality,
            method=method,
            learner=learner,
            limits=limits,
            k=k,
            level=level,
            write=write,
            progress=progress,
        )

    def candidates(
        self, dataset: str, *, method: str = "full", limits: Limits | None = None, k: int = 10
    ) -> Candidates:
        """Published predictions of a dataset, within limits."""
        return candidates.find_candidates(self.store, dataset, method=method, limits=limits, k=k)

    def evaluate(
        self,
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
        """Leave one target out at a time, learners beside trivial baselines."""
        return evaluation.evaluate(
            self.store,
            modality=modality,
            method=method,
            learners=learners,
            regime=regime,
            seeds=seeds,
            targets=targets,
            folds=folds,
            workers=workers,
            progress=progress,
            keep=keep,
        )

    def query(self, name: str, **params: object) -> list[Row]:
        """The rows of a named question (``zoo query --list``)."""
        return queries.run_query(self.store, name, params)

    def list(
        self,
        kind: str,
        *,
        modality: str | None = None,
        contains: str | None = None,
        limit: int = 50,
    ) -> list[Row]:
        """Models, datasets, learners, runs or jobs."""
        return listing.list_nodes(
            self.store, kind, modality=modality, contains=contains, limit=limit
        )

    def show(self, identity: str, *, kind: str | None = None, limit: int = 20) -> Shown:
        """Everything about one model, dataset, learner, run or job; ``limit`` of its results."""
        return listing.show_node(self.store, identity, kind=kind, limit=limit)

    def py2neo(self, **options: object) -> py2neo.Graph:
        """A connected ``py2neo.Graph`` of this zoo; see :mod:`zoo.notebooks` (extra ``py2neo``)."""
        from zoo.notebooks import connect_py2neo

        return connect_py2neo(self.store, **options)

    def close(self) -> None:
        self.store.close()

    def __repr__(self) -> str:
        return f"Zoo({str(self.store.address)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _named(dataset: object) -> str:
    if not isinstance(dataset, str | Path):
        raise ZooError(
            f"Name datasets one by one, by id or path, not as a {type(dataset).__name__}: "
            'zoo.predict("pets", "flowers")'
        )
    return str(dataset)
