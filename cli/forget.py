"""``zoo forget RUN|MODEL|DATASET``."""

from __future__ import annotations

from dataclasses import asdict

import click

from cli.options import as_json, dry_run, open_zoo
from cli.text import say


@click.command()
@click.argument("identity", metavar="RUN|MODEL|DATASET")
@click.option("--kind", type=click.Choice(["run", "model", "dataset"]), help="If ids collide.")
@dry_run
@as_json
@click.pass_context
def forget(
    ctx: click.Context, identity: str, kind: str | None, dry_run: bool, as_json: bool
) -> None:
    """Undo a run, or remove a model or dataset with all its relationships."""
    with open_zoo(ctx) as zoo:
        gone = zoo.forget(identity, kind=kind, dry_run=dry_run)
    if as_json:
        from cli.rows import print_json

        print_json(asdict(gone))
        return
    found = {**gone.nodes, **gone.relationships}
    listed = ", ".join(f"{count} {what}" for what, count in found.items())
    would = "Would forget" if dry_run else "Forgot"
    say(f"{would} {gone.kind} {gone.id}: {listed or 'nothing else'}.")
