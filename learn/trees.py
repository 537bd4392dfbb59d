"""Boosted trees on pairs (XGBoost; Chen and Guestrin 2016, arXiv:1603.02754).

Every training row is a pair seen as a new target would be: all records of its dataset hidden, a
random part of the rest of the history hidden, and a random part of the models without any history.
Two boosters predict the clipped z-score and the normal score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.boosters import Booster, read_booster
from learn.cores import threads
from learn.features import features
from learn.view import View

Mask = NDArray[np.bool_]
#: Share of the history that a round keeps.
KEPT = (1.0, 0.7, 0.3, 0.1, 1.0, 0.5)


@dataclass(frozen=True, slots=True)
class TreesConfig:
    rounds: int = 4
    trees: int = 100
    depth: int = 4
    eta: float = 0.08
    hidden_models: float = 0.25
    most_targets: int = 24
    most_models: int = 400


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Two models of XGBoost's, and whether they read the target's scores."""

    boosters: tuple[Booster, Booster]
    scores: bool

    def predict(
        self, view: View, near: Floats, target: int, *, models: Indices, seen: Mask
    ) -> Floats:
        """Shapes: [K] -> [K, 2]."""
        table = features(view, near, target, models=models, seen=seen, scores=self.scores)
        return np.stack([booster.predict(table) for booster in self.boosters], axis=1)


def train_trees(
    view: View,
    near: Floats,
    *,
    targets: Indices,
    known: Mask,
    config: TreesConfig,
    scores: bool,
    seed: int,
) -> Trees:
    """Boosters trained on ``targets``, of which only the pairs ``known`` [N] exist."""
    import xgboost

    random = np.random.default_rng(seed)
    tables, labels = [], []
    for number in range(config.rounds):
        table, label = one_round(view, near, targets, known, config, scores, number, random)
        tables += table
        labels += label
    data = np.concatenate(tables).astype(np.float32)
    truth = np.concatenate(labels)
    found = []
    for column in range(2):
        matrix = xgboost.DMatrix(data, label=truth[:, column])
        settings = {
            "max_depth": config.depth,
            "eta": config.eta,
            "subsample": 0.8,
            "colsample_bytree": 0.7,
            "min_child_weight": 5,
            "tree_method": "hist",
            "max_bin": 64,
            "seed": seed,
            "nthread": threads(data.size),
        }
        trained = xgboost.train(settings, matrix, num_boost_round=config.trees)
        found.append(read_booster(bytes(trained.save_raw("json")), width=data.shape[1]))
    return Trees(boosters=(found[0], found[1]), scores=scores)


def one_round(
    view: View,
    near: Floats,
    targets: Indices,
    known: Mask,
    config: TreesConfig,
    scores: bool,
    number: int,
    random: np.random.Generator,
) -> tuple[list[Floats], list[Floats]]:
    """Rows of every (sampled) target under one hiding of the history."""
    pairs = view.pairs
    hidden = random.random(len(view.number)) < config.hidden_models
    seen = known & ~hidden[pairs.model]
    seen &= random.random(len(pairs)) < KEPT[number % len(KEPT)]
    tables, labels = [], []
    for target in random.permutation(targets)[: config.most_targets]:
        rows = np.flatnonzero(known & (pairs.dataset == target))
        rows = random.permutation(rows)[: config.most_models]
        tables.append(
            features(view, near, int(target), models=pairs.model[rows], seen=seen, scores=scores)
        )
        labels.append(np.stack([view.z[rows], view.normal[rows]], axis=1))
    return tables, labels
