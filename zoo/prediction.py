"""``zoo predict``: rank models for datasets and write the links back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from graphdb.catalog import find_dataset, find_modality, unknown
from graphdb.columns import Indices, Subgraph, take
from graphdb.errors import ZooError, to_type
from graphdb.learners import LearnerRecord, find_default_learner, find_learner
from graphdb.predictions import Predictions, publish_predictions
from graphdb.runs import Provenance
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from learn import Ranking
from learn.learner import USUAL_LEVEL
from learn.levels import most_frequent_metric
from learn.pairs import SMALLER_IS_BETTER, dataset_metric, measured
from learn.progress import Tell, silent
from zoo.artifacts import artifacts_url, fetch_artifact
from zoo.jobs.counting import tell_count
from zoo.limits import Limits, check_count, check_limits
from zoo.newcomers import examine_newcomers, find_newcomers, store_newcomers, with_newcomer
from zoo.training import check_method

#: Newest learners looked through for one of the method.
_LEARNERS = 1_000
#: A difference of accuracies that a table shows.
_VISIBLE = 0.001


@dataclass(frozen=True, slots=True)
class Candidate:
    """One ranked model. None is unknown; ``measured`` is its own result where there is one.

    ``score`` is a z-score within the dataset, ``accuracy`` with ``low`` and ``high`` in the
    metric's units, ``model_mean`` the trivial baseline (mean z-score on other datasets).
    """

    rank: int
    model: str
    score: float | None
    accuracy: float | None
    low: float | None
    high: float | None
    probability_best: float | None
    measured: float | None
    parameters: int | None
    memory_bytes: int | None
    license: str | None
    family: str | None
    source: str | None
    model_mean: float | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best models of one dataset within limits, of ``total`` that were ranked.

    ``outside`` counts the models that each limit leaves out; one may fail several. Where fewer than
    were asked for pass, ``unknown`` counts those that only what is unknown of them leaves out.
    """

    dataset: str
    modality: str | None
    learner: str
    method: str
    models: tuple[Candidate, ...]
    total: int
    passing: int
    outside: dict[str, int]
    notes: tuple[str, ...] = ()
    #: What ``accuracy`` and ``measured`` are: accuracy, f1, mcc, or mse, where smaller is better.
    metric: str = "accuracy"
    unknown: int = 0


def predict(
    store: Store,
    datasets: Sequence[str],
    *,
    modality: str | None = None,
    method: str = "full",
    learner: str | None = None,
    limits: Limits | None = None,
    k: int = 10,
    level: float = USUAL_LEVEL,
    write: bool = True,
    progress: Tell | None = None,
) -> list[Candidates]:
    """Rank all models for ``datasets`` (all of the modality where none is named), best first.

    A dataset that the zoo does not know may be a path; then it is read, embedded by the history's
    own probe, and with ``write`` stored. The full rankings are written and published;
    ``limits`` and ``k`` only choose what comes back.
    A pair's own record is left out of its prediction; a learner trained on it met it as a label.

    Raises:
        ZooError: an unknown dataset, no learner yet, an artefact that is missing.
    """
    check_method(method)
    check_count(k)
    limits = check_limits(limits)
    tell = progress or silent
    paths = find_newcomers(store, datasets)
    if paths:
        _check_learners(store, method)

    def check(path: str, kind: str) -> None:
        """Before the minutes of a probe."""
        _check_modality(path, kind, modality)
        _find_learner(store, learner, modality=kind, method=method)

    newcomers = examine_newcomers(store, paths, check=check, tell=tell)
    kinds = {name: find_dataset(store, name).modality for name in datasets if name not in newcomers}
    for name, kind in kinds.items():
        _check_modality(name, kind, modality)
    found_kinds = {*kinds.values(), *(found.dataset.modality for found in newcomers.values())}
    modality = modality or _modality(store, found_kinds, method=method)
    record = _find_learner(store, learner, modality=modality, method=method)
    if write and newcomers:
        store_newcomers(store, newcomers)
    graph = read_subgraph(store, modality)
    for found in newcomers.values() if not write else ():
        graph = with_newcomer(graph, found)
    names = [newcomers[name].dataset.id if name in newcomers else name for name in datasets]
    rows = _rows(store, graph, names)
    notes = {found.dataset.id: found.notes for found in newcomers.values()}
    fitted = fetch_artifact(record.artifact, sha256=record.sha256, url=artifacts_url(store.address))
    rankings: list[Ranking] = []
    for done, row in enumerate(rows):
        tell_count(tell, done, len(rows))
        ranking = fitted.rank(graph, row, level=level, top=k)
        more = notes.get(graph.datasets.id[row], ())
        rankings.append(replace(ranking, notes=(*more, *ranking.notes)))
    tell_count(tell, len(rows), len(rows))
    metrics = dataset_metric(graph, method=record.method)
    usual = most_frequent_metric(metrics) or "accuracy"
    if write:
        _publish(store, _tables(graph, rows, rankings), record, usual)
    answers = [
        _answer(graph, row, ranking, record, limits, k)
        for row, ranking in zip(rows, rankings, strict=True)
    ]
    return [
        note_order(replace(answer, metric=metrics[row] or usual))
        for row, answer in zip(rows, answers, strict=True)
    ]


def note_order(answer: Candidates) -> Candidates:
    """With a note where accuracies do not follow the ranks: a result of the dataset tells of its
    level, and each model is placed without its own."""
    sign = -1.0 if answer.metric in SMALLER_IS_BETTER else 1.0
    known = [sign * model.accuracy for model in answer.models if model.accuracy is not None]
    own = sum(model.measured is not None for model in answer.models)
    if not own or all(later < before + _VISIBLE for before, later in pairwise(known)):
        return answer
    note = (
        f"The accuracies are not in order: a model with a result here ({own} of these "
        f"{len(answer.models)}) is placed without it, the others with it. Ranks count."
    )
    return replace(answer, notes=(*answer.notes, note))


def _check_modality(dataset: str, kind: str | None, given: str | None) -> None:
    """Raises ZooError for a dataset of another modality than the one that was asked for."""
    if given is not None and kind not in (given, None):
        raise ZooError(
            f"{dataset!r} is of modality {kind}, not {given}. Predict it as what it is: "
            f"{to_type('predict', dataset)}"
        )


def _modality(store: Store, kinds: set[str | None], *, method: str) -> str:
    found = kinds - {None}
    if len(found) > 1:
        raise ZooError(
            f"The datasets are of several modalities ({', '.join(sorted(map(str, found)))}). "
            "Predict one modality at a time"
        )
    return next((name for name in found if name), None) or find_modality(store, method=method)


def _check_learners(store: Store, method: str) -> None:
    """Before minutes are spent on reading and embedding a dataset."""
    if not any(row["method"] == method for row in store.read("list_learners", limit=_LEARNERS)):
        raise _no_learner(store, ["--method", method], method=method)


def _find_learner(
    store: Store, identity: str | None, *, modality: str, method: str
) -> LearnerRecord:
    if identity is not None:
        record = find_learner(store, identity)
        if record is None:
            raise ZooError(f"No learner {identity!r}. List them with: zoo ls learners")
        if (record.modality, record.method) != (modality, method):
            raise ZooError(
                f"Learner {identity} is for {record.modality} models and {record.method} "
                f"fine-tuning, not for {modality} models and {method} fine-tuning. "
                "List learners with: zoo ls learners"
            )
        return record
    record = find_default_learner(store, modality=modality, method=method)
    if record is None:
        wanted = ["--modality", modality, "--method", method]
        raise _no_learner(store, wanted, modality=modality, method=method)
    return record


def _no_learner(
    store: Store, options: Sequence[str], *, method: str, modality: str | None = None
) -> ZooError:
    """Where there are results to learn from, with how to train one, else with how to get some."""
    of = f"{modality} models and {method}" if modality else method
    held = {row["modality"] for row in store.read("modalities", method=method)}
    if not held if modality is None else not held & {modality, None}:
        return ZooError(
            f"No learner for {of} fine-tuning, and no result to train one on. Make some: "
            f"{to_type('ingest runs', options=options)}, or take some in: zoo ingest records PATH"
        )
    return ZooError(
        f"No learner for {of} fine-tuning yet. Train one: {to_type('train', options=options)}"
    )


def _rows(store: Store, graph: Subgraph, datasets: Sequence[str]) -> list[int]:
    index = {name: row for row, name in enumerate(graph.datasets.id)}
    if not datasets:
        pairs = np.unique(graph.fine_tunings.dataset)
        return [int(row) for row in pairs if graph.datasets.quarantined[row] is None]
    for dataset in datasets:
        if dataset not in index:
            raise unknown(store, "dataset", dataset)
    return [index[dataset] for dataset in dict.fromkeys(datasets)]


def _tables(graph: Subgraph, rows: Sequence[int], rankings: Sequence[Ranking]) -> list[Predictions]:
    tables = []
    for row, ranking in zip(rows, rankings, strict=True):
        best = ranking.order()
        tables.append(
            Predictions(
                dataset=graph.datasets.id[row],
                model=graph.models.id[ranking.model[best]],
                score=ranking.score[best],
                accuracy=ranking.accuracy[best],
                low=ranking.low[best],
                high=ranking.high[best],
                probability_best=ranking.probability_best[best],
                model_mean=ranking.model_mean[best],
            )
        )
    return tables


def _publish(
    store: Store, tables: Sequence[Predictions], record: LearnerRecord, usual: str
) -> None:
    """Write the rankings back; ``usual`` is the metric of those datasets that have no result."""
    arguments = {
        "datasets": [table.dataset for table in tables],
        "learner": record.id,
        "usual_metric": usual,
    }
    publish_predictions(
        store,
        tables,
        learner=record.id,
        method=record.method,
        provenance=Provenance("predict", arguments),
    )


def _answer(
    graph: Subgraph,
    dataset: int,
    ranking: Ranking,
    record: LearnerRecord,
    limits: Limits,
    k: int,
) -> Candidates:
    best = ranking.order()
    ranked = take(graph.models, ranking.model[best])
    inside = np.flatnonzero(limits.passing(ranked))
    benign = replace(limits, allow_unknown=True).passing(ranked)
    own = _measured(graph, dataset, method=record.method)
    return Candidates(
        dataset=graph.datasets.id[dataset],
        modality=record.modality,
        learner=record.id,
        method=record.method,
        models=tuple(
            _candidate(graph, ranking, int(best[place]), int(place), own) for place in inside[:k]
        ),
        total=len(best),
        passing=len(inside),
        outside={name: int(mask.sum()) for name, mask in limits.failing(ranked).items()},
        notes=ranking.notes,
        unknown=int(benign.sum()) - len(inside) if len(inside) < k else 0,
    )


def _measured(graph: Subgraph, dataset: int, *, method: str) -> dict[int, float]:
    pairs = measured(graph, method=method)
    here: Indices = np.flatnonzero(pairs.dataset == dataset)
    return {int(pairs.model[row]): float(pairs.value[row]) for row in here}


def _candidate(
    graph: Subgraph, ranking: Ranking, row: int, place: int, own: dict[int, float]
) -> Candidate:
    model = int(ranking.model[row])
    models = graph.models
    return Candidate(
        rank=place + 1,
        model=models.id[model],
        score=known(ranking.score[row]),
        accuracy=known(ranking.accuracy[row]),
        low=known(ranking.low[row]),
        high=known(ranking.high[row]),
        probability_best=known(ranking.probability_best[row]),
        measured=own.get(model),
        parameters=whole(models.parameters[model]),
        memory_bytes=whole(models.memory_bytes[model]),
        license=models.license[model],
        family=models.family[model],
        source=models.source[model],
        model_mean=known(ranking.model_mean[row]),
    )


def known(value: float) -> float | None:
    """None for NaN: what leaves the program is never NaN."""
    return None if np.isnan(value) else float(value)


def whole(value: float) -> int | None:
    return None if np.isnan(value) else int(value)
