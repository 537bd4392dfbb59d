"""``zoo predict DATASET...``."""

from __future__ import annotations

import click

from cli.options import as_json, count, limits, make_limits, method, modality, open_zoo
from graphdb.errors import ZooError
from learn.learner import USUAL_LEVEL


@click.command()
@click.argument("datasets", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every dataset that has results.")
@modality
@method
@click.option("--learner", help="A learner's id (default: the default one).")
@click.option(
    "--level",
    type=click.FloatRange(0.5, 0.99),
    default=USUAL_LEVEL,
    show_default=True,
    help="Share of true values that intervals shall hold.",
)
@click.option("--no-write", is_flag=True, help="Answer only; store nothing.")
@limits
@count
@as_json
@click.pass_context
def predict(
    ctx: click.Context,
    datasets: tuple[str, ...],
    all_: bool,
    modality: str | None,
    method: str,
    learner: str | None,
    level: float,
    no_write: bool,
    max_parameters: str | None,
    max_memory: str | None,
    license_: str | None,
    family: str | None,
    allow_unknown: bool,
    k: int,
    as_json: bool,
) -> None:
    """Rank models for datasets and write the links back as PREDICTED relationships.

    A dataset is an id in the zoo, or the path of a new one: an image folder, csv, json or parquet.
    """
    from cli.answers import print_answers
    from cli.progress import bar

    if bool(datasets) == all_:
        raise ZooError("Name datasets, or say --all. List them with: zoo ls datasets")
    within = make_limits(max_parameters, max_memory, license_, family, allow_unknown)
    with open_zoo(ctx) as zoo, bar("Predict") as move:
        answers = zoo.predict(
            *datasets,
            modality=modality,
            method=method,
            learner=learner,
            limits=within,
            k=k,
            level=level,
            write=not no_write,
            progress=move,
        )
    print_answers(answers, as_json=as_json, limits=within)
