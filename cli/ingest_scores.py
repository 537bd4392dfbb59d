"""``zoo ingest scores --method logme``."""

from __future__ import annotations

from dataclasses import asdict

import click

from cli.options import as_json, dry_run, modality, names, open_zoo
from cli.text import counted, say


@click.command()
@click.option(
    "--method", "methods", multiple=True, default=("logme",), show_default=True,
    help="logme, hscore, regularised-hscore, leep or nce; repeat, or commas.",
)  # fmt: skip
@click.option("--models", multiple=True, help="Ids in the zoo (default: all); repeat, or commas.")
@click.option("--datasets", multiple=True, help="Ids in the zoo (default: all); the same.")
@modality
@click.option("--max-samples", type=click.IntRange(10), help="Samples of a dataset at most.")
@click.option("--parallel", type=click.IntRange(1), default=1, help="Jobs at a time.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that a model brings along.")
@click.option("--allow-pickle", is_flag=True, help="Load weights that are only pickled.")
@dry_run
@as_json
@click.pass_context
def scores(
    ctx: click.Context,
    methods: tuple[str, ...],
    models: tuple[str, ...],
    datasets: tuple[str, ...],
    modality: str | None,
    max_samples: int | None,
    parallel: int,
    trust_remote_code: bool,
    allow_pickle: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Score how well models would transfer, without fine-tuning; features are computed once."""
    from cli.progress import bar
    from cli.rows import print_json
    from zoo.jobs.ingestion import ingest_scores
    from zoo.jobs.planning import Request

    request = Request(
        models=names(models), datasets=names(datasets), modality=modality, max_samples=max_samples,
        trust_remote_code=trust_remote_code, allow_pickle=allow_pickle,
    )  # fmt: skip
    with open_zoo(ctx) as zoo, bar("Scores") as tell:
        done = ingest_scores(
            zoo.store, request, methods=names(methods), parallel=parallel, dry_run=dry_run,
            tell=tell,
        )  # fmt: skip
    if as_json:
        print_json(
            {
                "written": 0 if dry_run else done.written,
                "failures": [asdict(one) for one in done.failures],
            }
        )
    for failure in done.failures:
        say(f"Failed: {failure.reference}: {failure.reason}")
    say(f"{counted(done.written, 'score')} {'missing' if dry_run else 'written'}.")
