"""Names that may be paths: what a user typed for a model or a dataset, or what a database says."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path
from urllib.parse import unquote, urlparse

from graphdb.errors import ZooError


def local_path(text: str | Path) -> Path | None:
    """What lies there; None where nothing does or can: no path is 5,000 characters long."""
    try:
        path = Path(text).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):
        return None


def is_path(text: str) -> bool:
    """Whether it can only be a path: no id of a hub begins like that."""
    return text.startswith((".", "/", "~")) or Path(text).is_absolute()


def path_of(source: str | None) -> str | None:
    """The path that a record's source names; None for a hub, or where nothing is known."""
    place = urlparse(source or "")
    return unquote(place.path) if place.scheme == "file" else None


def local_folder(text: str | Path) -> Path | None:
    """The folder that lies there."""
    path = local_path(text)
    return path if path is not None and path.is_dir() else None


def one_by_one(given: str | Path | Iterable[str | Path], *, what: str) -> tuple[str, ...]:
    """Names that a caller gives as a list; one alone needs none, and is not read letter by letter.

    Raises:
        ZooError: something else.
    """
    if isinstance(given, str | Path):
        return (str(given),)
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    for name in names:
        if not isinstance(name, str | Path):
            raise ZooError(f"{what} are names, not {name!r}: {what}=['one', 'another']")
    return tuple(map(str, names))


def open_file(path: Path) -> BufferedReader:
    """A stranger's file to read. A pipe or a device would be waited for, or read, for ever.

    Raises:
        OSError: it cannot be opened, or is none.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = "is a directory" if stat.S_ISDIR(mode) else "is a pipe or a device"
        raise OSError(errno.EINVAL, f"it {kind}", str(path))
    return os.fdopen(descriptor, "rb")
