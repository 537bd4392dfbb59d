from dataclasses import replace

import numpy as np
import pytest

from graphdb.columns import Pretrainings, Subgraph
from learn import gaussian_process
from learn.features import kinship
from learn.gaussian_process import Prior, predict, scales
from learn.kernel import KernelConfig, covariance, dataset_kernel, profile
from learn.tuning import inner_predictions
from learn.view import View, fit_encoder, make_view
from tests.learn.graphs import Shape, generate, with_values, without

CONFIG = KernelConfig(shared_here=0.2)
PRIOR = Prior(0.7, 0.1, 0.1)


def view_of(graph: Subgraph) -> View:
    return make_view(graph, encoder=fit_encoder(graph), method="full")


def ask(graph: Subgraph, target: int, models: np.ndarray | None = None) -> np.ndarray:
    rows = np.arange(len(graph.models)) if models is None else models
    view = view_of(graph)
    near = dataset_kernel(view, CONFIG)
    return predict(view, near, target, models=rows, prior=PRIOR, config=CONFIG)[1]


def test_what_a_dataset_shows_of_a_kind_is_held_to_that_dataset() -> None:
    view = view_of(generate(Shape(share=0.8)))
    near, rows = dataset_kernel(view, CONFIG), np.arange(len(view.pairs))
    some, dataset = profile(view), view.pairs.dataset
    without_it = covariance(view, near, some, rows, replace(CONFIG, shared_here=0.0))
    more = covariance(view, near, some, rows, CONFIG) - without_it
    same = dataset[:, None] == dataset[None]
    assert (more[same] > 0).any()
    np.testing.assert_allclose(more[~same], 0, atol=1e-12)


def test_leaving_a_record_out_is_the_same_as_not_having_it() -> None:
    graph = generate()
    records = graph.fine_tunings
    for model in (0, 5, 11):
        own = (records.model == model) & (records.dataset == 2)
        with_own = ask(graph, 2)[model]
        np.testing.assert_allclose(with_own, ask(without(graph, ~own), 2)[model], atol=1e-8)


def test_other_models_records_on_the_target_do_enter() -> None:
    graph = generate(Shape(share=0.6))
    records = graph.fine_tunings
    on_target = np.flatnonzero(records.dataset == 2)
    value = records.value.copy()
    value[on_target[0]] = 0.99
    moved = ask(with_values(graph, value), 2) - ask(graph, 2)
    assert np.abs(moved).max() > 1e-3
    np.testing.assert_allclose(moved[records.model[on_target[0]]], 0, atol=1e-8)


def test_a_hidden_dataset_in_closed_form_is_the_same_as_without_its_records() -> None:
    graph = generate(Shape(share=0.8))
    view = view_of(graph)
    closed = inner_predictions(view, CONFIG, np.arange(len(view.pairs)))
    for target in range(3):
        here = view.pairs.dataset == target
        hidden = ask(without(graph, graph.fine_tunings.dataset != target), target)
        np.testing.assert_allclose(closed[here], hidden[view.pairs.model[here]], atol=1e-8)


def test_a_cold_model_in_closed_form_is_the_same_as_without_its_records() -> None:
    graph = generate()
    view = view_of(graph)
    cold = np.arange(len(graph.models)) % 3 == 0
    closed = inner_predictions(view, CONFIG, np.arange(len(view.pairs)), cold=cold)
    here = (view.pairs.dataset == 1) & cold[view.pairs.model]
    records = graph.fine_tunings
    hidden = without(graph, ~cold[records.model] & (records.dataset != 1))
    # Normal scores of the others change with who else was ranked: compare on the same values.
    same = replace(view, pairs=view.pairs)
    keep = ~cold[view.pairs.model] & (view.pairs.dataset != 1)
    columns = {n: getattr(same.pairs, n)[keep] for n in same.pairs.__slots__ if n != "metric"}
    same = replace(
        same,
        pairs=replace(same.pairs, **columns),
        z=view.z[keep],
        normal=view.normal[keep],
    )
    found, _ = predict(
        same,
        dataset_kernel(same, CONFIG),
        1,
        models=view.pairs.model[here],
        prior=PRIOR,
        config=CONFIG,
    )
    np.testing.assert_allclose(closed[here], found, atol=1e-8)
    assert np.isnan(closed[~cold[view.pairs.model]]).all()
    assert len(hidden.fine_tunings) == keep.sum()


def test_a_sample_of_models_says_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = generate(Shape(models=80, datasets=6))
    hidden = without(graph, graph.fine_tunings.dataset != 0)
    exact = ask(hidden, 0)
    monkeypatch.setattr(gaussian_process, "LARGEST", 250)
    sampled = ask(hidden, 0)
    assert np.corrcoef(exact[:, 0], sampled[:, 0])[0, 1] > 0.97
    assert not np.allclose(exact, sampled)


def test_the_order_of_rows_does_not_matter() -> None:
    graph = generate()
    models = np.random.default_rng(0).permutation(len(graph.models))
    np.testing.assert_allclose(ask(graph, 3, models), ask(graph, 3)[models], atol=1e-10)


@pytest.mark.parametrize("common", [1, 4])
def test_of_two_pre_trainings_the_common_one_says_whose_kin_a_model_is(common: int) -> None:
    """Not the one whose name comes last."""
    model, dataset = np.array([0, 0, 1, 2]), np.array([1, 4, common, common])
    view = view_of(replace(generate(), pretrainings=Pretrainings(model, dataset, np.ones(4))))
    assert profile(view).origin[:4].tolist() == [common, common, common, -1]
    assert (kinship(view)[2] == profile(view).origin).all()


def test_the_dataset_kernel_is_one() -> None:
    view = view_of(generate(Shape(datasets=9, metadata=False)))
    near = dataset_kernel(view, CONFIG)
    np.testing.assert_allclose(np.diag(near), 1)
    assert np.linalg.eigvalsh(near).min() > -1e-9


def test_without_its_own_only_record_a_model_is_left_with_the_prior() -> None:
    one = np.array([0.9])
    level, spread = scales(one, np.array([1.0]), Prior(0.5, 0.1, 0.1))
    assert (level[0], spread[0]) == (0.5, 0.1) and 0.5 < level[1] < 0.9
    assert np.isnan(scales(one, np.array([1.0]), Prior(np.nan, np.nan, np.nan))[0][0])


def test_a_record_tells_the_level_where_datasets_differ_more_than_models() -> None:
    one = np.array([0.97])
    (_, told), _ = scales(one, np.zeros(1), Prior(0.6, 0.01, 0.2))
    assert told == pytest.approx(0.97, abs=0.005)
    (_, kept), _ = scales(one, np.zeros(1), Prior(0.6, 0.2, 0.01))
    assert kept == pytest.approx(0.6, abs=0.005)
