"""``zoo ingest models REF...``."""

from __future__ import annotations

import click

from cli.options import as_json, dry_run, open_zoo
from cli.text import cell, count, say
from graphdb.errors import ZooError


@click.command()
@click.argument("references", nargs=-1, required=True)
@click.option("--revision", help="Branch, tag or commit, for hub ids without one.")
@click.option("--name", help="The id in the zoo, for a single model.")
@click.option("--allow-pickle", is_flag=True, help="Also models whose weights are only pickled.")
@dry_run
@as_json
@click.pass_context
def models(
    ctx: click.Context,
    references: tuple[str, ...],
    revision: str | None,
    name: str | None,
    allow_pickle: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add models by hub id, local folder, or a file that lists either.

    Only the configuration, the card and the header of the weights are read; nothing of a model's
    own code runs. A model that cannot be read is kept as a failed job, and the rest go on.
    """
    from cli.progress import bar
    from cli.rows import print_json, print_table
    from zoo.hub.references import read_references, with_options
    from zoo.jobs.ingestion import describe_only, ingest_models

    wanted = with_options(read_references(list(references)), revision=revision, name=name)
    with bar("Models") as tell:
        if dry_run:
            found, failures = describe_only(wanted, allow_pickle=allow_pickle, tell=tell)
        else:
            with open_zoo(ctx) as zoo:
                done = ingest_models(zoo.store, wanted, allow_pickle=allow_pickle, tell=tell)
            found, failures = list(done.models), list(done.failures)
    if as_json:
        for one in found:
            print_json(one.model)
        for failure in failures:
            print_json(failure)
    else:
        rows = [
            [
                cell(one.model.id), cell(one.model.family), cell(one.model.modality),
                count(one.model.parameters), cell(one.dtype), cell(one.model.license),
                cell(", ".join(link.dataset for link in one.pretrainings) or None),
            ]
            for one in found
        ]  # fmt: skip
        columns = (
            "model",
            "family",
            "modality",
            "parameters",
            "dtype",
            "licence",
            "pre-trained on",
        )
        if rows:
            print_table(columns, rows, "Would be added" if dry_run else "Models")
        for failure in failures:
            say(f"Failed: {failure.reference}: {failure.reason}")
        if found and not dry_run:
            say("Next: zoo ingest datasets REF..., then zoo ingest runs")
    if failures and not found:
        why = "" if dry_run else "; why: zoo ls jobs"
        raise ZooError(f"None of {len(failures)} models could be read{why}")
