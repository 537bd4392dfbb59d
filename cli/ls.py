"""``zoo ls KIND``."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from cli.options import as_json, modality, open_zoo
from cli.text import say, told

_FILL = "The zoo is empty. Fill it first: zoo ingest records PATH"
#: What to type where nothing of a kind is there.
_FIRST = {
    "models": _FILL,
    "datasets": _FILL,
    "learners": "No learner yet. Train one: zoo train",
    "runs": _FILL,
    "jobs": "No job yet. See what is missing: zoo ingest runs --dry-run",
}


@click.command()
@click.argument("kind", type=click.Choice(["models", "datasets", "learners", "runs", "jobs"]))
@modality
@click.option("--contains", help="Part of the id of models or datasets.")
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
    if kind == "learners" and not as_json:
        rows = [_with_quality(row) for row in rows]
    if kind == "jobs" and not as_json:
        rows = [{**row, "error": row["error"] and told(row["error"])} for row in rows]
    narrowed = modality is not None or contains is not None
    print_rows(rows, as_json=as_json, nothing="Nothing found." if narrowed else _FIRST[kind])
    if len(rows) == limit:
        say(f"The first {limit}; more: --limit")
    if kind == "learners" and rows and not as_json:
        say(
            "On held-out targets, for models with results and without: mean of Pearson and "
            "weighted Kendall (1 is the true order). All that was measured: zoo show LEARNER"
        )


def _with_quality(row: Mapping[str, object]) -> dict[str, object]:
    """The learner with its two chief metrics in columns; 0 is where nothing could be compared."""
    metrics = json.loads(str(row["metrics"] or "{}"))
    kept = {name: value for name, value in row.items() if name != "metrics"}
    chief = {"with results": "warm_all", "without": "cold_all"}
    return kept | {name: metrics.get(metric) or None for name, metric in chief.items()}
