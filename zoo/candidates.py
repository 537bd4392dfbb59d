"""``zoo candidates``: published predictions of a dataset, read back through Cypher under limits."""

from __future__ import annotations

from graphdb.catalog import find_dataset
from graphdb.errors import ZooError
from graphdb.store import Store
from zoo.limits import Limits
from zoo.prediction import Candidate, Candidates
from zoo.training import check_method


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
    limits = limits or Limits()
    modality = find_dataset(store, dataset).modality
    published = store.read("published", dataset=dataset, method=method)
    if not published:
        raise ZooError(
            f"No {method} predictions for {dataset!r} yet. Make them: zoo predict {dataset}"
        )
    [current] = published
    within = {
        "max_parameters": limits.max_parameters,
        "max_memory": limits.max_memory,
        "license": limits.license,
        "family": limits.family,
        "allow_unknown": limits.allow_unknown,
    }
    run = current["run"]
    rows = store.read(
        "limited_candidates", dataset=dataset, run=run, method=method, limit=k, **within
    )
    [counts] = store.read("candidate_counts", dataset=dataset, run=run, **within)
    note = f"Learner {current['learner']} answered; the default has not predicted this dataset yet."
    return Candidates(
        dataset=dataset,
        modality=modality,
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
    )
