"""A trained default learner, and how it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices, Subgraph
from graphdb.errors import ZooError
from graphdb.records import METRICS
from learn.advice import notes_for
from learn.baselines import model_mean
from learn.calibration import chance_of_best
from learn.cores import limit_blas
from learn.gaussian_process import scales, told_doubt
from learn.kernel import dataset_kernel
from learn.learner import USUAL_LEVEL, Ranking
from learn.levels import Expected, expect, most_frequent_metric, placed
from learn.members import Members
from learn.pairs import SMALLER_IS_BETTER, subset
from learn.settings import Config
from learn.spacing import reference_models, shortfall
from learn.standards import Calibration, Standards, difficulty, stage_of, strangeness
from learn.view import Encoder, View, make_view

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FittedInductive:
    """Everything an artefact holds. ``metrics`` are inner validation, ``about`` the rest of what
    was known at training: versions, seed, fingerprint of the graph."""

    name: str
    method: str
    settings: Config
    encoder: Encoder
    members: Members
    standards: Standards
    calibration: Calibration
    metrics: dict[str, float]
    about: dict[str, object]

    @property
    def config(self) -> dict[str, object]:
        """Settings and chosen hyperparameters, ready for JSON."""
        return {
            **self.about,
            **asdict(self.settings),
            "kernel": asdict(self.members.kernel),
            "combination": asdict(self.standards),
        }

    def rank(
        self,
        graph: Subgraph,
        dataset: int,
        *,
        models: Indices | None = None,
        level: float = USUAL_LEVEL,
        top: int = 10,
    ) -> Ranking:
        """See ``learn.learner.Fitted``.

        Raises: ZooError for a level outside (0, 1) or rows that are not in the graph.
        """
        rows = np.arange(len(graph.models)) if models is None else np.asarray(models, np.int64)
        check(graph, dataset, rows, level)
        with limit_blas(1):
            return self._rank(graph, dataset, rows, level, top)

    def _rank(
        self, graph: Subgraph, dataset: int, rows: Indices, level: float, top: int
    ) -> Ranking:
        view = make_view(graph, encoder=self.encoder, method=self.method)
        near = dataset_kernel(view, self.members.kernel)
        expected = expect(view.standing, view.pairs.metric, near, dataset)
        prior = expected.prior
        elsewhere = view.pairs.dataset != dataset
        # Who was measured here tells about the level, others about distances, asked for or not.
        measured = view.pairs.model[~elsewhere]
        reference = reference_models(len(graph.models))
        everyone, place = np.unique(
            np.concatenate([rows, measured, reference]), return_inverse=True
        )
        both = self.members.predict(view, near, dataset, models=everyone, prior=prior)
        fresh = ~np.isin(everyone, view.pairs.model[elsewhere])
        # Without the target's records: through the distances a model's own would come back.
        others = place[len(rows) + len(measured) :]
        spacing = self.standards.spacing(both[0][:, others], fresh[others])
        lowered = shortfall(view, dataset)[everyone]
        blind, told = (
            spacing.place(self.standards.score(parts, fresh)) + lowered for parts in both
        )
        before = blind[place[len(rows) : len(rows) + len(measured)]]
        place = place[: len(rows)]
        score, fresh = told[place], fresh[place]
        deviation = self.standards.deviation(fresh)
        unlike = expected.likeness < self.calibration.likeness - 1e-9
        accuracy, half = self._accuracy(
            view, dataset, expected, rows, score, before, deviation, level, fresh
        )
        low, high, accuracy = clipped(accuracy, half, view, dataset)
        return Ranking(
            model=rows,
            score=score,
            accuracy=accuracy,
            low=low,
            high=high,
            probability_best=chance_of_best(score, self.standards.top_deviation(fresh), top=top),
            model_mean=model_mean(graph, subset(view.pairs, elsewhere))[rows],
            notes=notes_for(
                graph,
                view,
                near,
                dataset,
                expected=expected,
                unlike=unlike,
                score=score,
                accuracy=accuracy,
                half=half,
                models=rows,
                config=self.members.kernel,
            ),
        )

    def _accuracy(
        self,
        view: View,
        dataset: int,
        expected: Expected,
        rows: Indices,
        score: Floats,
        before: Floats,
        deviation: Floats,
        level: float,
        fresh: Mask,
    ) -> tuple[Floats, Floats]:
        """Oriented accuracy and half its interval, the target's own records (each model's own left
        out) taken into the level. Shapes: [K], [K]."""
        center, spread, doubt, records = on_scale(view, dataset, expected, rows, before)
        hard = difficulty(spread, doubt, deviation)
        hard *= strangeness(expected.likeness, self.calibration.usual)
        known = np.isfinite(center)
        half = np.full(len(rows), np.nan)
        stage = stage_of(records)
        for kind, at in np.unique(np.stack([fresh, stage])[:, known], axis=1).T.tolist():
            here = known & (fresh == bool(kind)) & (stage == at)
            bound = self.calibration.bound(at, fresh=bool(kind), level=level)
            half[here] = bound * hard[here]
        name = view.pairs.metric[dataset] or most_frequent_metric(view.pairs.metric)
        return placed(center, spread, score, name), half


def on_scale(
    view: View, dataset: int, expected: Expected, rows: Indices, before: Floats
) -> tuple[Floats, Floats, Floats, Indices]:
    """Level, spread, the level's doubt and the records behind it for each model, its own left out.

    Args: ``before`` [n] are the scores of the models measured on the target, made without its
    records: through the others' scores a model's own record would come back. Shapes: [K].
    """
    size = len(rows)
    own = np.flatnonzero(view.pairs.dataset == dataset)
    level, spread = np.full(size, expected.level), np.full(size, expected.spread)
    doubt = np.full(size, expected.doubt)
    if not len(own):
        return level, spread, doubt, np.zeros(size, dtype=np.int64)
    levels, spreads = scales(view.pairs.oriented[own], before, expected.prior)
    place = {int(model): row for row, model in enumerate(view.pairs.model[own])}
    at = np.array([place.get(int(model), len(own)) for model in rows], dtype=np.int64)
    others = len(own) - (at < len(own))
    level, spread = levels[at], np.where(np.isfinite(levels[at]), spreads[at], np.nan)
    return level, spread, told_doubt(expected.doubt, spread, others.astype(np.float64)), others


def clipped(
    accuracy: Floats, half: Floats, view: View, dataset: int
) -> tuple[Floats, Floats, Floats]:
    """Low, high and accuracy in the metric's own units and within its bounds. Shapes: [K]."""
    name = view.pairs.metric[dataset] or most_frequent_metric(view.pairs.metric) or "accuracy"
    sign = -1.0 if name in SMALLER_IS_BETTER else 1.0
    bound_low, bound_high = METRICS.get(name, (-np.inf, np.inf))
    one, other = sign * (accuracy - half), sign * (accuracy + half)
    low = np.clip(np.minimum(one, other), bound_low, bound_high)
    high = np.clip(np.maximum(one, other), bound_low, bound_high)
    return low, high, np.clip(sign * accuracy, bound_low, bound_high)


def check(graph: Subgraph, dataset: int, rows: Indices, level: float) -> None:
    """Raises: ZooError."""
    if not 0 < level < 1:
        raise ZooError(f"The interval's level must lie between 0 and 1, not {level}")
    if not 0 <= dataset < len(graph.datasets):
        raise ZooError(f"No dataset in row {dataset}. List them with: zoo ls datasets")
    if len(rows) and (rows.min() < 0 or rows.max() >= len(graph.models)):
        raise ZooError("Models to rank are not in the graph. List them with: zoo ls models")
