"""The store is killed in the middle of a plan: no job is lost, and none is trained twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graphdb import jobs as ledger
from graphdb.embedded import find_served
from graphdb.errors import ZooError
from graphdb.histories import write_history
from graphdb.records import Dataset, FineTuning, History, Model
from graphdb.runs import Provenance
from graphdb.runs import owner as this_process
from graphdb.store import Store
from learn.progress import silent
from tests.jobs.conftest import job, make_images
from tests.jobs.test_kills import start, wait_for_job
from tests.neo4j import Release, Server
from tests.production.hosts import Served, running
from zoo.jobs.holding import held, hold, let_go
from zoo.jobs.ingestion import ingest_datasets, ingest_scores
from zoo.jobs.local import LocalLauncher
from zoo.jobs.planning import Request
from zoo.jobs.running import ingest_runs
from zoo.jobs.specs import Outcome, Settings

pytestmark = pytest.mark.timeout(900)
JOBS = 3


@pytest.fixture(scope="module")
def server(neo4j_release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("mortal"), release=neo4j_release) as started:
        yield started


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mortal(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, empty, named by the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with Store.open() as store:
        store.execute("MATCH (n) DETACH DELETE n")
    return server


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """An embedded store in a process of its own, which starts again in a sixth of a server's time.

    That a command waits for its store is tested with either; the rest with this one.
    """
    host = Served(tmp_path / "store")
    monkeypatch.setenv("ZOO_STORE", f"embedded:{host.folder}")
    with running(host):
        yield host


def fill(image_model: Path, images: Path) -> None:
    models = [Model(f"m/{n}", modality="image", source=image_model.as_uri()) for n in range(JOBS)]
    data = [Dataset("d", modality="image", source=images.as_uri())]
    with Store.open() as store:
        write_history(store, History(models, data), provenance=Provenance("test"))


def ended_well() -> None:
    """Every job is done, each with one result."""
    with Store.open() as store:
        done = Counter(known.model for known in ledger.known_results(store, method="full"))
        assert done == Counter({f"m/{n}": 1 for n in range(JOBS)})
        states = ledger.job_states(store).values()
        assert {state.status for state in states} == {"done"} and len(states) == JOBS


def trained(caches: Path) -> list[Path]:
    """Outcomes of trainings that the graph does not have yet."""
    return list(caches.rglob("outcome.json"))


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_running_command_waits_for_its_server_and_goes_on(
    mortal: Server, caches: Path, image_model: Path, images: Path, tmp_path: Path
) -> None:
    fill(image_model, images)
    command = start(dict(os.environ), log := tmp_path / "log")
    wait_for_job(command)
    mortal.kill()
    until(lambda: trained(caches), "the training goes on without the store")
    assert command.poll() is None, log.read_text()
    mortal.restart()
    assert command.wait(400) == 0, log.read_text()
    answer = json.loads([line for line in log.read_text().splitlines() if "{" in line][-1])
    assert (answer["done"], answer["failed"], answer["elsewhere"]) == (JOBS, 0, 0)
    ended_well()
    assert not trained(caches), "what the graph has is swept"
    with Store.open() as store:
        assert {state.attempts for state in ledger.job_states(store).values()} == {1}


def test_a_training_outlives_its_command_and_its_server(
    served: Served, caches: Path, image_model: Path, images: Path, tmp_path: Path
) -> None:
    """Both are killed once a job has ended: the same command writes it without training again."""
    fill(image_model, images)
    command = start(dict(os.environ), tmp_path / "first.log")
    wait_for_job(command)
    served.kill()
    until(lambda: trained(caches), "a training ends")
    [path] = trained(caches)
    command.send_signal(signal.SIGKILL)
    command.wait()
    kept = json.loads(path.read_text())
    served.start()
    again = start(dict(os.environ), log := tmp_path / "again.log")
    assert again.wait(400) == 0, log.read_text()
    ended_well()
    with Store.open() as store:
        seconds = {k.model: k.seconds for k in ledger.known_results(store, method="full")}
    assert seconds[kept["spec"]["model"]["id"]] == kept["outcome"]["seconds"]


def test_a_store_that_stays_away_is_given_up_and_nothing_trained_is_lost(
    served: Served,
    caches: Path,
    image_model: Path,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("graphdb.store._RETRY_SECONDS", 1.0)
    fill(image_model, images)
    request = Request(settings=Settings(epochs=2, image_size=32), threads=1)

    def mortally(beat: Callable[[], None]) -> LocalLauncher:
        def strike() -> None:
            if launcher.processes and served.alive:
                served.kill()
            beat()

        launcher = LocalLauncher(parallel=2, beat=strike)
        return launcher

    with Store.open() as store:
        with pytest.raises(ZooError, match=r"type the same command again.*held on disk"):
            ingest_runs(store, request, mortally, patience=1.0)
        assert len(trained(caches)) == 2, "what ran to its end is held"
    served.start()
    with Store.open() as store:
        done = ingest_runs(
            store, request, lambda beat: LocalLauncher(beat=beat), owner="another:1", lease=120
        )
    # The first two still have the lease of a process that lives: this one.
    assert (done.done, done.elsewhere, done.held) == (1, 2, {this_process(): 2})
    with Store.open() as store:
        ours = list(ledger.job_states(store))
        assert ledger.renew_leases(store, ours, owner=this_process(), lease=0) == 2
        ingest_runs(store, request, lambda beat: LocalLauncher(beat=beat))
    ended_well()


def test_a_served_folder_is_found_again_at_its_new_port(
    caches: Path,
    image_model: Path,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "store"
    monkeypatch.setenv("ZOO_STORE", f"embedded:{folder}")
    fill(image_model, images)
    serving = serve(folder)
    before = find_served(folder)
    command = start(dict(os.environ), log := tmp_path / "log")
    try:
        wait_for_job(command)
        serving.kill()
        serving.wait()
        serving = serve(folder, unlike=before)
        assert command.wait(400) == 0, log.read_text()
        ended_well()
    finally:
        command.kill()
        command.wait()
        serving.terminate()
        serving.wait()


def serve(folder: Path, *, unlike: str | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "import cli; cli.main()", "db", "serve"]
    serving = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until(lambda: find_served(folder) not in (None, unlike), "the folder is served")
    return serving


def test_datasets_and_scores_wait_for_their_store(
    served: Served,
    caches: Path,
    image_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The store dies once the first of three is written: none fails, none is looked at twice."""
    monkeypatch.setattr("graphdb.store._RETRY_SECONDS", 1.0)  # it is away for longer
    names = [str(make_images(tmp_path / f"set{n}", each=8, seed=n)) for n in range(3)]
    looked: list[str] = []

    def look(_: float, doing: str) -> None:
        if ", 0 rows of " in doing:
            looked.append(doing)

    with Store.open() as store:
        write_history(
            store, History([Model("m", modality="image", source=image_model.as_uri())]),
            provenance=Provenance("test"),
        )  # fmt: skip
        embed = partial(ingest_datasets, store, names, probe="m", alone=False)
        assert not died_in(embed, served, look=look).failures
        assert len(looked) == len(set(looked)) == 3
    with Store.open() as store:
        score = partial(ingest_scores, store, Request(threads=1), methods=["logme"])
        assert not died_in(score, served).failures
    with Store.open() as store:
        assert len(ledger.find_datasets(store)) == 3
        assert len(ledger.probe_embeddings(store, "m")) == 6
        assert len(ledger.known_scores(store, ["logme"])) == 3


def died_in(
    work: Callable[..., Any], host: Served, *, look: Callable[[float, str], None] = silent
) -> Any:
    """What the work returns whose store dies, and comes back, once its first third is written."""
    written, killed = threading.Event(), threading.Event()

    def strike(done: float, doing: str) -> None:
        look(done, doing)
        if done >= 1 / 3:
            written.set()
            assert killed.wait(60)

    # The store is a child of this thread and would end with another one.
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(work, tell=strike)
        assert written.wait(120)
        host.kill()
        killed.set()
        host.start()
        return answer.result(300)


def test_a_store_that_stays_away_is_no_fault_of_a_dataset(
    served: Served, caches: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphdb.store._RETRY_SECONDS", 1.0)
    with Store.open() as store:
        served.kill()
        try:
            with pytest.raises(ZooError) as gone:
                ingest_datasets(store, [str(images)], probe="/none", patience=0.5)
        finally:
            served.start()
    assert ledger.is_lost(gone.value)
    with Store.open() as store:
        assert ledger.job_states(store) == {} and not ledger.find_datasets(store)


def test_an_outcome_is_found_by_exactly_its_job(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    spec = job(image_model, images, tmp_path)
    assert held(spec) is None
    outcome = Outcome(status="done", seconds=1.0, metric="accuracy", value=0.5)
    hold(spec, outcome)
    assert held(spec.model_copy(update={"threads": 7})) == outcome, "place and threads are no part"
    other = spec.settings.model_copy(update={"image_size": 64})
    assert held(spec.model_copy(update={"settings": other})) is None
    (spec.folder / "outcome.json").write_text('{"spec": {', encoding="utf-8")
    assert held(spec) is None, "half a file is none"
    hold(spec, outcome)
    let_go(spec, outcome)
    assert not spec.folder.exists()


def test_what_was_answered_and_not_heard_is_asked_again_safely(store: Store) -> None:
    """The driver repeats a transaction whose answer was lost: claiming and ending bear it."""
    write_history(store, History([Model("m")], [Dataset("d")]), provenance=Provenance("test"))
    wanted = ledger.Claim("j", "fine-tuning", "m", "d", "{}")
    repeated: list[object] = []
    usual = store.transact

    def twice(work: Callable[..., object], *, access: str = "write") -> object:
        repeated.append(usual(work, access=access))
        return usual(work, access=access)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "transact", twice)
        assert ledger.claim_job(store, wanted, owner="a") == 1
        assert ledger.end_job(
            store, "j", owner="a", status="done", result=FineTuning("j", "m", "d", 0.5),
            provenance=Provenance("test"),
        )  # fmt: skip
    assert repeated == [1, True]
    assert len(ledger.known_results(store, method="full")) == 1
    assert ledger.job_states(store)["j"].attempts == 1
