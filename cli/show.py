"""``zoo show ID``."""

from __future__ import annotations

from pathlib import Path

import click

from cli.options import as_json, open_zoo
from cli.text import say
from graphdb.errors import to_type

#: Room for an error and for the command that repeats a job alone, whole.
_LONGEST = 4_000
#: Of a job: what tells commands.
_TELLING = ("command", "error")


@click.command()
@click.argument("identity", metavar="ID")
@click.option("--kind", type=click.Choice(["model", "dataset", "learner", "run", "job"]))
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Results to show."
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw a model or dataset with its neighbours into this HTML file.",
)
@as_json
@click.pass_context
def show(
    ctx: click.Context,
    identity: str,
    kind: str | None,
    limit: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show everything about one model, dataset, learner, run or job."""
    from cli.rows import print_json, print_rows, print_table
    from cli.text import cell, plain, told

    with open_zoo(ctx) as zoo:
        found = zoo.show(identity, kind=kind, limit=limit)
        if html is not None:
            from zoo.drawing import draw, find_neighbourhood

            near = find_neighbourhood(zoo.store, identity, kind=found.kind)
            draw(near, html, text=plain)
    if as_json:
        results = {"results": found.results, "total": found.total}
        print_json({"kind": found.kind, **found.properties, **results})
    else:
        rows = [
            [name, cell(told(value) if name in _TELLING else value, longest=_LONGEST)]
            for name, value in found.properties.items()
            if value is not None
        ]
        print_table(("", ""), rows, f"{found.kind} {identity}")
        if found.results:
            print_rows(found.results, as_json=False, title="Results")
    if len(found.results) < found.total:
        every = [*(("--kind", kind) if kind else ()), "--limit", str(found.total)]
        typed = to_type("show", identity, options=every)
        say(f"The first {len(found.results)} of {found.total} results; all of them: {typed}")
    if html is not None:
        say(f"Drawn: open {html!s} in a browser.")
