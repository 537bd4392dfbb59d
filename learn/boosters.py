"""XGBoost's own JSON, read without trust and asked without XGBoost.

Importing XGBoost takes longer than all the rest of a ranking, so NumPy follows the trees. A tree
from a stranger may have a child that is its own parent, or one that is no node: what may be wrong
is looked at before. Training, and anybody else, reads the same JSON with XGBoost.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats

Integers = NDArray[np.int32]
Singles = NDArray[np.float32]

_OBJECTIVE = "reg:squarederror"
_INTEGERS = ("left_children", "right_children", "split_indices", "split_type", "default_left")
_REALS = ("split_conditions", "base_weights")
#: Trees of a booster, and splits between a root and a leaf.
_MOST = 100_000
_DEEPEST = 64
#: Rows asked at once: what they need stays in the processor's cache.
_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Booster:
    """Trees of one output. ``raw`` is XGBoost's JSON, the rest what was read from it.

    Shapes: ``roots`` [T]; all others [N], the nodes of all trees. A leaf is its own child, and its
    ``threshold`` is its value; a row goes left where its feature lies below, or is unknown and
    ``unknown_left``.
    """

    raw: bytes
    base: float
    depth: int
    roots: Integers
    left: Integers
    right: Integers
    feature: Integers
    threshold: Singles
    unknown_left: NDArray[np.bool_]

    def predict(self, table: Floats) -> Floats:
        """Shapes: [K, F] with NaN where unknown -> [K]."""
        # XGBoost compares single precision.
        rows = np.ascontiguousarray(table, dtype=np.float32)
        parts = [self._predict(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _predict(self, rows: Singles) -> Floats:
        flat = rows.ravel()
        start = (np.arange(len(rows), dtype=np.int32) * rows.shape[1])[:, None]
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            value = flat[start + self.feature[at]]
            unknown = np.isnan(value) & self.unknown_left[at]
            at = np.where((value < self.threshold[at]) | unknown, self.left[at], self.right[at])
        found: Floats = self.base + self.threshold[at].sum(axis=1, dtype=np.float64)
        return found


def read_booster(raw: bytes, *, width: int) -> Booster:
    """The model as it is understood here: of two values of one key there is one left.

    Raises:
        ValueError, KeyError, TypeError, RecursionError: no boosted trees of ``width`` features and
            one output.
    """
    document = json.loads(raw)
    _check(document, width)
    learner = document["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    counts = [len(tree["left_children"]) for tree in trees]
    roots = np.concatenate([[0], np.cumsum(counts[:-1])])

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([tree[name] for tree in trees])

    first = np.repeat(roots, counts)
    itself = np.arange(len(first))
    leaf = column("left_children") == -1
    left = np.where(leaf, itself, first + column("left_children"))
    right = np.where(leaf, itself, first + column("right_children"))
    return Booster(
        raw=json.dumps(document).encode(),
        base=_base(learner),
        depth=_depth(roots, left, right),
        roots=roots.astype(np.int32),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        feature=column("split_indices").astype(np.int32),
        threshold=column("split_conditions").astype(np.float32),
        unknown_left=column("default_left").astype(bool),
    )


def _depth(roots: NDArray[Any], left: NDArray[Any], right: NDArray[Any]) -> int:
    """Splits between a root and the farthest leaf. Raises: ValueError for too many."""
    for depth in range(_DEEPEST + 1):
        roots = roots[left[roots] != roots]
        if not len(roots):
            return depth
        roots = np.concatenate([left[roots], right[roots]])
    raise ValueError(f"a tree is deeper than {_DEEPEST}")


def _base(learner: dict[str, Any]) -> float:
    return float(learner["learner_model_param"]["base_score"].strip("[]"))


def _check(document: Any, width: int) -> None:
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
    if not math.isfinite(_base(learner)):
        raise ValueError("its base score is not finite")
    for tree in trees:
        _check_tree(tree, width)


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
