"""``zoo ingest datasets REF...``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cli.options import as_json, open_zoo
from cli.text import cell, count, say
from graphdb.errors import ZooError


@click.command()
@click.argument("references", nargs=-1, required=True)
@click.option("--name", help="The id in the zoo, for a single dataset.")
@click.option("--label", help="The label column, where it cannot be found.")
@click.option("--text", help="The text column.")
@click.option("--text-pair", help="A second text column, such as a hypothesis.")
@click.option("--image", help="The image column.")
@click.option("--max-samples", type=click.IntRange(10), help="Use at most this many samples.")
@click.option(
    "--config", "path", type=click.Path(path_type=Path), help="A TOML file, one table a dataset."
)
@click.option("--probe", help="Probe model in place of the history's own: id or hub id.")
@as_json
@click.pass_context
def datasets(
    ctx: click.Context,
    references: tuple[str, ...],
    name: str | None,
    label: str | None,
    text: str | None,
    text_pair: str | None,
    image: str | None,
    max_samples: int | None,
    path: Path | None,
    probe: str | None,
    as_json: bool,
) -> None:
    """Add datasets: hub id (name/subset), image folder, csv, json or parquet.

    Each gets its classes, samples and fingerprint, an embedding by the history's own probe and its
    similarity to all datasets that the same probe has seen.
    """
    from cli.progress import bar
    from cli.rows import print_json, print_table
    from zoo.hub.configs import choose_configs
    from zoo.jobs.ingestion import ingest_datasets

    configs = choose_configs(
        references, path=path, label=label, text=text, text_pair=text_pair, image=image
    )
    with open_zoo(ctx) as zoo, bar("Datasets") as tell:
        done = ingest_datasets(
            zoo.store, references, configs=configs, name=name, max_samples=max_samples,
            probe=probe, tell=tell,
        )  # fmt: skip
    if as_json:
        for one in done.datasets:
            seen = {"similarities": len(one.similarities), "samples_seen": _seen(one)}
            notes = {"seconds": one.seconds, "notes": list(one.notes)}
            print_json({"dataset": asdict(one.dataset), **seen, **notes})
        for failure in done.failures:
            print_json(failure)
    else:
        rows = [
            [
                cell(one.dataset.id), cell(one.dataset.modality), count(one.dataset.classes),
                count(one.dataset.samples), count(_seen(one)), count(len(one.similarities)),
            ]
            for one in done.datasets
        ]  # fmt: skip
        columns = ("dataset", "modality", "classes", "samples", "seen by the probe", "similarities")
        if rows:
            print_table(columns, rows, "Datasets")
        for note in dict.fromkeys(note for one in done.datasets for note in one.notes):
            say(f"Note: {note}")
        for failure in done.failures:
            say(f"Failed: {failure.reference}: {failure.reason}")
        if done.datasets:
            say("Next: zoo ingest runs, or: zoo predict DATASET")
    if done.failures and not done.datasets:
        raise ZooError(f"None of {len(done.failures)} datasets could be read; why: zoo ls jobs")


def _seen(one: object) -> int | None:
    embeddings = getattr(one, "embeddings", ())
    return embeddings[0].samples if embeddings else None
