"""Every command explains itself, and asking for help loads nothing heavy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import cli
from cli import _COMMANDS
from cli.ingest import _COMMANDS as _SOURCES
from cli.text import cell, count, interval, plain
from tests.cli.command import Zoo

_HEAVY = ("torch", "torch_geometric", "transformers", "xgboost", "pandas", "neo4j", "arcadedb")


def walk(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    paths = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            paths += walk(inner, (*path, name))
    return paths


@pytest.mark.parametrize("path", walk(cli.zoo), ids=" ".join)
def test_command_has_help(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    shown = Zoo(capsys)(*path, "--help").out
    assert shown.startswith(f"Usage: zoo {' '.join(path)}".rstrip())
    assert len(shown.split("\n\n")[1].strip()) > 10
    assert "...\n" not in shown.partition("Commands:")[2], "a line of help is cut"


@pytest.mark.parametrize("group", [(), ("ingest",), ("db",)], ids=" ".join)
def test_a_group_alone_says_what_there_is(group: tuple[str, ...], zoo: Zoo) -> None:
    assert zoo(*group).out == zoo(*group, "--help").out


def test_lists_agree_with_commands() -> None:
    """The help that the lazy groups list is no promise without a command behind it."""
    for name, (module, _) in {**_COMMANDS, **_SOURCES}.items():
        assert module.endswith(name)


@pytest.mark.parametrize("statement", ["import cli; cli.main(['--help'])", "import zoo, graphdb"])
def test_loads_nothing_heavy(statement: str) -> None:
    check = (
        "import sys\n"
        f"try:\n    exec({statement!r})\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {_HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_store_and_use_cases_load_no_torch() -> None:
    """Nor pandas, which the driver would load: whoever wants it still gets it afterwards."""
    check = (
        "import sys\n"
        "for name in ('graphdb.store', 'zoo.facade', 'zoo.prediction'):\n"
        "    __import__(name)\n"
        "    print(name, {'torch', 'transformers', 'pandas'} & {*sys.modules})\n"
        "import pandas\n"
        "print(pandas.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.count("set()") == 3 and done.stdout.endswith("pandas\n"), done.stdout


def test_one_module_loads_the_driver() -> None:
    """Whoever loads it beside would load pandas with it."""
    root = Path(__file__).parents[2]
    files = [file for package in ("cli", "zoo", "learn", "graphdb") for file in
             (root / package).rglob("*.py")]  # fmt: skip
    loading = re.compile(r"^\s*(?:import|from) neo4j\b", re.MULTILINE)
    found = [file.name for file in files if loading.search(file.read_text("utf-8"))]
    assert found == ["driver.py"]


_PRINTS = pytest.mark.parametrize(
    "arguments",
    [
        ("query", "--list"), ("query", "--list", "--json"), ("query", "records", "--text"),
        ("--help",), ("ls", "--help"), ("--version",),
    ],
    ids=" ".join,
)  # fmt: skip
_ZOO = (sys.executable, "-c", "import cli; cli.main()")
#: Where nothing is buffered, nothing is left to complain about when a process ends.
_BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@_PRINTS
def test_whoever_has_read_enough_is_no_error(arguments: tuple[str, ...]) -> None:
    """``zoo query --list | head``: nobody reads any more when it writes."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [*_ZOO, *arguments], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@_PRINTS
def test_a_full_disk_below_the_output_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*_ZOO, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=_BUFFERED,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Cannot write the output: No space left on device.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_an_error_where_an_answer_is_lost(closed: str) -> None:
    """``zoo query --list >&-``; no file that it opens is written to in the stream's place."""
    check = "import os, cli; cli.main(['query', '--list']); print(*map(os.fstat, range(3)))"
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", check]
    done = subprocess.run(shell, capture_output=True, text=True, check=False, env=_BUFFERED)
    lost, heard = " >&-" in f" {closed}", "2>&-" not in closed
    said = "Error: Cannot write the output: standard output is closed. Write it to a file: > FILE\n"
    assert (done.returncode, done.stderr) == (int(lost), said if lost and heard else "")


def test_a_library_that_stumbles_over_ctrl_c_was_stopped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver's buffer, stopped while it is read into, cannot grow for the driver's goodbye."""
    buffer = bytearray(8)

    def stopped(_: object) -> None:
        with memoryview(buffer):
            try:
                raise KeyboardInterrupt
            finally:
                buffer.extend(b"goodbye")

    monkeypatch.setattr(cli, "_run", stopped)
    ended = Zoo(capsys).try_("export", "backup")
    assert (ended.code, ended.err) == (130, "Stopped.\n")
    monkeypatch.setattr(cli, "_run", lambda _: buffer.append(256))
    with pytest.raises(ValueError, match="range"):
        cli.main(["export", "backup"])


def test_text_of_others_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[31mb\n\u202ec\0") == "a\\u001b[31mb\\u000a\\u202ec\\u0000"
    assert plain("naïve 模型 🙂") == "naïve 模型 🙂"


def test_cells() -> None:
    assert [cell(None), cell(True), cell(0.12345), cell("x")] == ["-", "yes", "0.123", "x"]
    assert len(cell("x" * 10_000)) <= 301
    assert len(cell("many words " * 1_000)) <= 121
    longest_folder = f"local/{'x' * 255}-01234567"
    assert cell(longest_folder) == longest_folder
    assert cell("2026-11-25T14:51:29.814111971Z") == "2026-11-25 14:51:29Z"
    assert cell("2026-11-25T14:51:29+01:00") == "2026-11-25 14:51:29+01:00"
    assert cell("2026-11-25T14:51:29 of a name") == "2026-11-25T14:51:29 of a name"
    assert [count(None), count(999), count(86_000_000), count(2 * 10**12)] == [
        "-", "999", "86M", "2000B",
    ]  # fmt: skip
    assert [count(999_499), count(999_600), count(999_999_999)] == ["999k", "1M", "1B"]
    assert [cell(0.0), cell(0.0004), cell(-0.0000021)] == ["0.000", "0.0004", "-2.1e-06"]
    assert interval(0.9812, 0.9874) == "0.981–0.987"
    assert interval(0.00012, 0.00034) == "0.00012–0.00034"
    assert interval(None, 0.5) == "-"
    assert interval(0.25, 0.5) == "0.25–0.50"
