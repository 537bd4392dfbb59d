"""Processes of our own end at once, and as any other of Python's does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_BODY = """
import atexit, sys, weakref
from contextlib import nullcontext
from zoo.processes import own_process

class Kept:
    def __del__(self):
        print("taken apart")

kept = Kept()
kept.itself = kept  # only a collection takes it apart
with {context}():
    atexit.register(print, "registered for the end")
    print("x" * 200_000)
    {end}
"""


def _run(context: str, end: str) -> subprocess.CompletedProcess[str]:
    code = _BODY.format(context=context, end=end)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize(
    "end",
    ["pass", "sys.exit()", "sys.exit(3)", "sys.exit('no zoo')", "sys.exit(True)", "1 / 0"],
)
def test_it_ends_as_any_other_but_takes_nothing_apart(end: str) -> None:
    ours, plain = _run("own_process", end), _run("nullcontext", end)
    assert (ours.returncode, ours.stderr) == (plain.returncode, plain.stderr)
    assert ours.stdout + "taken apart\n" == plain.stdout
    assert ours.stdout.endswith("registered for the end\n")


def test_what_cannot_be_written_in_the_end_is_told() -> None:
    code = _BODY.format(context="own_process", end="pass").replace("200_000", "20")
    buffered = {key: one for key, one in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=buffered,
        )
    assert done.returncode == 120 and "No space left" in done.stderr


def test_what_is_imported_is_no_longer_looked_at_and_the_rest_as_often_as_ever() -> None:
    code = """
import gc
from zoo.processes import collect_as_usual, own_process
usual = gc.get_threshold()
with own_process():
    rarely = gc.get_threshold()
    collect_as_usual()
    print(rarely[0] > 10 * usual[0], gc.get_threshold() == usual, gc.get_freeze_count() > 1000)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True True\n"
