"""What commands leave in files: whole or not at all, data never over what is there unless told to.

``zoo export`` and ``zoo db backup`` ask for ``--overwrite``; pictures (``zoo show --html``,
``zoo evaluate --plots``) are drawn again over older ones of the same name.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from graphdb.errors import ZooError

#: What a user can do where something is in the way.
INSTEAD = "Name another, or type the same command with --overwrite"
_LOCK = ".lock"


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise ZooError where a file would be lost."""
    if path.is_dir():
        raise ZooError(f"{path} is a folder. Name a file")
    if path.exists() and not overwrite:
        raise ZooError(f"{path} exists already. {INSTEAD}")


@contextmanager
def in_scratch() -> Iterator[None]:
    """Raise ZooError where what is written to the temporary directory finds no place there."""
    try:
        yield
    except OSError as error:
        where = tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
        raise ZooError(
            f"Cannot write to the temporary directory {where}: {error.strerror or error}. Free "
            "some space there, or name another (TMPDIR=FOLDER), and type the same command again"
        ) from error


@contextmanager
def drafts(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` that goes at the end: what is whole is renamed out of it.

    One that a killed command left goes first: it holds a lock as long as it lives.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name[:50]}."
    for left in path.parent.glob(f"{glob.escape(prefix)}*/{_LOCK}"):
        with suppress(OSError, NotImplementedError), FileLock(left, blocking=False):
            shutil.rmtree(left.parent, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=path.parent) as folder:
        lock = FileLock(Path(folder) / _LOCK)
        with suppress(NotImplementedError):  # a file system that has no locks
            lock.acquire()
        try:
            yield Path(folder)
        finally:
            lock.release()
