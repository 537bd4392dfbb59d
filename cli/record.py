"""``zoo record MODEL DATASET --accuracy .91``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from cli.options import as_json, method, modality, open_zoo
from cli.text import say, to_undo
from graphdb.errors import ZooError, to_type

if TYPE_CHECKING:
    from zoo.recording import Settings


@click.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--accuracy", type=float, help="On the test split, 0 to 1.")
@click.option("--f1", type=float, help="0 to 1.")
@click.option("--mcc", type=float, help="-1 to 1.")
@click.option("--mse", type=float, help="0 or more, smaller is better.")
@method
@click.option("--epochs", type=float)
@click.option("--learning-rate", type=float)
@click.option("--batch-size", type=int)
@click.option("--seed", type=int, help="A second result of the same settings needs another seed.")
@click.option("--seconds", type=float, help="Training time.")
@click.option("--device", help="Where it ran, such as cuda.")
@click.option("--create", is_flag=True, help="Add the model or dataset if the zoo lacks it.")
@modality
@as_json
@click.pass_context
def record(
    ctx: click.Context,
    model: str,
    dataset: str,
    accuracy: float | None,
    f1: float | None,
    mcc: float | None,
    mse: float | None,
    method: str,
    create: bool,
    modality: str | None,
    as_json: bool,
    **settings: Unpack[Settings],
) -> None:
    """Add one fine-tuning result of your own.

    The same settings, seed and metric again correct the value that is stored.
    """
    given = {"accuracy": accuracy, "f1": f1, "mcc": mcc, "mse": mse}
    results = [(metric, value) for metric, value in given.items() if value is not None]
    if len(results) != 1:
        typed = to_type("record", model, dataset, options=["--accuracy", ".91"])
        raise ZooError(f"Give one result: {typed}")
    [(metric, value)] = results
    with open_zoo(ctx) as zoo:
        changes = zoo.record(
            model,
            dataset,
            value,
            metric=metric,
            method=method,
            create=create,
            modality=modality,
            **settings,
        )
    for note in changes.notes:
        say(f"Note: {note}")
    change = changes.tables["fine_tunings"]
    did = "created" if change.created else "updated" if change.updated else "unchanged"
    if as_json:
        from cli.rows import print_json

        row = {"model": model, "dataset": dataset, metric: value, "result": did}
        print_json({**row, "run": changes.run})
        return
    words = {"created": "Recorded", "updated": "Corrected", "unchanged": "Already there"}
    undo = f" {to_undo(changes.run, replaced=did == 'updated')}" if changes.run else ""
    say(f"{words[did]}: {model} on {dataset}, {metric} {value:g}.{undo}")
