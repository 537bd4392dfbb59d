"""Progress on stderr, with an estimate of the time left; silent where nobody looks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.text import plain

#: Without these the libraries that jobs need, imported later, would draw bars of their own across.
_OTHER_BARS = ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")


@contextmanager
def bar(title: str, *, estimated: bool = True) -> Iterator[Callable[[float, str], None]]:
    """A bar that a callback moves: a fraction in 0..1, and what is being done.

    What is done is text of unknown origin: no markup in it is read, nothing is hidden.
    ``estimated`` adds the time left.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        *((TimeRemainingColumn(),) if estimated else ()),
    )
    console = Console(stderr=True)
    for name in _OTHER_BARS:
        os.environ.setdefault(name, "1")
    # Where nobody looks, an empty bar would still end in an empty line.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(plain(title), total=1.0)

        def move(fraction: float, text: str) -> None:
            progress.update(task, completed=fraction, description=plain(f"{title}: {text}"))

        yield move
