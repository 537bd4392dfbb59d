"""``zoo candidates``: published predictions of a dataset, read back through Cypher under limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from graphdb.catalog import find_dataset
from graphdb.errors import ZooError, to_type
from graphdb.records import MAX_INTEGER
from graphdb.store import Row, Store, Transaction
from zoo.limits import Limits, check_count, check_limits
from zoo.prediction import Candidate, Candidates, note_order
from zoo.training import check_method

#: How much further than the ``k`` best a first look goes where limits may leave some of them out.
_FURTHER = 4


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
    limits = check_limits(limits)
    question = _Question(dataset, method, limits, k)
    published = store.transact(lambda tx: _read(tx, question), access="read")
    if published is None:
        find_dataset(store, dataset)  # raises where it is unknown
        raise ZooError(
            f"No {method} predictions for {dataset!r} yet. Make them: {to_type('predict', dataset)}"
        )
    current, found = published
    answer = Candidates(
        dataset=dataset,
        modality=current["modality"],
        learner=current["learner"],
        method=method,
        models=tuple(
            sorted((Candidate(**row) for row in found["models"]), key=lambda one: one.rank)
        ),
        total=found["total"],
        passing=found["passing"],
        outside={
            name: found[name]
            for name, limit in (
                ("parameters", limits.max_parameters),
                ("memory", limits.max_memory),
                ("license", limits.license),
                ("family", limits.family),
            )
            if limit is not None
        },
        notes=tuple(_notes(current, found["models"])),
        metric=found["metric"],
        unknown=found["unknown"],
    )
    return note_order(answer)


def _notes(current: Row, models: list[Row]) -> Iterator[str]:
    if not current["default"]:
        learner = current["learner"]
        yield f"Learner {learner} answered; the default has not predicted this dataset yet."
    if not models or models[0]["low"] is not None:
        return
    if models[0]["accuracy"] is None:
        yield "Ranking only: too little was known to expect an accuracy."
    else:
        yield "No interval: too little was known of how far off accuracies may be."


def _read(tx: Transaction, question: _Question) -> tuple[Row, Row] | None:
    """The published run and what it says. None before the first run.

    Again where the run was swept meanwhile: two later ones were published while this one was read,
    and no store reads from a snapshot.
    """
    while published := tx.run("published", dataset=question.dataset, method=question.method):
        [current] = published
        found = _read_run(tx, question, current["run"])
        if current["run"] in found["named"]:
            found["metric"] = found["metric"] or _usual_metric(tx, current["run"])
            return current, found
    return None


def _read_run(tx: Transaction, question: _Question, run: str) -> Row:
    """How many of a run pass, the best of them, the metric of the dataset's results, and which
    runs are named now.

    The best are sought among the first ranks, and among all where too few of those pass.
    """
    limits, k = question.limits, question.k
    within = {
        "dataset": question.dataset,
        "run": run,
        "method": question.method,
        "max_parameters": limits.max_parameters,
        "max_memory": limits.max_memory,
        "license": limits.license and limits.license.lower(),
        "family": limits.family and limits.family.lower(),
        "allow_unknown": limits.allow_unknown,
        "limit": k,
    }
    [found] = tx.run("limited_candidates", **within, last=k * _FURTHER if limits.any else k)
    if len(found["models"]) < min(k, found["passing"]):
        [found] = tx.run("limited_candidates", **within, last=MAX_INTEGER)
    found["unknown"] = 0
    if limits.any and not limits.allow_unknown and found["passing"] < k:
        within |= {"allow_unknown": True, "limit": 1}
        [benign] = tx.run("limited_candidates", **within, last=0)
        found["unknown"] = benign["passing"] - found["passing"]
    return found


def _usual_metric(tx: Transaction, run: str) -> str:
    """What ``zoo predict`` wrote down with its run: the metric of a dataset without results."""
    for row in tx.run("run", id=run):
        return str(json.loads(row["arguments"] or "{}").get("usual_metric", "accuracy"))
    return "accuracy"
