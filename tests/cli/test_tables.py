"""Tables on a terminal and in a pipe, of few rows and of thousands."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from cli.rows import print_table


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
