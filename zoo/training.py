"""``zoo train``: the subgraph of one modality out, a learner in."""

from __future__ import annotations

import json

from graphdb.catalog import find_modality
from graphdb.errors import ZooError, did_you_mean
from graphdb.learners import LearnerRecord, write_learner
from graphdb.records import METHODS, digest
from graphdb.runs import Provenance
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from learn import DEFAULT, fingerprint, make_learner
from learn.pairs import measured
from learn.progress import Tell
from learn.registry import check_kept
from zoo.artifacts import artifacts_url, check_place, keep_artifact


def train(
    store: Store,
    *,
    modality: str | None = None,
    method: str = "full",
    learner: str | None = None,
    seed: int = 0,
    device: str = "auto",
    default: bool = True,
    progress: Tell | None = None,
) -> LearnerRecord:
    """Train a learner on what the graph holds, keep its artefact, make it the default.

    Raises:
        ZooError: nothing to learn from, or a learner that cannot be kept.
    """
    check_method(method)
    check_seed(seed)
    modality = modality or find_modality(store, method=method)
    learner = learner or DEFAULT
    made = make_learner(learner)
    check_kept(learner)
    graph = read_subgraph(store, modality)
    if not len(measured(graph, method=method)):
        rows = store.read("modalities", method=method)
        held = [row["modality"] for row in rows if row["modality"] is not None]
        raise ZooError(
            f"The zoo holds no {method} fine-tuning of {modality} models."
            f"{did_you_mean(modality, held)} Fill it first: zoo ingest records PATH"
        )
    place = artifacts_url(store.address)
    check_place(place)
    print_ = fingerprint(graph)
    fitted = made.fit(graph, method=method, seed=seed, device=device, progress=progress)
    identity = digest(learner, modality, method, seed, print_)[:12]
    artifact = f"{modality}-{method}-{identity}.zip"
    sha256 = keep_artifact(fitted, artifact, url=place)
    config = {"learner": learner, "seed": seed, "fingerprint": print_, **describe(fitted, "config")}
    record = LearnerRecord(
        id=identity,
        kind=learner,
        modality=modality,
        method=method,
        config=json.dumps(config, sort_keys=True),
        metrics=json.dumps(describe(fitted, "metrics"), sort_keys=True),
        artifact=artifact,
        sha256=sha256,
        default=default,
    )
    arguments = {"modality": modality, "method": method, "learner": learner, "seed": seed}
    write_learner(store, record, provenance=Provenance("train", arguments))
    return record


def check_method(method: str) -> None:
    """Raises ZooError for a method of fine-tuning that does not exist."""
    if method not in METHODS:
        raise ZooError(f"No fine-tuning method {method!r}. There are: {', '.join(METHODS)}")


def check_seed(seed: int) -> None:
    """Raises ZooError for what no generator of random numbers takes."""
    if seed < 0:
        raise ZooError(f"seed {seed} is not 0 or more")


def describe(fitted: object, what: str) -> dict[str, object]:
    """A learner's own account of its ``config`` or ``metrics``; the baselines have none."""
    found = getattr(fitted, what, {})
    return dict(found)
