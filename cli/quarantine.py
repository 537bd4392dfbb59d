"""``zoo quarantine DATASET --reason ...``."""

from __future__ import annotations

import shlex

import click

from cli.options import as_json, open_zoo
from cli.text import say
from graphdb.errors import ZooError


@click.command()
@click.argument("dataset")
@click.option("--reason", help="Why its results are not to be trusted.")
@click.option("--lift", is_flag=True, help="Trust them again.")
@as_json
@click.pass_context
def quarantine(
    ctx: click.Context, dataset: str, reason: str | None, lift: bool, as_json: bool
) -> None:
    """Take a dataset's results out of training and truth; its node stays."""
    if (reason is None) != lift:
        name = shlex.quote(dataset)
        raise ZooError(f"Say why, or lift it: zoo quarantine {name} --reason '...' | --lift")
    with open_zoo(ctx) as zoo:
        zoo.quarantine(dataset, reason=reason)
    if as_json:
        from cli.rows import print_json

        print_json({"dataset": dataset, "quarantined": reason})
        return
    did = "trusted again" if lift else f"set aside: {reason}"
    say(f"{dataset} is {did}. Train anew to have it count: zoo train")
