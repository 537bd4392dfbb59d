"""Pictures of an evaluation, each a PNG of its own: what ``zoo evaluate --plots`` draws.

Matplotlib's figures are made directly, without pyplot: no window, no global state.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphdb.columns import Floats
from graphdb.errors import ZooError
from learn.learner import USUAL_LEVEL
from learn.metrics import DEPTHS
from learn.panels import (
    COLOURS,
    by,
    caption,
    dot,
    known,
    legend,
    line,
    look,
    panels_of,
    saved,
    slug,
)
from learn.results import AGGREGATES, Prediction, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What ``evaluate`` asks of a ranking when nobody says otherwise.
TOP = 10
METRICS = {"rel_at_1": "Rel@1", "pearson": "Pearson", "weighted_kendall": "weighted Kendall"}
COVERED, MISSED = COLOURS[0], COLOURS[1]
BINS = 10


def plot(results: Sequence[Result], predictions: Sequence[Prediction], folder: Path) -> list[Path]:
    """Draw what the results allow into a folder that is there, and return the files.

    Args: ``predictions`` are those of one regime. Of several seeds the mean is drawn, and the
    range from the lowest to the highest.

    Raises: ZooError where matplotlib is missing.
    """
    check_matplotlib()
    regimes = list(dict.fromkeys(one.regime for one in results))
    drawn = {"rel_at_k": rel_at_k(results)}
    for number, regime in enumerate(regimes):
        name = "metrics_by_target" + (f"_{slug(regime)}" if number else "")
        drawn[name] = metrics_by_target([one for one in results if one.regime == regime])
    for kind, label in (("zoo", "models"), ("sparse", "history")):
        kept = [(fraction(one.regime, kind), one) for one in results]
        known = [(part, one) for part, one in kept if part is not None]
        if len({part for part, _ in known}) > 1:
            drawn[f"{label}_kept"] = metrics_by_fraction(known, f"fraction of the {label} kept")
    for learner in dict.fromkeys(one.learner for one in predictions if says_accuracy(one)):
        mine = [one for one in predictions if one.learner == learner and says_accuracy(one)]
        drawn[f"predicted_{slug(learner)}"] = predicted_and_true(mine)
    sure = [one for one in predictions if says_accuracy(one)]
    if sure:
        drawn["reliability"] = reliability(sure)
    return [saved(figure, folder / f"{name}.png") for name, figure in drawn.items()]


def check_matplotlib() -> None:
    """Raise ZooError where matplotlib is missing."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ZooError(
            "Plots need matplotlib, which is not installed. Install it with: "
            "pip install 'transferzoo[plots]'"
        ) from error


def rel_at_k(results: Sequence[Result]) -> Figure:
    """Rel@k against k, one panel a regime, weighted by the targets' gaps."""
    regimes = list(dict.fromkeys(one.regime for one in results))
    figure, panels = panels_of(
        len(regimes), width=4.6 if len(regimes) > 1 else 7.0, height=3.9, columns=3
    )
    for panel, regime in zip(panels, regimes, strict=True):
        rows = [one for one in results if one.regime == regime and one.target == AGGREGATES[1]]
        for number, (learner, mine) in enumerate(by(rows, lambda one: one.learner)):
            values = [[getattr(one, f"rel_at_{k}") for one in mine] for k in DEPTHS]
            line(panel, DEPTHS, values, learner, number)
        panel.set(title=regime, xlabel="k models fine-tuned", ylabel="Rel@k (gap-weighted mean)")
        panel.set_xticks(DEPTHS)
    lowest = min(panel.get_ylim()[0] for panel in panels)
    for panel in panels:
        panel.set_ylim(lowest, 1.01)
    legend(figure, panels[0])
    return figure


def metrics_by_target(results: Sequence[Result]) -> Figure:
    """Each metric by target, the learners beside the baselines; the last rows are means."""
    targets = [one.target for one in results if one.target not in AGGREGATES]
    names = [*dict.fromkeys(targets), *AGGREGATES[:2]]
    learners = by(results, lambda one: one.learner)
    row_height = max(0.36, 0.05 * len(learners))
    figure, panels = panels_of(
        len(METRICS), width=4.2, height=1.6 + row_height * len(names), columns=len(METRICS)
    )
    for panel, (metric, label) in zip(panels, METRICS.items(), strict=True):
        for number, (learner, mine) in enumerate(learners):
            # A little apart, so that equal values do not hide each other.
            apart = 0.7 * ((number + 0.5) / len(learners) - 0.5)
            for row, name in enumerate(names):
                values = known(getattr(one, metric) for one in mine if one.target == name)
                if len(values):
                    dot(panel, values, row + apart, learner, number, named=row == 0)
        panel.set(title=label, ylim=(len(names) - 0.5, -0.5))
        panel.set_yticks(
            range(len(names)),
            [name.replace("_", " ") if name in AGGREGATES else caption(name) for name in names],
        )
        panel.axhline(len(names) - 2.5, color="#cccccc", linewidth=1)
        if panel is not panels[0]:
            panel.set_yticklabels([])
    figure.suptitle(f"{caption(results[0].modality)}, {results[0].regime}")
    legend(figure, panels[0])
    return figure


def metrics_by_fraction(known_results: Sequence[tuple[float, Result]], label: str) -> Figure:
    """Each metric (gap-weighted mean) against the fraction kept; dense is 1."""
    figure, panels = panels_of(len(METRICS), width=4.2, height=3.9, columns=len(METRICS))
    rows = [(part, one) for part, one in known_results if one.target == AGGREGATES[1]]
    fractions = sorted({part for part, _ in rows})
    for panel, (metric, name) in zip(panels, METRICS.items(), strict=True):
        for number, (learner, mine) in enumerate(by(rows, lambda row: row[1].learner)):
            values = [
                [getattr(one, metric) for part, one in mine if part == at] for at in fractions
            ]
            line(panel, fractions, values, learner, number)
        panel.set(title=name, xlabel=label)
        panel.set_xticks(fractions)
    panels[0].set_ylabel("gap-weighted mean")
    legend(figure, panels[0])
    return figure


def predicted_and_true(predictions: Sequence[Prediction]) -> Figure:
    """Predicted accuracy with its interval against the true one, a panel a target, one seed."""
    mine = [one for one in predictions if one.seed == predictions[0].seed]
    figure, panels = panels_of(len(mine), width=3.1, height=3.0, columns=4)
    for panel, one in zip(panels, mine, strict=True):
        said = one.ranking
        held = inside(one) > 0
        for rows, colour in ((held, COVERED), (~held, MISSED)):
            panel.vlines(
                one.truth[rows], said.low[rows], said.high[rows], colors=colour, alpha=0.25, lw=1
            )
            panel.scatter(one.truth[rows], said.accuracy[rows], s=7, color=colour, zorder=3)
        ends = np.concatenate([one.truth, said.low, said.high])
        low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
        panel.plot([low, high], [low, high], color="#999999", linewidth=1, zorder=1)
        share = f"{held.mean():.0%} of {len(held)} inside"
        panel.set_title(f"{caption(one.target)}\n{share}", fontsize=9)
    figure.supxlabel("true")
    figure.supylabel("predicted, with interval")
    figure.suptitle(
        f"{mine[0].learner}, seed {mine[0].seed}: inside the interval (blue), outside (orange)"
    )
    return figure


def reliability(predictions: Sequence[Prediction]) -> Figure:
    """How often what was called probable came true.

    Left: the probability of being among the best ten against how many were. Right: the share of
    true values inside the interval, by target (light) and pooled, against the stated level.
    """
    figure, (left, right) = panels_of(2, width=4.6, height=4.2, columns=2)
    left.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    right.axhline(USUAL_LEVEL, color="#999999", linewidth=1)
    learners = by(predictions, lambda one: one.learner)
    for number, (learner, mine) in enumerate(learners):
        said = np.concatenate([one.ranking.probability_best for one in mine])
        came = np.concatenate([among_best(one) for one in mine])
        at = np.minimum((np.nan_to_num(said) * BINS).astype(np.int64), BINS - 1)
        rows = [(said[at == bin_], came[at == bin_]) for bin_ in range(BINS) if (at == bin_).any()]
        colour, marker = look(learner, number)
        left.plot(
            [said.mean() for said, _ in rows], [came.mean() for _, came in rows],
            color=colour, marker=marker, label=learner,
        )  # fmt: skip
        for said_in, came_in in rows:
            left.annotate(
                f"{len(said_in)}", (said_in.mean(), came_in.mean()), fontsize=7, color=colour,
                textcoords="offset points", xytext=(5, -9),
            )  # fmt: skip
        shares = [inside(one) for one in mine]
        right.scatter([number] * len(shares), [one.mean() for one in shares], s=22, alpha=0.35,
                      color=colour)  # fmt: skip
        pooled = float(np.concatenate(shares).mean())
        right.scatter([number], [pooled], s=90, marker="_", linewidths=3, color=colour)
        right.annotate(f"{pooled:.0%}", (number, pooled), textcoords="offset points",
                       xytext=(14, 4), color=colour)  # fmt: skip
    left.set(xlabel=f"said: probability of the best {TOP}", ylabel=f"share among the best {TOP}")
    left.set_title("numbers are models in a bin", fontsize=9)
    right.set(ylim=(0, 1.05), ylabel=f"true values inside the {USUAL_LEVEL:.0%} interval")
    right.set_title("a dot is a target, the bar all of them", fontsize=9)
    right.set_xticks(range(len(learners)), [learner for learner, _ in learners])
    right.set_xlim(-0.7, len(learners) - 0.3)
    legend(figure, left)
    return figure


def among_best(one: Prediction) -> Floats:
    """1 for the ``TOP`` best true values, with those equal to the last of them. Shapes: [K]."""
    said = one.ranking
    # The accuracy rises with the score, but for an error, where smaller is better.
    falls = len(one.truth) > 1 and np.cov(said.score, said.accuracy)[0, 1] < 0
    oriented = -one.truth if falls else one.truth
    least = float(np.sort(oriented)[-min(TOP, len(oriented))])
    return np.where(oriented >= least, 1.0, 0.0)


def inside(one: Prediction) -> Floats:
    """1 where the interval holds the true value. Shapes: [K]."""
    said = one.ranking
    return np.where((one.truth >= said.low) & (one.truth <= said.high), 1.0, 0.0)


def says_accuracy(one: Prediction) -> bool:
    """Whether a prediction is in the metric's own units, and not a ranking only."""
    said = one.ranking
    return bool(len(said) and np.isfinite([said.accuracy, said.low, said.high]).all())


def fraction(regime: str, kind: str) -> float | None:
    """F of ``kind:F``, 1 for dense, None for another regime."""
    name, _, amount = regime.partition(":")
    if name == "dense":
        return 1.0
    return float(amount) if name == kind else None
