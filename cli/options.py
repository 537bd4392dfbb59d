"""Options that several commands share, and the zoo that they open."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from zoo import Limits, Zoo

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
method = click.option(
    "--method", default="full", show_default=True, help="Fine-tuning: full, lora or linear."
)
modality = click.option("--modality", help="image or text, where the zoo holds both.")
count = click.option(
    "-k", type=click.IntRange(1, 1000), default=10, show_default=True, help="Models to show."
)


def overwrite(what: str) -> Callable[[Command], Command]:
    """--overwrite, without which no command writes over what is there."""
    return click.option("--overwrite", is_flag=True, help=f"Replace {what}.")


def names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Of an option that is repeated, or has its names between commas.

    A name that holds a comma itself stands in double quotes, as in a CSV file (``errors.listed``).
    """
    return tuple(name for text in given for name in _split(text) if name)


def _split(text: str) -> list[str]:
    if '"' not in text:
        return text.split(",")
    try:
        return [name for line in csv.reader([text], strict=True) for name in line]
    except csv.Error as error:
        raise click.UsageError(
            f"{shlex.quote(text)} is no list of names ({error}). They stand between commas, one "
            "that holds a comma or a quote in double quotes, with each quote inside it doubled."
        ) from error


def limits(command: Command) -> Command:
    """--max-parameters, --max-memory, --license, --family, --allow-unknown."""
    for option in (
        click.option("--allow-unknown", is_flag=True, help="Keep models whose data are unknown."),
        click.option("--family", help="Family, such as vit."),
        click.option("--license", "license_", help="Licence, such as apache-2.0."),
        click.option("--max-memory", help="Memory of the weights, such as 4GB."),
        click.option("--max-parameters", help="Parameters, such as 100M."),
    ):
        command = option(command)
    return command


def make_limits(
    max_parameters: str | None,
    max_memory: str | None,
    license_: str | None,
    family: str | None,
    allow_unknown: bool,
) -> Limits:
    from zoo.limits import Limits, parse_bytes, parse_count

    return Limits(
        max_parameters=None if max_parameters is None else parse_count(max_parameters),
        max_memory=None if max_memory is None else parse_bytes(max_memory),
        license=license_,
        family=family,
        allow_unknown=allow_unknown,
    )


def open_zoo(ctx: click.Context) -> Zoo:
    """The zoo that --store and the environment name."""
    from zoo import Zoo

    given = ctx.find_root().obj
    return Zoo.open(given["store"], database=given["database"])
