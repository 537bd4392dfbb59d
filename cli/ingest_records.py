"""``zoo ingest records PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json, dry_run, open_zoo
from cli.text import plain

if TYPE_CHECKING:
    from zoo.ingestion import Ingested

#: Refused rows shown; --json gives all of them.
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


def count_rows(change: object) -> dict[str, int]:
    return {name: getattr(change, name) for name in ("created", "updated", "unchanged")}


def _print(done: Ingested, path: Path, dry_run: bool) -> None:
    from cli.rows import print_table

    found = {"transfergraph": "TransferGraph's files", "bundle": "a record bundle"}
    click.echo(f"Found {found[done.kind]} in {path}.", err=True)
    for note in done.notes:
        click.echo(f"Note: {plain(note)}", err=True)
    rows = [
        [name.replace("_", " "), *(f"{number:,}" for number in count_rows(change).values())]
        for name, change in done.changes.tables.items()
    ]
    columns = ("", "created", "updated", "unchanged")
    print_table(columns, rows, "Would be written" if dry_run else "Written")
    if done.refused:
        click.echo(f"{len(done.refused)} rows refused:", err=True)
        for refusal in done.refused[:_SHOWN]:
            click.echo(f"  {plain(str(refusal))}", err=True)
        if len(done.refused) > _SHOWN:
            more = len(done.refused) - _SHOWN
            click.echo(f"  and {more} more; all of them: --json", err=True)
    if dry_run:
        click.echo("Dry run: nothing was written.", err=True)
    elif done.changes.run is None:
        click.echo("Nothing changed: all of it was there already.", err=True)
    else:
        click.echo(f"Run {done.changes.run}. Next: zoo train", err=True)
