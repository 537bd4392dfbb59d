"""Undo: a run, a model, a dataset, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from graphdb.histories import read_history, write_history
from graphdb.predictions import publish_predictions
from graphdb.records import History
from graphdb.removal import preview_removal, remove_node, remove_run
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.graphdb.zoos import as_lists, keep_learner, predictions, small, write
from tests.stores import Place


def test_a_run_takes_what_it_wrote_and_nothing_else(store: Store, place: Place) -> None:
    old = History(models=small().models[:2], datasets=small().datasets[:2])
    write(store, old)
    before = as_lists(read_history(store))
    run = write(store, small())
    assert run is not None
    assert preview_removal(store, "run", run)["FINE_TUNED_ON"] == 3
    remove_run(store, run)
    assert as_lists(read_history(store)) == before
    assert not store.read("run", id=run)


def test_a_node_that_others_use_outlives_its_run(store: Store) -> None:
    first = write(store, History(models=small().models, datasets=small().datasets))
    assert first is not None
    write(store, replace(small(), similarities=[], embeddings=[], transferabilities=[],
                         pretrainings=[], fine_tunings=small().fine_tunings[:1]))  # fmt: skip
    remove_run(store, first)
    found = read_history(store)
    assert [m.id for m in found.models] == ["m1"]
    assert [d.id for d in found.datasets] == ["d1"]
    assert len(found.fine_tunings) == 1


def test_a_run_takes_its_learner_and_predictions(store: Store, place: Place) -> None:
    write(store, small())
    keep_learner(store, "l1")
    run = Provenance("predict")
    publish_predictions(
        store, [predictions("d1", ["m1", "m2"])], learner="l1", method="full", provenance=run
    )
    remove_run(store, run.id)
    assert place.run("MATCH ()-[p:PREDICTED|PUBLISHED]->() RETURN count(p) AS n") == [{"n": 0}]
    [trained] = place.run("MATCH (l:Learner) RETURN l.run AS run")
    remove_run(store, str(trained["run"]))
    assert not store.read("learner", id="l1")


def test_a_model_goes_with_all_that_hangs_on_it(store: Store, place: Place) -> None:
    write(store, small())
    assert preview_removal(store, "model", "m1") == {
        "FINE_TUNED_ON": 2, "PRETRAINED_ON": 1, "TRANSFERABILITY": 1,
    }  # fmt: skip
    remove_node(store, "model", "m1")
    found = read_history(store)
    assert [m.id for m in found.models] == ["m2", "m3"]
    assert [f.id for f in found.fine_tunings] == ["f3"]
    assert len(found.datasets) == 3 and len(found.similarities) == 2


def test_a_dataset_goes_with_its_embeddings(store: Store, place: Place) -> None:
    write(store, small())
    remove_node(store, "dataset", "d1")
    found = read_history(store)
    assert [d.id for d in found.datasets] == ["d2", "d3"]
    assert not found.embeddings and not found.similarities
    assert place.run("MATCH (e:Embedding) RETURN count(e) AS n") == [{"n": 0}]
    remove_node(store, "dataset", "d1")  # again: nothing to do


def test_undone_twice_is_undone(store: Store) -> None:
    run = write_history(store, small(), provenance=Provenance("test")).run
    assert run is not None
    remove_run(store, run)
    remove_run(store, run)
    assert as_lists(read_history(store)) == as_lists(History())
