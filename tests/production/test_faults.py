"""Kills, a full disk, lost connections: what was acknowledged is there, the same again completes.

Failover of a cluster is not tested: Community has none (docs/neo4j.md).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graphdb import batches
from graphdb import store as store_module
from graphdb.catalog import count_relationships
from graphdb.errors import ZooError
from graphdb.histories import read_history, write_history
from graphdb.records import History
from graphdb.runs import Provenance, unfinished_imports
from graphdb.store import Store
from tests.graphdb.zoos import as_lists, small, write
from tests.production.hosts import (
    Host,
    Served,
    environment,
    largest_file,
    small_files,
    wipe,
)
from tests.production.proxy import CuttingProxy
from tests.production.serving import ROOT, run_zoo
from tests.production.soak import WRITERS, proxied, soak
from tests.production.soaker import COMMANDS
from zoo.sources import generate_history, write_bundle

#: Of the soak, by kind of store; both draw a server's death among the others. More of them by hand:
#: ``python -m tests.production.soak``.
SEEDS = {"served": 3, "neo4j": 8}
LARGE = {"models": 150, "datasets": 30, "records_per_model": 20, "seed": 1}


@pytest.fixture
def host(shared_host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """An empty store in a process that this test may kill; a client that gives up soon."""
    for name, value in shared_host.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(store_module, "_RETRY_SECONDS", 2.0)
    monkeypatch.setattr(store_module, "_CONNECT_SECONDS", 5.0)
    with Store.open() as store:
        wipe(store)
    return shared_host


@pytest.fixture(scope="module")
def large() -> History:
    return generate_history(**LARGE)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, large: History) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "large"
    write_bundle(large, folder)
    return folder


def _rows(history: History) -> int:
    return sum(len(rows) for rows in as_lists(history).values())


def _stored(store: Store) -> int:
    return sum(count_relationships(store).values())


def test_a_server_killed_in_an_import_leaves_nothing_of_it(host: Host, large: History) -> None:
    """``small`` was acknowledged before, ``large`` is being written when the server goes."""
    with Store.open() as store:
        write(store, small())
        before = as_lists(read_history(store))

        def kill(table: str, done: int, total: int) -> None:
            if table == "similarities":
                host.kill()

        with pytest.raises(ZooError) as error:
            write_history(store, large, provenance=Provenance("test"), progress=kill)
        assert "\n" not in str(error.value) and "same command again" in str(error.value)
    host.start()
    with Store.open() as store:
        assert as_lists(read_history(store)) == before
        changes = write_history(store, large, provenance=Provenance("test"))
        created = sum(change.created for change in changes.tables.values())
    print(f"{host.kind}: {len(before)} tables kept, then {created} of {_rows(large)} rows created")
    assert created == _rows(large)


@pytest.mark.parametrize("whole", [100_000, 0], ids=["whole", "staged"])
def test_a_killed_writer_is_completed_by_the_same_command(
    host: Host, bundle: Path, large: History, whole: int
) -> None:
    """``zoo ingest records`` in a process of its own, killed with SIGKILL in the middle."""
    with Store.open() as store:
        write(store, small())
        before = as_lists(read_history(store))
        acknowledged = _stored(store)
        program = (
            f"import graphdb.batches as h; h.WHOLE = {whole}; h.BATCH = 500\n"
            "from cli import main; main()"
        )
        command = [sys.executable, "-c", program, "ingest", "records", str(bundle)]
        writer = subprocess.Popen(
            command, cwd=ROOT, env=environment(host), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        _wait_until(lambda: writer.poll() is not None or _writes(store, acknowledged, whole))
        time.sleep(0.05)
        assert writer.poll() is None, writer.communicate()[1][-2000:]
        writer.kill()
        writer.communicate(timeout=60)
        partial = _stored(store) - acknowledged
        assert as_lists(read_history(store)) == before, "half of an import was seen"
        assert (partial > 0) == (whole == 0)
        unfinished = store.transact(unfinished_imports, access="read")
        assert len(unfinished) == (whole == 0)
    if unfinished:
        status = run_zoo("db", "status", env=environment(host))
        assert "zoo forget" in " ".join(status.stdout.split()), status.stdout
    done = subprocess.run(
        command, cwd=ROOT, env=environment(host), capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with Store.open() as store:
        again = write_history(store, large, provenance=Provenance("test"))
        assert not again.any
        assert not store.transact(unfinished_imports, access="read")
        assert as_lists(read_history(store))["fine_tunings"] == sorted(
            [*small().fine_tunings, *large.fine_tunings], key=lambda f: (f.dataset, f.model, f.id)
        )
    print(f"{host.kind}: {partial} relationships of an unfinished import, {_rows(large)} after it")


def _writes(store: Store, acknowledged: int, whole: int) -> bool:
    """Whether the writer is in the middle: rows are there, or its transaction has the turn."""
    if whole:
        return bool(store.read("turn"))
    return _stored(store) > acknowledged + 500


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_full_disk_is_one_line_and_loses_nothing(
    host: Host, large: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = host.folder if isinstance(host, Served) else Path(_home(host))
    with Store.open() as store:
        write(store, small())
        before = as_lists(read_history(store))
        with small_files(host.pid, max(largest_file(folder), 1 << 16)):
            with pytest.raises(ZooError) as error:
                for _ in range(20):  # until what is buffered has to be written
                    write_history(store, large, provenance=Provenance("test"))
                    wipe_large(store)
            said = str(error.value)
            assert "\n" not in said and "type the same command again" in said, said
            place = folder if isinstance(host, Served) else os.environ["ZOO_STORE"]
            assert str(place) in said and "df -h" in said, said
    host.kill()
    host.start()
    with Store.open() as store:
        found = as_lists(read_history(store))
        kept = [row for row in found["fine_tunings"] if row in before["fine_tunings"]]
        assert kept == before["fine_tunings"]
        write_history(store, large, provenance=Provenance("test"))
        assert not write_history(store, large, provenance=Provenance("test")).any
        print(f"{host.kind}: {str(error.value)[:150]!r}; after it {_stored(store)} relationships")


def wipe_large(store: Store) -> None:
    for row in store.read("list_runs", limit=1):
        from graphdb.removal import remove_run

        remove_run(store, row["id"])


def _home(host: Host) -> str:
    from tests.production.hosts import Neo4j

    assert isinstance(host, Neo4j)
    return str(host.server.home)


def test_connections_cut_in_the_middle_lose_and_double_nothing(
    host: Host, large: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_RETRY_SECONDS", 30.0)
    monkeypatch.setattr(batches, "BATCH", 500)
    monkeypatch.setattr(batches, "WHOLE", 0)
    url, username, password = host.bolt
    database = "zoo" if host.kind == "served" else None
    with (
        CuttingProxy(url, cuts=[100_000, 150_000, 90_000, 200_000, 60_000]) as proxy,
        Store.open(proxy.url, username=username, password=password, database=database) as store,
    ):
        changes = write_history(store, large, provenance=Provenance("test"))
        found = read_history(store)
        retries = store.retries
    print(f"{host.kind}: {proxy.cut} cuts, {retries} repetitions, {_rows(found)} rows")
    assert proxy.cut >= 3 and retries >= 3
    assert sum(change.unchanged for change in changes.tables.values()) <= proxy.cut * 500
    assert found.fine_tunings == sorted(
        large.fine_tunings, key=lambda f: (f.dataset, f.model, f.id)
    )
    with Store.open() as store:
        assert _stored(store) == _rows(large) - len(large.models) - len(large.datasets)


def test_a_server_that_sleeps_is_told_and_goes_on(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open() as store:
        write(store, small())
    os.kill(host.pid, signal.SIGSTOP)
    try:
        with monkeypatch.context() as patch, ThreadPoolExecutor(1) as pool:
            patch.setattr(store_module, "_GREET_SECONDS", 1.0)
            error = pool.submit(Store.open).exception(timeout=45)  # the driver's own is 60
        assert isinstance(error, ZooError)
        assert re.match("No answer from .* the same command again", str(error))
    finally:
        os.kill(host.pid, signal.SIGCONT)
    with Store.open() as store:
        assert not write_history(store, small(), provenance=Provenance("test")).any


def test_what_was_acknowledged_survives_all_that_dies(shared_host: Host, tmp_path: Path) -> None:
    """Three writers and a reader while servers, writers and connections die."""
    with proxied(shared_host), Store.open() as store:
        wipe(store)
    found = soak(shared_host, tmp_path, SEEDS[shared_host.kind], deaths=6, server_kills=1)
    print(found)
    assert found.commands == WRITERS * COMMANDS
    assert found.deaths["server"] and found.deaths.total() > 1
    assert found.readings and not found.half_published
