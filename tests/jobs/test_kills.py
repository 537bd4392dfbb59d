"""``zoo ingest runs`` killed and interrupted: the same command again does what is missing."""

from __future__ import annotations

import json
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

RUN = ("ingest", "runs", "--image-size", "32", "--threads", "1", "--epochs", "2", "--json")


def start(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", "import cli; cli.main()", *RUN],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
            # Whoever runs the tests in the background had SIGINT ignored for all below.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip


@pytest.mark.timeout(900)
def test_a_command_killed_and_one_interrupted_leave_only_what_is_missing(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    """Three jobs: kill -9 while one runs, then Ctrl-C, then to the end; nothing is done twice."""
    address = f"embedded:{tmp_path / 'store'}"
    models = [Model(f"m/{n}", modality="image", source=image_model.as_uri()) for n in range(3)]
    data = [Dataset("d", modality="image", source=images.as_uri())]
    with Store.open(address) as store:
        write_history(store, History(models, data), provenance=Provenance("test"))
    environment = os.environ | {"ZOO_STORE": address, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for number, (sign, expected) in enumerate(((signal.SIGKILL, -9), (signal.SIGINT, 130))):
        command = start(environment, tmp_path / f"{number}.log")
        # Its first job has been handed over: the folder of the launcher holds its specification.
        wait_for_job(command)
        command.send_signal(sign)
        assert command.wait(150) == expected, (tmp_path / f"{number}.log").read_text()
        assert "Traceback" not in (tmp_path / f"{number}.log").read_text()
        with Store.open(address) as store:
            wanted = "running" if sign == signal.SIGKILL else "stopped"
            assert wanted in {s.status for s in ledger.job_states(store).values()}
    last = start(environment, tmp_path / "last.log")
    assert last.wait(400) == 0, (tmp_path / "last.log").read_text()
    with Store.open(address) as store:
        done = [(k.model, k.dataset) for k in ledger.known_results(store, method="full")]
        assert sorted(done) == [(f"m/{n}", "d") for n in range(3)]
        assert {s.status for s in ledger.job_states(store).values()} == {"done"}
    answers = [line for line in (tmp_path / "last.log").read_text().splitlines() if "{" in line]
    assert json.loads(answers[-1])["done"] >= 1


MODELS = 4


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [0, 1])
def test_after_kills_at_random_moments_the_same_command_completes(
    image_model: Path, tmp_path: Path, seed: int
) -> None:
    """A job, the parent of the jobs and the command, in a random order at random moments."""
    rng = random.Random(seed)
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
        for victim in rng.sample(["job", "parent", "command"], 3):
            found = find_victim(command, victim)
            time.sleep(rng.uniform(0, 1))
            if found is not None:
                with suppress(psutil.NoSuchProcess):  # it ended by itself
                    found.kill()
            if command.poll() is not None or victim == "command":
                command.wait()
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


def find_victim(command: subprocess.Popen[bytes], kind: str) -> psutil.Process | None:
    """The command itself, its child or its grandchild, as soon as there is one.

    None where the command ends before.
    """
    generation = ("command", "parent", "job").index(kind)
    deadline = time.monotonic() + 300
    while command.poll() is None:
        assert time.monotonic() < deadline, f"no {kind} was started"
        with suppress(psutil.NoSuchProcess):
            line = [psutil.Process(command.pid)]
            for _ in range(generation):
                line += [p for p in line[-1].children() if "zoo.jobs" in " ".join(p.cmdline())][:1]
            if len(line) == generation + 1:
                return line[-1]
        time.sleep(0.02)
    return None


def wait_for_job(command: subprocess.Popen[bytes]) -> None:
    """Until the command has a grandchild: nursery and job."""
    assert find_victim(command, "job") is not None, "the command ended too early"
