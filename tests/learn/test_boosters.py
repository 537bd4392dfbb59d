"""Boosted trees from strangers: refused before XGBoost crashes, hangs or writes elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from learn.boosters import check_booster

Document = dict[str, Any]
WIDTH = 4


@pytest.fixture(scope="module")
def raw() -> bytes:
    import xgboost

    table = np.random.default_rng(0).random((60, WIDTH)).astype(np.float32)
    matrix = xgboost.DMatrix(table, label=table[:, 0])
    booster = xgboost.train({"max_depth": 3, "nthread": 1}, matrix, num_boost_round=5)
    return bytes(booster.save_raw("json"))


def test_what_xgboost_wrote_predicts_the_same_again(raw: bytes) -> None:
    import xgboost

    table = np.random.default_rng(1).random((20, WIDTH)).astype(np.float32)
    before, after = (
        xgboost.Booster(model_file=bytearray(each)).inplace_predict(table)
        for each in (raw, check_booster(raw, width=WIDTH))
    )
    np.testing.assert_array_equal(before, after)
    with pytest.raises(ValueError, match="width"):
        check_booster(raw, width=WIDTH + 1)


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
def test_what_xgboost_would_follow_elsewhere_is_refused(
    raw: bytes, change: Callable[[Document], None]
) -> None:
    document = json.loads(raw)
    change(document)
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        check_booster(json.dumps(document).encode(), width=WIDTH)


def test_of_two_values_the_one_that_was_looked_at_is_kept(raw: bytes) -> None:
    twice = raw.replace(b'"tree_info":', b'"tree_info":[9,9,9,9,9],"tree_info":', 1)
    assert twice != raw
    assert b"[9" not in check_booster(twice, width=WIDTH)
    with pytest.raises(RecursionError):
        check_booster(b"[" * 200_000, width=WIDTH)
