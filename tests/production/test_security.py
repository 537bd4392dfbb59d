"""Hostile names are data, credentials stay where they are, nothing that is read is executed."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import traceback
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neo4j import GraphDatabase

from cli import _COMMANDS as COMMANDS
from cli.progress import bar
from cli.rows import print_table
from cli.text import cell, plain
from graphdb import embedded
from graphdb.address import Address
from graphdb.errors import ZooError
from graphdb.histories import read_history
from graphdb.records import Dataset, FineTuning, History, Model, Transferability
from graphdb.removal import remove_node
from graphdb.store import Store, translated
from tests.cli.command import Zoo
from tests.graphdb.zoos import small, write
from tests.production.serving import ROOT, ZOO, run_zoo, served
from tests.stores import Place
from zoo.artifacts import _unpack, copy_artifact, fetch_artifact, read_artifact, write_artifact
from zoo.listing import list_nodes, show_node
from zoo.sources import generate_history

HOSTILE = [
    "' OR 1=1 //", '"}) DETACH DELETE n //', "`) MATCH (n) DETACH DELETE n //", "$limit", "{id}",
    "\\", "\\u0027", "a\nb", "a\r\nb", "\t", "\x1b[2J\x1b]0;owned\x07", "💥👩‍👩‍👧", "\u202egnp.exe",
    "\u200b", "nul\0byte", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;",
    "../../etc/passwd", "; rm -rf /", "$(id)", "%s%n", "NULL", "e\u0301", "é", "x" * 7_000,
    "[bold red]markup[/]", "\ufeffbom", "𝕏", "\u2028", "\x9b2J\x85next", "\u202a\u202b\u202d\u202c",
    "\u2066\u2067\u2068\u2069", "\U000e0041tag", "[/]",
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _hostile(names: list[str]) -> History:
    return History(
        models=[Model(n, name=n * 2, family=n, license=n, source=n) for n in names],
        datasets=[Dataset(n, task=n, quarantined=n) for n in names],
        fine_tunings=[FineTuning(n, n, n, 0.5, device=n) for n in names],
        transferabilities=[Transferability(n, n, n, 1.0) for n in names],
    )


def test_hostile_names_are_data(store: Store, place: Place) -> None:
    history = _hostile(HOSTILE)
    write(store, history)
    assert write(store, history) is None
    found = read_history(store)
    assert {m.id for m in found.models} == set(HOSTILE)
    assert {m.id: m for m in found.models} == {m.id: m for m in history.models}
    assert {f.id for f in found.fine_tunings} == set(HOSTILE)
    for name in HOSTILE:
        shown = show_node(store, name, kind="model")
        assert shown.properties["license"] == name and len(shown.results) == 1
        assert name in {row["id"] for row in list_nodes(store, "models", contains=name)}
        assert store.read("records", dataset=name, method="full", limit=5)[0]["model"] == name
    for name in HOSTILE:
        remove_node(store, "model", name)
        remove_node(store, "dataset", name)
    assert place.run("MATCH (n) WHERE n:Model OR n:Dataset RETURN count(n) AS n") == [{"n": 0}]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(names=st.lists(TEXTS, min_size=1, max_size=8, unique=True))
def test_any_text_is_data(store: Store, names: list[str]) -> None:
    history = _hostile(names)
    write(store, history)
    stored = {m.id: m for m in read_history(store).models}
    assert all(stored[m.id] == m for m in history.models)


@given(st.text(max_size=300))
def test_nothing_hidden_reaches_a_terminal(text: str) -> None:
    for shown in (plain(text), cell(text)):
        assert not {unicodedata.category(character) for character in shown} & HIDDEN


def test_a_terminal_and_json_lines_stay_whole(store: Store, zoo: Zoo) -> None:
    names = [name for name in HOSTILE if "\0" not in name]
    write(store, _hostile(names))
    table = zoo("ls", "models")
    for character in table.out + table.err:
        assert character == "\n" or unicodedata.category(character) not in HIDDEN, character
    assert "[bold red]" in table.out
    lines = zoo("ls", "models", "--json").out.split("\n")
    assert all(character.isascii() and character.isprintable() for character in "".join(lines))
    assert {json.loads(line)["id"] for line in lines if line} == set(names)
    evil = names[4 if names[4] != "{id}" else 1]
    zoo("show", "--", evil)
    gone = zoo.try_("show", "--", "\x1b[2Jgone\u202e")
    assert gone.code == 1 and "\x1b" not in gone.err and "\u202e" not in gone.err
    assert gone.err.count("\n") == 1


def test_a_title_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A learner's id stands in one, and a shared database may hold any."""
    print_table(("\x1b[2J",), [["\u202e\x9b2J"]], "learner \x1b]0;owned\x07")
    shown = capsys.readouterr().out
    assert "owned" in shown
    assert not {unicodedata.category(c) for c in shown.replace("\n", "")} & HIDDEN


def test_words_about_hostile_names_are_shown_plain(store: Store, zoo: Zoo, tmp_path: Path) -> None:
    """Ids of a shared database that commands repeat on stderr."""
    name = "\x1b[2J\x9b2J\u202e\u2066"
    write(store, _hostile([name]))
    printed = [
        zoo("forget", "--kind", "model", "--dry-run", "--", name),
        zoo("quarantine", "--reason", name, "--", name),
        zoo("record", "--accuracy", ".5", "--", name, name),
        zoo("export", str(tmp_path / name)),
    ]
    for done in printed:
        assert "\\u001b[2J" in done.err
        assert not {unicodedata.category(c) for c in done.err.replace("\n", "")} & HIDDEN


def test_only_what_shows_text_plain_writes_to_stderr() -> None:
    """A command's words go through ``say``; a constant may be written as it is."""
    for file in (ROOT / "cli").glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "click.echo":
                told = any(keyword.arg == "err" for keyword in call.keywords)
                plainly = isinstance(call.args[0], ast.Constant) or file.name == "text.py"
                assert plainly or not told, f"{file.name}:{call.lineno}"


#: What a command's line may hold as it is: words of the program's own.
_OWN = {"kind", "method", "changes.run", "done.changes.run"}
_TYPED = re.compile(rf"\bzoo (?:--|(?:{'|'.join(COMMANDS)})\b)[^.;]*$")


def test_a_command_to_type_is_made_where_names_are_made_safe() -> None:
    """Who copies ``zoo predict pets; reboot`` runs two commands: ids may be a stranger's.

    So ``to_type`` makes every command that holds one.
    """
    made = 0
    for package in ("cli", "zoo", "learn", "graphdb"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text("utf-8")
            made += text.count("to_type(")
            for expression in _typed(ast.parse(text)):
                assert expression in _OWN or "kinds" in expression, f"{file}: {expression}"
    assert made > 20


def _typed(tree: ast.AST) -> Iterator[str]:
    """Expressions that stand in an f-string after a command of the program."""
    for text in ast.walk(tree):
        if isinstance(text, ast.JoinedStr):
            before = ""
            for part in text.values:
                if isinstance(part, ast.Constant):
                    before += str(part.value)
                elif isinstance(part, ast.FormattedValue):
                    if _TYPED.search(before):
                        yield ast.unparse(part.value)
                    before += "X"


@pytest.mark.parametrize("name", ["pets; reboot", "-rf", "--help"])
def test_a_command_to_type_works_as_typed(store: Store, zoo: Zoo, name: str) -> None:
    """A name is one name: no second command, no option."""
    write(store, History(models=[Model(name)], datasets=[Dataset(name)]))

    def told(words: str) -> list[str]:
        return shlex.split(words[words.index("zoo ") :].partition(", or ")[0])[1:]

    assert "no full fine-tuning" in zoo.fails(*told(zoo.fails("candidates", "--", name)))
    zoo(*told(zoo.fails("record", "--", name, name)))
    zoo("record", "--accuracy", ".5", "--create", "--", name, "elsewhere")
    more = zoo("show", "--limit", "1", "--", name).err
    assert "of 2 results" in more and "elsewhere" in zoo(*told(more)).out
    zoo(*told(zoo.fails("quarantine", "--", name)))
    nothing = zoo("query", "records", "--param", f"dataset={name}", "--param", "method=lora")
    assert name in zoo(*told(nothing.err)).out


@pytest.mark.parametrize("name", ["x" * 5_000, "~no-such-user/x"], ids=["long", "nobody's"])
def test_a_name_that_no_path_can_have_is_one_line(
    store: Store, zoo: Zoo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(store, generate_history(models=15, datasets=4, records_per_model=None, seed=1))
    for command in (
        ("predict", name), ("candidates", name), ("ingest", "models", name),
        ("ingest", "datasets", name), ("ingest", "records", name),
        ("--store", f"embedded:{name}", "ls", "models"),
    ):  # fmt: skip
        zoo.fails(*command)
    for command in (("export", f"out/{name}"), ("db", "backup", f"kept/{name}")):
        assert zoo.try_(*command).code == int(len(name) > 255)


def test_a_limit_beyond_any_model_is_refused(store: Store, zoo: Zoo) -> None:
    write(store, small())
    for option in ("--max-parameters", "--max-memory"):
        for number in ("9" * 400, "9" * 30, "99999999T"):
            assert number[:200] in zoo.fails("candidates", "d1", option, number)


@pytest.mark.parametrize("text", HOSTILE)
def test_progress_shows_text_as_it_is(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dataset's id stands in it while a learner is evaluated."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "9000")
    with bar("Evaluate") as move:
        move(0.5, text)
    shown = capsys.readouterr().err
    assert f"Evaluate: {plain(text)}" in shown
    assert not {*"\x07\x9b\u202e\u2066"} & {*shown}


def test_evaluating_a_dataset_called_like_markup_ends_well(
    store: Store, place: Place, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, generate_history(models=15, datasets=4, records_per_model=None, seed=1))
    place.run("MATCH (d:Dataset) SET d.id = '[/]' + d.id")
    monkeypatch.setenv("FORCE_COLOR", "1")
    ended = zoo("evaluate", "--learner", "model-mean", "--workers", "1")
    assert "Evaluate dense: [/]" in ended.err


# Credentials -------------------------------------------------------------------------------------


def test_credentials_are_nowhere_they_can_be_read(
    store: Store, place: Place, zoo_env: dict[str, str], tmp_path: Path
) -> None:
    """Everything commands print with --verbose, and every file they leave, failures included."""
    write(store, small())
    zoo_env = {**zoo_env, "XDG_DATA_HOME": str(tmp_path / "data"), "ZOO_PUSH_PASSWORD": "hunter22"}
    bundle = tmp_path / "bundle"
    refused = {**zoo_env, "ZOO_STORE": "bolt://127.0.0.1:1"}
    printed = [
        run_zoo("--verbose", "export", str(bundle), env=zoo_env),
        run_zoo("--verbose", "ingest", "records", str(bundle), "--dry-run", env=zoo_env),
        run_zoo("--verbose", "db", "status", env=zoo_env),
        run_zoo("--verbose", "db", "backup", str(tmp_path / "zoo.backup"), env=zoo_env),
        run_zoo("--verbose", "db", "push", "bolt://127.0.0.1:1", env=zoo_env),
        run_zoo("--verbose", "ls", "models", env=refused),
    ]
    assert [done.returncode for done in printed] == [0, 0, 0, 0, 1, 1], printed
    assert "upsert_models: " in printed[1].stderr and " ms, " in printed[1].stderr
    secrets = [place.password.encode(), b"hunter22"]
    for done in printed:
        assert not any(secret in (done.stdout + done.stderr).encode() for secret in secrets)
        assert "Traceback" not in done.stderr
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "timings.json" for file in files)
    for file in files:
        assert not any(secret in file.read_bytes() for secret in secrets), file


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA:hunter22@bucket/zoo", "ftp://me:hunter22@127.0.0.1:1/zoo",
        "ftp://me:hunter22/7@127.0.0.1:1/zoo", "abfs://c@a.dfs.core.windows.net/zoo?sig=hunter22",
        "no-such-scheme://me:hunter22@host/zoo", "file:///proc/nowhere?token=hunter22",
    ],
)  # fmt: skip
def test_the_address_of_artefacts_keeps_its_secret(url: str) -> None:
    for use in (
        lambda: write_artifact("a.zip", b"", url=url),
        lambda: read_artifact("a.zip", sha256="0", url=url),
        lambda: fetch_artifact("a.zip", sha256="0", url=url),
    ):
        with pytest.raises(ZooError, match=r"a\.zip") as caught:
            use()
        assert "\n" not in str(caught.value)
        assert "hunter22" not in "".join(traceback.format_exception(caught.value))


#: What a server says on connecting, what it says to a question, and the code that is told.
ANSWERS = {
    "http forbids": ("", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403"),
    "http fails": ("", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "500"),
    "http nonsense": ("", "hunter22 \u202e\r\n\r\n", "400"),
    "ftp forbids": ("220 hello\r\n", "530 me:hunter22 may not\r\n", "530"),
    "ftp nonsense": ("hunter22 \u202e\r\n", "hunter22\r\n", "error"),
    "ftp ends": ("220 hello\r\n", "", "EOFError"),
}


@contextmanager
def _answering(greeting: str, answer: str) -> Iterator[int]:
    """A server that says the same to everybody, on loopback."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(greeting.encode())
            with contextlib.suppress(OSError):  # who asked has hung up
                while self.request.recv(65_536) and answer:
                    self.request.sendall(answer.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_place_of_artefacts_that_fails_is_told_in_a_line(name: str) -> None:
    """Each kind of place fails with exceptions of its own, which have nothing in common."""
    greeting, answer, code = ANSWERS[name]
    kind = name.partition(" ")[0]
    with _answering(greeting, answer) as port:
        url = f"{kind}://me:hunter22@127.0.0.1:{port}/zoo"
        for use in (
            lambda: write_artifact("a.zip", b"", url=url),
            lambda: read_artifact("a.zip", sha256="0", url=url),
            lambda: copy_artifact("a.zip", sha256="0", source="/nowhere", target=url),
        ):
            with pytest.raises(ZooError) as caught:
                use()
            text = str(caught.value)
            assert f"a.zip under {kind}://127.0.0.1:{port}/zoo" in text.replace(
                " cannot be read", ""
            )
            assert code in text and "ZOO_ARTIFACTS" in text and "the same command again" in text
            assert "\n" not in text
            assert "hunter22" not in "".join(traceback.format_exception(caught.value))


def test_a_program_on_the_port_of_a_served_store_is_told(tmp_path: Path) -> None:
    """Nobody is sent to look for a full disk."""
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "holder").write_text("123 zoo db serve", encoding="utf-8")
    with _answering("", "HTTP/1.1 400 Bad\r\n\r\n") as port, FileLock(folder / "lock"):
        (folder / "address").write_text(f"bolt://127.0.0.1:{port}", encoding="utf-8")
        with pytest.raises(ZooError) as caught:
            Store.open(f"embedded:{folder}")
        assert re.fullmatch(
            rf"No answer from embedded:{folder}: .*127\.0\.0\.1:{port}\. It is held by process 123 "
            r"\(zoo db serve\), which does not answer there: .*another program has its port\. "
            rf"End that process, start zoo --store embedded:{folder} db serve and type the same "
            "command again: nothing is half written", str(caught.value),
        )  # fmt: skip
        (folder / "address").write_text("bolt://127.0.0.1:1", encoding="utf-8")
        away = "It was ended and started again meanwhile: wait a moment and type the same"
        with (
            pytest.raises(ZooError, match=away),
            translated(Address(folder=folder)),
            GraphDatabase.driver(f"bolt://127.0.0.1:{port}") as driver,
        ):
            driver.verify_connectivity()


#: Root without its powers is refused like anybody.
_ANYBODY = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []


@pytest.mark.parametrize(
    ("part", "mode", "told"),
    [
        (".", 0, "Cannot open the store .*: Permission denied. Look whose it is: ls -la "),
        ("password", 0, "Cannot open the store .*: Permission denied. Look whose it is: ls -la "),
        ("server/log", 0o500, "does not start: .*Permission denied.*. Look whose it is: ls -la "),
        (".", 0o700, "Cannot open the store .*: File too large. Look for free space: df -h "),
    ],
    ids=["folder", "password", "engine", "full"],
)
def test_a_folder_that_cannot_be_used_is_told_in_a_line(
    tmp_path: Path, part: str, mode: int, told: str
) -> None:
    folder = tmp_path / "my store"
    Store.open(f"embedded:{folder}").close()
    (folder / part).chmod(mode)
    full = "ulimit -f 0; " if mode == 0o700 else ""
    command = [*_ANYBODY, "sh", "-c", full + shlex.join([*ZOO, "ls", "models"])]
    environment = {**os.environ, "ZOO_STORE": f"embedded:{folder}"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    (folder / part).chmod(0o700)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert re.search(rf"^Error: .*{told}'{folder}'", done.stderr), done.stderr
    Store.open(f"embedded:{folder}").close()


def test_a_port_that_another_program_takes_first_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look for a free port and its use; seldom, so it is arranged here."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = [other.getsockname()[1]] * 5
        ports = iter([taken[0], embedded._free_port(), *taken])
        monkeypatch.setattr(embedded, "_free_port", lambda: next(ports))
        with Store.open(f"embedded:{tmp_path / 'one'}") as opened:
            assert opened.read("ping")
        with pytest.raises(ZooError, match=rf"took each of 5 ports .* the last one {taken[0]}"):
            Store.open(f"embedded:{tmp_path / 'two'}")


def test_the_embedded_folder_holds_its_password_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with Store.open(f"embedded:{folder}") as opened:
        write(opened, small())
        secret = (embedded.read_password(folder) or "").encode()
        assert Path("/proc/self/cmdline").read_bytes().count(secret) == 0
    holding = [f for f in folder.rglob("*") if f.is_file() and secret in f.read_bytes()]
    assert [file.name for file in holding] == ["password"]


def _command_lines(root: int) -> list[bytes]:
    """Those of a process and of everything below it, now."""
    parents: dict[int, int] = {}
    lines: dict[int, bytes] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            status = (folder / "stat").read_text()
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
            lines[int(folder.name)] = (folder / "cmdline").read_bytes()
    family = {root}
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    return [lines[one] for one in family if lines.get(one)]


def _watched(arguments: list[str], env: dict[str, str]) -> set[bytes]:
    """Every command line seen while a command ran to its end."""
    process = subprocess.Popen([*ZOO, *arguments], env=env, cwd=ROOT, stderr=subprocess.PIPE)
    seen: set[bytes] = set()
    while process.poll() is None:
        seen.update(_command_lines(process.pid))
        time.sleep(0.02)
    assert process.returncode == 0, process.communicate()[1]
    assert process.stderr is not None
    process.stderr.close()
    return seen


def test_no_process_list_shows_a_password(
    store: Store, place: Place, zoo_env: dict[str, str]
) -> None:
    """Of a command that has workers; the server's own command line is somebody else's matter."""
    write(store, generate_history(models=15, datasets=4, records_per_model=None, seed=1))
    seen = _watched(["evaluate", "--learner", "model-mean", "--workers", "2"], zoo_env)
    assert len(seen) > 1, "no worker was seen"
    assert not [line for line in seen if place.password.encode() in line]


def test_no_process_list_shows_the_embedded_password(tmp_path: Path) -> None:
    """The server, and a command that finds it."""
    folder = tmp_path / "store"
    with served(folder) as server:
        secret = (embedded.read_password(folder) or "").encode()
        env = {**os.environ, "ZOO_STORE": f"embedded:{folder}"}
        seen = _watched(["ls", "models"], env) | set(_command_lines(server.pid))
    assert len(secret) > 20 and len(seen) == 2
    assert not [line for line in seen if secret in line]


def test_an_address_that_was_left_behind_leads_nobody(tmp_path: Path) -> None:
    """``zoo db serve`` was killed, its port is somebody else's, and another command has the lock:
    a third must not take its password there."""
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "address").write_text("bolt://127.0.0.1:1", "utf-8")
    with Store.open(f"embedded:{folder}"):
        assert embedded.find_served(folder) is None
        with pytest.raises(ZooError, match="in use by process"):
            Store.open(f"embedded:{folder}")


def test_a_wrong_password_leaves_no_trace_in_the_error(neo4j_session: Place) -> None:
    try:
        Store.open(neo4j_session.address, username="neo4j", password="hunter22")
        pytest.fail("it was let in")
    except ZooError as error:
        seen: BaseException | None = error
        while seen is not None:
            assert "hunter22" not in str(seen) and "hunter22" not in repr(seen)
            seen = seen.__cause__ or seen.__context__


# TLS ---------------------------------------------------------------------------------------------


@contextmanager
def _self_signed(folder: Path) -> Iterator[int]:
    """A TLS server whose certificate nobody has signed, on loopback."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
         str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)

    def serve() -> None:
        while not stop.is_set():
            try:
                peer, _ = listener.accept()
            except TimeoutError:
                continue
            with peer:
                try:
                    context.wrap_socket(peer, server_side=True).close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join(10)
        listener.close()


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+s"])
def test_an_unverified_certificate_is_refused(tmp_path: Path, scheme: str) -> None:
    with _self_signed(tmp_path) as port, pytest.raises(ZooError) as error:
        Store.open(f"{scheme}://localhost:{port}", username="neo4j", password="hunter22")
    text = str(error.value)
    assert "\n" not in text and "hunter22" not in text and str(port) in text
    assert "certificate" in text


# Artefacts ---------------------------------------------------------------------------------------


def _zip(names: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _overlapping() -> bytes:
    """A zip whose directory names the one file that is stored ten times over."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a", b"0" * 100_000)
        archive.filelist *= 10
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        _overlapping(),
        _zip({"../evil": b""}), _zip({"/etc/evil": b""}), _zip({"a/b": b""}), _zip({"..": b""}),
        _zip({"bomb": b"0" * 10_000_000}, method=zipfile.ZIP_DEFLATED), b"no zip", b"",
        _zip({"cut.safetensors": b"0" * 5_000})[:4_000],
    ],
)  # fmt: skip
def test_a_hostile_artefact_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(ZooError):
        _unpack(content, tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_artefact_is_the_one_that_was_trained(tmp_path: Path) -> None:
    write_artifact("a.zip", b"trained", url=str(tmp_path))
    with pytest.raises(ZooError, match="SHA-256 differs"):
        read_artifact("a.zip", sha256="0" * 64, url=str(tmp_path))
    with pytest.raises(ZooError, match="not under"):
        read_artifact("../a.zip", sha256="0" * 64, url=str(tmp_path / "b"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    "content",
    [b"no zip", _overlapping(), _zip({}), _zip({"learner.json": b"[" * 200_000})],
    ids=["no zip", "overlapping", "empty", "deep"],
)
def test_a_damaged_artefact_is_named_with_the_next_command(tmp_path: Path, content: bytes) -> None:
    """The sum in the graph agrees: who can write there can write any."""
    write_artifact("l1.zip", content, url=str(tmp_path))
    with pytest.raises(ZooError, match=r"l1\.zip.* zoo train$") as caught:
        fetch_artifact("l1.zip", sha256=hashlib.sha256(content).hexdigest(), url=str(tmp_path))
    assert "\n" not in str(caught.value)


def test_no_code_unpickles() -> None:
    root = Path(__file__).parents[2]
    for package in ("cli", "zoo", "learn", "graphdb", "cypher"):
        for file in (root / package).rglob("*.py"):
            text = file.read_text("utf-8")
            for word in ("import pickle", "pickle.load", "joblib", "yaml.load(", "shelve"):
                assert word not in text, f"{file}: {word}"
            assert text.count("torch.load(") == text.count("weights_only=True"), file
