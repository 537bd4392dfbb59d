"""A launcher's folder in the temporary directory, which goes with those who use it.

The parent of the jobs removes it when the command is gone. Where all of them are killed at once, as
Ray does on a node and a scheduler with what it has started, the next launcher of this machine does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from zoo.outputs import in_scratch

_PREFIX = "zoo-jobs-"
#: Held by every process that uses the folder, by the kernel's account, in whatever container.
_LOCK = "lock"
#: Seconds that a launcher may take to lock what it has made.
_YOUNG_SECONDS = 60.0


class Scratch:
    """``descriptor`` is of the lock; who inherits it uses the folder.

    Raises:
        ZooError: there is no place for one.
    """

    def __init__(self) -> None:
        with in_scratch():
            self._made = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            self.folder = Path(self._made.name)
            self._lock = (self.folder / _LOCK).open("wb")
        self.descriptor = self._lock.fileno()
        with suppress(OSError):  # a file system without locks: nobody sweeps there either
            fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        _sweep(self.folder.parent)

    def remove(self) -> None:
        self._lock.close()
        self._made.cleanup()


def _sweep(place: Path) -> None:
    """Remove what launchers of this user left that nobody holds any more."""
    for lock in place.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):  # somebody else's, or held
            folder = lock.parent.lstat()
            ours = stat.S_ISDIR(folder.st_mode) and folder.st_uid == os.getuid()
            if ours and time.time() - lock.stat().st_mtime > _YOUNG_SECONDS:
                with lock.open("rb") as opened:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(lock.parent, ignore_errors=True)
