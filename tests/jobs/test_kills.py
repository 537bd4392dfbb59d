"""``zoo ingest runs`` killed and interrupted: the same command again does what is missing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from graphdb import jobs as ledger
from graphdb.histories import write_history
from graphdb.records import Dataset, History, Model
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.jobs.conftest import make_images
from tests.jobs.test_ledger import Instant
from tests.production.hosts import Served, running
from zoo.jobs.planning import Request, make_plan
from zoo.jobs.running import Progress, run_plan
from zoo.jobs.specs import Settings

RUN = ("ingest", "runs", "--image-size", "32", "--threads", "1", "--epochs", "2", "--json")


def start(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", "import cli; cli.main()", *RUN],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
            # Whoever runs the tests in the background had SIGINT ignored for all below.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip


MODELS = 6


@pytest.mark.timeout(900)
def test_killed_and_interrupted_the_same_command_completes(
    image_model: Path, tmp_path: Path
) -> None:
    """A job, the parent of the jobs and the command are killed, the command is interrupted, in a
    random order at random moments: nothing is done twice, and nothing is missing at the end."""
    rng = random.Random(0)
    address = f"embedded:{tmp_path / 'store'}"
    images = make_images(tmp_path / "shades", each=8)
    models = [Model(f"m/{n}", modality="image", source=image_model.as_uri()) for n in range(MODELS)]
    data = [Dataset("d", modality="image", source=images.as_uri())]
    with Store.open(address) as store:
        write_history(store, History(models, data), provenance=Provenance("test"))
    environment = os.environ | {"ZOO_STORE": address, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    log = tmp_path / "log"
    command = start(environment, log)
    try:
        for victim in rng.sample(["job", "parent", "command", "interrupt"], 4):
            job, parent = wait_for_job(command)
            if victim in ("job", "parent"):
                time.sleep(rng.uniform(0, 0.5))
                with suppress(psutil.NoSuchProcess):  # it ended by itself
                    (job if victim == "job" else parent).kill()
                continue
            command.send_signal(signal.SIGKILL if victim == "command" else signal.SIGINT)
            assert command.wait(150) == (-9 if victim == "command" else 130), log.read_text()
            assert "Traceback" not in log.read_text(), log.read_text()
            with Store.open(address) as store:
                wanted = "running" if victim == "command" else "stopped"
                assert wanted in {s.status for s in ledger.job_states(store).values()}
            command = start(environment, log)
        for _ in range(4):  # what was killed is taken again by the next one
            command.wait(400)
            assert "Traceback" not in log.read_text(), log.read_text()
            if log.read_text().startswith(f"0 jobs missing; {MODELS} pairs have a result, 0 fail"):
                break
            command = start(environment, log)
        assert command.wait(400) == 0, log.read_text()
    finally:
        command.kill()
        command.wait()
    with Store.open(address) as store:
        done = Counter((k.model, k.dataset) for k in ledger.known_results(store, method="full"))
        assert done == Counter({(f"m/{n}", "d"): 1 for n in range(MODELS)})
        jobs = store.read("list_jobs", limit=50)
        assert sorted((job["status"], job["model"], job["dataset"]) for job in jobs) == [
            ("done", f"m/{n}", "d") for n in range(MODELS)
        ]
        assert {run["status"] for run in store.read("list_runs", limit=50)} == {"done"}
    assert not list((tmp_path / "cache").rglob("outcome*")), "what the graph has is swept"


def test_a_killed_commands_job_is_done_by_the_one_that_passed_it_over(
    image_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands share a plan on a served folder; one is killed while it holds a job."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    models = [Model(f"m/{n}", modality="image", source=image_model.as_uri()) for n in range(2)]
    images = make_images(tmp_path / "shades", each=8)
    data = [Dataset("d", modality="image", source=images.as_uri())]
    with running(host := Served(tmp_path / "store")):
        monkeypatch.setenv("ZOO_STORE", f"embedded:{host.folder}")
        with Store.open() as store:
            write_history(store, History(models, data), provenance=Provenance("test"))
            command = start(dict(os.environ), log := tmp_path / "log")
            held: list[str] = []

            def strike(progress: Progress) -> None:
                if progress.running and not held:
                    held.extend(
                        name
                        for name, state in ledger.job_states(store).items()
                        if state.owner and state.owner.endswith(f":{command.pid}")
                    )
                    command.kill()
                    command.wait()

            try:
                wait_for_job(command)
                request = Request(settings=Settings(epochs=2, image_size=32), threads=1)
                plan = make_plan(store, request)
                done = run_plan(store, plan, request, lambda _: Instant(), tell=strike)
            finally:
                command.kill()
                command.wait()
            assert held == [one.spec.id for one in plan.running], log.read_text()
            assert (len(plan.jobs), done.done, done.elsewhere) == (1, 2, 0)
            assert ledger.job_states(store)[held[0]].attempts == 2
            assert len(ledger.known_results(store, method="full")) == 2


def wait_for_job(command: subprocess.Popen[bytes]) -> tuple[psutil.Process, psutil.Process]:
    """The command's grandchild and child, job and nursery, as soon as there are both."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert command.poll() is None, "the command ended too early"
        with suppress(psutil.NoSuchProcess):
            line = [psutil.Process(command.pid)]
            for _ in range(2):
                line += [p for p in line[-1].children() if "zoo.jobs" in " ".join(p.cmdline())][:1]
            if len(line) == 3:
                return line[2], line[1]
        time.sleep(0.02)
    raise AssertionError("no job was started")
