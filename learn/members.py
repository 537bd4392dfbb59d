"""The parts of the default learner side by side: train them, ask them, also about inner targets.

``P`` is the number of parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Indices
from learn.gaussian_process import Prior, predict
from learn.kernel import KernelConfig, dataset_kernel
from learn.network import Networks
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
    ) -> tuple[Floats, Floats]:
        """Without and with the target's own records; only the kernel reads those.

        Shapes: [K] -> two of [P, K, 2].
        """
        seen = np.ones(len(view.pairs), dtype=bool)
        blind, told = [], []
        for part in self.parts:
            if part == "kernel":
                both = predict(view, near, target, models=models, prior=prior, config=self.kernel)
            elif part == "trees" and self.trees is not None:
                both = (self.trees.predict(view, near, target, models=models, seen=seen),) * 2
            elif part == "network" and self.network is not None:
                both = (self.network.predict(view, near, target, models=models, seen=seen),) * 2
            else:
                both = (np.zeros((len(models), 2)),) * 2
            blind.append(both[0])
            told.append(both[1])
        return np.stack(blind), np.stack(told)


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """Every pair of ``rows`` [n] predicted as if its dataset were new.

    Shapes: ``warm`` [P, n, 2] with the rest of its model's history, ``cold`` [P, n, 2] without
    any, NaN where the model was not drawn as cold.
    """

    rows: Indices
    warm: Floats
    cold: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Learning:
    """One training: the view, Kd, settings and where randomness comes from."""

    view: View
    near: Floats
    kernel: KernelConfig
    config: Config
    rows: Indices
    cold: Mask
    seed: int
    device: str


def learn_members(
    view: View,
    kernel: KernelConfig,
    config: Config,
    *,
    rows: Indices,
    cold: Mask,
    seed: int,
    device: str,
) -> tuple[Members, Inner]:
    """Train every part and ask it about inner targets that it was not trained on.

    Args: ``rows`` [n] are the pairs asked; ``cold`` [M] models also play new ones.
    """
    near = dataset_kernel(view, kernel)
    learning = Learning(view, near, kernel, config, rows, cold, seed, device)
    inner = Inner(rows, *(np.full((len(config.parts), len(rows), 2), np.nan) for _ in range(2)))
    trees = network = None
    for place, part in enumerate(config.parts):
        if part == "kernel":
            inner.warm[place] = inner_predictions(view, kernel, rows)
            inner.cold[place] = inner_predictions(view, kernel, rows, cold=cold)
        elif part == "trees":
            trees = learn_trees(learning, inner, place)
        elif part == "network":
            network = learn_networks(learning, inner, place)
    return Members(config.parts, kernel, trees, network), inner


def learn_trees(learning: Learning, inner: Inner, place: int) -> Trees:
    """Boosters of each fold answer for it, boosters of everything are kept."""
    view = learning.view
    for held in folds(view, learning.config.folds, seed=learning.seed):
        known = ~np.isin(view.pairs.dataset, held)
        if known.any():
            ask(learning, inner, place, held, boost(learning, known))
    return boost(learning, np.ones(len(view.pairs), dtype=bool))


def boost(learning: Learning, known: Mask) -> Trees:
    """Boosters trained on the pairs ``known`` [N], as if there were no others."""
    return train_trees(
        learning.view,
        learning.near,
        targets=np.unique(learning.view.pairs.dataset[known]),
        known=known,
        config=learning.config.trees,
        scores=learning.config.scores,
        seed=learning.seed,
    )


def learn_networks(learning: Learning, inner: Inner, place: int) -> Networks:
    """Each network leaves out a fold and answers for it; all of them are kept."""
    from learn.message_passing import train_networks  # torch and PyG, which a ranking goes without

    parts = folds(learning.view, learning.config.network.networks, seed=learning.seed)
    network = train_networks(
        learning.view,
        learning.near,
        folds=parts or [np.zeros(0, dtype=np.int64)],
        config=learning.config.network,
        scores=learning.config.scores,
        seed=learning.seed,
        device=learning.device,
    )
    for number, held in enumerate(parts):
        ask(learning, inner, place, held, Fold(network, number))
    return network


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Only the networks that never saw one fold."""

    network: Networks
    number: int

    def predict(
        self, view: View, near: Floats, target: int, *, models: Indices, seen: Mask
    ) -> Floats:
        return self.network.predict(view, near, target, models=models, seen=seen, fold=self.number)


def ask(learning: Learning, inner: Inner, place: int, held: Indices, part: Trees | Fold) -> None:
    """Fill in what a part says of the inner targets ``held``, with and without history."""
    view, near = learning.view, learning.near
    everything = np.ones(len(view.pairs), dtype=bool)
    for target in held.tolist():
        here = np.flatnonzero(view.pairs.dataset[inner.rows] == target)
        if not len(here):
            continue
        models = view.pairs.model[inner.rows[here]]
        inner.warm[place, here] = part.predict(view, near, target, models=models, seen=everything)
        fresh = learning.cold[models]
        if fresh.any():
            inner.cold[place, here[fresh]] = part.predict(
                view, near, target, models=models[fresh], seen=~learning.cold[view.pairs.model]
            )


def folds(view: View, count: int, *, seed: int) -> list[Indices]:
    """Datasets dealt into groups; none where there is but one dataset."""
    datasets = np.unique(view.pairs.dataset)
    if len(datasets) < 2:
        return []
    order = np.random.default_rng([seed, 2]).permutation(datasets)
    return [order[start::count] for start in range(min(count, len(datasets)))]
