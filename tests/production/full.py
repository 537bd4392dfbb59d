"""A zoo with everything in it: records, vectors, learners, artefacts, predictions, jobs."""

from __future__ import annotations

import hashlib

from graphdb.dump import TABLES, Fingerprint, fingerprint
from graphdb.predictions import publish_predictions
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.graphdb.zoos import keep_learner, predictions, small, write
from tests.stores import Place
from zoo.artifacts import artifacts_url, write_artifact

ARTIFACT = b"not really a learner" * 1000


def fill(store: Store, place: Place) -> None:
    """At least one row in every table of a copy."""
    write(store, small())
    write_artifact("l1.zip", ARTIFACT, url=artifacts_url(store.address))
    keep_learner(store, "l1", sha256=hashlib.sha256(ARTIFACT).hexdigest())
    publish_predictions(
        store, [predictions(d, ["m1", "m3", "m2"]) for d in ("d1", "d2")], learner="l1",
        method="full", provenance=Provenance("predict", {"datasets": ["d1", "d2"]}),
    )  # fmt: skip
    place.run(
        "MATCH (m:Model {id: 'm1'}) MATCH (d:Dataset {id: 'd2'}) "
        "CREATE (j:Job {id: 'j1', kind: 'runs', status: 'failed', attempts: 2, owner: 'h:1', "
        "error: 'boom', lease_until: datetime('2026-01-02T03:04:05.123456789+02:00')}) "
        "CREATE (j)-[:OF]->(m) CREATE (j)-[:ON]->(d)"
    )


def sums(store: Store) -> dict[str, Fingerprint]:
    found = {table: fingerprint(store, table) for table in TABLES}
    assert all(each.rows for each in found.values()) or not any(e.rows for e in found.values())
    return found
