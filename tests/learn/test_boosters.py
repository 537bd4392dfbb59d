"""Boosted trees: asked as XGBoost asks them, and from strangers refused before anything hangs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from learn.boosters import read_booster

Document = dict[str, Any]
WIDTH = 4


@pytest.fixture(scope="module")
def raw() -> bytes:
    import xgboost

    table = np.random.default_rng(0).random((60, WIDTH)).astype(np.float32)
    matrix = xgboost.DMatrix(table, label=table[:, 0])
    booster = xgboost.train({"max_depth": 3, "nthread": 1}, matrix, num_boost_round=5)
    return bytes(booster.save_raw("json"))


@pytest.mark.parametrize("depth", [1, 4, 9])
def test_trees_answer_as_xgboost_does(depth: int) -> None:
    import xgboost

    random = np.random.default_rng(depth)
    # Values that repeat meet thresholds exactly, and what is unknown is told apart in training.
    table = np.round(random.normal(size=(3_000, WIDTH)), 1).astype(np.float32)
    table[random.random(table.shape) < 0.3] = np.nan
    label = np.nansum(table, axis=1) + 5 * np.isnan(table[:, 1]) + 40
    settings = {"max_depth": depth, "nthread": 1, "min_child_weight": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(table, label=label), num_boost_round=30)
    read = read_booster(bytes(booster.save_raw("json")), width=WIDTH)
    unseen = np.concatenate([table, np.full((1, WIDTH), np.nan), np.full((1, WIDTH), np.inf)])
    again = xgboost.Booster(model_file=bytearray(read.raw))
    np.testing.assert_array_equal(again.inplace_predict(unseen), booster.inplace_predict(unseen))
    np.testing.assert_allclose(read.predict(unseen), booster.inplace_predict(unseen), rtol=1e-6)
    assert read.predict(unseen[:0]).shape == (0,)


def test_trees_of_another_width_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="width"):
        read_booster(raw, width=WIDTH + 1)


def test_a_tree_that_is_a_chain_of_many_nodes_is_refused(raw: bytes) -> None:
    document = json.loads(raw)
    tree, nodes = _tree(document), 2 * 65 + 1
    for name in ("base_weights", "split_conditions"):
        tree[name] = [0.5] * nodes
    for name in ("split_indices", "split_type", "default_left"):
        tree[name] = [0] * nodes
    tree["left_children"] = [node + 1 if node % 2 == 0 else -1 for node in range(nodes - 1)] + [-1]
    tree["right_children"] = [node + 2 if node % 2 == 0 else -1 for node in range(nodes - 1)] + [-1]
    tree["tree_param"]["num_nodes"] = str(nodes)
    with pytest.raises(ValueError, match="deeper than 64"):
        read_booster(json.dumps(document).encode(), width=WIDTH)


def _tree(document: Document) -> Document:
    found: Document = document["learner"]["gradient_booster"]["model"]["trees"][0]
    return found


def _first(name: str, value: object) -> Callable[[Document], None]:
    return lambda document: _tree(document)[name].__setitem__(0, value)


def _cycle(document: Document) -> None:
    tree = _tree(document)
    tree["left_children"][1], tree["right_children"][1] = 1, 2


def _set(*path: str, value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document["learner"]
        for key in path[:-1]:
            place = place[int(key)] if isinstance(place, list) else place[key]
        place[path[-1]] = value

    return change


_MODEL = ("gradient_booster", "model")
_PARAM = (*_MODEL, "trees", "0", "tree_param")


@pytest.mark.parametrize(
    "change",
    [
        _first("left_children", 0), _first("left_children", 10**8), _first("left_children", -5),
        _first("right_children", -1), _first("left_children", 1.0), _first("split_indices", 10**8),
        _first("split_indices", -1), _first("split_type", 1), _first("split_conditions", "x"),
        _first("split_conditions", float("nan")), _cycle,
        lambda document: _tree(document)["left_children"].pop(),
        lambda document: _tree(document)["base_weights"].pop(),
        lambda document: _tree(document).clear(),
        _set(*_PARAM, "num_nodes", value="1000000000"), _set(*_PARAM, "num_nodes", value="1"),
        _set(*_PARAM, "size_leaf_vector", value="100000000"),
        _set(*_PARAM, "num_deleted", value="3"), _set(*_PARAM, "num_feature", value="9"),
        _set(*_MODEL, "tree_info", value=[5] * 5), _set(*_MODEL, "trees", value=[]),
        _set(*_MODEL, "iteration_indptr", value=[0, 10**9]),
        _set(*_MODEL, "gbtree_model_param", "num_trees", value="1000000000"),
        _set(*_MODEL, "gbtree_model_param", "num_parallel_tree", value="7"),
        _set("learner_model_param", "num_class", value="1000000000"),
        _set("learner_model_param", "num_target", value="9"),
        _set("learner_model_param", "base_score", value="[1,2]"),
        _set("learner_model_param", value=None), _set("gradient_booster", "name", value="dart"),
        _set("objective", "name", value="multi:softmax"), _set("feature_types", value=["c"] * 4),
        _set("gradient_booster", value=[]),
    ],
)  # fmt: skip
def test_what_is_no_tree_is_refused(raw: bytes, change: Callable[[Document], None]) -> None:
    document = json.loads(raw)
    change(document)
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        read_booster(json.dumps(document).encode(), width=WIDTH)


def test_of_two_values_the_one_that_was_looked_at_is_kept(raw: bytes) -> None:
    twice = raw.replace(b'"tree_info":', b'"tree_info":[9,9,9,9,9],"tree_info":', 1)
    assert twice != raw
    assert b"[9" not in read_booster(twice, width=WIDTH).raw
    with pytest.raises(RecursionError):
        read_booster(b"[" * 200_000, width=WIDTH)
