"""Push, backup, restore: everything, checked, resumable, from any store to any other."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shlex
import socket
import stat
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cypher
from graphdb import dump
from graphdb.ends import ENDS, KEYS
from graphdb.errors import ZooError
from graphdb.schema import current_version, stored_version
from graphdb.store import Store
from tests.graphdb.zoos import small, write
from tests.production.full import ARTIFACT, fill, sums
from tests.production.serving import ROOT, ZOO
from tests.stores import Place
from zoo import backups, moving
from zoo.backup_files import verify
from zoo.backups import backup, restore
from zoo.databases import read_status
from zoo.moving import open_target, push
from zoo.outputs import drafts

OLDEST = Path(__file__).with_name("schema-v1.backup")


def test_push_moves_everything(store: Store, place: Place, tmp_path: Path) -> None:
    fill(store, place)
    wanted = sums(store)
    with Store.open(f"embedded:{tmp_path / 'there'}") as target:
        done = push(store, target)
        assert sums(target) == wanted
        assert done.rows == {table: each.rows for table, each in wanted.items()}
        assert done.written == sum(done.rows.values())
        again = push(store, target)
        assert again.written == 0 and again.rows == done.rows
    print(f"moved {done.written} rows of {len(wanted)} tables, checksums agree")


def test_push_goes_on_where_it_stopped(
    store: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, place)
    loaded: list[str] = []

    def load(target: Store, table: str, rows: list[Any]) -> None:
        if table == "similarities" and "similarities" not in loaded:
            loaded.append(table)
            raise ZooError("the network is gone")
        loaded.append(table)
        dump.load_rows(target, table, rows)

    monkeypatch.setattr(moving, "load_rows", load)
    with Store.open(f"embedded:{tmp_path / 'there'}") as target:
        with pytest.raises(ZooError, match="network is gone"):
            push(store, target)
        loaded[:] = ["similarities"]
        push(store, target)
        assert sums(target) == sums(store)
        assert "models" not in loaded and "fine_tunings" not in loaded, "what agreed came again"


def test_push_refuses_a_store_that_holds_something_else(
    store: Store, place: Place, tmp_path: Path
) -> None:
    with Store.open(f"embedded:{tmp_path / 'there'}") as source:
        place.run("CREATE (:Model {id: 'mine'})")
        write(source, small())
        with pytest.raises(ZooError, match="holds something else"):
            push(source, store)
    assert place.run("MATCH (n:Model) RETURN n.id AS id") == [{"id": "mine"}]


def losing(lossy: str) -> Callable[[Store, str, list[Any]], None]:
    """Loads all rows but the last of one table."""

    def load(target: Store, table: str, rows: list[Any]) -> None:
        dump.load_rows(target, table, rows[:-1] if table == lossy else rows)

    return load


def test_push_says_when_the_copy_is_not_equal(
    store: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, place)

    monkeypatch.setattr(moving, "load_rows", losing("fine_tunings"))
    complaint = pytest.raises(ZooError, match="2 fine_tunings and the copy 3")
    with Store.open(f"embedded:{tmp_path / 'there'}") as target, complaint:
        push(store, target)


def test_push_onto_itself_is_refused(store: Store, place: Place) -> None:
    with Store.open(place.address) as same, pytest.raises(ZooError, match="name another"):
        push(store, same)


def test_push_onto_itself_by_another_address_is_refused(store: Store, place: Place) -> None:
    url, username, password, database = store.bolt
    other = url.replace("127.0.0.1", "localhost")
    with (
        Store.open(other, username=username, password=password, database=database) as same,
        pytest.raises(ZooError, match="name another"),
    ):
        push(store, same)


def test_the_targets_credentials_are_its_own(
    neo4j_session: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those of the source's store are never sent to another server."""
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_session.password)
    monkeypatch.setattr("sys.stdin", None)
    with Store.open(f"embedded:{tmp_path / 'here'}") as source:
        with pytest.raises((ZooError, AttributeError)):
            open_target(neo4j_session.address, source=source)
        monkeypatch.setenv("ZOO_PUSH_USERNAME", neo4j_session.username)
        monkeypatch.setenv("ZOO_PUSH_PASSWORD", neo4j_session.password)
        open_target(neo4j_session.address, source=source).close()


def test_backup_and_restore(
    store: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, place)
    wanted = sums(store)
    (tmp_path / ".zoo.backup.dead").mkdir()
    (tmp_path / ".zoo.backup.dead/.lock").touch()
    with drafts(tmp_path / "zoo.backup") as alive:
        done = backup(store, tmp_path / "zoo.backup")
        assert alive.is_dir()
    assert stat.S_IMODE((tmp_path / "zoo.backup").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir() if "zoo" in file.name] == ["zoo.backup"]
    assert done.artifacts == 1
    written = (tmp_path / "zoo.backup").stat().st_ino
    with pytest.raises(ZooError, match=r"exists already.*--overwrite"):
        backup(store, tmp_path / "zoo.backup")
    assert (tmp_path / "zoo.backup").stat().st_ino == written
    backup(store, tmp_path / "zoo.backup", overwrite=True)
    assert (tmp_path / "zoo.backup").stat().st_ino != written
    place.empty()
    monkeypatch.setenv("ZOO_ARTIFACTS", str(tmp_path / "elsewhere"))
    found = restore(store, tmp_path / "zoo.backup")
    assert sums(store) == wanted
    assert found.rows == done.rows and found.artifacts == 1
    assert (tmp_path / "elsewhere" / "l1.zip").read_bytes() == ARTIFACT
    assert restore(store, tmp_path / "zoo.backup").written == 0
    place.run("CREATE (:Model {id: 'mine'})")
    with pytest.raises(ZooError, match="holds something else"):
        restore(store, tmp_path / "zoo.backup")


def test_a_full_disk_leaves_the_backup_of_before(
    embedded_session: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded_session.empty()
    monkeypatch.setenv("ZOO_ARTIFACTS", str(tmp_path / "artifacts"))
    file = tmp_path / "kept" / "zoo.backup"
    with Store.open(embedded_session.address) as store:
        fill(store, embedded_session)
        backup(store, file)
    before = file.read_bytes()
    command = [*ZOO, "--store", embedded_session.address, "db", "backup", str(file), "--overwrite"]
    full = f"ulimit -f 0; {shlex.join(command)}"
    done = subprocess.run(["sh", "-c", full], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Cannot write {file}: File too large. Free some space")
    assert done.stderr.count("\n") == 1
    assert file.read_bytes() == before and list(file.parent.iterdir()) == [file]


def test_restore_goes_on_where_it_stopped(
    store: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, place)
    wanted = sums(store)
    backup(store, tmp_path / "zoo.backup")
    place.empty()

    def load(target: Store, table: str, rows: list[Any]) -> None:
        if table == "predictions":
            raise ZooError("killed")
        dump.load_rows(target, table, rows)

    with monkeypatch.context() as patch:
        patch.setattr(backups, "load_rows", load)
        with pytest.raises(ZooError, match="killed"):
            restore(store, tmp_path / "zoo.backup")
    assert restore(store, tmp_path / "zoo.backup").written < sum(w.rows for w in wanted.values())
    assert sums(store) == wanted


def test_the_oldest_backup_is_read(store: Store, place: Place) -> None:
    """Format 1, marked as of schema 1 (which knew no backups); it stays as it was."""
    done = restore(store, OLDEST)
    assert done.rows["models"] == 3 and done.rows["predictions"] == 6 and done.artifacts == 1
    assert stored_version(store) == current_version()
    [learner] = store.read("list_learners", limit=5)
    assert learner["id"] == "l1" and learner["default"]
    [job] = store.read("job", id="j1")
    assert job["lease_until"].startswith("2026-01-02T01:04:05.123456789")


def test_an_artefact_out_of_reach_is_no_artefact_that_is_missing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup would lack it, and nobody would know before it is needed."""
    restore(store, OLDEST)
    monkeypatch.setenv("ZOO_ARTIFACTS", "ftp://127.0.0.1:1/zoo")
    with pytest.raises(ZooError, match=r"cannot be read under .*: Connection refused"):
        backup(store, tmp_path / "zoo.backup")
    assert not (tmp_path / "zoo.backup").exists()
    monkeypatch.setenv("ZOO_ARTIFACTS", str(tmp_path / "nowhere"))
    assert backup(store, tmp_path / "zoo.backup").artifacts == 0


# What is no sound backup -------------------------------------------------------------------------


def _lines() -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(OLDEST.read_bytes()).splitlines()]


def _packed(lines: list[Any]) -> bytes:
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


def _altered(change: Callable[[list[Any]], object]) -> bytes:
    lines = _lines()
    change(lines)
    return _packed(lines)


def _sealed(change: Callable[[list[Any]], object]) -> bytes:
    """Altered by somebody who knows how to make the sums right again."""
    lines = _lines()
    change(lines)
    for table in dump.TABLES:
        summing = dump.Summing()
        for line in lines[1:]:
            if line.get("table") == table:
                summing.add([dump.from_json(row) for row in line["rows"]])
        lines[0]["tables"][table] = asdict(summing.result)
    return _packed(lines)


def _first(lines: list[Any], table: str) -> int:
    return next(n for n, line in enumerate(lines) if line.get("table") == table)


def _table(lines: list[Any], table: str) -> list[Any]:
    rows: list[Any] = lines[_first(lines, table)]["rows"]
    return rows


BROKEN = {
    "empty": b"",
    "no gzip": b"PK\x03\x04 a zip perhaps",
    "cut": OLDEST.read_bytes()[:-40] if OLDEST.exists() else b"",
    "without its end": _altered(lambda lines: lines.pop()),
    "twice": OLDEST.read_bytes() * 2,
    "another format": _altered(lambda lines: lines[0].update(format="x")),
    "newer": _altered(lambda lines: lines[0].update(version=99)),
    "newer schema": _altered(lambda lines: lines[0].update(schema=99)),
    "a row less": _altered(lambda lines: lines[1]["rows"].pop()),
    "a value changed": _altered(lambda lines: lines[1]["rows"][0]["set"].update(family="x")),
    "an unknown table": _altered(lambda lines: lines[1].update(table="../x")),
    "a map as a property": _altered(
        lambda lines: lines[1]["rows"][0]["set"].update(family=[{"a": 1}])
    ),
    "a number of 65 bits": _sealed(
        lambda lines: lines[1]["rows"][0]["set"].update(parameters=2**64)
    ),
    "a list of two kinds": _sealed(
        lambda lines: lines[1]["rows"][0]["set"].update(family=["a", 1])
    ),
    "a property without a name": _sealed(lambda lines: lines[1]["rows"][0]["set"].update({"": 1})),
    "a time that is none": _sealed(lambda lines: lines[1]["rows"][0].update(times={"t": "soon"})),
    "an artefact called ..": _sealed(
        lambda lines: [
            place.update({key: ".."})
            for place, key in [(lines[0]["artifacts"][0], "name")]
            + [(line, "artifact") for line in lines if "artifact" in line]
        ]
    ),
    "a relationship to no model": _sealed(
        lambda lines: _table(lines, "fine_tunings")[0].update(a="ghost")
    ),
    "a relationship to no dataset": _sealed(
        lambda lines: _table(lines, "job_datasets")[0].update(b="ghost")
    ),
    "relationships before their ends": _sealed(
        lambda lines: lines.insert(1, lines.pop(_first(lines, "pretrainings")))
    ),
    "a relationship without its key": _sealed(
        lambda lines: _table(lines, "transferabilities")[0]["set"].pop("method")
    ),
    "a model twice": _sealed(
        lambda lines: _table(lines, "models").append(_table(lines, "models")[0])
    ),
    "another id": _altered(lambda lines: lines[1]["rows"][0]["set"].update(id="other")),
    "an artefact of another content": _altered(
        lambda lines: lines[-2].update(piece=base64.b64encode(b"evil").decode())
    ),
    "a list": gzip.compress(b"[1, 2]\n"),
    "deep": gzip.compress(b"[" * 200_000 + b"\n"),
    # Members of a gzip file follow one another: what comes again is compressed once.
    "a bomb": gzip.compress(json.dumps(_lines()[0]).encode() + b"\n")
    + gzip.compress(b'{"x": "' + b" " * 10_000_000 + b'"}\n') * 30,
    "one long line": gzip.compress(b" " * 1_000_000) * 65,
}


def test_a_pipe_is_no_backup_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "zoo.backup")
    with pytest.raises(ZooError, match=r"no sound backup: .*it is a pipe or a device"):
        verify(tmp_path / "zoo.backup")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_backup_is_one_line_and_writes_nothing(
    place: Place, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "broken").write_bytes(BROKEN[kind])
    with Store.open(place.address) as store:
        before = place.count()
        with pytest.raises(ZooError, match=r"no sound backup: .*Nothing was written") as error:
            restore(store, tmp_path / "broken")
        assert "\n" not in str(error.value)
        assert place.count() == before


def test_a_missing_end_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(BROKEN["a relationship to no model"])
    complaint = "a row of fine_tunings names the model 'ghost', which is not there"
    with pytest.raises(ZooError, match=complaint):
        restore(store, tmp_path / "broken")


@pytest.mark.parametrize("table", dump.RELATIONSHIPS)
def test_ends_and_keys_are_those_that_the_queries_match(table: str) -> None:
    text = cypher.load(f"load_{table}").text
    labels = re.findall(r"MATCH \([ab]:(\w+) ", text)
    assert [f"{label.lower()}s" for label in labels] == list(ENDS[table])
    assert re.findall(r"row\.set\.(\w+)", text) == list(KEYS.get(table, ()))


def test_a_backup_beside_a_writer_is_whole_or_not_there(
    store: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model and its record arrive after the models were read."""
    fill(store, place)

    def dump_table(store: Store, table: str, begin: Callable[[], Any]) -> None:
        dump.dump_table(store, table, begin)
        if table == "models":
            place.run(
                "MATCH (d:Dataset) WITH d LIMIT 1 CREATE (:Model {id: 'late'})"
                "-[:FINE_TUNED_ON {id: 'late', value: 0.5}]->(d)"
            )

    with monkeypatch.context() as patch:
        patch.setattr(backups, "dump_table", dump_table)
        with pytest.raises(ZooError, match=r"'late', which is not there.*the same command again"):
            backup(store, tmp_path / "zoo.backup")
    assert not [file for file in tmp_path.iterdir() if "zoo" in file.name]
    backup(store, tmp_path / "zoo.backup")


def test_push_beside_a_writer_is_one_line(
    store: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, place)
    with Store.open(f"embedded:{tmp_path / 'there'}") as target:
        with monkeypatch.context() as patch:
            patch.setattr(moving, "load_rows", losing("models"))
            with pytest.raises(ZooError, match=r"have no ends.*the same command again"):
                push(store, target)
        push(store, target)
        assert sums(target) == sums(store)


def test_an_artefact_cannot_leave_its_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_ARTIFACTS", str(tmp_path / "a" / "b"))

    def climb(lines: list[Any]) -> None:
        lines[0]["artifacts"][0]["name"] = "../../evil"
        for line in lines[1:]:
            if "artifact" in line:
                line["artifact"] = "../../evil"

    (tmp_path / "climbing").write_bytes(_altered(climb))
    restore(store, tmp_path / "climbing")
    assert not (tmp_path / "evil").exists()
    assert (tmp_path / "a" / "b" / "evil").exists()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(place_=st.integers(0, 5_000), byte=st.binary(min_size=1, max_size=4))
def test_noise_is_found_before_anything_is_written(
    tmp_path_factory: pytest.TempPathFactory, place_: int, byte: bytes
) -> None:
    sound = bytearray(gzip.decompress(OLDEST.read_bytes()))
    start = place_ % len(sound)
    noisy = bytes(sound[:start] + byte + sound[start + len(byte) :])
    file = tmp_path_factory.getbasetemp() / "noisy"
    file.write_bytes(gzip.compress(noisy, 1))
    try:
        wanted, _ = verify(file)
    except ZooError:
        return
    assert wanted == verify(OLDEST)[0], "changed content was taken for sound"


def test_status_says_what_there_is(store: Store, place: Place) -> None:
    fill(store, place)
    store.timings.keep(str(store.address))
    found = read_status(store)
    assert found.nodes["Model"] == 3 and found.relationships["PREDICTED"] == 6
    assert found.schema == found.current_schema == current_version()
    assert found.server and found.bolt[0].isdigit()
    assert not found.unended
    assert {"upsert_models", "publish_predictions"} & {t.name for t in found.slowest} or len(
        found.slowest
    ) == 5
    slowest = [timing.slowest for timing in found.slowest]
    assert slowest == sorted(slowest, reverse=True)
    assert all(t.count >= 1 and t.total >= t.slowest for t in found.slowest)


def test_status_names_what_was_interrupted(store: Store, place: Place) -> None:
    place.run(
        "CREATE (:Run {id: 'dead', status: 'running', kind: 'ingest records', content: 'c', "
        "arguments: '{}', started: datetime(), seen: datetime(), owner: $owner})",
        owner=f"{socket.gethostname()}:999999999",
    )
    [found] = read_status(store).unended
    assert found.id == "dead" and "zoo forget dead" in str(found.advice)
