"""What commands leave in files: never over what is there unless told to, whole or not at all.

``zoo export``, ``zoo db backup``, ``zoo show --html`` and ``zoo evaluate --plots`` keep this rule.
"""

from __future__ import annotations

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


def check_folder(path: Path, *, overwrite: bool) -> None:
    """Raise ZooError where a folder holds anything."""
    if path.exists() and not path.is_dir():
        raise ZooError(f"{path} is a file. Name a new folder")
    if path.exists() and any(path.iterdir()) and not overwrite:
        raise ZooError(f"{path} is not empty. {INSTEAD}")


@contextmanager
def drafts(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` that goes at the end: what is whole is renamed out of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name[:50]}.", dir=path.parent) as folder:
        yield Path(folder)
