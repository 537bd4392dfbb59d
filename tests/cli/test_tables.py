"""Tables on a terminal and in a pipe, of few rows and of thousands."""

from __future__ import annotations

import sys

import pytest
from rich.cells import cell_len

from cli.rows import print_table

_LONG_ID = "google/a-model-whose-name-is-longer-than-the-terminal-is-wide"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_narrow_terminal_folds_between_words_and_columns_and_breaks_no_id(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    reason = " ".join(f"word{n:02} 语言" for n in range(20))
    rows = [[_LONG_ID, "image", reason, "a"], ["vit", "text", "-", ""]]
    print_table(("model", "modality", "reason", ""), rows)
    shown = capsys.readouterr().out.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(cell_len, shown)) <= max(columns, 1 + len(_LONG_ID))
    assert any(_LONG_ID in line for line in shown), "whole, to be copied"
    first = 1 if columns == 200 else 2
    assert [line.split() for line in shown[:first]] == (
        [["model", "modality", "reason"]] if columns == 200
        else [["model"], ["modality", "reason"]] if columns == 40
        else [["model", "modality"], ["reason"]]
    )  # fmt: skip
    words = " ".join(shown[first:]).split()
    assert sorted(words) == sorted([_LONG_ID, "image", *reason.split(), "a", "vit", "text", "-"])
    assert shown[-first].split()[0] == "vit" and len(shown) > 3


def test_a_row_is_a_line_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_table(("job", "error"), [["a1", "no label " * 100], ["b2", "-"]], "Jobs")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "Jobs", "job", "a1", "b2",
    ]  # fmt: skip


def test_thousands_of_rows_are_one_line_each_and_show_what_few_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [
        [f"m/{n}", "数据" if n % 2 else "data", "\x1b[31m[red]", "x" * 300] for n in range(2_000)
    ]
    columns = ("model", "dataset", "odd", "error")
    print_table(columns, rows[:2], "Jobs")
    few = capsys.readouterr().out
    print_table(columns, rows, "Jobs")
    many = capsys.readouterr().out.splitlines()
    assert many[0] == "Jobs" and many[1].split() == list(columns) and len(many) == 2_002
    assert many[-1].split() == ["m/1999", "数据", r"\u001b[31m[red]", "x" * 300]
    assert {cell_len(line) for line in many[2:]} == {cell_len(many[2])}, "columns stay columns"
    assert few.splitlines()[1].split() == many[1].split()
    assert r"\u001b[31m[red]" in few and "\x1b[31m" not in few + "".join(many)


@pytest.mark.parametrize(("columns", "between"), [(80, "  "), (12, "\n     ")])
def test_columns_without_names_have_no_header(
    columns: int,
    between: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(("", ""), [["store", "embedded:"]])
    assert capsys.readouterr().out == f" store{between}embedded:\n"
