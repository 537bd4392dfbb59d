"""``zoo ingest``: each source is a command of its own module."""

from __future__ import annotations

import click

from cli.lazy import LazyGroup

_COMMANDS = {
    "records": ("cli.ingest_records", "A history: TransferGraph's files or a record bundle."),
    "models": ("cli.ingest_models", "Metadata of models: hub ids, folders or a file of them."),
    "datasets": ("cli.ingest_datasets", "Datasets, with embedding and similarities."),
    "runs": ("cli.ingest_runs", "Fine-tune what the graph lacks."),
    "scores": ("cli.ingest_scores", "Transferability scores such as LogME."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def ingest() -> None:
    """Fill the zoo."""
