"""``zoo export PATH``."""

from __future__ import annotations

from pathlib import Path

import click

from cli.options import open_zoo


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_context
def export(ctx: click.Context, path: Path) -> None:
    """Write models, datasets, embeddings and results as a record bundle (a folder of CSV files)."""
    with open_zoo(ctx) as zoo:
        history = zoo.export(path)
    click.echo(
        f"{len(history.models):,} models, {len(history.datasets):,} datasets and "
        f"{len(history.fine_tunings):,} fine-tunings are in {path}.",
        err=True,
    )
