"""A Ray cluster of two nodes on this machine; one of them is killed in the middle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphdb import jobs as ledger
from graphdb.histories import write_history
from graphdb.records import Dataset, History, Model
from graphdb.runs import Provenance
from graphdb.store import Store
from zoo.jobs.planning import Request
from zoo.jobs.running import Progress, ingest_runs
from zoo.jobs.specs import Settings

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of Ray's own making
    pytest.mark.timeout(400),
]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


#: The ledger is raced for on both stores elsewhere; a cluster is slow to start.
@pytest.mark.parametrize("place", ["embedded"], indirect=True)
def test_a_node_dies_and_no_job_is_lost_or_done_twice(
    cluster: Any, store: Store, image_model: Path, images: Path
) -> None:
    from zoo.jobs.ray import RayLauncher

    second = cluster.add_node(num_cpus=2)
    models = [
        Model(f"m/{n}", modality="image", source=image_model.as_uri(), parameters=10_000)
        for n in range(3)
    ]
    data = [Dataset("d", modality="image", source=images.as_uri())]
    write_history(store, History(models, data), provenance=Provenance("test"))
    ended: Counter[str] = Counter()

    def tell(progress: Progress) -> None:
        if progress.done == 1 and second in cluster.list_all_nodes():
            cluster.remove_node(second, allow_graceful=False)

    request = Request(settings=Settings(epochs=3, image_size=32), threads=1)
    done = ingest_runs(
        store, request, lambda beat: RayLauncher(address=cluster.address, beat=beat), tell=tell
    )
    assert (done.total, done.done, done.failed, done.elsewhere) == (3, 3, 0, 0), done
    for known in ledger.known_results(store, method="full"):
        ended[known.model] += 1
    assert ended == Counter({model.id: 1 for model in models})
    states = ledger.job_states(store).values()
    assert {(state.status, state.attempts) for state in states} == {("done", 1)}
