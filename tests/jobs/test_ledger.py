"""Claims, leases and the plan, on every store."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from cli.ingest_runs import _print_done, _print_plan
from graphdb import jobs as ledger
from graphdb.errors import ZooError
from graphdb.histories import write_history
from graphdb.learners import LearnerRecord, write_learner
from graphdb.predictions import Predictions, publish_predictions
from graphdb.records import Dataset, FineTuning, History, Model
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.stores import Place
from zoo.jobs.ingestion import ingest_scores
from zoo.jobs.local import Finished
from zoo.jobs.planning import Request, make_plan
from zoo.jobs.running import Progress, ingest_runs, run_plan
from zoo.jobs.specs import FineTuningSpec, Outcome, Settings

_ALIVE = f"{socket.gethostname()}:{os.getpid()}"


def fill(store: Store, *, models: int = 3, datasets: int = 2) -> None:
    history = History(
        [Model(f"org/m{n}", modality="text", parameters=10**6 * (n + 1), source="hub")
         for n in range(models)],
        [Dataset(f"org/d{n}", modality="text", samples=1000, source="hub")
         for n in range(datasets)],
    )  # fmt: skip
    write_history(store, history, provenance=Provenance("test"))


def claim(identity: str = "j", model: str = "org/m0", dataset: str = "org/d0") -> ledger.Claim:
    return ledger.Claim(identity, "fine-tuning", model, dataset, "{}")


def result(identity: str = "j") -> FineTuning:
    return FineTuning(identity, "org/m0", "org/d0", 0.5, seconds=10.0, epochs=3.0)


def test_a_claimed_job_is_nobody_elses_until_it_ends(store: Store) -> None:
    fill(store)
    assert ledger.claim_job(store, claim(), owner="a") == 1
    assert ledger.claim_job(store, claim(), owner="b") is None
    assert not ledger.end_job(store, "j", owner="b", status="done"), "not b's to end"
    written = Provenance("test")
    assert ledger.end_job(
        store, "j", owner="a", status="done", result=result(), provenance=written, seconds=1.0
    )
    assert ledger.job_states(store)["j"].status == "done"
    assert ledger.claim_job(store, claim(), owner="b") is None, "its result is there"
    [known] = ledger.known_results(store, method="full")
    assert (known.model, known.dataset, known.seconds) == ("org/m0", "org/d0", 10.0)
    assert store.read("run", id=written.id)[0]["status"] == "done"


def test_a_failed_job_is_taken_again_only_on_request(store: Store) -> None:
    fill(store)
    ledger.claim_job(store, claim(), owner="a")
    ledger.end_job(store, "j", owner="a", status="failed", error="no", cause="model", seconds=2.0)
    [job] = store.read("job", id="j")
    assert (job["error"], job["seconds"], job["attempts"]) == ("no", 2.0, 1)
    assert ledger.claim_job(store, claim(), owner="b") is None
    assert ledger.claim_job(store, claim(), owner="b", retry=True) == 2
    assert store.read("job", id="j")[0]["error"] is None


def test_a_job_whose_process_was_killed_is_taken_again_a_few_times(store: Store) -> None:
    """Killed jobs are what the graph lacks; one that kills its process each time is a failure."""
    fill(store, models=1, datasets=1)
    killed = Outcome(status="failed", seconds=1.0, reason="killed by signal 9", cause="process")
    for attempt in range(1, ledger.MOST_ATTEMPTS + 1):
        done = run(store, Instant({"org/m0": killed}))
        assert (done.total, done.failed) == (1, 1), attempt
    assert (make_plan(store, Request()).failed, run(store, Instant()).total) == (1, 0)
    assert run(store, Instant(), retry=True).done == 1


@pytest.mark.parametrize("retry", [False, True])
def test_the_plan_calls_free_what_a_claim_is_granted(store: Store, retry: bool) -> None:
    """In every state that a job can be in: a plan asks for all at once, a claim for one."""
    fill(store)
    ends = {
        "returned": ("stopped", None), "done": ("done", None), "failed": ("failed", "model"),
        "killed": ("failed", "process"), "deadly": ("failed", "process"),
    }  # fmt: skip
    for name in (*ends, "held", "silent", "orphan"):
        lease = 0 if name == "silent" else 60
        for _ in range(ledger.MOST_ATTEMPTS if name == "deadly" else 1):
            ledger.claim_job(store, claim(name), owner=name, lease=lease, retry=True)
            if name in ends:
                status, cause = ends[name]
                ledger.end_job(store, name, owner=name, status=status, cause=cause)
    states = ledger.job_states(store)
    free = {name for name, state in states.items() if state.is_free(["orphan"], retry=retry)}
    granted = {
        name
        for name in states
        if ledger.claim_job(store, claim(name), owner="b", retry=retry, dead=["orphan"])
    }
    asked = {"failed", "deadly"} if retry else set()
    assert free == granted == {"returned", "done", "killed", "silent", "orphan", *asked}


def test_a_lease_returns_the_job_of_a_silent_worker(store: Store) -> None:
    fill(store)
    ledger.claim_job(store, claim(), owner="a", lease=1)
    assert ledger.renew_leases(store, ["j"], owner="a", lease=1) == 1
    assert ledger.renew_leases(store, ["j"], owner="b", lease=60) == 0
    assert ledger.claim_job(store, claim(), owner="b") is None
    time.sleep(1.2)
    assert ledger.job_states(store)["j"].expired
    assert ledger.claim_job(store, claim(), owner="b") == 2
    assert not ledger.end_job(store, "j", owner="a", status="done"), "it was taken over"


def test_a_dead_process_of_this_machine_gives_its_job_back_at_once(store: Store) -> None:
    fill(store)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = f"{socket.gethostname()}:{gone.pid}"
    ledger.claim_job(store, claim("j"), owner=dead)
    ledger.claim_job(store, claim("k", "org/m1"), owner=_ALIVE)
    ledger.claim_job(store, claim("l", "org/m2"), owner="another-host:1")
    assert ledger.dead_owners(store) == [dead]
    assert ledger.claim_job(store, claim("j"), owner="b", dead=[dead]) == 2


def test_racing_workers_never_get_the_same_job(store: Store, place: Place) -> None:
    """Eight connections claim the same thirty jobs in the same order, all at once."""
    fill(store, models=6, datasets=5)
    claims = [claim(f"{m}-{d}", f"org/m{m}", f"org/d{d}") for m in range(6) for d in range(5)]
    start, taken = threading.Barrier(8), Counter[str]()
    errors: list[BaseException] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        try:
            start.wait()
            for wanted in claims:
                if ledger.claim_job(store, wanted, owner=f"worker:{number}"):
                    with lock:
                        taken[wanted.id] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert taken == Counter({one.id: 1 for one in claims})
    assert len(store.read("job_states")) == 30


class Instant:
    """Ends each job at once with what ``outcomes`` says of its model."""

    def __init__(self, outcomes: dict[str, Outcome] | None = None) -> None:
        self.outcomes = outcomes or {}
        self.seen: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing runs."""

    def run(self, specs: Iterable[FineTuningSpec]) -> Iterator[Finished[FineTuningSpec]]:
        for spec in specs:
            self.seen.append(f"{spec.model.id} {spec.dataset.id}")
            done = Outcome(status="done", seconds=2.0, metric="accuracy", value=0.5)
            yield Finished(spec, self.outcomes.get(spec.model.id, done))


def run(store: Store, launcher: Instant, **request: object) -> Progress:
    return ingest_runs(store, Request(**request), lambda _: launcher)  # type: ignore[arg-type]


def sleeping() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_what_was_passed_over_is_done_when_its_worker_dies_and_told_while_it_lives(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four workers have a job each: one before the plan, three before it comes to theirs. Of these
    one lives, one dies, one gives its job back and fails with another, which is for the next
    command. What they are is real, what they claim is ours."""
    fill(store)
    workers = [sleeping() for _ in range(4)]
    names = [f"{socket.gethostname()}:{worker.pid}" for worker in workers]
    specs = [planned.claim() for planned in make_plan(store, Request()).jobs]
    assert ledger.claim_job(store, specs[5], owner=names[0])
    plan = make_plan(store, Request())
    assert (len(plan.jobs), [one.spec.id for one in plan.running]) == (5, [specs[5].id])

    class Deadly(Instant):
        def run(self, specs_: Iterable[FineTuningSpec]) -> Iterator[Finished[FineTuningSpec]]:
            for number, finished in enumerate(super().run(specs_)):
                if number == 0 and len(self.seen) == 1:
                    for place, name in zip((1, 2, 3, 4), (names[3], *names[1:]), strict=True):
                        assert ledger.claim_job(store, specs[place], owner=name)
                yield finished
            for dying in (workers[0], workers[1]):
                dying.kill()
                dying.wait()
            for job, status in ((specs[4], "stopped"), (specs[1], "failed")):
                ledger.end_job(store, job.id, owner=names[3], status=status, cause="process")

    launcher = Deadly()
    try:
        done = run_plan(store, plan, Request(), lambda _: launcher)
        assert (done.total, done.done, done.elsewhere) == (6, 4, 2)
        assert done.held == {names[2]: 1}
        assert len(launcher.seen) == len(set(launcher.seen)) == 4
        later = run(store, Instant())
        assert (later.done, later.elsewhere, later.held) == (1, 1, {names[2]: 1})
        _print_done(later, as_json=True)
        out, err = capsys.readouterr()
        assert json.loads(out)["held"] == {names[2]: 1}
        assert f"still hold 1 of these jobs (1 by {names[2]})" in " ".join(err.split())
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert run(store, Instant()).done == 1


def test_the_plan_is_what_the_graph_lacks(store: Store) -> None:
    fill(store)
    launcher = Instant(
        {"org/m1": Outcome(status="failed", seconds=1.0, reason="bad", cause="model")}
    )
    first = run(store, launcher)
    assert (first.total, first.done, first.failed) == (6, 4, 2)
    assert first.failures[0] == ("org/m1", first.failures[0][1], "bad")
    again = Instant()
    assert run(store, again).total == 0 and not again.seen
    assert make_plan(store, Request()).failed == 2
    assert run(store, again, retry=True).done == 2
    assert all(seen.startswith("org/m1") for seen in again.seen)
    other = run(store, Instant(), settings=Settings(method="linear"))
    assert other.done == 6, "another method is another experiment"
    seeded = run(store, Instant(), settings=Settings(seed=1), seed=1)
    assert seeded.done == 6, "another seed was asked for"


def test_a_plan_is_limited_to_what_is_named_and_says_what_is_not_there(store: Store) -> None:
    with pytest.raises(ZooError, match="zoo ingest models"):
        make_plan(store, Request())
    fill(store)
    plan = make_plan(store, Request(models="org/m2", datasets=["org/d1"]))  # type: ignore[arg-type]
    assert [(j.spec.model.id, j.spec.dataset.id) for j in plan.jobs] == [("org/m2", "org/d1")]
    assert plan.jobs[0].command.startswith("zoo ingest runs --models org/m2 --datasets org/d1")
    limited = make_plan(store, Request(max_samples=50, allow_pickle=True)).jobs[0]
    assert limited.command.endswith("--max-samples 50 --allow-pickle")
    with pytest.raises(ZooError, match=r"No model 'org/m22' in the zoo\. Did you mean 'org/m2'"):
        make_plan(store, Request(models="org/m22"))  # type: ignore[arg-type]
    with pytest.raises(ZooError, match="No model 'org/m22'"):
        ingest_scores(store, Request(models=("org/m22",)), methods="logme")


def test_models_whose_files_nobody_knows_are_told_and_the_rest_go_on(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store)
    names = [f"lost{number:02}" for number in range(20)]
    lost = History([Model(name, modality="text", source="transfergraph") for name in names])
    write_history(store, lost, provenance=Provenance("test"))
    plan = make_plan(store, Request())
    assert [failure.reference for failure in plan.unreachable] == names
    assert len(plan.jobs) == 6
    _print_plan(plan, as_json=False, whole=True)
    told = capsys.readouterr().err
    assert told.count("Left out: lost") == 15 and "\nand 5 more left out\n" in told
    placed = make_plan(store, Request(places={"lost00": "/somewhere"}))
    assert len(placed.jobs) == 8


def test_a_plan_is_priced_by_like_runs_and_done_cheapest_first(store: Store) -> None:
    fill(store, models=4)
    plan = make_plan(store, Request(order="cheap"))
    assert plan.price.unknown == 8 and plan.price.seconds == 0
    rows = [FineTuning(f"r{n}", f"org/m{n}", "org/d0", 0.5, seconds=10.0 * (n + 1), epochs=3.0)
            for n in range(4)]  # fmt: skip
    write_history(store, History(fine_tunings=rows), provenance=Provenance("test"))
    plan = make_plan(store, Request(order="cheap"))
    costs = [job.seconds for job in plan.jobs]
    assert len(costs) == 4 and None not in costs
    assert costs == sorted(costs, key=lambda c: c or 0)
    assert plan.price.low <= plan.price.seconds <= plan.price.high
    assert 50 < plan.price.seconds < 200


def test_a_budget_claims_nothing_that_does_not_fit(store: Store) -> None:
    fill(store, models=4)
    rows = [FineTuning(f"r{n}", f"org/m{n}", "org/d0", 0.5, seconds=100.0, epochs=3.0)
            for n in range(4)]  # fmt: skip
    write_history(store, History(fine_tunings=rows), provenance=Provenance("test"))
    launcher = Instant()
    done = ingest_runs(store, Request(), lambda _: launcher, budget=5.0)
    assert done.budget_spent and not launcher.seen
    assert ledger.job_states(store) == {}, "nothing was claimed"


def test_a_launcher_that_breaks_gives_its_jobs_back(store: Store) -> None:
    fill(store)

    class Breaking(Instant):
        def run(self, specs: Iterable[FineTuningSpec]) -> Iterator[Finished[FineTuningSpec]]:
            next(iter(specs))
            raise KeyboardInterrupt
            yield

    with pytest.raises(KeyboardInterrupt):
        run(store, Breaking())
    assert {state.status for state in ledger.job_states(store).values()} == {"stopped"}
    assert run(store, Instant()).done == 6


def test_a_forgotten_result_is_planned_again(store: Store) -> None:
    fill(store, models=1, datasets=1)
    assert run(store, Instant()).done == 1
    from zoo.forgetting import forget

    [job] = ledger.job_states(store)
    runs = store.read("list_runs", limit=10)
    forget(store, next(r["id"] for r in runs if r["kind"] == "ingest runs"), kind="run")
    assert job and run(store, Instant()).done == 1


def test_the_best_predicted_goes_first(store: Store) -> None:
    """Published scores order the plan; a pair without one comes last."""
    fill(store, models=3, datasets=1)
    learner = LearnerRecord("l", "gat", "text", "full", "{}", "{}", "artifact", "0" * 64)
    write_learner(store, learner, provenance=Provenance("train"))
    nothing = np.full(2, np.nan)
    ranked = Predictions(
        "org/d0", np.array(["org/m2", "org/m0"], dtype=object), np.array([2.0, 1.0]),
        nothing, nothing, nothing, nothing, nothing,
    )  # fmt: skip
    publish_predictions(
        store, [ranked], learner="l", method="full", provenance=Provenance("predict")
    )
    plan = make_plan(store, Request())
    assert [job.spec.model.id for job in plan.jobs] == ["org/m2", "org/m0", "org/m1"]
    linear = make_plan(store, Request(settings=Settings(method="linear")))
    assert len(linear.jobs) == 3, "scores of another method order nothing, and hide nothing"
