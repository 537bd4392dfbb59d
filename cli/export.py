"""``zoo export PATH``."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click

from cli.options import as_json, open_zoo, overwrite
from cli.text import counted, say


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@overwrite("another bundle that is there")
@as_json
@click.pass_context
def export(ctx: click.Context, path: Path, overwrite: bool, as_json: bool) -> None:
    """Write models, datasets, embeddings and results as a record bundle (a folder of CSV files)."""
    with open_zoo(ctx) as zoo:
        history = zoo.export(path, overwrite=overwrite)
    if as_json:
        from cli.rows import print_json

        tables = {field.name: len(getattr(history, field.name)) for field in fields(history)}
        print_json({"path": str(path), "rows": tables})
        return
    say(
        f"{counted(len(history.models), 'model')}, {counted(len(history.datasets), 'dataset')} and "
        f"{counted(len(history.fine_tunings), 'fine-tuning')} are in {path}."
    )
