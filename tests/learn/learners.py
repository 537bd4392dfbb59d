"""A default learner small enough for tests: every part, few steps."""

from __future__ import annotations

from learn import Learner, make_learner
from learn.network import NetworkConfig
from learn.trees import TreesConfig


def small_learner(**changes: object) -> Learner:
    settings: dict[str, object] = {
        "network": NetworkConfig(networks=2, hidden=6, steps=6, models=12),
        "trees": TreesConfig(rounds=1, trees=8, depth=3),
        "folds": 2,
        **changes,
    }
    return make_learner("inductive", **settings)
