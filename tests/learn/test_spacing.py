"""The order of a score with the distances of another."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from learn.spacing import (
    MOST,
    OWN,
    make_spacing,
    reference_models,
    respaced,
    shortfall,
    shortfall_of,
)
from learn.view import fit_encoder, make_view
from tests.learn.graphs import Shape, generate, with_values

numbers = st.floats(-5, 5, width=32)
many = st.integers(1, 40)


@given(st.data())
def test_the_order_stays_and_equal_scores_stay_equal(data: st.DataObject) -> None:
    size = data.draw(many)
    score, z = (data.draw(arrays(np.float64, size, elements=numbers)) for _ in range(2))
    asked = data.draw(arrays(np.float64, 10, elements=st.floats(-9, 9, width=32)))
    spacing = make_spacing(score, z)
    for values in (score, asked):
        placed = spacing.place(values)
        first, second = np.triu_indices(len(values), 1)
        assert np.isfinite(placed).all()
        # Distances below a rounding aside.
        apart = np.abs(values[first] - values[second]) > 1e-6
        assert (
            np.sign(placed[first] - placed[second])[apart]
            == np.sign(values[first] - values[second])[apart]
        ).all()
        assert (placed[first] == placed[second])[values[first] == values[second]].all()


def test_the_distances_are_the_other_scores() -> None:
    random = np.random.default_rng(0)
    score, z = random.normal(size=500), random.exponential(size=500)
    placed = respaced(score, z)
    assert (np.argsort(placed) == np.argsort(score)).all()
    assert np.isclose(placed.mean(), score.mean())
    there = (np.sort(z) - z.mean()) / z.std() * score.std() + score.mean()
    assert np.allclose(np.sort(placed), (1 - OWN) * there + OWN * np.sort(score))


def test_without_a_distribution_a_score_stays_as_it_is() -> None:
    for score, z in (
        (np.array([2.0, 1.0]), np.array([0.0, 9.0])),
        (np.array([2.0, 1.0, 4.0]), np.zeros(3)),
    ):
        assert (respaced(score, z) == score).all()


def test_a_large_zoo_is_represented_from_end_to_end() -> None:
    assert (reference_models(7) == np.arange(7)).all()
    rows = reference_models(10 * MOST)
    assert len(np.unique(rows)) == MOST
    assert rows[0] == 0
    assert rows[-1] == 10 * MOST - 1


def test_who_fails_elsewhere_is_lowered_and_nobody_by_its_own_result() -> None:
    graph = generate(Shape(models=30, datasets=7))
    records = graph.fine_tunings
    value = np.where(records.model == 3, 0.0, records.value)
    value[(records.model == 4) & (records.dataset == 1)] = 0.0
    views = []
    for target in (value, np.where(records.dataset == 2, 0.5, value)):
        changed = with_values(graph, target)
        views.append(make_view(changed, encoder=fit_encoder(changed), method="full"))
    view = views[0]
    lowered = shortfall(view, 2)
    assert lowered.shape == (30,) and lowered.argmin() == 3 and lowered[3] < -0.2
    assert lowered[4] == lowered.max() == 0.0, "one failure of seven may be luck"
    np.testing.assert_array_equal(lowered, shortfall(views[1], 2))
    rows = np.flatnonzero(view.pairs.dataset == 2)
    np.testing.assert_allclose(
        shortfall_of(view, rows), lowered[view.pairs.model[rows]], atol=1e-12
    )
