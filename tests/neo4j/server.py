"""One Neo4j server as a process of this machine: start, stop, kill, start again."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, Neo4jError, ServiceUnavailable

from tests.neo4j.releases import LTS, Release

USERNAME = "neo4j"
_FIRST_PASSWORD = "neo4j"  # Neo4j's own, replaced before the server is handed out
#: A server of one test run ends before its code is compiled as well as it could be: compiling less,
#: it is up in half the time.
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_FOLDERS = ("conf", "data", "import", "logs", "plugins", "run")


@dataclass(frozen=True, slots=True)
class Ports:
    bolt: int
    http: int


class Server:
    """A server whose data, ports and password stay the same over stops, kills and restarts.

    Args:
        home: its folder, created where absent; a password file (0600) lies in it.
        settings: lines of neo4j.conf beside or instead of the ones of ``_settings``.
        child: whether it dies with this process (Linux), however that one ends.
    """

    def __init__(
        self,
        home: Path,
        *,
        release: Release = LTS,
        settings: Mapping[str, str] | None = None,
        child: bool = True,
    ) -> None:
        self.home = home.absolute()
        self.release = release
        self.child = child
        self.username = USERNAME
        self._extra = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        for name in _FOLDERS:
            (self.home / name).mkdir(parents=True, exist_ok=True)
        self.ports = self._kept_ports()
        self.password = self._kept_password()

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.ports.bolt}"

    @property
    def browser(self) -> str:
        return f"http://127.0.0.1:{self.ports.http}/browser/"

    @property
    def pid(self) -> int | None:
        """Of the running server, also one that another process started in this home."""
        if self._process is not None:
            return self._process.pid if self._process.poll() is None else None
        file = self.home / "run" / "pid"
        pid = int(file.read_text()) if file.is_file() else None
        return pid if pid is not None and _is_server(pid, self.home) else None

    @property
    def environment(self) -> dict[str, str]:
        """What points a program at this server."""
        return {
            "NEO4J_URI": self.uri,
            "NEO4J_USERNAME": self.username,
            "NEO4J_PASSWORD": self.password,
        }

    def start(self, *, seconds: float = 120) -> Server:
        """Start it and wait until ``RETURN 1`` succeeds over Bolt; nothing if it runs."""
        if self.pid is None:
            lines = [f"{key}={value}" for key, value in self._settings().items()]
            (self.home / "conf" / "neo4j.conf").write_text("\n".join(lines) + "\n")
            with (self.home / "logs" / "console.log").open("ab") as log:
                self._process = subprocess.Popen(
                    self._command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    start_new_session=not self.child,
                )  # fmt: skip
            (self.home / "run" / "pid").write_text(str(self._process.pid))
        self._wait(seconds)
        return self

    def stop(self, *, seconds: float = 60) -> None:
        """End it as an administrator would; killed where it does not listen."""
        self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._end(signal.SIGKILL, 10)

    def restart(self) -> Server:
        """Start again after a stop or a kill, with the same data, ports and password."""
        return self.start()

    def log(self) -> str:
        """The last lines the server wrote, to its log and to its terminal."""
        files = [self.home / "logs" / name for name in ("neo4j.log", "console.log")]
        texts = [file.read_text(errors="replace") for file in files if file.is_file()]
        return "\n".join(line for text in texts for line in text.splitlines()[-15:])

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _settings(self) -> dict[str, str]:
        return {
            "server.config.strict_validation.enabled": "true",
            "server.bolt.listen_address": f"127.0.0.1:{self.ports.bolt}",
            "server.http.listen_address": f"127.0.0.1:{self.ports.http}",
            "server.https.enabled": "false",
            "dbms.security.auth_enabled": "true",
            "dbms.usage_report.enabled": "false",
            "client.allow_telemetry": "false",
            "server.memory.heap.max_size": "512m",
            "server.memory.pagecache.size": "256m",
            "db.tx_log.preallocate": "false",  # 2 MB on disk instead of 516
            "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",  # stops in .2 s, not 10
            **self._extra,
        }

    def _command(self) -> list[str]:
        java, jars = self.release.java(), self.release.jars()
        heap = self._settings()["server.memory.heap.max_size"]
        short = _SHORT_LIVED if self.child else ()
        command = [str(java), f"-Xmx{heap}", *short, *self.release.java_options(java)]
        command += ["-cp", f"{self.home}/plugins/*:{self.home}/conf/*:{jars}/*", self.release.main]
        command += [f"--home-dir={self.home}", f"--config-dir={self.home}/conf"]
        binder = shutil.which("setpriv") if self.child else None
        return [binder, "--pdeathsig", "KILL", *command] if binder else command

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                return self._greet()
            except (ServiceUnavailable, Neo4jError, OSError) as error:
                if self.pid is None:
                    raise RuntimeError(f"Neo4j ended while starting:\n{self.log()}") from error
                if time.monotonic() > end:
                    raise TimeoutError(f"no Neo4j after {seconds:.0f} s:\n{self.log()}") from error
            time.sleep(0.2)

    def _greet(self) -> None:
        _probe(self.ports.bolt)  # refused connections cost a millisecond, not a driver
        try:
            self._return_1()
        except AuthError:
            self._set_password()
            self._return_1()

    def _return_1(self) -> None:
        auth = (self.username, self.password)
        with GraphDatabase.driver(self.uri, auth=auth, connection_timeout=5) as driver:
            driver.execute_query("RETURN 1", database_=USERNAME)

    def _set_password(self) -> None:
        """Over Bolt rather than with neo4j-admin: no argument anybody can list, no second JVM."""
        change = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
        passwords = {"old": _FIRST_PASSWORD, "new": self.password}
        with GraphDatabase.driver(self.uri, auth=(self.username, _FIRST_PASSWORD)) as driver:
            driver.execute_query(change, passwords, database_="system")

    def _end(self, how: signal.Signals, seconds: float) -> None:
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, how)
        end = time.monotonic() + seconds
        while self.pid is not None:
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        (self.home / "run" / "pid").unlink(missing_ok=True)

    def _kept_ports(self) -> Ports:
        file = self.home / "run" / "ports.json"
        if not file.is_file():
            file.write_text(json.dumps(asdict(_free_ports())))
        return Ports(**json.loads(file.read_text()))

    def _kept_password(self) -> str:
        file = self.home / "run" / "password"
        if not file.is_file():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secrets.token_urlsafe(24))
        return file.read_text()


def _is_server(pid: int, home: Path) -> bool:
    """Whether the process is the server of this home and not a later one with its number."""
    return f"--home-dir={home}" in _arguments(pid)


def _arguments(pid: int) -> str:
    """A process's command line; empty where it ended (a zombie has none either)."""
    if Path("/proc/self").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        return ""
    ps = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout


def _probe(port: int) -> None:
    with suppress(TimeoutError), socket.create_connection(("127.0.0.1", port), timeout=2):
        pass


def _free_ports() -> Ports:
    with socket.socket() as bolt, socket.socket() as http:
        for each in (bolt, http):
            each.bind(("127.0.0.1", 0))
        return Ports(bolt.getsockname()[1], http.getsockname()[1])
