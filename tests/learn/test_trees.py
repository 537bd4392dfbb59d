"""What boosted trees are trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from learn.kernel import KernelConfig, dataset_kernel
from learn.trees import TreesConfig, knows_results_alone, one_round
from learn.view import fit_encoder, make_view
from tests.learn.graphs import Shape, generate


def test_a_history_does_not_tell_the_value_that_it_lacks() -> None:
    """Of a target that is hidden alone, a model's mean over the others tells its value there: the
    more the one, the less the other, a correlation of nearly -1 within every model."""
    shape = Shape(models=12, datasets=9, metadata=False, similarities=False, origins=False)
    graph = generate(shape)
    view = make_view(graph, encoder=fit_encoder(graph), method="full")
    tables, labels = one_round(
        view, dataset_kernel(view, KernelConfig()), np.arange(9), np.ones(108, dtype=bool),
        TreesConfig(hidden_models=0.0), False, 0, np.random.default_rng(0),
    )  # fmt: skip
    # After metadata, four numbers, smallness and log records.
    mean = np.concatenate(tables)[:, view.metadata.shape[1] + 6]
    value = np.concatenate(labels)[:, 0]
    order = np.argsort(view.z)
    model = view.pairs.model[order[np.searchsorted(view.z[order], value)]]
    assert (np.bincount(model) == 9).all()
    told = [np.corrcoef(mean[model == one], value[model == one])[0, 1] for one in range(12)]
    assert np.mean(told) > -0.75


def test_anything_known_beside_results_hides_each_target_alone() -> None:
    bare = Shape(models=12, datasets=9, metadata=False, similarities=False, origins=False)
    for shape, alone in (
        (bare, True),
        (replace(bare, metadata=True), False),
        (replace(bare, similarities=True), False),
    ):
        graph = generate(shape)
        view = make_view(graph, encoder=fit_encoder(graph), method="full")
        assert knows_results_alone(view) == alone
