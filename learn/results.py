"""What an evaluation says: one line a learner, seed and target, and means over targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from graphdb.columns import Floats, Indices
from learn.learner import Ranking

AGGREGATES = ("mean", "gap_weighted_mean", "worst")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of ``zoo evaluate --json``; None where there is none.

    ``target`` is a dataset or one of ``AGGREGATES``; there ``n`` is the number of pairs of all
    targets. ``coverage`` is the share of true values inside their interval, ``width`` the
    intervals' mean width in the metric's units, ``seconds`` training (shared by the targets of a
    fold) and ranking.
    """

    learner: str
    modality: str
    method: str
    regime: str
    seed: int
    target: str
    n: int
    pearson: float | None
    spearman: float | None
    kendall: float | None
    weighted_kendall: float | None
    rel_at_1: float | None
    rel_at_3: float | None
    rel_at_5: float | None
    rel_at_10: float | None
    coverage: float | None
    width: float | None
    seconds: float | None

    def row(self) -> dict[str, str | int | float | None]:
        """The columns by name, ready for JSON."""
        return asdict(self)


MEASURES = tuple(Result.__dataclass_fields__)[7:]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a learner said of one target beside the truth, for plots and pooled coverage.

    Shapes: every column [K], in the metric's own units but ``score``.
    """

    learner: str
    seed: int
    target: str
    model: Indices
    truth: Floats
    ranking: Ranking


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    result: Result
    gap: float
    prediction: Prediction


def aggregates(scored: Sequence[Scored]) -> Iterator[Result]:
    """``mean``, ``gap_weighted_mean`` and ``worst`` of one learner and seed over its targets."""
    first = scored[0].result
    total = sum(one.result.n for one in scored)
    for name in AGGREGATES:
        numbers = {measure: aggregate(scored, measure, name) for measure in MEASURES}
        yield Result(
            learner=first.learner,
            modality=first.modality,
            method=first.method,
            regime=first.regime,
            seed=first.seed,
            target=name,
            n=total,
            **numbers,
        )


def aggregate(scored: Sequence[Scored], measure: str, how: str) -> float | None:
    """Targets where the measure is not defined are left out, with their weight."""
    known = [(getattr(one.result, measure), one.gap) for one in scored]
    known = [(value, gap) for value, gap in known if value is not None]
    if not known:
        return None
    values = np.array([value for value, _ in known])
    if how == "worst":
        return float(values.max() if measure in ("width", "seconds") else values.min())
    weights = np.array([gap for _, gap in known]) if how == "gap_weighted_mean" else None
    if weights is not None and weights.sum() <= 0:
        weights = None
    return float(np.average(values, weights=weights))
