"""The order of one score with the distances of another: who comes first, and by how much.

The combination orders models better than any of its parts. How far apart they lie, that is how many
fail on a target and how badly, the process says better: it sees this target's neighbours, where the
combination's tail is one for all targets. So the combination's k-th score is put where the
process's k-th z-score lies. Pearson's correlation gains by it, whatever looks at the order alone
stays as it is (docs/learner.md).

All parts learn from z-scores that end at +-3: that suffices to order models and not to say how far
below all others one lies that fails wherever it is tried. That is added in the end (``shortfall``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices
from learn.view import View

#: What is left of the score's own distances: scores that differ never become equal.
OWN = 0.05
#: Fewer models have no distribution to speak of.
FEWEST = 3
#: Models of the zoo that the distances are taken from, asked for or not.
MOST = 1_000
#: Of how far a model's mean lies below -1, what its score is lowered by.
SHORTFALL = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Spacing:
    """Rising ``score`` [R] and where each goes, ``value`` [R]; between them a straight line, beyond
    them what lies farther stays as far."""

    score: Floats
    value: Floats

    def place(self, score: Floats) -> Floats:
        """In the same order. Shapes: [K] -> [K]."""
        inside = np.clip(score, self.score[0], self.score[-1])
        return np.interp(inside, self.score, self.value) + (score - inside)


UNCHANGED = Spacing(np.zeros(1), np.zeros(1))


def make_spacing(score: Floats, z: Floats) -> Spacing:
    """From the scores and the z-scores of the same models. Mean and deviation of the score stay, so
    that it is an expected z-score as before. Shapes: [R], [R]."""
    if len(score) < FEWEST or np.ptp(z) < 1e-9:
        return UNCHANGED
    places, of = np.unique(score, return_inverse=True)
    rank = np.empty(len(score), dtype=np.int64)
    rank[np.argsort(score, kind="stable")] = np.arange(len(score))
    # Equal scores stay equal: all go to the mean of their places.
    value = np.bincount(of, weights=np.sort(z)[rank]) / np.bincount(of)
    value = score.mean() + (value - z.mean()) * (score.std() / z.std())
    return Spacing(places, (1 - OWN) * value + OWN * places)


def respaced(score: Floats, z: Floats) -> Floats:
    """Scores of models that stand for the zoo themselves. Shapes: [K], [K] -> [K]."""
    return make_spacing(score, z).place(score)


def respaced_within(score: Floats, z: Floats, group: Indices) -> Floats:
    """The same for each group of models, one a target. Shapes: [n], [n], [n] -> [n]."""
    placed = np.empty_like(score)
    for one in np.unique(group):
        here = group == one
        placed[here] = respaced(score[here], z[here])
    return placed


def reference_models(count: int) -> Indices:
    """Rows of the models that stand for a zoo of ``count``: all, or evenly spaced ones."""
    if count <= MOST:
        return np.arange(count)
    return np.linspace(0, count - 1, MOST).astype(np.int64)


def shortfall(view: View, target: int) -> Floats:
    """What each model's score on ``target`` is lowered by for failing elsewhere. Shapes: [M]."""
    elsewhere = view.pairs.dataset != target
    model, z = view.pairs.model[elsewhere], view.standing.z[elsewhere]
    size = len(view.number)
    total = np.bincount(model, weights=z, minlength=size).astype(np.float64)
    return _shortfall(total, np.bincount(model, minlength=size))


def shortfall_of(view: View, rows: Indices) -> Floats:
    """The same for pairs, each without its own result. Shapes: [n] -> [n]."""
    model, z = view.pairs.model, view.standing.z
    total, count = np.bincount(model, weights=z), np.bincount(model)
    return _shortfall(total[model[rows]] - z[rows], count[model[rows]] - 1)


def _shortfall(total: Floats, count: Indices) -> Floats:
    """From the sum of ``count`` z-scores, not clipped, and one of an average model: of a single
    failure nobody knows whether it was luck."""
    return SHORTFALL * np.minimum(0.0, total / (count + 1) + 1)
