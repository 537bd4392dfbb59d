"""Eight processes write and predict at once: nothing lost, nothing doubled, no deadlock shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from graphdb import embedded
from graphdb.histories import write_history
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.production.serving import ROOT, served
from tests.production.writer import DATASETS, MODELS, PREDICTED, ROUNDS, history
from tests.stores import Place
from zoo import Zoo

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


def test_eight_writers_and_a_reader_at_once(shared: str, tmp_path: Path) -> None:
    with Zoo.open() as zoo:
        write_history(zoo.store, history(0), provenance=Provenance("test"))
        # A part of the default learner, which is trained in a sixth of the time.
        learners = [zoo.train(learner="inductive-kernel", seed=seed).id for seed in (0, 1)]
        zoo.predict(*PREDICTED)
    stop = tmp_path / "stop"
    with ExitStack() as stack:
        reader = _start(stack, "reader", str(stop), str(len(MODELS)), *PREDICTED)
        told = _ended(_start(stack, "writer", str(WRITERS), *learners))
        stop.touch()
        [seen] = _ended(reader)
    assert len(told) == WRITERS
    rows, retries = (sum(each[what] for each in told) for what in ("rows", "retries"))
    print(f"{shared}: {rows} rows written, {retries} retries by {[e['retries'] for e in told]}, "
          f"seconds {[each['seconds'] for each in told]}; {seen['readings']} readings, "
          f"{seen['retries']} retries, {len(seen['half'])} half-published")  # fmt: skip
    assert seen["half"] == []
    assert seen["readings"] >= 20 and not seen["unanswered"]
    assert seen["learners"] == [learners[1]]
    with Store.open() as store:
        _check(store, told, learners)


def _start(stack: ExitStack, what: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.production.{what}", *arguments], cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stack.enter_context(process)
    stack.callback(process.kill)
    return process


def _ended(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """What each of its writers, or the reader, told."""
    out, errors = process.communicate(timeout=500)
    assert process.returncode == 0, errors[-2000:]
    return [json.loads(line) for line in out.splitlines()]


def _check(store: Store, told: list[dict[str, Any]], learners: list[str]) -> None:
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
    for dataset in PREDICTED:
        for learner in learners:
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
    assert {each["run"] for each in found} <= named


def test_the_served_address_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with served(folder) as process:
        assert embedded.find_served(folder)
        assert (folder / "address").stat().st_mode & 0o077 == 0
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(2)]
        assert told == [
            f"Opening embedded:{folder} ...\n",
            f"Serving embedded:{folder}. Stop it with Ctrl-C.\n",
        ]
    assert process.returncode == 0
    assert not (folder / "address").exists()
    assert embedded.find_served(folder) is None
