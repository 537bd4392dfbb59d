"""The embedded store: ArcadeDB's Bolt server inside this process, over one folder.

Layout of the folder: ``lock`` (held while a process serves it), ``holder`` (which process that is),
``password`` (0600, random), ``address`` (only while ``zoo db serve`` lets others in), ``server/``
(the database), ``log/``. The server listens on the loopback interface only.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graphdb.errors import ZooError, to_type

USERNAME = "root"
DATABASE = "zoo"
#: The command that lets others in.
SERVE = "db serve"
#: Characters of a command that are kept.
_COMMAND = 200
#: What the system, and the engine after it, say of somebody else's files.
_REFUSED = ("Permission denied", "not permitted")
_FULL = ("No space", "File too large", "quota")
#: Ports that are tried: between the look for a free one and its use another program may take it.
_PORTS = 5
_PORT_TAKEN = "Unable to listen"
_BOLT = "Bolt:com.arcadedb.bolt.BoltProtocolPlugin"
#: The engine's heap, which is taken as it is used. As it comes it collects garbage each 50 MB that
#: are written, which is a fifth of an import's processor time.
_HEAP = "-Xmn256m -Xms512m"


class EmbeddedServer:
    """A running in-process server; one process at a time holds a folder.

    Raises:
        ZooError: another process holds the folder, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = _take_lock(folder)
        try:
            with reachable(folder):
                # An address that a killed server left would lead others, and the password, to
                # whoever has its port.
                (folder / "address").unlink(missing_ok=True)
                (folder / "holder").write_text(f"{os.getpid()} {_command()}", "utf-8")
                self.password = read_password(folder) or _write_password(folder)
            self.url, self._server = _start(folder, self.password)
        except BaseException:
            self._lock.release()
            raise

    def announce(self) -> None:
        """Let other processes of this user find the server (``zoo db serve``)."""
        with reachable(self.folder):
            _write_private(self.folder / "address", self.url)

    def stop(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "address").unlink()
        self._server.stop()
        self._lock.release()


def find_served(folder: Path) -> str | None:
    """The URL of the process that serves ``folder``, None where none does.

    An address file without a held lock is what a killed server left behind.
    """
    address = folder / "address"
    if not address.exists() or not is_locked(folder):
        return None
    return address.read_text("utf-8").strip() or None


def is_locked(folder: Path) -> bool:
    if not (folder / "lock").exists():
        return False
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


def read_password(folder: Path) -> str | None:
    file = folder / "password"
    return file.read_text("utf-8").strip() if file.exists() else None


@contextlib.contextmanager
def reachable(folder: Path) -> Iterator[None]:
    """What a user can do where the folder, or a file in it, cannot be read or written."""
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ZooError(
            f"Cannot open the store {folder}: {reason}. {_look(folder, reason)}"
            "Name another with --store embedded:PATH"
        ) from None


def _look(folder: Path, reason: str) -> str:
    """How to see what is wrong, by what the system said."""
    place = shlex.quote(str(folder))
    if any(each in reason for each in _REFUSED):
        return f"Look whose it is: ls -la {place}. "
    return f"Look for free space: df -h {place}. " if any(e in reason for e in _FULL) else ""


def _take_lock(folder: Path) -> FileLock:
    try:
        with reachable(folder):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            lock = FileLock(folder / "lock")
            lock.acquire(blocking=False)
    except Timeout:
        holder = find_holder(folder)
        raise ZooError(
            f"The store {folder} is in use by {holder}. {_advice(folder, holder)}"
        ) from None
    return lock


def _command() -> str:
    """What this process was started as, short."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:_COMMAND]


def find_holder(folder: Path) -> str:
    """Who has a store that is locked: ``process 123 (zoo train)``."""
    try:
        pid, _, command = (folder / "holder").read_text("utf-8").strip().partition(" ")
    except (OSError, UnicodeError):
        return "another process"
    return f"process {pid} ({command})" if command else f"process {pid}"


def _advice(folder: Path, holder: str) -> str:
    if holder.startswith(f"process {os.getpid()} "):
        return "That is this one: use what it has open, or close it first"
    if holder.endswith(f"{SERVE})"):
        return "It opens it for others: type the same command again in a moment"
    share = to_type(SERVE, store=f"embedded:{folder}")
    return f"Wait for it, or share it between commands with: {share}"


def _write_password(folder: Path) -> str:
    password = secrets.token_urlsafe(24)
    _write_private(folder / "password", password)
    return password


def _write_private(file: Path, text: str) -> None:
    """Whole or not at all, and readable by nobody else at any moment."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)


def _start(folder: Path, password: str) -> tuple[str, Any]:
    # The engine reads them when it is first used: set before its import.
    os.environ.setdefault("ARCADEDB_NATIVE_ISOLATE_ARGS", _HEAP)
    os.environ.setdefault("ARCADEDB_LOG_CONSOLE", "0")
    os.environ.setdefault("ARCADEDB_LOG_DIR", str(folder / "log"))
    import arcadedb

    for _ in range(_PORTS):
        port = _free_port()
        try:
            return f"bolt://127.0.0.1:{port}", _listen(folder, password, port)
        except arcadedb.ArcadeDBError as error:
            reason = str(error).splitlines()[0]
            if _PORT_TAKEN not in reason:
                raise ZooError(
                    f"The embedded store in {folder} does not start: {reason}. "
                    f"{_look(folder, reason)}More of it: {folder / 'log'}"
                ) from error
    raise ZooError(
        f"The embedded store in {folder} does not start: other programs took each of {_PORTS} "
        f"ports of 127.0.0.1, the last one {port}, before it could. Type the same command again"
    )


def _listen(folder: Path, password: str, port: int) -> Any:
    import arcadedb

    server = arcadedb.create_server(
        str(folder / "server"),
        root_password=password,
        config={
            "host": "127.0.0.1",
            "http_port": 0,
            "mode": "production",
            "server_plugins": _BOLT,
            "bolt_port": port,
        },
    )
    server.start()
    if not (folder / "server" / "databases" / DATABASE).is_dir():
        server.create_database(DATABASE)
    server.get_database(DATABASE)
    return server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
