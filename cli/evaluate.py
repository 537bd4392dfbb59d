"""``zoo evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import as_json, method, modality, names, open_zoo
from cli.text import say

if TYPE_CHECKING:
    from learn import Prediction, Result

_COLUMNS = ("pearson", "spearman", "kendall", "weighted_kendall", "rel_at_1", "rel_at_5",
            "coverage", "width", "seconds")  # fmt: skip


@click.command()
@modality
@method
@click.option(
    "--regime",
    "regimes",
    default=("dense",),
    show_default=True,
    multiple=True,
    help="dense, sparse:F, cold:F, zoo:F (fractions) or few:N (target records seen). Repeat for "
    "several.",
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@click.option(
    "--targets", multiple=True, help="Datasets; repeat, or commas (default: all with 10 results)."
)
@click.option("--folds", type=click.IntRange(2), help="Hold out groups of targets.")
@click.option(
    "--learner",
    "learners",
    multiple=True,
    help="Such as inductive, model-mean, gat+xgb or score:logme. Repeat for several.",
)
@click.option("--workers", type=click.IntRange(1), help="Processes (default: one a core).")
@click.option("--plots", type=click.Path(path_type=Path), help="Draw the results into a folder.")
@as_json
@click.pass_context
def evaluate(
    ctx: click.Context,
    modality: str | None,
    method: str,
    regimes: tuple[str, ...],
    seeds: int,
    targets: tuple[str, ...],
    folds: int | None,
    learners: tuple[str, ...],
    workers: int | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Compare learners: each target's results are hidden, then predicted.

    Without --learner: the default learner beside model-mean, mean-rank, similarity-mean, random.
    Plots of single predictions are of the first regime.
    """
    from cli.progress import bar
    from cli.rows import print_json

    regimes = tuple(dict.fromkeys(regimes))
    _check(regimes, plots)
    results: list[Result] = []
    predictions: list[Prediction] = []
    with open_zoo(ctx) as zoo:
        for number, regime in enumerate(regimes):
            with bar(f"Evaluate {regime}") as move:
                for result in zoo.evaluate(
                    modality=modality,
                    method=method,
                    learners=learners,
                    regime=regime,
                    seeds=range(seeds),
                    targets=names(targets),
                    folds=folds,
                    workers=workers,
                    progress=move,
                    keep=predictions if plots and number == 0 else None,
                ):
                    results.append(result)
                    if as_json:
                        print_json(result.row())
    if not as_json:
        _print(results)
    for regime in regimes:
        if all(one.rel_at_1 is None for one in results if one.regime == regime):
            say(
                f"{regime} leaves no target with 3 results that differ: there is nothing to "
                "compare. Try another part with: --regime"
            )
    if plots:
        from zoo.evaluation import draw_pictures

        for path in draw_pictures(results, predictions, plots):
            say(f"Drawn: {path}")


def _check(regimes: tuple[str, ...], plots: Path | None) -> None:
    """What would fail only after the first regime, or after all of them, fails at once."""
    from learn.regimes import parse

    for regime in regimes:
        parse(regime)
    if plots:
        from zoo.evaluation import check_pictures

        check_pictures(plots)


def _print(results: list[Result]) -> None:
    from cli.rows import print_table
    from cli.text import cell
    from learn import AGGREGATES, pool_coverage

    for regime in dict.fromkeys(result.regime for result in results):
        for target in AGGREGATES:
            rows = [
                [
                    result.learner,
                    str(result.seed),
                    *(cell(getattr(result, name)) for name in _COLUMNS),
                ]
                for result in results
                if (result.regime, result.target) == (regime, target)
            ]
            columns = ("learner", "seed", *(name.replace("_", " ") for name in _COLUMNS))
            print_table(columns, rows, f"{regime}: {target.replace('_', ' ')}")
    pooled = [
        [one.regime, one.learner, str(one.targets), *(cell(value) for value in
         (one.share, one.low, one.high, one.width))]
        for one in pool_coverage(results)
    ]  # fmt: skip
    if pooled:
        columns = ("regime", "learner", "targets", "coverage", "from", "to", "width")
        print_table(columns, pooled, "coverage pooled over targets (95 % bootstrap over them)")
