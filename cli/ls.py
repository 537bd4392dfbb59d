"""``zoo ls KIND``."""

from __future__ import annotations

import click

from cli.options import as_json, modality, open_zoo


@click.command()
@click.argument("kind", type=click.Choice(["models", "datasets", "learners", "runs", "jobs"]))
@modality
@click.option("--contains", help="Part of the id.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@as_json
@click.pass_context
def ls(
    ctx: click.Context,
    kind: str,
    modality: str | None,
    contains: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List models, datasets, learners, runs or jobs."""
    from cli.rows import print_rows

    with open_zoo(ctx) as zoo:
        rows = zoo.list(kind, modality=modality, contains=contains, limit=limit)
    print_rows(rows, as_json=as_json)
    if len(rows) == limit:
        click.echo(f"The first {limit}; more: --limit", err=True)
