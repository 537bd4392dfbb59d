"""XGBoost's own JSON, read without trust.

XGBoost follows the numbers of a tree without looking: a child that is its own parent is followed
for ever, one that is no node is read where other memory is, a tree of an output that there is not
writes there. What may be wrong is therefore looked at before.
"""

from __future__ import annotations

import json
import math
from typing import Any

_OBJECTIVE = "reg:squarederror"
_INTEGERS = ("left_children", "right_children", "split_indices", "split_type", "default_left")
_REALS = ("split_conditions", "base_weights")
#: Trees of a booster.
_MOST = 100_000


def check_booster(raw: bytes, *, width: int) -> bytes:
    """The model again, as it was understood here: of two values of one key there is one left.

    Raises:
        ValueError, KeyError, TypeError, RecursionError: no boosted trees of ``width`` features and
            one output.
    """
    document = json.loads(raw)
    learner = document["learner"]
    model = learner["gradient_booster"]["model"]
    trees = model["trees"]
    facts = {
        "booster": (learner["gradient_booster"]["name"], "gbtree"),
        "objective": (learner["objective"]["name"], _OBJECTIVE),
        "width": (learner["learner_model_param"]["num_feature"], str(width)),
        "classes": (learner["learner_model_param"]["num_class"], "0"),
        "targets": (learner["learner_model_param"]["num_target"], "1"),
        "features": (learner["feature_names"], []),
        "types": (learner["feature_types"], []),
        "categories": ([each for each in model.get("cats", {}).values() if each != []], []),
        "trees": (model["gbtree_model_param"]["num_trees"], str(len(trees))),
        "parallel trees": (model["gbtree_model_param"]["num_parallel_tree"], "1"),
        "rounds": (model["iteration_indptr"], list(range(len(trees) + 1))),
        "outputs": (model["tree_info"], [0] * len(trees)),
    }
    for what, (found, wanted) in facts.items():
        if found != wanted:
            raise ValueError(f"its {what} are {str(found)[:40]}, not {str(wanted)[:40]}")
    if not 0 < len(trees) <= _MOST:
        raise ValueError(f"it has {len(trees)} trees")
    if not math.isfinite(float(learner["learner_model_param"]["base_score"].strip("[]"))):
        raise ValueError("its base score is not finite")
    for tree in trees:
        _check_tree(tree, width)
    return json.dumps(document).encode()


def _check_tree(tree: dict[str, Any], width: int) -> None:
    """Each node but the first is the child of at most one: who goes down comes to an end."""
    count = len(tree["left_children"])
    shape = tree["tree_param"]
    if count == 0 or (shape["num_nodes"], shape["num_deleted"]) != (str(count), "0"):
        raise ValueError("a tree counts other nodes than it has")
    if shape["num_feature"] != str(width) or shape["size_leaf_vector"] not in ("0", "1"):
        raise ValueError("a tree has another shape")
    for name in _INTEGERS:
        _check_numbers(tree[name], name, count, kinds=(int, bool))
    for name in _REALS:
        _check_numbers(tree[name], name, count, kinds=(int, float))
    left, right = tree["left_children"], tree["right_children"]
    if any((a == -1) != (b == -1) for a, b in zip(left, right, strict=True)):
        raise ValueError("a node has one child")
    children = [child for child in (*left, *right) if child != -1]
    if len({*children}) < len(children) or not all(0 < child < count for child in children):
        raise ValueError("children that are no tree's")
    if any(tree["split_type"]) or not all(0 <= index < width for index in tree["split_indices"]):
        raise ValueError("a split of no feature")
    if any(tree.get(name) for name in ("categories", "categories_nodes", "categories_segments")):
        raise ValueError("categories, which no feature has")


def _check_numbers(values: Any, name: str, count: int, *, kinds: tuple[type, ...]) -> None:
    sound = isinstance(values, list) and all(type(value) in kinds for value in values)
    if not sound or len(values) != count or not all(map(math.isfinite, values)):
        raise ValueError(f"{name} of a tree are not {count} numbers")
