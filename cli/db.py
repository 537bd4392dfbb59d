"""``zoo db``: the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json, open_zoo, overwrite
from cli.text import say
from graphdb.address import resolve_address
from graphdb.errors import to_type

if TYPE_CHECKING:
    from zoo.databases import Status
    from zoo.moving import Moved


@click.group()
def db() -> None:
    """The database itself."""


@db.command(short_help="Show what the store is and holds.")
@as_json
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show what the store is, how much it holds, what has not ended, what was slow."""
    from cli.rows import print_json
    from zoo.databases import read_status

    with open_zoo(ctx) as zoo:
        found = read_status(zoo.store)
    if as_json:
        print_json(found)
    else:
        _print_status(found)


@db.command(short_help="Keep an embedded store open for several commands.")
@click.pass_context
def serve(ctx: click.Context) -> None:
    """Keep an embedded store open, so that several commands can use it at once."""
    address = resolve_address(ctx.find_root().obj["store"])
    say(f"Opening {address} ...")
    from zoo.databases import serve as keep_open

    with open_zoo(ctx) as zoo:
        keep_open(zoo.store, ready=lambda: say(f"Serving {address}. Stop it with Ctrl-C."))
    say("Stopped.")


@db.command(short_help="Copy everything into another store.")
@click.argument("url")
@click.option("--database", help="Database of the target (default: its user's home database).")
@as_json
@click.pass_context
def push(ctx: click.Context, url: str, database: str | None, as_json: bool) -> None:
    """Copy everything into another store: bolt://HOST:7687, neo4j+s://HOST, embedded:FOLDER.

    Runs, learners, predictions and jobs included; checked by counts and checksums. Interrupted, the
    same command goes on. The target's credentials: ZOO_PUSH_USERNAME and ZOO_PUSH_PASSWORD.
    """
    from cli.progress import bar
    from zoo.moving import open_target
    from zoo.moving import push as move_all

    with (
        open_zoo(ctx) as zoo,
        open_target(url, source=zoo.store, database=database) as target,
        bar("Push") as move,
    ):
        done = move_all(
            zoo.store,
            target,
            progress=lambda table, done, total: move(done / max(total, 1), table),
        )
    look = to_type("db status", store=url, database=database)
    _print_moved(done, as_json=as_json, next_=f"Next: {look}")


@db.command(short_help="Write everything into one file.")
@click.argument("path", type=click.Path(path_type=Path))
@overwrite("a file that is there")
@as_json
@click.pass_context
def backup(ctx: click.Context, path: Path, overwrite: bool, as_json: bool) -> None:
    """Write everything the store holds, learners' artefacts included, into one file."""
    from cli.progress import bar
    from zoo.backups import backup as write_backup

    with open_zoo(ctx) as zoo, bar("Backup") as move:
        done = write_backup(
            zoo.store,
            path,
            overwrite=overwrite,
            progress=lambda table, done, total: move(0.0, f"{table} {done:,}"),
        )
    again = to_type("db restore", str(path))
    _print_moved(done, as_json=as_json, next_=f"Restore it with: {again}")


@db.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@as_json
@click.pass_context
def restore(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Write a backup into an empty store. Interrupted, the same command goes on."""
    from cli.progress import bar
    from zoo.backups import restore as read_backup

    with open_zoo(ctx) as zoo, bar("Restore") as move:
        done = read_backup(
            zoo.store, path, progress=lambda table, done, total: move(done / max(total, 1), table)
        )
    _print_moved(done, as_json=as_json, next_="Next: zoo db status")


def _print_status(found: Status) -> None:
    from cli.rows import print_table
    from cli.text import cell, told

    rows = [
        ["store", found.address],
        ["database", cell(found.database)],
        ["server", f"{found.server}, Bolt {found.bolt}"],
        ["schema", f"version {found.schema} of {found.current_schema}"],
        *([name, f"{number:,}"] for name, number in found.nodes.items()),
        *([name, f"{number:,}"] for name, number in found.relationships.items()),
    ]
    print_table(("", ""), rows)
    if found.unended:
        runs = [
            [
                *map(cell, (run.id, run.kind, run.owner, run.started)),
                cell(run.advice and told(run.advice)),
            ]
            for run in found.unended
        ]
        print_table(("run", "kind", "owner", "started", ""), runs, "Not ended")
    if found.slowest:
        slow = [
            [timing.name, f"{timing.slowest:,.1f}", f"{timing.mean:,.1f}", f"{timing.count:,}"]
            for timing in found.slowest
        ]
        columns = ("query", "slowest, ms", "mean, ms", "times")
        print_table(columns, slow, "Slowest named queries, as commands of this machine saw them")


def _print_moved(done: Moved, *, as_json: bool, next_: str) -> None:
    from cli.rows import print_json, print_table

    if as_json:
        print_json(done)
        return
    rows = [[table.replace("_", " "), f"{count:,}"] for table, count in done.rows.items()]
    rows.append(["artefacts", f"{done.artifacts:,}"])
    print_table(("", "rows"), rows, f"{done.target}: checked, counts and checksums agree")
    say(next_)
