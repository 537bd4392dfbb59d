"""``zoo db serve`` as a process of its own, and other commands beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The command line as a process.
ZOO = [sys.executable, "-c", "from cli import main; main()"]


@contextmanager
def served(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """An embedded store in the process of ``zoo db serve``; killed where a test left it running."""
    process = start_serving(folder)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def start_serving(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "ZOO_STORE": f"embedded:{folder}"}
    process = subprocess.Popen(
        [*ZOO, "db", "serve"], env=environment, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    end = time.monotonic() + 90
    while not (folder / "address").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, "zoo db serve announces nothing"
        time.sleep(0.05)
    return process


def run_zoo(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ZOO, *arguments], env=env or dict(os.environ), capture_output=True, text=True,
        timeout=300, check=False, cwd=ROOT,
    )  # fmt: skip
