"""What commands leave in files: whole or not at all, data never over what is there unless told to.

``zoo export`` and ``zoo db backup`` ask for ``--overwrite``; pictures (``zoo show --html``,
``zoo evaluate --plots``) are drawn again over older ones of the same name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphdb.errors import ZooError

#: What a user can do where something is in the way.
INSTEAD = "Name another, or type the same command with --overwrite"


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
    """A folder beside ``path`` that goes at the end: what is whole is renamed out of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name[:50]}.", dir=path.parent) as folder:
        yield Path(folder)
