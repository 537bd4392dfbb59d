"""``zoo quarantine DATASET --reason ...``."""

from __future__ import annotations

import click

from cli.options import open_zoo
from graphdb.errors import ZooError


@click.command()
@click.argument("dataset")
@click.option("--reason", help="Why its results are not to be trusted.")
@click.option("--lift", is_flag=True, help="Trust them again.")
@click.pass_context
def quarantine(ctx: click.Context, dataset: str, reason: str | None, lift: bool) -> None:
    """Take a dataset's results out of training and truth; its node stays."""
    if (reason is None) != lift:
        raise ZooError(f"Say why, or lift it: zoo quarantine {dataset} --reason '...' | --lift")
    with open_zoo(ctx) as zoo:
        zoo.quarantine(dataset, reason=reason)
    did = "trusted again" if lift else f"set aside: {reason}"
    click.echo(f"{dataset} is {did}. Train anew to have it count: zoo train", err=True)
