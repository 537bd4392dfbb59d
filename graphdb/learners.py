"""Learners in the graph: what was trained, on what, and where its artefact is."""

from __future__ import annotations

from dataclasses import dataclass

from graphdb.runs import Provenance, record_run
from graphdb.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    """``config`` and ``metrics`` are JSON text; ``artifact`` is a name under ZOO_ARTIFACTS."""

    id: str
    kind: str
    modality: str
    method: str
    config: str
    metrics: str
    artifact: str
    sha256: str
    trained: str | None = None
    default: bool = True


def write_learner(store: Store, learner: LearnerRecord, *, provenance: Provenance) -> None:
    """Keep a learner; as the default it takes the place of its modality's and method's last."""

    def work(tx: Transaction) -> None:
        properties = {
            "kind": learner.kind,
            "modality": learner.modality,
            "method": learner.method,
            "config": learner.config,
            "metrics": learner.metrics,
            "artifact": learner.artifact,
            "sha256": learner.sha256,
            "run": provenance.id,
        }
        tx.run("upsert_learner", id=learner.id, default=learner.default, properties=properties)
        record_run(tx, provenance)

    store.transact(work)


def find_default_learner(store: Store, *, modality: str, method: str) -> LearnerRecord | None:
    rows = store.read("default_learner", modality=modality, method=method)
    return LearnerRecord(**rows[0]) if rows else None


def find_learner(store: Store, identity: str) -> LearnerRecord | None:
    rows = store.read("learner", id=identity)
    return LearnerRecord(**rows[0]) if rows else None
