"""A ``zoo`` command, in a test's process or in one of its own: what it printed, how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

import cli


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout; NaN is no JSON."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


class Zoo:
    """Calls like ``zoo("ls", "models")``."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str) -> Ended:
        """Run a command that succeeds."""
        ended = self.try_(*arguments)
        assert ended.code == 0, ended.err
        return ended

    def fails(self, *arguments: str) -> str:
        """Run a command that a user got wrong: one line that says so, exit code 1."""
        ended = self.try_(*arguments)
        assert ended.code == 1, ended
        assert "Traceback" not in ended.err
        lines = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, ended.err
        assert ended.out == ""
        return lines[0]

    def try_(self, *arguments: str) -> Ended:
        code = 0
        try:
            cli.main(list(arguments))
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = self._capture.readouterr()
        return Ended(code, out, err)


def zoo_alone(*arguments: str) -> Ended:
    """A command in a fresh interpreter, which costs seconds: for what another process must show."""
    command = [sys.executable, "-c", "import cli; cli.main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def _refuse(name: str) -> float:
    raise AssertionError(f"{name} in the output")
