"""Writers and a reader while servers and writers die and connections break, all from a seed.

    python -m tests.production.soak served|neo4j [--minutes 10] [--seed 0]

Afterwards every acknowledged write is there, none twice, no half of a run was read, and the same
commands change nothing. One JSON object a seed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from graphdb.histories import read_history, write_history
from graphdb.runs import Provenance, unfinished_imports
from graphdb.store import Store
from tests.graphdb.zoos import keep_learner
from tests.neo4j.releases import chosen
from tests.production import soaker
from tests.production.hosts import Host, Served, make_neo4j, running, wipe
from tests.production.proxy import CuttingProxy
from tests.production.serving import ROOT

WRITERS = 3
#: Seconds after which a soak is stuck.
_PATIENCE = 300


@dataclass
class Soak:
    """What happened under one seed."""

    seed: int
    kind: str
    commands: int = 0
    records: int = 0
    retries: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    readings: int = 0
    unanswered: int = 0
    half_published: int = 0
    seconds: float = 0


def soak(host: Host, folder: Path, seed: int, *, deaths: int, server_kills: int) -> Soak:
    """Run one seed on an empty host, in which ``deaths`` times something dies, servers too.

    Raises:
        AssertionError: something was lost, doubled or half seen.
    """
    start = time.monotonic()
    found = Soak(seed, host.kind)
    with proxied(host) as proxy:
        with Store.open() as store:
            write_history(store, soaker.ends(), provenance=Provenance("soak"))
            for learner in soaker.LEARNERS:
                keep_learner(store, learner)
                soaker.publish(learner, store, score=-1.0)
        with ExitStack() as stack:
            crew = _Crew(folder, seed, stack)
            reader = crew.read()
            _haunt(host, proxy, crew, found, deaths=deaths, server_kills=server_kills)
            crew.stop.touch()
            seen = json.loads(reader.communicate(timeout=_PATIENCE)[0])
        found.readings, found.unanswered = seen["readings"], seen["unanswered"]
        found.half_published = len(seen["half"])
        assert not seen["half"], seen["half"]
        for journal in crew.journals:
            done, retries, errors = soaker.read_journal(journal)
            assert len(done) == soaker.COMMANDS, journal.read_text()[-2000:]
            found.commands += len(done)
            found.retries += retries
            found.errors.update(_shortened(error, proxy.url) for error in errors)
        with Store.open() as store:
            found.records = _check(store, seed)
    found.seconds = round(time.monotonic() - start, 1)
    return found


class _Crew:
    """The writers, each with a journal, and the reader; killed where a soak breaks off."""

    def __init__(self, folder: Path, seed: int, stack: ExitStack) -> None:
        self.seed, self.stack = seed, stack
        self.stop = folder / "stop"
        self.journals = [folder / f"journal-{writer}" for writer in range(WRITERS)]
        self.writers = [self.write(writer) for writer in range(WRITERS)]

    def write(self, writer: int) -> subprocess.Popen[str]:
        return self._start("soaker", str(self.seed), str(writer), str(self.journals[writer]))

    def read(self) -> subprocess.Popen[str]:
        return self._start("reader", str(self.stop), str(len(soaker.MODELS)), *soaker.PREDICTED)

    def working(self) -> list[int]:
        """Writers that have not ended. AssertionError where one ended otherwise than well."""
        for process in self.writers:
            if process.poll() is not None:
                assert process.returncode == 0, process.communicate()[1][-2000:]
        return [number for number, each in enumerate(self.writers) if each.poll() is None]

    def kill(self, writer: int) -> None:
        self.writers[writer].kill()
        self.writers[writer].communicate()
        self.writers[writer] = self.write(writer)

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"tests.production.{what}", *arguments], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.stack.enter_context(process)
        self.stack.callback(process.kill)
        return process


def _haunt(
    host: Host, proxy: CuttingProxy, crew: _Crew, found: Soak, *, deaths: int, server_kills: int
) -> None:
    """Something dies every now and then; then peace until all writers are through."""
    draw = np.random.default_rng([found.seed, 99])
    end = time.monotonic() + _PATIENCE
    while working := crew.working():
        assert time.monotonic() < end, [journal.read_text()[-500:] for journal in crew.journals]
        time.sleep(draw.uniform(0.2, 1.5))
        if found.deaths.total() >= deaths:
            continue
        what = str(draw.choice(["connections", "connections", "writer", "server"]))
        if what == "server" and found.deaths[what] < server_kills:
            host.kill()
            time.sleep(draw.uniform(0, 1))
            host.start()
            proxy.lead_to(host.bolt[0])
        elif what == "writer" and (working := crew.working()):
            crew.kill(int(draw.choice(working)))
        else:
            what = "connections"
            proxy.cut_now()
        found.deaths[what] += 1


def _check(store: Store, seed: int) -> int:
    """How many records there are: those of every command, each once, as it was written."""
    wanted: dict[str, float] = {}
    singles: set[tuple[str, str, int, float, float]] = set()
    for writer in range(WRITERS):
        for place, kind in enumerate(soaker.kinds(seed, writer)):
            if kind == "record":
                model, dataset, value = soaker.recorded(seed, writer, place)
                singles.add((model, dataset, writer, float(place), value))
            elif kind != "publish":
                history = soaker.imported(seed, writer, place)
                wanted.update((row.id, row.value) for row in history.fine_tunings)
                again = write_history(store, history, provenance=Provenance("soak"))
                assert not again.any, "the same command again changed something"
    assert not store.transact(unfinished_imports, access="read")
    stored = read_history(store)
    rows = stored.fine_tunings
    imported = [(row.id, row.value) for row in rows if row.seed is None]
    assert sorted(imported) == sorted(wanted.items()), "a record was lost, doubled or changed"
    alone = [(row.model, row.dataset, row.seed, row.epochs, row.value)
             for row in rows if row.seed is not None]  # fmt: skip
    assert sorted(alone) == sorted(singles), "a single result was lost, doubled or changed"
    pairs = [(row.dataset_a, row.dataset_b) for row in stored.similarities]
    assert len(pairs) == len(set(pairs)), "a similarity was doubled"
    for learner in soaker.LEARNERS:
        soaker.publish(learner, store, score=99.0)  # sweeps what the dead left
        _check_predictions(store, learner)
    return len(rows)


def _check_predictions(store: Store, learner: str) -> None:
    named = {
        row["b"]: {row["properties"]["run"], row["properties"]["previous"]}
        for row in store.read("dump_publications") if row["a"] == learner
    }  # fmt: skip
    found = Counter(
        (row["b"], row["properties"]["run"])
        for row in store.read("dump_predictions") if row["properties"]["learner"] == learner
    )  # fmt: skip
    assert found == {
        (dataset, run): len(soaker.MODELS) for dataset, runs in named.items() for run in runs
    }


@contextmanager
def proxied(host: Host) -> Iterator[CuttingProxy]:
    """Every command of this process and its children goes through a proxy before the host."""
    url, username, password = host.bolt
    with CuttingProxy(url, cuts=[]) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_STORE", proxy.url)
        patch.setenv("NEO4J_USERNAME", username)
        patch.setenv("NEO4J_PASSWORD", password)
        if host.kind == "served":
            patch.setenv("NEO4J_DATABASE", "zoo")
        yield proxy


def _shortened(error: str, url: str) -> str:
    return error.replace(url, "STORE")[:160]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kind", choices=["served", "neo4j"])
    parser.add_argument("--minutes", type=float, default=10, help="then no other seed begins")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_DATA_HOME"] = str(folder / "data")
        host: Host = Served(folder / "store")
        if options.kind == "neo4j":
            host = make_neo4j(folder / "neo4j", chosen())
        with running(host):
            seed = options.seed
            while seed == options.seed or time.monotonic() < end:
                (folder / str(seed)).mkdir()
                found = soak(host, folder / str(seed), seed, deaths=12, server_kills=3)
                print(json.dumps(vars(found)), flush=True)
                with proxied(host), Store.open() as store:
                    wipe(store)
                seed += 1


if __name__ == "__main__":
    main()
