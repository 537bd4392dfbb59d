"""``zoo ingest records PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json, dry_run, open_zoo
from cli.text import counted, say, to_undo
from graphdb.errors import to_type

if TYPE_CHECKING:
    from zoo.ingestion import Ingested

#: Kinds of refused rows shown; --json gives all rows.
_SHOWN = 20


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@dry_run
@as_json
@click.pass_context
def records(ctx: click.Context, path: Path, dry_run: bool, as_json: bool) -> None:
    """Write a history: TransferGraph's own files, or a record bundle.

    PATH is a folder. A bundle is all or nothing; TransferGraph's bad rows are refused one by one.
    Ingesting the same history again changes nothing.
    """
    from cli.progress import bar

    with open_zoo(ctx) as zoo, bar("Ingest") as move:
        done = zoo.ingest(
            path,
            dry_run=dry_run,
            progress=lambda table, done, total: move(done / max(total, 1), table),
        )
    if as_json:
        _print_json(done)
    else:
        _print(done, path, dry_run)


def _print_json(done: Ingested) -> None:
    from cli.rows import print_json

    changes = {name: count_rows(change) for name, change in done.changes.tables.items()}
    print_json({"kind": done.kind, "run": done.changes.run, "changes": changes})
    for refusal in done.refused:
        print_json({"file": refusal.file, "line": refusal.line, "reason": refusal.reason})


def next_commands(done: Ingested) -> list[str]:
    """A learner for each kind of model; where there is nothing to learn from, a first result."""
    commands = []
    for one in done.learnable:
        options = []
        if not one.only and one.modality is not None:
            options += ["--modality", one.modality]
        if one.method != "full":
            options += ["--method", one.method]
        commands.append(to_type("train", options=options))
    if commands or done.pair is None:
        return commands
    return [to_type("record", *done.pair, options=["--accuracy", ".9"])]


def count_rows(change: object) -> dict[str, int]:
    return {name: getattr(change, name) for name in ("created", "updated", "unchanged")}


def _print(done: Ingested, path: Path, dry_run: bool) -> None:
    from cli.rows import print_table
    from zoo.sources.refusals import summarise

    found = {"transfergraph": "TransferGraph's files", "bundle": "a record bundle"}
    say(f"Found {found[done.kind]} in {path}.")
    for note in done.notes:
        say(f"Note: {note}")
    rows = [
        [name.replace("_", " "), *(f"{number:,}" for number in count_rows(change).values())]
        for name, change in done.changes.tables.items()
    ]
    columns = ("", "created", "updated", "unchanged")
    print_table(columns, rows, "Would be written" if dry_run else "Written")
    if done.refused:
        say(f"{counted(len(done.refused), 'row')} refused:")
        for line in summarise(done.refused)[:_SHOWN]:
            say(f"  {line}")
        say("  every one of them: --json")
    if dry_run:
        say("Dry run: nothing was written.")
    elif done.changes.run is None:
        say("Nothing changed: all of it was there already.")
    else:
        replaced = any(change.updated for change in done.changes.tables.values())
        say(f"Run {done.changes.run}. {to_undo(done.changes.run, replaced=replaced)}")
        if not done.learnable:
            say("There is no result of these models yet, and a learner needs some.")
        for command in next_commands(done):
            say(f"Next: {command}")
