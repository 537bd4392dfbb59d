import numpy as np
import pytest

from learn import make_learner
from learn.calibration import chance_of_best, conformity, error_bound
from learn.combination import PRIOR, choose, combine, prior
from learn.coverage import Coverage, pool_coverage
from learn.evaluation import evaluate
from learn.levels import bounded, expect, unbounded
from learn.pairs import measured, standing
from learn.results import Prediction
from learn.standards import stage_of, strangeness
from tests.learn.graphs import Shape, generate, with_values, without


def test_errors_of_a_dataset_go_together_and_the_interval_knows() -> None:
    """Over datasets as often as their number allows, where pooling pairs of a few would not."""
    random = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        shift = random.normal(size=20)
        group = np.repeat(np.arange(19), 30)
        residual = shift[group] + 0.3 * random.normal(size=len(group))
        scores, groups = conformity(residual, np.ones(len(group)), group)
        half = error_bound(scores, groups, level=0.8)
        new = shift[19] + 0.3 * random.normal(size=30)
        covered.append((np.abs(new) <= half).mean())
    assert np.mean(covered) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("datasets", [6, 10])
def test_the_learner_covers_what_it_says_on_made_zoos(datasets: int) -> None:
    """Leave-one-dataset-out residuals against targets that were held out: 80 % of them hold."""
    found = []
    for seed in range(4):
        graph = generate(Shape(models=20, datasets=datasets, scores=False), seed=seed)
        results = list(evaluate(graph, learners=("inductive-kernel",), seeds=(seed,), workers=1))
        found += pool_coverage(results)
    assert np.mean([one.share for one in found]) == pytest.approx(0.8, abs=0.12)
    assert all(one.low <= one.share <= one.high and one.width > 0 for one in found)


def test_own_runs_narrow_the_intervals_and_these_still_hold() -> None:
    """Records of the target tell its level: conformal residuals of that stage, not of none."""
    found: dict[str, list[Coverage]] = {}
    for seed in range(3):
        graph = generate(Shape(models=24, datasets=8), seed=seed)
        for regime in ("dense", "few:3"):
            results = evaluate(
                graph, learners=("inductive-kernel",), regime=regime, seeds=(seed,), workers=1
            )
            found.setdefault(regime, []).append(pool_coverage(list(results))[0])
    share, width = (
        {regime: np.mean([getattr(one, name) for one in many]) for regime, many in found.items()}
        for name in ("share", "width")
    )
    assert share["few:3"] == pytest.approx(0.8, abs=0.12)
    assert width["few:3"] < 0.8 * width["dense"]


def test_a_dataset_with_a_single_result_takes_no_stage_from_the_others() -> None:
    """As the target itself is where one of its results is seen: of its one none can be drawn."""
    graph = generate(Shape(models=24, datasets=9))
    runs = graph.fine_tunings
    keep = (runs.dataset != 4) | (np.cumsum(runs.dataset == 4) == 1)
    bounds = [
        make_learner("inductive-kernel").fit(one).calibration.bounds[0]  # type: ignore[attr-defined]
        for one in (graph, without(graph, keep))
    ]
    for none, *some in bounds:
        assert all(abs(one - none) > 0.05 for one in some), bounds
    np.testing.assert_allclose(*bounds, rtol=0.3)


def test_stages_of_own_records() -> None:
    assert stage_of(np.array([0, 1, 2, 3, 4, 5, 99])).tolist() == [0, 1, 1, 2, 2, 3, 3]


def test_pooled_coverage_draws_targets_not_pairs() -> None:
    graph = generate(Shape(models=20, datasets=6), seed=1)
    results = list(evaluate(graph, learners=("inductive-kernel", "random"), workers=1))
    (pooled,) = pool_coverage(results)
    mean = [one.coverage for one in results if one.target == "mean" and one.coverage is not None]
    assert (pooled.learner, pooled.targets) == ("inductive-kernel", 6)
    assert pooled.share == pytest.approx(mean[0])
    assert pool_coverage(results * 2)[0] == pooled  # a target's seeds are one draw


def test_stranger_targets_are_widened_and_so_are_the_inner_ones() -> None:
    assert strangeness(0.9, 0.6) == 1.0
    assert strangeness(0.4, 0.6) == pytest.approx(1.5)
    assert strangeness(0.0, 0.6) == 2.0


def test_a_dataset_counts_once_however_many_pairs_it_has() -> None:
    group = np.repeat([0, 1], [5, 500])
    residual = np.where(group == 0, 10.0, 1.0)
    scores, groups = conformity(residual, np.ones(len(group)), group)
    assert groups == 2
    assert np.mean(scores > 5) == 0.5


def test_the_bound_is_a_quantile_and_always_finite() -> None:
    scores = np.linspace(0, 2, 120)
    assert error_bound(scores, 4, level=0.5) == pytest.approx(1.0, abs=0.03)
    assert error_bound(scores, 2, level=0.99) == pytest.approx(2.0, abs=0.03)
    assert error_bound(scores, 2, level=0.9999) == 2.0
    assert np.isnan(error_bound(scores, 1, level=0.5))


def test_chances_of_being_among_the_best_sum_to_their_number() -> None:
    score = np.linspace(-2, 2, 50)
    chance = chance_of_best(score, np.full(50, 0.5), top=10)
    assert chance.sum() == pytest.approx(10, abs=1e-6)
    assert (np.diff(chance) > 0).all()
    assert chance_of_best(score[:5], np.ones(5), top=10).tolist() == [1.0] * 5


def test_chances_of_being_best_come_true_on_targets_never_seen() -> None:
    """Said and came, pooled over made zoos: within ten points where many models are."""
    said, came = [], []
    for seed in range(4):
        kept: list[Prediction] = []
        graph = generate(Shape(models=60, datasets=8), seed=seed)
        list(evaluate(graph, learners=("inductive-kernel",), workers=1, keep=kept))
        for one in kept:
            said.append(one.ranking.probability_best)
            came.append(one.truth >= np.sort(one.truth)[-10])
    chance, best = np.concatenate(said), np.concatenate(came)
    for low, high in ((0.0, 0.1), (0.1, 0.4), (0.4, 1.01)):
        here = (chance >= low) & (chance < high)
        assert best[here].mean() == pytest.approx(chance[here].mean(), abs=0.1)


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
    weights = choose(names, parts, truth, group, np.zeros(120))
    assert weights.z[1] == max(weights.z)
    assert weights.z[1] > prior(names).z[1]
    assert np.corrcoef(combine(parts, weights), truth)[0, 1] > 0.75


def test_weights_where_nothing_can_be_compared_are_the_prior_ones() -> None:
    names = tuple(PRIOR)
    assert choose(names, np.zeros((3, 4, 2)), np.zeros(4), np.zeros(4, int), np.zeros(4)) == prior(
        names
    )
