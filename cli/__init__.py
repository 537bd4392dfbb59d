"""The command line: each command parses, makes one call of the library, and shows.

Commands load when they are named, so that ``zoo --help`` answers at once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import nullcontext

import click

from cli.lazy import LazyGroup
from cli.streams import standard_streams
from graphdb.errors import ZooError
from zoo.processes import own_process

__all__ = ["main"]

#: Command: its module, its line of help.
_COMMANDS = {
    "ingest": ("cli.ingest", "Fill the zoo with what is known."),
    "record": ("cli.record", "Add one fine-tuning result of your own."),
    "forget": ("cli.forget", "Undo a run, or remove a model or dataset."),
    "quarantine": ("cli.quarantine", "Take a dataset's results out of training and truth."),
    "train": ("cli.train", "Train the graph learner on what the zoo holds."),
    "predict": ("cli.predict", "Rank models for datasets and write the links back."),
    "candidates": ("cli.candidates", "Read published predictions back, within limits."),
    "evaluate": ("cli.evaluate", "Compare learners, each target dataset held out in turn."),
    "export": ("cli.export", "Write the zoo as a record bundle."),
    "query": ("cli.query", "Run a named Cypher query."),
    "ls": ("cli.ls", "List models, datasets, learners, runs or jobs."),
    "show": ("cli.show", "Show everything about one model, dataset, learner, run or job."),
    "db": ("cli.db", "The database itself."),
}


@click.group(
    cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="transferzoo", prog_name="zoo")
@click.option("--store", help="embedded:, embedded:FOLDER, bolt://HOST:PORT, neo4j+s://HOST.")
@click.option("--database", help="Database of the server (default: the user's home database).")
@click.option("-v", "--verbose", is_flag=True, help="Log each query with its time and rows.")
@click.pass_context
def zoo(ctx: click.Context, store: str | None, database: str | None, verbose: bool) -> None:
    """Which pre-trained models should I fine-tune on my dataset?

    First: zoo ingest records HISTORY, then: zoo train, then: zoo predict DATASET.

    Without --store: ZOO_STORE, else NEO4J_URI (with NEO4J_USERNAME and NEO4J_PASSWORD), else an
    embedded store in your data folder.
    """
    from cli.text import remember_typed

    _log(verbose)
    remember_typed(_COMMANDS, store=store, database=database)
    ctx.obj = {"store": store, "database": database}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command: without ``arguments`` the one that this process was started for."""
    with own_process() if arguments is None else nullcontext():
        _main(arguments)


def _main(arguments: Sequence[str] | None) -> None:
    """What a user can act on is one line and exit code 1; a bug keeps its trace."""
    try:
        with standard_streams():
            _run(arguments)
    except click.ClickException as error:
        from cli.text import say

        say(f"Error: {_one_line(error)}")
        sys.exit(1)
    except ZooError as error:
        from cli.text import say

        say(f"Error: {error}")
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt, Exception) as error:
        if not _interrupted(error):
            raise
        click.echo("Stopped.", err=True)
        sys.exit(130)


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C began it: a driver that is stopped while it reads may fail as it tidies up."""
    while error is not None:
        if isinstance(error, click.Abort | KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _run(arguments: Sequence[str] | None) -> None:
    try:
        zoo(arguments, prog_name="zoo", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        # Whoever types a group without a command asks what there is.
        click.echo(error.format_message())


def _one_line(error: click.ClickException) -> str:
    """A wrong option or argument in one line, with where to look."""
    text = " ".join(error.format_message().split())
    ctx = getattr(error, "ctx", None)
    return f"{text} See: {ctx.command_path} --help" if ctx else text


def _log(verbose: bool) -> None:
    logging.basicConfig(format="%(message)s", level=logging.ERROR, stream=sys.stderr)
    # The driver warns of each attempt that it repeats; the end of them is what a user needs.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    logging.getLogger("graphdb").setLevel(logging.INFO if verbose else logging.ERROR)
