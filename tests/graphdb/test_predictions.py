"""Predictions: written, flipped, swept; a reader sees one run or the other, never a mixture."""

from __future__ import annotations

import threading
import time

import pytest

from graphdb import predictions as module
from graphdb.errors import ZooError
from graphdb.learners import find_default_learner, find_learner
from graphdb.predictions import KEPT, publish_predictions, sweep_predictions
from graphdb.records import Dataset, FineTuning, History, Model
from graphdb.runs import Provenance
from graphdb.store import Row, Store, Transaction
from tests.graphdb.zoos import keep_learner, predictions, write
from tests.stores import Place
from zoo.candidates import find_candidates
from zoo.forgetting import quarantine
from zoo.limits import Limits

MODELS = [f"m{i:02}" for i in range(20)]
DATASETS = ["d1", "d2", "d3"]


@pytest.fixture
def zoo(store: Store) -> Store:
    write(store, History(models=[Model(m) for m in MODELS], datasets=[Dataset(d) for d in
                                                                       DATASETS]))  # fmt: skip
    keep_learner(store, "l1")
    return store


def _publish(store: Store, score: float, *, learner: str = "l1", run: str | None = None) -> str:
    provenance = Provenance("predict") if run is None else Provenance("predict", {}, run)
    tables = [predictions(dataset, MODELS, score=score) for dataset in DATASETS]
    publish_predictions(store, tables, learner=learner, method="full", provenance=provenance)
    return provenance.id


def _seen(store: Store, dataset: str) -> list[float]:
    """As ``candidates`` reads: the published run first, then that run."""
    [current] = store.read("published", dataset=dataset, method="full")
    [found] = store.read(
        "limited_candidates", dataset=dataset, run=current["run"], method="full", limit=1000,
        max_parameters=None, max_memory=None, license=None, family=None, allow_unknown=False,
        last=1000,
    )  # fmt: skip
    return [row["score"] for row in found["models"]]


def _runs(place: Place) -> set[object]:
    return {row["run"] for row in place.run("MATCH ()-[p:PREDICTED]->() RETURN p.run AS run")}


def test_the_run_before_stays_and_the_one_before_it_goes(zoo: Store, place: Place) -> None:
    runs = [_publish(zoo, score) for score in (1.0, 2.0, 3.0)]
    assert _runs(place) == {runs[1], runs[2]}
    for dataset in DATASETS:
        assert _seen(zoo, dataset) == [3.0] * len(MODELS)


def test_publishing_a_run_twice_doubles_nothing(zoo: Store, place: Place) -> None:
    run = _publish(zoo, 1.0)
    _publish(zoo, 1.0, run=run)
    assert place.run("MATCH ()-[p:PREDICTED]->() RETURN count(p) AS n") == [
        {"n": len(MODELS) * len(DATASETS)}
    ]
    assert _seen(zoo, "d1") == [1.0] * len(MODELS)


def test_readers_never_see_a_mixture(zoo: Store, place: Place) -> None:
    """A reader loops while runs of other scores are published; across datasets, too."""
    _publish(zoo, 0.0)
    stop = threading.Event()
    mixtures, reads = [], [0]

    def read() -> None:
        with Store.connect(place.address) as reader:
            while not stop.is_set():
                found = _seen(reader, DATASETS[reads[0] % 3])
                reads[0] += 1
                if len(found) != len(MODELS) or len(set(found)) != 1:
                    mixtures.append(found)

    thread = threading.Thread(target=read)
    thread.start()
    for score in range(1, 8):
        _publish(zoo, float(score))
    end = time.monotonic() + 20
    while reads[0] < 10 and time.monotonic() < end:
        time.sleep(0.01)
    stop.set()
    thread.join(30)
    print(f"{reads[0]} reads, {len(mixtures)} mixtures")
    assert reads[0] >= 10 and not mixtures


def test_a_run_that_is_swept_while_it_is_read_is_not_answered(
    zoo: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader: two runs are published between its looking up the run and its reading it."""
    _publish(zoo, 1.0)
    run = Transaction.run
    scores = [2.0, 3.0]

    def overtaken(tx: Transaction, name: str, **params: object) -> list[Row]:
        if name == "limited_candidates":
            while scores:
                with Store.connect(place.address) as writer:
                    _publish(writer, scores.pop(0))
        return run(tx, name, **params)

    monkeypatch.setattr(Transaction, "run", overtaken)
    answer = find_candidates(zoo, "d1", k=1000)
    assert answer.total == len(MODELS)
    assert [model.score for model in answer.models] == [3.0] * len(MODELS)


@pytest.mark.parametrize("k", [1, 3, 1000])
def test_limits_leave_out_and_count(zoo: Store, k: int) -> None:
    """Those that pass are few and far behind: beyond where a first look goes."""
    models = [Model(m, parameters=n, license="MIT" if n > 14 else None, family="vit" if n % 2 else
                    "swin") for n, m in enumerate(MODELS)]  # fmt: skip
    write(zoo, History(models=models))
    _publish(zoo, 1.0)
    for limits, passing in (
        (Limits(), MODELS),
        (Limits(license="mit"), MODELS[15:]),
        (Limits(license="mit", family="VIT"), MODELS[15::2]),
        (Limits(license="mit", family="vit", allow_unknown=True), MODELS[1::2]),
        (Limits(max_parameters=15, license="mit"), MODELS[15:16]),
        (Limits(max_memory=5), []),
        (Limits(max_memory=5, allow_unknown=True), MODELS),
    ):
        answer = find_candidates(zoo, "d1", limits=limits, k=k)
        assert [found.model for found in answer.models] == passing[:k]
        assert [found.rank for found in answer.models] == [MODELS.index(m) + 1 for m in passing[:k]]
        assert (answer.total, answer.passing) == (len(MODELS), len(passing))
    for limits, unknown in (
        (Limits(license="bsd"), 15),
        (Limits(license="bsd", family="vit"), 7),
        (Limits(license="bsd", allow_unknown=True), 0),
        (Limits(max_parameters=-1), 0),
    ):
        assert find_candidates(zoo, "d1", limits=limits, k=1000).unknown == unknown
    answer = find_candidates(zoo, "d1", limits=Limits(max_parameters=9, family="vit"), k=k)
    assert answer.outside == {"parameters": 10, "family": 10}


def test_only_what_the_dataset_is_judged_by_was_measured(zoo: Store) -> None:
    """A result in another metric is no accuracy, and one that is set aside says nothing."""
    results = [FineTuning(f"a{m}", m, "d1", 0.8) for m in MODELS[:3]]
    results += [FineTuning(f"b{m}", m, "d1", 0.1, metric="f1") for m in MODELS[1:3]]
    results.append(FineTuning("c", MODELS[0], "d1", 0.6))
    write(zoo, History(fine_tunings=results))
    _publish(zoo, 1.0)

    def measured() -> list[float | None]:
        return [model.measured for model in find_candidates(zoo, "d1", k=4).models]

    def errors() -> list[float]:
        rows = zoo.read("prediction_errors", method="full", limit=10)
        return sorted(row["measured"] for row in rows)

    assert measured() == [pytest.approx(0.7), pytest.approx(0.8), pytest.approx(0.8), None]
    assert errors() == pytest.approx([0.7, 0.8, 0.8])
    quarantine(zoo, "d1", reason="the labels are shuffled")
    assert measured() == [None] * 4 and not errors()


def test_a_dataset_that_goes_while_it_is_read_is_unknown(
    zoo: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(zoo, 1.0)
    run = Transaction.run

    def gone(tx: Transaction, name: str, **params: object) -> list[Row]:
        if name == "limited_candidates":
            place.run("MATCH (d:Dataset {id: 'd1'}) DETACH DELETE d")
        return run(tx, name, **params)

    monkeypatch.setattr(Transaction, "run", gone)
    with pytest.raises(ZooError, match="No dataset 'd1'"):
        find_candidates(zoo, "d1")


def test_what_a_killed_writer_left_is_swept_by_the_next(
    zoo: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = _publish(zoo, 1.0)

    class KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(module, "_flip", die)
        with pytest.raises(KilledError):
            _publish(zoo, 9.0, run="killed")
    assert _seen(zoo, "d1") == [1.0] * len(MODELS), "unpublished predictions were seen"
    sweep_predictions(zoo, DATASETS)
    assert _runs(place) == {good, "killed"}, "its process is alive: not to be swept"
    place.run("MATCH (r:Run {id: 'killed'}) SET r.seen = datetime() - duration({hours: 2})")
    sweep_predictions(zoo, DATASETS[:1])
    assert _runs(place) == {good}, "every dataset is swept after a kill"
    [row] = zoo.read("run", id="killed")
    assert row["status"] == "killed"


def test_a_writer_that_was_swept_cannot_publish(
    zoo: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip = module._flip

    def late(*args: object) -> None:
        place.run("MATCH (r:Run {id: 'slow'}) SET r.status = 'killed'")
        flip(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_flip", late)
    with pytest.raises(ZooError, match="ended by another command"):
        _publish(zoo, 1.0, run="slow")
    assert not zoo.read("published", dataset="d1", method="full")


def test_only_the_best_are_kept(zoo: Store, place: Place) -> None:
    many = [f"x{i:04}" for i in range(KEPT + 5)]
    write(zoo, History(models=[Model(name) for name in many]))
    table = predictions("d1", many)
    publish_predictions(zoo, [table], learner="l1", method="full", provenance=Provenance("predict"))
    ranks = place.run("MATCH ()-[p:PREDICTED]->() RETURN max(p.rank) AS r, count(*) AS n")
    assert ranks == [{"r": KEPT, "n": KEPT}]


def test_unknown_numbers_are_absent_and_never_nan(zoo: Store, place: Place) -> None:
    _publish(zoo, 1.0)
    rows = place.run("MATCH ()-[p:PREDICTED]->() RETURN DISTINCT p.low AS low, p.score AS score")
    assert rows == [{"low": None, "score": 1.0}]


def test_one_default_learner_a_modality_and_method(zoo: Store) -> None:
    keep_learner(zoo, "l2")
    keep_learner(zoo, "text", modality="text")
    keep_learner(zoo, "tried", default=False)

    def default(modality: str) -> str | None:
        found = find_default_learner(zoo, modality=modality, method="full")
        return found.id if found else None

    assert (default("image"), default("text"), default("audio")) == ("l2", "text", None)
    keep_learner(zoo, "l1")
    assert default("image") == "l1"
    old = find_learner(zoo, "l2")
    assert old is not None and not old.default and old.trained is not None


def test_the_default_learner_answers_before_an_older_one(zoo: Store) -> None:
    _publish(zoo, 1.0)
    keep_learner(zoo, "l2")
    [row] = zoo.read("published", dataset="d1", method="full")
    assert (row["learner"], row["default"]) == ("l1", False)
    _publish(zoo, 2.0, learner="l2")
    [row] = zoo.read("published", dataset="d1", method="full")
    assert (row["learner"], row["default"]) == ("l2", True)
