"""``zoo show ID``."""

from __future__ import annotations

import click

from cli.options import as_json, open_zoo


@click.command()
@click.argument("identity", metavar="ID")
@click.option("--kind", type=click.Choice(["model", "dataset", "learner", "run", "job"]))
@as_json
@click.pass_context
def show(ctx: click.Context, identity: str, kind: str | None, as_json: bool) -> None:
    """Show everything about one model, dataset, learner, run or job."""
    from cli.rows import print_json, print_rows, print_table
    from cli.text import cell, plain

    with open_zoo(ctx) as zoo:
        found = zoo.show(identity, kind=kind)
    if as_json:
        print_json({"kind": found.kind, **found.properties, "results": found.results})
        return
    rows = [[name, cell(value)] for name, value in found.properties.items() if value is not None]
    print_table(("", ""), rows, f"{found.kind} {plain(identity)}")
    if found.results:
        print_rows(found.results, as_json=False, title="Results")
