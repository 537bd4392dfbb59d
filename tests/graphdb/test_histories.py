"""Histories: whole or nothing, idempotent, whatever their size, on both stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from neo4j.exceptions import TransientError

from graphdb import batches, histories, rows, staging
from graphdb.changes import Change
from graphdb.dump import dump_table
from graphdb.errors import ZooError
from graphdb.histories import read_history, write_history
from graphdb.records import Dataset, Embedding, FineTuning, History, Model, Similarity
from graphdb.removal import remove_run
from graphdb.runs import Provenance, begin_run, unfinished_imports, working_on
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from tests.graphdb.zoos import TABLES, as_lists, corrected, small, write
from tests.stores import Place


@pytest.fixture(params=["whole", "staged"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every promise holds for both ways of writing."""
    if request.param == "staged":
        _stage_everything(monkeypatch)
    return str(request.param)


def _stage_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "WHOLE", 0)
    monkeypatch.setattr(batches, "BATCH", 2)


def test_rows_are_written_in_the_order_of_the_models_that_they_lock() -> None:
    """Writers that lock in different orders wait for each other."""
    records = [FineTuning(f"{9 - i}", f"m{i}", "d", 0.5) for i in range(9)]
    [table] = [table for table in rows.TABLES if table.name == "fine_tunings"]
    written = table.rows(History(fine_tunings=[*records[::-1], replace(records[0], seed=1)]))
    assert [row["model"] for row in written] == [f"m{i}" for i in range(9)]
    assert written[0]["set"]["seed"] == 1


@pytest.mark.usefixtures("size")
def test_what_goes_in_comes_out(store: Store) -> None:
    history = small()
    run = write(store, history)
    found = read_history(store)
    assert as_lists(found) == as_lists(history)
    [row] = store.read("run", id=run)
    assert row["status"] == "done"


@pytest.mark.usefixtures("size")
def test_the_same_import_again_changes_nothing(store: Store, place: Place) -> None:
    first = write(store, small())
    before = place.count(), place.run("MATCH ()-[r]->() RETURN r.run AS run, count(*) AS n")
    changes = write_history(store, small(), provenance=Provenance("test"))
    after = place.count(), place.run("MATCH ()-[r]->() RETURN r.run AS run, count(*) AS n")
    assert first is not None and changes.run is None and not changes.any
    assert before == after
    for name in TABLES:
        assert changes.tables[name] == Change(unchanged=len(getattr(small(), name)))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.usefixtures("size")
def test_a_changed_row_updates(store: Store, place: Place, table: str) -> None:
    write(store, small())
    counts = place.run("MATCH (n) WHERE NOT n:Run RETURN count(n) AS n"), place.count()[1]
    history = replace(small(), **{table: getattr(corrected(), table)})
    changes = write_history(store, history, provenance=Provenance("test"))
    rows = len(getattr(small(), table))
    assert changes.tables[table] == Change(updated=1, unchanged=rows - 1)
    assert sum(change.updated for change in changes.tables.values()) == 1
    assert as_lists(read_history(store)) == as_lists(history)
    assert counts == (
        place.run("MATCH (n) WHERE NOT n:Run RETURN count(n) AS n"), place.count()[1],
    )  # fmt: skip


@pytest.mark.usefixtures("size")
def test_unknown_never_erases(store: Store) -> None:
    write(store, small())
    sparse = small()
    bare = History(
        models=[Model(m.id) for m in sparse.models],
        datasets=[Dataset(d.id) for d in sparse.datasets],
        fine_tunings=[
            FineTuning(f.id, f.model, f.dataset, f.value, method=f.method)
            for f in sparse.fine_tunings
        ],
        similarities=[replace(s, original=None) for s in sparse.similarities],
    )
    assert write(store, bare) is None
    assert as_lists(read_history(store)) == as_lists(small())


@pytest.mark.usefixtures("size")
def test_a_dry_run_says_the_same_and_writes_nothing(store: Store, place: Place) -> None:
    write(store, replace(small(), fine_tunings=[], embeddings=[]))
    before = place.count()
    dry = write_history(store, corrected(), provenance=Provenance("test"), dry_run=True)
    assert place.count() == before and dry.run is None
    wet = write_history(store, corrected(), provenance=Provenance("test"))
    assert dry.tables == wet.tables


def test_an_error_in_the_last_table_leaves_nothing(store: Store, place: Place) -> None:
    history = small()
    history.embeddings.append(Embedding("nowhere", "p", np.ones(2, np.float32)))
    before = place.count()
    with pytest.raises(ValueError, match="1 embeddings name"):
        write(store, history)
    assert place.count() == before


def test_similarities_are_stored_once(store: Store, place: Place) -> None:
    write(store, small())
    mirrored = [Similarity(s.dataset_b, s.dataset_a, s.value, probe=s.probe) for s in
                small().similarities]  # fmt: skip
    assert write(store, History(similarities=mirrored)) is None
    assert place.run("MATCH (:Dataset)-[r:SIMILAR_TO]->() RETURN count(r) AS n") == [{"n": 2}]


@pytest.mark.usefixtures("size")
def test_one_key_twice_in_an_import_is_one_row(store: Store, place: Place) -> None:
    """Also a pair told from both its ends; what the later leaves open stays as the earlier said."""
    history = History(
        models=[Model("m1"), Model("m1", family="vit")],
        datasets=[Dataset("d1"), Dataset("d2")],
        fine_tunings=[FineTuning("f", "m1", "d1", 0.5, seed=1), FineTuning("f", "m1", "d1", 0.7)],
        similarities=[Similarity("d2", "d1", 0.5), Similarity("d1", "d2", 0.5)],
    )
    changes = write_history(store, history, provenance=Provenance("test"))
    assert changes.tables["fine_tunings"] == Change(created=1)
    assert place.run("MATCH ()-[r]->() RETURN count(r) AS n") == [{"n": 2}]
    [record] = read_history(store).fine_tunings
    assert (record.value, record.seed) == (0.7, 1)


def test_writers_of_the_same_rows_at_once_double_nothing(store: Store, place: Place) -> None:
    """Few rows do not queue: only the lock on their first end keeps two from creating the same."""
    models, datasets = [Model("m1"), Model("m2")], [Dataset("d1"), Dataset("d2")]
    write(store, History(models=models, datasets=datasets))
    start = threading.Barrier(4)

    def record() -> None:
        with Store.connect(place.address) as own:
            for turn in range(8):
                start.wait(60)
                rows = [FineTuning(f"{turn}", m.id, d.id, 0.5) for m in models for d in datasets]
                write_history(own, History(fine_tunings=rows), provenance=Provenance("test"))
                start.wait(60)  # in a transaction of their own: no model's lock keeps them apart
                pairs = [Similarity("d1", "d2", 0.5, probe=f"{turn}")]
                write_history(own, History(similarities=pairs), provenance=Provenance("test"))

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert place.run("MATCH ()-[r:FINE_TUNED_ON]->() RETURN count(r) AS n") == [{"n": 32}]
    assert place.run("MATCH ()-[r:SIMILAR_TO]->() RETURN count(r) AS n") == [{"n": 8}]
    assert {key for table in ("models", "datasets") for key in _copied(store, table)} == {
        "id",
        "run",
    }


def _copied(store: Store, table: str) -> set[str]:
    """Properties that a copy of the zoo takes along: not what kept the writers apart."""
    found: set[str] = set()
    dump_table(store, table, lambda: lambda rows: found.update(*(row["set"] for row in rows)))
    return found


@pytest.mark.parametrize("broken", [None, "", "x" * 9_000, "\ud800", "ü" * 4_001])
def test_a_key_no_store_could_hold_is_refused_before_the_query(
    store: Store, place: Place, broken: Any
) -> None:
    if broken == "":
        broken = 3  # a number where a text is needed
    before = place.count()
    for history in (
        History(models=[Model(broken)]),
        History(fine_tunings=[FineTuning(broken, "m1", "d1", 0.5)]),
        History(similarities=[Similarity("d1", "d2", 0.5, probe=broken)]),
    ):
        with pytest.raises(ZooError, match="unfit"):
            write(store, history)
    assert place.count() == before


def test_progress_ends_at_its_total(store: Store) -> None:
    seen: list[tuple[str, int, int]] = []
    write_history(
        store, small(), provenance=Provenance("test"), progress=lambda *step: seen.append(step)
    )
    assert seen[-1][1] == seen[-1][2] == sum(len(getattr(small(), name)) for name in TABLES)


# An import in batches that is interrupted --------------------------------------------------------


class _Killed(BaseException):
    """What a kill leaves behind, without ending the test's own process."""


@pytest.fixture
def interrupted(
    store: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[History, str], str]]:
    """Write a history until a table begins, then die; returns the run's id."""

    def write_until(history: History, table: str) -> str:
        def stop(name: str, done: int, total: int) -> None:
            if name == table:
                raise _Killed

        provenance = Provenance("ingest records", {"path": "big"})
        with monkeypatch.context() as patch:
            _stage_everything(patch)
            patch.setattr("graphdb.runs.owner", lambda: "nowhere:1")
            with pytest.raises(_Killed):
                write_history(store, history, provenance=provenance, progress=stop)
        # Its machine has not been heard of for an hour.
        place.run("MATCH (r:Run {id: $id}) SET r.seen = datetime() - duration({hours: 1})",
                  id=provenance.id)  # fmt: skip
        return provenance.id

    yield write_until


def test_nobody_sees_half_of_an_interrupted_import(
    store: Store, place: Place, interrupted: Callable[[History, str], str]
) -> None:
    write(store, History(models=[Model("old", modality="image")], datasets=[Dataset("d1")]))
    run = interrupted(small(), "pretrainings")
    assert place.run("MATCH ()-[r:FINE_TUNED_ON]->() RETURN count(r) AS n") == [{"n": 3}]
    found = read_history(store)
    assert [m.id for m in found.models] == ["old"] and not found.fine_tunings
    assert found.datasets == [Dataset("d1")], "a stored value changed before the end"
    graph = read_subgraph(store, "image")
    assert list(graph.models.id) == ["old"] and len(graph.fine_tunings) == 0
    [unfinished] = store.transact(unfinished_imports, access="read")
    assert unfinished.id == run and unfinished.dead


def test_the_same_command_again_completes_it(
    store: Store,
    interrupted: Callable[[History, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(store, History(datasets=[Dataset("d1", classes=99)]))
    run = interrupted(small(), "similarities")
    _stage_everything(monkeypatch)
    changes = write_history(store, small(), provenance=Provenance("ingest records"))
    assert changes.run == run, "it goes on with the run it began"
    assert as_lists(read_history(store)) == as_lists(small())
    assert not store.transact(unfinished_imports, access="read")
    assert {row["status"] for row in store.read("list_runs", limit=9)} == {"done"}


def test_forget_takes_an_interrupted_import_back(
    store: Store, interrupted: Callable[[History, str], str]
) -> None:
    write(store, replace(corrected(), fine_tunings=[], transferabilities=[]))
    before = as_lists(read_history(store))
    run = interrupted(small(), "embeddings")
    remove_run(store, run)
    assert as_lists(read_history(store)) == before
    assert not store.transact(unfinished_imports, access="read")


def test_a_small_import_takes_over_what_it_meets(
    store: Store, interrupted: Callable[[History, str], str]
) -> None:
    run = interrupted(small(), "embeddings")
    mine = replace(small(), fine_tunings=small().fine_tunings[:1])
    changes = write_history(store, mine, provenance=Provenance("test"))
    assert changes.tables["fine_tunings"] == Change(created=1)
    remove_run(store, run)
    assert as_lists(read_history(store)) == as_lists(mine), "an acknowledged row was lost"


def test_a_run_that_writes_cannot_be_forgotten(store: Store) -> None:
    provenance = Provenance("ingest records")
    store.transact(lambda tx: begin_run(tx, provenance, content="abc"))
    with working_on(provenance.id), pytest.raises(ZooError, match="still writing"):
        remove_run(store, provenance.id)


def test_large_imports_go_one_after_the_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stage_everything(monkeypatch)
    monkeypatch.setattr(staging, "_POLL", 0.01)
    first = Provenance("ingest records")
    store.transact(lambda tx: begin_run(tx, first, content="other"))
    waited, done = threading.Event(), threading.Event()

    def report(name: str, _done: int, _total: int) -> None:
        if name == "another import":
            waited.set()

    def second() -> None:
        write_history(store, small(), provenance=Provenance("test"), progress=report)
        done.set()

    thread = threading.Thread(target=second)
    with working_on(first.id):
        thread.start()
        assert waited.wait(20)
        assert not done.is_set()
        store.write("finish_run", id=first.id, status="done")
    thread.join(60)
    assert done.is_set() and as_lists(read_history(store)) == as_lists(small())


def test_a_writer_taken_for_dead_stops(
    store: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stage_everything(monkeypatch)

    def steal(name: str, _done: int, _total: int) -> None:
        place.run("MATCH (r:Run {status: 'running'}) SET r.owner = 'elsewhere:1'")

    with pytest.raises(ZooError, match="ended by another command"):
        write_history(store, small(), provenance=Provenance("test"), progress=steal)


def test_a_small_import_notices_a_large_one_that_began_meanwhile(
    store: Store, place: Place
) -> None:
    """It may have met a row of the large one and taken it for stored."""
    started = []

    def report(name: str, _done: int, _total: int) -> None:
        if name == "datasets" and not started:
            started.append(name)
            place.run(
                "CREATE (:Run {id: 'large', status: 'running', kind: 'x', content: 'c', "
                "owner: 'nowhere:1', arguments: '{}', started: datetime(), seen: datetime()})"
            )
            place.run(
                "MATCH (m:Model {id: 'known'}) MATCH (d:Dataset {id: 'known'}) "
                "CREATE (m)-[:FINE_TUNED_ON {id: 'k', run: 'large', value: .5, metric: "
                "'accuracy', method: 'full'}]->(d)"
            )

    write(store, History(models=[Model("known")], datasets=[Dataset("known")]))
    history = History(
        models=[Model("m1")],
        datasets=[Dataset("d1")],
        fine_tunings=[FineTuning("k", "known", "known", 0.5)],
    )
    changes = write_history(store, history, provenance=Provenance("small"), progress=report)
    assert changes.tables["fine_tunings"] == Change(created=1)
    assert place.run("MATCH ()-[r:FINE_TUNED_ON]->() RETURN r.run AS run") == [{"run": changes.run}]


def test_what_the_servers_memory_does_not_hold_is_staged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that aborts the transaction; TransientError is what Neo4j raises for it."""

    class FullError(TransientError):
        code = "Neo.TransientError.General.MemoryPoolOutOfMemoryError"

    def full(*_: object, **__: object) -> None:
        raise FullError("no memory")

    monkeypatch.setattr(histories, "_FEW", 0)
    monkeypatch.setattr(histories, "write_whole", full)
    for dry_run in (True, False):
        changes = write_history(store, small(), provenance=Provenance("test"), dry_run=dry_run)
        assert changes.tables["fine_tunings"] == Change(created=3)
    assert as_lists(read_history(store)) == as_lists(small())
    assert store.retries == 0, "what does not fit was tried again"


def test_a_large_import_that_failed_goes_on_in_the_same_process(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner lives, and would wait ten minutes for itself."""
    _stage_everything(monkeypatch)

    def fail(table: str, done: int, total: int) -> None:
        if table == "fine_tunings":
            raise ZooError("the network is gone")

    with pytest.raises(ZooError, match="network"):
        write_history(store, small(), provenance=Provenance("test"), progress=fail)
    assert [run.dead for run in store.transact(unfinished_imports, access="read")] == [True]
    assert write(store, small()) is not None
    assert not store.transact(unfinished_imports, access="read")
