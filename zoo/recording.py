"""``zoo record``: one fine-tuning result of one's own, as it ends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TypedDict, Unpack

from graphdb.catalog import check_model, find_dataset
from graphdb.changes import Changes
from graphdb.errors import ZooError
from graphdb.histories import write_history
from graphdb.records import (
    MAX_ID,
    MAX_INTEGER,
    METRICS,
    Dataset,
    FineTuning,
    History,
    Model,
    fine_tuning_id,
)
from graphdb.runs import Provenance
from graphdb.store import Store
from zoo.training import check_method


class Settings(TypedDict, total=False):
    """How a result was obtained, as far as one says. The first four tell results apart."""

    epochs: float | None
    learning_rate: float | None
    batch_size: int | None
    seed: int | None
    seconds: float | None
    device: str | None


def record_result(
    store: Store,
    model: str,
    dataset: str,
    *,
    value: float,
    metric: str = "accuracy",
    method: str = "full",
    create: bool = False,
    modality: str | None = None,
    **settings: Unpack[Settings],
) -> Changes:
    """Add a result. Same settings, seed and metric correct its value; another seed adds one.

    ``create`` makes a model or dataset that the zoo does not know yet, of ``modality`` or, where
    none is named, of the other end's.

    Raises:
        ZooError: an unknown model or dataset, a value that its metric cannot have.
    """
    check_method(method)
    _check_value(value, metric)
    _check_settings(settings)
    history = _new_ends(store, model, dataset, modality) if create else History()
    if not create:
        _check_ends(store, model, dataset)
    identity = fine_tuning_id(
        # Several metrics of one training are several results.
        "record" if metric == "accuracy" else f"record {metric}",
        model,
        dataset,
        method,
        epochs=settings.get("epochs"),
        learning_rate=settings.get("learning_rate"),
        batch_size=settings.get("batch_size"),
        seed=settings.get("seed"),
    )
    history.fine_tunings.append(
        FineTuning(identity, model, dataset, value, metric=metric, method=method, **settings)
    )
    arguments = {"model": model, "dataset": dataset, metric: value, "method": method}
    changes = write_history(store, history, provenance=Provenance("record", arguments))
    return replace(changes, notes=tuple(_notes(store, dataset, metric=metric, method=method)))


def _notes(store: Store, dataset: str, *, metric: str, method: str) -> Iterator[str]:
    """A result in another metric than a dataset's most frequent one is kept, and that is all."""
    rows = store.read("dataset_metrics", id=dataset, method=method)
    if rows and rows[0]["metric"] != metric:
        total = sum(row["records"] for row in rows)
        yield (
            f"{rows[0]['metric']} is the usual metric of {dataset!r} ({rows[0]['records']} of "
            f"{total} {method} results): that is learned from and compared with, {metric} is not"
        )


def _new_ends(store: Store, model: str, dataset: str, modality: str | None) -> History:
    """The model and the dataset; one that is new is of the other's modality where none is named."""
    _check_id(model, "model")
    _check_id(dataset, "dataset")
    models, datasets = store.read("model", id=model), store.read("dataset", id=dataset)
    if modality is None:
        known = (row["modality"] for row in models + datasets)
        modality = next(filter(None, known), None)
    return History(
        models=[] if models else [Model(model, modality=modality)],
        datasets=[] if datasets else [Dataset(dataset, modality=modality)],
    )


def _check_ends(store: Store, model: str, dataset: str) -> None:
    try:
        check_model(store, model)
        find_dataset(store, dataset)
    except ZooError as error:
        raise ZooError(f"{error}. Or add it with this result: --create") from error


def _check_settings(settings: Settings) -> None:
    for name, value, low in (
        ("epochs", settings.get("epochs"), 0),
        ("learning_rate", settings.get("learning_rate"), 0),
        ("batch_size", settings.get("batch_size"), 1),
        ("seed", settings.get("seed"), -MAX_INTEGER),
        ("seconds", settings.get("seconds"), 0),
    ):
        if value is not None and not low <= value <= MAX_INTEGER:
            words = name.replace("_", " ")
            raise ZooError(f"{words} {value:g} is not a number from {low:g} to {MAX_INTEGER:g}")


def _check_value(value: float, metric: str) -> None:
    if metric not in METRICS:
        raise ZooError(f"No metric {metric!r}. There are: {', '.join(METRICS)}")
    low, high = METRICS[metric]
    if not math.isfinite(value) or not low <= value <= high:
        percent = " Percentages are written as fractions." if high < value <= 100 else ""
        raise ZooError(f"{metric} {value:g} is not between {low:g} and {high:g}.{percent}")


def _check_id(identity: str, kind: str) -> None:
    if not identity.strip() or "\0" in identity or len(identity) > MAX_ID:
        raise ZooError(
            f"Not an id for a {kind}: {identity[:50]!r}. It has 1 to {MAX_ID} characters and no NUL"
        )
