from dataclasses import replace

import numpy as np

from graphdb.columns import FineTunings, Subgraph
from learn.pairs import measured, standing
from tests.learn.graphs import Shape, generate, texts, with_values


def graph_of(rows: list[tuple[int, int, float, str, str]]) -> Subgraph:
    graph = generate(Shape(models=4, datasets=3))
    model, dataset, value, metric, method = zip(*rows, strict=True)
    records = FineTunings(
        np.array(model), np.array(dataset), np.array(value), texts(metric), texts(method)
    )
    return replace(graph, fine_tunings=records)


def test_a_pair_is_the_mean_of_its_records_and_keeps_their_spread() -> None:
    graph = graph_of(
        [
            (0, 0, 0.5, "accuracy", "full"),
            (0, 0, 0.7, "accuracy", "full"),
            (1, 0, 0.9, "accuracy", "full"),
        ]
    )
    pairs = measured(graph, method="full")
    assert pairs.value.tolist() == [0.6, 0.9]
    assert pairs.count.tolist() == [2, 1]
    np.testing.assert_allclose(pairs.spread, [np.std([0.5, 0.7], ddof=1), np.nan])


def test_another_method_or_a_rarer_metric_is_not_mixed_in() -> None:
    graph = graph_of(
        [
            (0, 0, 0.5, "accuracy", "full"),
            (1, 0, 0.6, "accuracy", "full"),
            (2, 0, 0.1, "f1", "full"),
            (3, 0, 0.2, "accuracy", "lora"),
        ]
    )
    pairs = measured(graph, method="full")
    assert pairs.model.tolist() == [0, 1]
    assert pairs.metric.tolist() == ["accuracy", None, None]


def test_an_error_is_oriented_and_kept_in_its_own_units() -> None:
    graph = graph_of([(0, 1, 0.5, "mse", "full"), (1, 1, 2.0, "mse", "full")])
    pairs = measured(graph, method="full")
    assert pairs.value.tolist() == [0.5, 2.0]
    assert pairs.oriented.tolist() == [-0.5, -2.0]
    assert standing(pairs, datasets=3).z.tolist() == [1.0, -1.0]


def test_a_quarantined_dataset_has_no_pairs() -> None:
    graph = generate()
    quarantined = graph.datasets.quarantined.copy()
    quarantined[2] = "broken"
    graph = replace(graph, datasets=replace(graph.datasets, quarantined=quarantined))
    assert 2 not in measured(graph, method="full").dataset


def test_equal_values_stand_at_zero_in_spite_of_rounding() -> None:
    graph = generate()
    graph = with_values(graph, np.full(len(graph.fine_tunings), 0.1) + 1e-17)
    stands = standing(measured(graph, method="full"), datasets=len(graph.datasets))
    assert not stands.z.any()
    assert not stands.spread.any()
