"""The connection: what a user did wrong is one line; what is refused changed nothing."""

from __future__ import annotations

import io
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphdb import embedded
from graphdb.address import resolve_address
from graphdb.errors import ZooError
from graphdb.store import Store
from tests.stores import Place
from zoo.artifacts import artifacts_url


def _line(error: pytest.ExceptionInfo[ZooError]) -> str:
    text = str(error.value)
    assert "\n" not in text and len(text) < 600
    return text


@pytest.fixture
def served(neo4j_session: Place) -> Place:
    return neo4j_session


def test_a_wrong_password_is_one_line_without_it(served: Place) -> None:
    with pytest.raises(ZooError) as error:
        Store.open(served.address, username=served.username, password="not-the-password")
    text = _line(error)
    assert "NEO4J_PASSWORD" in text and "not-the-password" not in text


def test_a_wrong_database_is_one_line(served: Place) -> None:
    with pytest.raises(ZooError) as error:
        Store.open(
            served.address, database="nowhere", username=served.username, password=served.password
        )
    assert "nowhere" in _line(error)


def test_a_blank_variable_is_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell or a file of variables leaves it behind."""
    for blank in ("", "  "):
        for name in ("ZOO_STORE", "NEO4J_DATABASE", "ZOO_ARTIFACTS"):
            monkeypatch.setenv(name, blank)
        monkeypatch.setenv("NEO4J_URI", place.address)
        with Store.open() as store:
            assert store.database == place.database
            assert Path(artifacts_url(store.address)).is_absolute()


def test_nothing_listening_is_said_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(ZooError) as error:
        Store.open(f"bolt://127.0.0.1:{port}", password="x")
    assert time.monotonic() - start < 5
    assert "docker compose up" in _line(error) and str(port) in str(error.value)


def test_something_else_listening_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(100)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ZooError) as error:
            Store.open(f"bolt://127.0.0.1:{port}", password="x")
        thread.join(10)
    _line(error)


def test_no_password_and_no_terminal_is_one_line(
    served: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(ZooError, match="NEO4J_PASSWORD"):
        Store.open(served.address)


def test_a_password_that_was_asked_for_is_asked_once_and_kept_to_itself(
    neo4j_session: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return neo4j_session.password

    monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with Store.open(neo4j_session.address) as store:
        url, username, password, _ = store.bolt
        assert (url, username, password) == (
            neo4j_session.address, neo4j_session.username, neo4j_session.password,
        )  # fmt: skip
        assert password not in repr(store) + str(store.address) + "".join(asked)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "address",
    ["http://host:7474", "bolt://", "neo4j", "bolt://host:notaport", "bolt://[::1", "file:///etc"],
)
def test_a_malformed_address_says_what_one_looks_like(address: str) -> None:
    with pytest.raises(ZooError, match="bolt://host:7687"):
        resolve_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "bolt://neo4j:hunter22@host", "neo4j+s://:hunter22@host:1", "neo4j+s//me:hunter22@host",
        "bolt://neo4j:7/hunter22@host", "bolt://host?password=hunter22", "bolt://host#hunter22",
    ],
)  # fmt: skip
def test_an_address_with_credentials_is_refused_and_not_echoed(address: str) -> None:
    with pytest.raises(ZooError) as error:
        resolve_address(address)
    assert "hunter22" not in _line(error)


def test_a_read_refuses_writes(neo4j_session: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neo4j alone refuses; the embedded store accepts (docs/neo4j.md)."""
    place = neo4j_session
    with Store.open(place.address, username=place.username, password=place.password) as store:
        before = place.count()
        with pytest.raises(ZooError) as error:
            store.transact(lambda tx: tx.run("set_quarantine", id="x", reason="y"), access="read")
        assert "write" in _line(error).lower()
        with pytest.raises(ZooError):
            store.read("lock_zoo", run="x")
        assert place.count() == before


def test_the_home_database_is_resolved_once(store: Store, place: Place) -> None:
    assert store.database == place.database


def test_an_error_inside_rolls_back(store: Store, place: Place) -> None:
    def work(tx: object) -> None:
        tx.run("lock_zoo", run="x")  # type: ignore[attr-defined]
        raise ZooError("no")

    with pytest.raises(ZooError, match="no"):
        store.transact(work)
    assert place.run("MATCH (z:Zoo) RETURN z.lock AS lock") == [{"lock": None}]


# The embedded store's folder ------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("private") / "store"


def test_the_embedded_server_is_of_this_user_and_machine_only(folder: Path) -> None:
    with Store.open(f"embedded:{folder}") as store:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        secret = (folder / "password").read_text().strip()
        assert len(secret) >= 32
        url, _, password, _ = store.bolt
        assert password == secret and url.startswith("bolt://127.0.0.1:")
        port = int(url.rpartition(":")[2])
        assert {address for address, found in _listening() if found == port} == {"0100007F"}
        assert not (folder / "address").exists(), "only zoo db serve lets others in"
        store.announce()
        assert stat.S_IMODE((folder / "address").stat().st_mode) == 0o600
        with pytest.raises(ZooError, match=r"in use by process \d+.*close it first"):
            embedded.EmbeddedServer(folder)
        with Store.open(f"embedded:{folder}") as second:
            assert second.read("ping") == [{"answer": 1}]
    assert not (folder / "address").exists()
    with Store.open(f"embedded:{folder}") as again:
        assert again.bolt[2] == secret


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["/usr/bin/zoo", "train", "--seed", "1"], "(zoo train --seed 1). Wait for it"),
        (["zoo", "db", "serve"], "(zoo db serve). It opens it for others: type the same command"),
    ],
)
def test_who_has_a_store_is_named_by_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str], told: str
) -> None:
    """A process that has it open itself would wait for itself for ever."""
    monkeypatch.setattr("sys.argv", typed)
    with Store.open(f"embedded:{tmp_path}"):
        with pytest.raises(ZooError, match="That is this one: use what it has open, or close it"):
            Store.open(f"embedded:{tmp_path}")
        _, _, command = (tmp_path / "holder").read_text().partition(" ")
        (tmp_path / "holder").write_text(f"1 {command}")
        with pytest.raises(ZooError) as error:
            Store.open(f"embedded:{tmp_path}")
    assert told in _line(error)


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ZooError) as error:
        Store.open(f"embedded:{tmp_path / 'file' / 'store'}")
    assert "--store" in _line(error)


def _listening() -> set[tuple[str, int]]:
    """Addresses (hexadecimal) and ports that this machine listens on, IPv4 and IPv6."""
    found = set()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/self/net") / table
        if not path.exists():
            pytest.skip("no /proc/self/net to look at")
        for line in path.read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == "0A":
                address, port = local.split(":")
                short = address if address != "0000000000000000FFFF00000100007F" else "0100007F"
                found.add((short, int(port, 16)))
    return found
