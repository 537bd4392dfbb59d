"""``zoo db``: the database itself."""

from __future__ import annotations

import click

from cli.options import as_json, open_zoo


@click.group()
def db() -> None:
    """The database itself."""


@db.command()
@as_json
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show what the store is and how much it holds."""
    from cli.rows import print_json, print_table
    from zoo.databases import read_status

    with open_zoo(ctx) as zoo:
        found = read_status(zoo.store)
    if as_json:
        print_json(found)
        return
    rows = [
        ["store", found.address],
        ["database", found.database or "-"],
        ["server", f"{found.server}, Bolt {found.bolt}"],
        ["schema", f"version {found.schema} of {found.current_schema}"],
        *([name, f"{number:,}"] for name, number in found.nodes.items()),
        *([name, f"{number:,}"] for name, number in found.relationships.items()),
    ]
    print_table(("", ""), rows)


@db.command()
@click.pass_context
def serve(ctx: click.Context) -> None:
    """Keep an embedded store open, so that several commands can use it at once."""
    from zoo.databases import serve as keep_open

    with open_zoo(ctx) as zoo:
        click.echo(f"Serving {zoo.store.address}. Stop it with Ctrl-C.", err=True)
        keep_open(zoo.store)
    click.echo("Stopped.", err=True)
