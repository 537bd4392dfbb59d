"""``zoo quarantine DATASET --reason ...``."""

from __future__ import annotations

import click

from cli.options import as_json, open_zoo
from cli.text import say
from graphdb.errors import ZooError, to_type


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
        say_why = to_type("quarantine", dataset, options=["--reason", "..."])
        trust = to_type("quarantine", dataset, options=["--lift"])
        raise ZooError(f"Say why: {say_why}, or trust it again: {trust}")
    with open_zoo(ctx) as zoo:
        zoo.quarantine(dataset, reason=reason)
    if as_json:
        from cli.rows import print_json

        print_json({"dataset": dataset, "quarantined": reason})
        return
    did = "trusted again" if lift else f"set aside: {reason}"
    say(f"{dataset} is {did}. Train anew to have it count: zoo train")
