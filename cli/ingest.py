"""``zoo ingest``: each source is a command of its own module."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "records": ("cli.ingest_records", "A history: TransferGraph's files or a record bundle."),
    "models": ("cli.ingest_models", "Metadata of models: hub ids, folders or a file of them."),
    "datasets": ("cli.ingest_datasets", "Datasets, with embedding and similarities."),
    "runs": ("cli.ingest_runs", "Fine-tune what the graph lacks."),
    "scores": ("cli.ingest_scores", "Transferability scores such as LogME."),
}


class _Sources(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(_COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in _COMMANDS.items()])


@click.group(cls=_Sources)
def ingest() -> None:
    """Fill the zoo."""
