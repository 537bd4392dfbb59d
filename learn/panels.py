"""What the pictures of an evaluation share: panels, colours, lines and dots of several seeds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from graphdb.columns import Floats
from learn.learner import BASELINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T = TypeVar("T")
#: Okabe and Ito's colours, told apart by colour-blind people too; trivial baselines are grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#9A8700", "#000000")
GREYS = ("#555555", "#777777", "#999999", "#bbbbbb")
MARKERS = "osD^vP*X"
#: Letters of a name.
LONGEST = 36


def by(rows: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    """Rows by a name, in the order of the names' first appearance."""
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return list(found.items())


def look(learner: str, number: int) -> tuple[str, str]:
    """Colour and marker of the learner in that place."""
    if learner in BASELINES:
        number = BASELINES.index(learner)
        return GREYS[number], "x+1|"[number]
    return COLOURS[number % len(COLOURS)], MARKERS[number // len(COLOURS) % len(MARKERS)]


def known(values: Iterable[float | None]) -> Floats:
    """Those that are defined."""
    return np.array([value for value in values if value is not None], dtype=np.float64)


def line(
    panel: Axes,
    x: Sequence[float],
    values: Sequence[Sequence[float | None]],
    learner: str,
    number: int,
) -> None:
    """The mean over seeds at each x, and a band from the lowest to the highest."""
    there = [(at, known(one)) for at, one in zip(x, values, strict=True) if len(known(one))]
    colour, marker = look(learner, number)
    at = [one for one, _ in there]
    panel.plot(at, [one.mean() for _, one in there], color=colour, marker=marker, ms=5,
               label=caption(learner))  # fmt: skip
    panel.fill_between(
        at, [one.min() for _, one in there], [one.max() for _, one in there], color=colour,
        alpha=0.12, linewidth=0,
    )  # fmt: skip


def dot(panel: Axes, values: Floats, row: float, learner: str, number: int, *, named: bool) -> None:
    """The mean over seeds, and a bar from the lowest to the highest."""
    colour, marker = look(learner, number)
    panel.hlines(row, values.min(), values.max(), color=colour, linewidth=1, alpha=0.6)
    panel.plot([values.mean()], [row], color=colour, marker=marker, ms=5, linestyle="",
               label=caption(learner) if named else None)  # fmt: skip


def panels_of(
    count: int, *, width: float, height: float, columns: int
) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels, at most so many in a row; sizes are inches a panel."""
    from matplotlib.figure import Figure

    across = min(count, columns)
    down = -(-count // across)
    figure = Figure(figsize=(width * across, height * down), layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False).ravel())
    for panel in panels:
        panel.grid(color="#eeeeee")
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[count:]:
        panel.remove()
    return figure, panels[:count]


def legend(figure: Figure, panel: Axes) -> None:
    """One legend for all panels, below them."""
    handles, labels = panel.get_legend_handles_labels()
    wide = max(1, int(figure.get_figwidth() // 1.9))
    figure.legend(
        handles, labels, loc="outside lower center", ncols=min(wide, max(len(labels), 1)),
        frameon=False, fontsize=9,
    )  # fmt: skip


def slug(text: str) -> str:
    """A name that is safe in a file's."""
    return "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in text)


def caption(name: str) -> str:
    """A name of anybody's as a label: short, on one line, never read as a formula."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    return text.replace("$", r"\$")


def saved(figure: Figure, path: Path) -> Path:
    with warnings.catch_warnings():
        # Letters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(path, dpi=130)
    return path
