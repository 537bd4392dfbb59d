"""Sentences beside a ranking: what it rests on, and which single run would help it most."""

from __future__ import annotations

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph
from learn.kernel import KernelConfig, model_kernel, profile, taken
from learn.levels import Expected, most_frequent_metric
from learn.view import View

#: Models compared when looking for the run that would tell most.
MOST_MODELS = 400


def notes_for(
    graph: Subgraph,
    view: View,
    near: Floats,
    target: int,
    *,
    expected: Expected,
    unlike: bool,
    score: Floats,
    accuracy: Floats,
    half: Floats,
    models: Indices,
    config: KernelConfig,
) -> tuple[str, ...]:
    """What the user should know about this ranking."""
    notes = []
    bounded = bool(np.isfinite(half).any())
    if not np.isfinite(accuracy).any():
        notes.append("Ranking only: too few datasets with results to predict an accuracy.")
    elif not bounded:
        notes.append(
            "No interval: too few other datasets with results, or too equal ones, to learn how far "
            "off an accuracy may be."
            if np.isfinite(expected.level)
            else "No interval: too few other datasets with results; the accuracies follow from the "
            "results here."
        )
    others = {str(name) for name in view.pairs.metric if name is not None}
    if view.pairs.metric[target] is None and len(others) > 1 and np.isfinite(accuracy).any():
        usual = str(most_frequent_metric(view.pairs.metric))
        notes.append(
            f"Without a result here it is taken to be measured by {usual}, as most datasets are "
            f"(others: {', '.join(sorted(others - {usual}))}). A result of its own says otherwise."
        )
    if unlike and len(models):
        best = str(graph.models.id[informative(view, near, target, score, models, config)])
        wider = ", so the intervals are wider" if bounded else ""
        notes.append(
            f"Unlike every dataset with results{wider}. One fine-tuning run would inform it most: "
            f"{best}"
        )
    trained = view.origin_model[view.origin_dataset == target]
    count = len(np.intersect1d(trained, models))
    if count:
        notes.append(f"Pre-trained on this very dataset: {count} of {len(models)} models.")
    new = ~np.isin(models, view.pairs.model)
    if new.any():
        notes.append(
            f"Without any result elsewhere, ranked by metadata alone: {int(new.sum())} of "
            f"{len(models)} models."
        )
    return tuple(notes)


def informative(
    view: View, near: Floats, target: int, score: Floats, models: Indices, config: KernelConfig
) -> int:
    """The model whose result on the target would explain most of the others' there.

    One record of model m lowers the variance of m' by cov(m, m')^2 / (var(m) + noise); promising
    models count more. Models that have a result there are not asked again.
    """
    done = view.pairs.model[view.pairs.dataset == target]
    order = models[np.argsort(-score, kind="stable")]
    open_models = order[~np.isin(order, done)][:MOST_MODELS]
    chosen = open_models if len(open_models) else order[:MOST_MODELS]
    some = taken(profile(view), chosen)
    share = config.shared + config.shared_near + config.shared_here
    gram = model_kernel(some, some, near, config) * share
    gram[np.diag_indices(len(chosen))] += config.own + config.own_near
    promise = np.exp(-np.arange(len(chosen)) / 50)
    gain = (gram**2 @ promise) / (np.diag(gram) + config.noise)
    return int(chosen[gain.argmax()])
