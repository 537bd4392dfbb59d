"""``zoo evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json, method, modality, open_zoo

if TYPE_CHECKING:
    from learn import Result

_COLUMNS = ("pearson", "spearman", "kendall", "weighted_kendall", "rel_at_1", "rel_at_5",
            "coverage", "width", "seconds")  # fmt: skip


@click.command()
@modality
@method
@click.option(
    "--regime",
    default="dense",
    show_default=True,
    help="dense, sparse:F, cold:F, zoo:F (fractions) or few:N (target records seen).",
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@click.option("--targets", help="Datasets, separated by commas (default: all with 10 results).")
@click.option("--folds", type=click.IntRange(2), help="Hold out groups of targets.")
@click.option("--learner", "learners", multiple=True, help="Repeat for several.")
@click.option("--workers", type=click.IntRange(1), help="Processes (default: one a core).")
@click.option("--plots", type=click.Path(path_type=Path), help="Draw the results into a folder.")
@as_json
@click.pass_context
def evaluate(
    ctx: click.Context,
    modality: str | None,
    method: str,
    regime: str,
    seeds: int,
    targets: str | None,
    folds: int | None,
    learners: tuple[str, ...],
    workers: int | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Compare learners: each target's results are hidden, then predicted.

    Without --learner: the default learner beside model-mean, mean-rank, similarity-mean, random.
    """
    from cli.progress import bar
    from cli.rows import print_json

    results: list[Result] = []
    with open_zoo(ctx) as zoo, bar("Evaluate") as move:
        for result in zoo.evaluate(
            modality=modality,
            method=method,
            learners=learners,
            regime=regime,
            seeds=range(seeds),
            targets=[name for name in (targets or "").split(",") if name],
            folds=folds,
            workers=workers,
            progress=move,
        ):
            results.append(result)
            if as_json:
                print_json(result.row())
    if not as_json:
        _print(results)


def _print(results: list[Result]) -> None:
    from cli.rows import print_table
    from cli.text import cell
    from learn import AGGREGATES

    for target in dict.fromkeys(result.target for result in results):
        if target not in AGGREGATES:
            continue
        rows = [
            [result.learner, str(result.seed), *(cell(getattr(result, name)) for name in _COLUMNS)]
            for result in results
            if result.target == target
        ]
        columns = ("learner", "seed", *(name.replace("_", " ") for name in _COLUMNS))
        print_table(columns, rows, target.replace("_", " "))
