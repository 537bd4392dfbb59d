"""From a score to an accuracy: never past a metric's bound, never out of order."""

from __future__ import annotations

import numpy as np
import pytest

from learn.levels import expect, placed
from learn.pairs import Standing
from tests.learn.graphs import texts


@pytest.mark.parametrize(
    ("name", "level", "low", "high"),
    [("accuracy", 0.9, 0.0, 1.0), ("mcc", -0.2, -1.0, 1.0), ("mse", -0.5, -np.inf, 0.0)],
)
def test_bounds_are_approached_and_order_is_kept(
    name: str, level: float, low: float, high: float
) -> None:
    score = np.linspace(-3, 3, 61)
    found = placed(np.full(61, level), np.full(61, 0.1), score, name)
    assert (found > low).all() and (found < high).all()
    assert (np.diff(found) > 0).all()
    assert np.isclose(found[30], level)
    assert np.isclose((found[31] - found[29]) / (score[31] - score[29]), 0.1, rtol=0.02)


def test_unknown_level_stays_unknown() -> None:
    assert np.isnan(placed(np.array([np.nan]), np.array([0.1]), np.array([1.0]), "accuracy")).all()


def test_datasets_that_agree_by_chance_leave_room_for_doubt() -> None:
    stands = Standing(
        z=np.zeros(0), level=np.full(4, 0.8), spread=np.full(4, 0.05), count=np.full(4, 9.0)
    )
    found = expect(stands, texts(["accuracy"] * 4), np.full((4, 4), 0.5) + np.eye(4) / 2, 3)
    assert found.level == pytest.approx(0.8)
    assert 0.1 * found.spread < found.doubt < found.spread
