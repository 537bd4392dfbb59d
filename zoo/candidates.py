"""``zoo candidates``: published predictions of a dataset, read back through Cypher under limits."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from graphdb.catalog import find_dataset
from graphdb.errors import ZooError
from graphdb.store import Row, Store, Transaction
from zoo.limits import Limits, check_count
from zoo.prediction import Candidate, Candidates
from zoo.training import check_method

#: The published run, how many of it pass, the best of them, the metric.
_Answer = tuple[Row, Row, list[Row], str]


@dataclass(frozen=True, slots=True)
class _Question:
    dataset: str
    method: str
    limits: Limits
    k: int


def find_candidates(
    store: Store,
    dataset: str,
    *,
    method: str = "full",
    limits: Limits | None = None,
    k: int = 10,
) -> Candidates:
    """The ``k`` best models that pass, and how many fell outside.

    Raises:
        ZooError: an unknown dataset, or one without published predictions.
    """
    check_method(method)
    check_count(k)
    limits = limits or Limits()
    question = _Question(dataset, method, limits, k)
    answer = store.transact(lambda tx: _read(tx, question), access="read")
    if answer is None:
        find_dataset(store, dataset)  # raises where it is unknown
        raise ZooError(
            f"No {method} predictions for {dataset!r} yet. "
            f"Make them: zoo predict {shlex.quote(dataset)}"
        )
    current, counts, rows, metric = answer
    note = f"Learner {current['learner']} answered; the default has not predicted this dataset yet."
    return Candidates(
        dataset=dataset,
        modality=current["modality"],
        learner=current["learner"],
        method=method,
        models=tuple(Candidate(**row) for row in rows),
        total=counts["total"],
        passing=counts["passing"],
        outside={
            name: counts[name]
            for name, limit in (
                ("parameters", limits.max_parameters),
                ("memory", limits.max_memory),
                ("license", limits.license),
                ("family", limits.family),
            )
            if limit is not None
        },
        notes=() if current["default"] else (note,),
        metric=metric,
    )


def _read(tx: Transaction, question: _Question) -> _Answer | None:
    """Again where the run was swept meanwhile: two later ones were published while this one was
    read, and no store reads from a snapshot. None before the first run."""
    dataset, method = question.dataset, question.method
    published = tx.run("published", dataset=dataset, method=method)
    while published:
        answer = _read_run(tx, question, published[0])
        published = tx.run("published", dataset=dataset, method=method)
        if answer[0]["run"] in [row[name] for row in published for name in ("run", "previous")]:
            return answer
    return None


def _read_run(tx: Transaction, question: _Question, current: Row) -> _Answer:
    """How many of a run pass, the best of them and the metric they are expected in (before the
    dataset's first result the one that the run took it to have)."""
    dataset, method, limits = question.dataset, question.method, question.limits
    within = {
        "dataset": dataset,
        "run": current["run"],
        "max_parameters": limits.max_parameters,
        "max_memory": limits.max_memory,
        "license": limits.license,
        "family": limits.family,
        "allow_unknown": limits.allow_unknown,
    }
    [counts] = tx.run("candidate_counts", **within)
    rows = tx.run("limited_candidates", **within, method=method, limit=question.k)
    metrics = tx.run("dataset_metric", id=dataset, method=method)
    metric = metrics[0]["metric"] if metrics else _usual_metric(tx, current["run"])
    return current, counts, rows, metric


def _usual_metric(tx: Transaction, run: str) -> str:
    """What ``zoo predict`` wrote down with its run: the metric of a dataset without results."""
    for row in tx.run("run", id=run):
        return str(json.loads(row["arguments"] or "{}").get("usual_metric", "accuracy"))
    return "accuracy"
