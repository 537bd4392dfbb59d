"""The parts of the default learner side by side: train them, ask them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.kernel import KernelConfig, Prior, dataset_kernel, predict
from learn.network import Networks, train_networks
from learn.settings import Config
from learn.trees import Trees, train_trees
from learn.tuning import inner_predictions
from learn.view import View

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """What was learned. The kernel has nothing but its hyperparameters: it reads the graph."""

    parts: tuple[str, ...]
    kernel: KernelConfig
    trees: Trees | None
    network: Networks | None

    def predict(
        self, view: View, near: Floats, target: int, *, models: Indices, prior: Prior
    ) -> Floats:
        """Shapes: [K] -> [P, K, 2]."""
        seen = np.ones(len(view.pairs), dtype=bool)
        found = []
        for part in self.parts:
            if part == "kernel":
                found.append(predict(view, target, models=models, prior=prior, config=self.kernel))
            if part == "trees" and self.trees is not None:
                found.append(self.trees.predict(view, near, target, models=models, seen=seen))
            if part == "network" and self.network is not None:
                found.append(self.network.predict(view, near, target, models=models, seen=seen))
        return np.stack(found)


def inner_members(
    view: View,
    kernel: KernelConfig,
    config: Config,
    *,
    rows: Indices,
    cold: Mask,
    seed: int,
    device: str,
) -> tuple[Floats, Floats]:
    """Each pair of ``rows`` predicted without its dataset, warm and as a cold model.

    Shapes: two of [P, n, 2]; the second is NaN where the model is not cold.
    """
    warm = np.full((len(config.parts), len(rows), 2), np.nan)
    new = warm.copy()
    if "kernel" in config.parts:
        place = config.parts.index("kernel")
        warm[place] = inner_predictions(view, kernel, rows)
        new[place] = inner_predictions(view, kernel, rows, cold=cold)
    if config.parts == ("kernel",):
        return warm, new
    near = dataset_kernel(view, kernel)
    datasets = np.unique(view.pairs.dataset)
    order = np.random.default_rng([seed, 2]).permutation(datasets)
    fewer = max(1, config.network.networks // config.folds)
    learned = replace(
        config,
        parts=tuple(part for part in config.parts if part != "kernel"),
        network=replace(config.network, networks=fewer),
    )
    places = [config.parts.index(part) for part in learned.parts]
    for fold in range(config.folds):
        held = order[fold :: config.folds]
        known = ~np.isin(view.pairs.dataset, held)
        if not known.any() or not len(held):
            continue
        members = train_members(view, near, kernel, learned, known, seed=seed, device=device)
        for target in held:
            here = np.flatnonzero(view.pairs.dataset[rows] == target)
            models = view.pairs.model[rows[here]]
            everything = np.ones(len(view.pairs), dtype=bool)
            warm[np.ix_(places, here)] = asked(members, view, near, int(target), models, everything)
            fresh = cold[models]
            seen = ~cold[view.pairs.model]
            found = asked(members, view, near, int(target), models[fresh], seen)
            new[np.ix_(places, here[fresh])] = found
    return warm, new


def train_members(
    view: View,
    near: Floats,
    kernel: KernelConfig,
    config: Config,
    known: Mask,
    *,
    seed: int,
    device: str,
) -> Members:
    """Every part trained on the pairs ``known`` [N], as if there were no others."""
    targets = np.unique(view.pairs.dataset[known])
    trees = network = None
    if "trees" in config.parts and len(targets):
        trees = train_trees(
            view,
            near,
            targets=targets,
            known=known,
            config=config.trees,
            scores=config.scores,
            seed=seed,
        )
    if "network" in config.parts and len(targets):
        network = train_networks(
            view,
            near,
            targets=targets,
            known=known,
            config=config.network,
            scores=config.scores,
            seed=seed,
            device=device,
        )
    return Members(config.parts, kernel, trees, network)


def asked(
    members: Members, view: View, near: Floats, target: int, models: Indices, seen: Mask
) -> Floats:
    """Trees and network on part of the history. Shapes: [K] -> [P, K, 2]."""
    found = []
    for member in (members.trees, members.network):
        if member is not None:
            found.append(member.predict(view, near, target, models=models, seen=seen))
    return np.stack(found)
