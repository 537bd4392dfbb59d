import csv
from collections import defaultdict

import numpy as np
import pytest

from learn.metrics import agreement, ranked, rel
from learn.pairs import measured
from tests.learn.graphs import HISTORY, real

PUBLISHED = HISTORY / "image_classification/published"
SUFFIX = "_all_normalize_without_transfer"


@pytest.fixture(scope="module")
def published() -> list[tuple[str, str, np.ndarray, np.ndarray]]:
    """(method, target, score, truth) of the thesis' own predictions."""
    graph = real("image")
    models = {name: row for row, name in enumerate(graph.models.id)}
    datasets = {name: row for row, name in enumerate(graph.datasets.id)}
    pairs = measured(graph, method="full")
    truth = dict(zip(zip(pairs.model, pairs.dataset, strict=True), pairs.value, strict=True))
    found = defaultdict(list)
    with (PUBLISHED / "predictions.csv").open() as file:
        for row in csv.DictReader(file):
            value = truth[models[row["model"]], datasets[row["target"]]]
            found[row["method"], row["target"]].append((float(row["score"]), value))
    return [(*key, *np.array(rows).T) for key, rows in found.items()]


def table(name: str) -> dict[tuple[str, str], float]:
    with (PUBLISHED / f"{name}_by_method.csv").open() as file:
        rows = list(csv.reader(file))
    return {
        (row[0].removesuffix(SUFFIX), target): float(cell)
        for row in rows[1:]
        for target, cell in zip(rows[0][1:], row[1:], strict=True)
    }


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("pearson", "pearson"),
        ("spearman", "spearman"),
        ("kendall", "kendall"),
        ("w-kendall", "weighted_kendall"),
    ],
)
def test_correlations_rebuild_the_published_ones(published, file: str, name: str) -> None:
    want = table(file)
    assert len(published) == 96
    for method, target, score, truth in published:
        assert getattr(agreement(score, truth), name) == pytest.approx(
            want[method, target], abs=1e-9
        )


@pytest.mark.parametrize(("file", "depth"), [("rel1", 1), ("rel3", 3), ("rel5", 5)])
def test_rel_rebuilds_the_published_one_up_to_ties(published, file: str, depth: int) -> None:
    want = table(file)
    untied = 0
    for method, target, score, truth in published:
        ordered = np.sort(score)[::-1]
        if ordered[depth - 1] == ordered[depth]:
            continue
        untied += 1
        found = rel(truth[ranked(score, seed=0)], depth=depth)
        assert found == pytest.approx(want[method, target], abs=1e-9)
    assert untied > 60


def test_a_constant_score_agrees_with_nothing() -> None:
    found = agreement(np.zeros(5), np.arange(5.0))
    assert (found.pearson, found.spearman, found.kendall, found.weighted_kendall) == (0, 0, 0, 0)
    assert np.isfinite(found.rel_at_1)


@pytest.mark.parametrize("truth", [np.array([0.1, 0.2]), np.full(6, 0.3), np.full(6, 0.1 + 0.2)])
def test_too_little_truth_defines_nothing(truth: np.ndarray) -> None:
    found = agreement(np.arange(float(len(truth))), truth)
    assert np.isnan(found.pearson)
    assert np.isnan(found.rel_at_10)


def test_ties_are_broken_by_the_seed_and_only_ties() -> None:
    score = np.array([2.0, 1.0, 1.0, 1.0, 0.0])
    orders = {tuple(ranked(score, seed=seed)) for seed in range(30)}
    assert len(orders) == 6
    assert all(order[0] == 0 and order[-1] == 4 for order in orders)
    assert tuple(ranked(score, seed=3)) == tuple(ranked(score, seed=3))


def test_an_error_is_better_when_smaller() -> None:
    found = agreement(np.array([3.0, 2.0, 1.0]), np.array([0.5, 1.0, 2.0]), smaller_is_better=True)
    assert found.pearson > 0.9
    assert found.rel_at_1 == 1
    wrong = agreement(np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0]), smaller_is_better=True)
    assert wrong.rel_at_1 == 0.25


def test_no_ratio_to_a_value_that_is_not_positive() -> None:
    assert np.isnan(rel(np.array([-0.5, -0.1, -0.2]), depth=1))
    assert rel(np.array([-0.1, -0.5]), depth=1) == 1
