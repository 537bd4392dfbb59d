import numpy as np
import pytest

from learn.calibration import chance_of_best, conformity, half_width
from learn.combination import PRIOR, choose, combine, prior
from learn.levels import bounded, expect, unbounded
from learn.pairs import measured, standing
from tests.learn.graphs import Shape, generate, with_values


def test_intervals_hold_for_a_new_dataset_whose_errors_go_together() -> None:
    """80 % over datasets, where pooling the pairs would fall short with eight of them."""
    random = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        shift = random.normal(size=9)
        group = np.repeat(np.arange(8), 30)
        residual = shift[group] + 0.3 * random.normal(size=len(group))
        scores, groups = conformity(residual, np.ones(len(group)), group)
        half = half_width(scores, groups, np.ones(30), level=0.8)
        new = shift[8] + 0.3 * random.normal(size=30)
        covered.append((np.abs(new) <= half).mean())
    assert np.mean(covered) == pytest.approx(0.82, abs=0.04)


def test_a_dataset_counts_once_however_many_pairs_it_has() -> None:
    group = np.repeat([0, 1], [5, 500])
    residual = np.where(group == 0, 10.0, 1.0)
    scores, groups = conformity(residual, np.ones(len(group)), group)
    assert groups == 2
    assert np.mean(scores > 5) == 0.5


def test_difficult_predictions_get_wider_intervals() -> None:
    scores = np.linspace(0, 2, 120)
    half = half_width(scores, 4, np.array([1.0, 3.0]), level=0.5)
    assert half[1] == pytest.approx(3 * half[0])
    assert np.isfinite(half_width(scores, 2, np.ones(1), level=0.99)).all()
    assert np.isnan(half_width(scores, 1, np.ones(1), level=0.5)).all()


def test_chances_of_being_among_the_best_sum_to_their_number() -> None:
    score = np.linspace(-2, 2, 50)
    chance = chance_of_best(score, np.full(50, 0.5), top=10)
    assert chance.sum() == pytest.approx(10, abs=1e-6)
    assert (np.diff(chance) > 0).all()
    assert chance_of_best(score[:5], np.ones(5), top=10).tolist() == [1.0] * 5


@pytest.mark.parametrize("metric", ["accuracy", "mcc", "mse"])
def test_levels_go_to_an_unbounded_scale_and_back(metric: str) -> None:
    level, spread = (
        (np.array([-0.7]), np.array([0.2]))
        if metric == "mse"
        else (np.array([0.7]), np.array([0.1]))
    )
    far, share = unbounded(level, spread, metric)
    back = bounded(float(far[0]), float(share[0]), metric)
    assert back[0] == pytest.approx(level[0])
    assert back[1] == pytest.approx(spread[0])


def test_a_datasets_own_level_is_not_read() -> None:
    graph = generate(Shape(datasets=6))
    near = np.full((6, 6), 0.5) + 0.5 * np.eye(6)
    value = np.where(graph.fine_tunings.dataset == 2, 0.01, graph.fine_tunings.value)
    found = []
    for version in (graph, with_values(graph, value)):
        pairs = measured(version, method="full")
        stands = standing(pairs, datasets=6)
        found.append(expect(stands, pairs.metric, near, 2))
    assert found[0] == found[1]
    assert 0 < found[0].level < 1


def test_the_part_that_knows_gets_the_weight() -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(6), 20)
    truth = random.normal(size=120)
    parts = random.normal(size=(3, 120, 2))
    parts[1] = truth[:, None] + 0.1 * random.normal(size=(120, 2))
    names = tuple(PRIOR)
    weights = choose(names, parts, truth, group)
    assert weights.z[1] == max(weights.z)
    assert weights.z[1] > prior(names).z[1]
    assert np.corrcoef(combine(parts, weights), truth)[0, 1] > 0.75


def test_weights_where_nothing_can_be_compared_are_the_prior_ones() -> None:
    names = tuple(PRIOR)
    assert choose(names, np.zeros((3, 4, 2)), np.zeros(4), np.zeros(4, int)) == prior(names)
