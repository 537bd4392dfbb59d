"""Standard streams as a shell hands them over: closed, read no further, or on a full disk."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO, cast

import click

from graphdb.errors import ZooError


@contextmanager
def standard_streams() -> Iterator[None]:
    """Output that fails as a user expects, help and tables alike, as long as a command runs."""
    _open_closed()
    with redirect_stdout(cast(TextIO, _Output(sys.stdout))):
        yield


def _open_closed() -> None:
    """As git does: a file opened later would get the number of a closed stream, and its text.

    Answers are what a command is for: what takes the place of stdout refuses them. Words on stderr
    may get lost.
    """
    for name, mode, access in (
        ("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY),
    ):  # fmt: skip
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, access), mode, encoding="utf-8"))


class _Output:
    """A stdout whose reader (head, less) may have seen enough; closed or on a full disk it is an
    error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if text == "":  # as click tries a stream; it would let it fail
            return 0
        with self._failing_well():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._failing_well():
            self._stream.flush()

    @contextmanager
    def _failing_well(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._discard()
            raise click.exceptions.Exit(0) from None
        except OSError as error:
            self._discard()
            told, advice = error.strerror, "Free some space, or write it elsewhere"
            if error.errno == errno.EBADF:
                told, advice = "standard output is closed", "Write it to a file: > FILE"
            raise ZooError(f"Cannot write the output: {told}. {advice}") from error

    def _discard(self) -> None:
        """What is still buffered goes nowhere, without a second complaint at the process's end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
