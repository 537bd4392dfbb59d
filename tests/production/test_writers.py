"""Eight processes write and predict at once: nothing lost, nothing doubled, no deadlock shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphdb import embedded
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.graphdb.zoos import keep_learner
from tests.production.serving import ROOT, served
from tests.production.writer import DATASETS, MODELS, ROUNDS, history, write_history
from tests.stores import Place

WRITERS = 8


@pytest.fixture(params=["served", "neo4j"])
def shared(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A store that several processes may use: Neo4j, and the one of a ``zoo db serve``."""
    if request.param == "served":
        monkeypatch.setenv("ZOO_STORE", f"embedded:{tmp_path / 'store'}")
        with served(tmp_path / "store"):
            yield "served"
        return
    place: Place = request.getfixturevalue("neo4j_session")
    place.empty()
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    yield "neo4j"


def test_eight_writers_at_once(shared: str) -> None:
    with Store.open() as store:
        for name in ("l0", "l1"):
            keep_learner(store, name)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.production.writer", str(writer)], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for writer in range(WRITERS)
    ]  # fmt: skip
    done = [process.communicate(timeout=300) for process in processes]
    for process, (_, errors) in zip(processes, done, strict=True):
        assert process.returncode == 0, errors[-2000:]
    told = [json.loads(out) for out, _ in done]
    print(f"{shared}: retries {[each['retries'] for each in told]}, "
          f"seconds {[each['seconds'] for each in told]}")  # fmt: skip
    with Store.open() as store:
        _check(store, told)


def _check(store: Store, told: list[dict[str, list[list[object]]]]) -> None:
    wanted = {f.id for writer in range(WRITERS) for f in history(writer).fine_tunings}
    rows = store.read("all_fine_tunings", hidden=[])
    records = [dict(zip(row["keys"], r, strict=True)) for row in rows for r in row["records"]]
    ids = [record["id"] for record in records]
    assert len(ids) == len(set(ids)), "a record was doubled"
    assert wanted <= set(ids), "a record was lost"
    seeds = {(r["model"], r["seed"]) for r in records if r["seed"] is not None}
    assert seeds == {(model, seed) for each in told for model, _, seed in each["recorded"]}
    assert len(ids) == len(wanted) + WRITERS * ROUNDS
    assert len(store.read("all_models", hidden=[])) == len(MODELS)
    assert len(store.read("all_datasets", hidden=[])) == len(DATASETS)
    assert len(store.read("all_similarities", hidden=[])) == len(DATASETS) - 1
    for dataset in DATASETS[:5]:
        for learner in ("l0", "l1"):
            _check_published(store, dataset, learner)
    again = write_history(store, history(3), provenance=Provenance("test"))
    assert not again.any, "what was there already was written again"


def _check_published(store: Store, dataset: str, learner: str) -> None:
    """One run a learner and dataset, whole; nothing is left of runs that nothing names."""
    [row] = [
        row for row in store.read("dump_publications")
        if row["a"] == learner and row["b"] == dataset
    ]  # fmt: skip
    named = {row["properties"]["run"], row["properties"].get("previous")}
    found = [
        row["properties"] for row in store.read("dump_predictions")
        if row["b"] == dataset and row["properties"]["learner"] == learner
    ]  # fmt: skip
    current = [each for each in found if each["run"] == row["properties"]["run"]]
    assert sorted(each["rank"] for each in current) == list(range(1, len(MODELS) + 1))
    assert len({each["score"] for each in current}) == 1
    assert {each["run"] for each in found} <= named


def test_the_served_address_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with served(folder) as process:
        assert embedded.find_served(folder)
        assert (folder / "address").stat().st_mode & 0o077 == 0
    assert process.returncode == 0
    assert not (folder / "address").exists()
    assert embedded.find_served(folder) is None
