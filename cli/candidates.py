"""``zoo candidates DATASET``."""

from __future__ import annotations

import click

from cli.options import as_json, count, limits, make_limits, method, open_zoo


@click.command()
@click.argument("dataset")
@method
@limits
@count
@as_json
@click.pass_context
def candidates(
    ctx: click.Context,
    dataset: str,
    method: str,
    max_parameters: str | None,
    max_memory: str | None,
    license_: str | None,
    family: str | None,
    allow_unknown: bool,
    k: int,
    as_json: bool,
) -> None:
    """Read the published predictions of a dataset back, within your limits."""
    from cli.answers import print_answers

    within = make_limits(max_parameters, max_memory, license_, family, allow_unknown)
    with open_zoo(ctx) as zoo:
        answer = zoo.candidates(dataset, method=method, limits=within, k=k)
    print_answers([answer], as_json=as_json, limits=within)
