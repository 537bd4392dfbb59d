"""The default learner: graph network, boosted trees and Gaussian process, combined.

Training: features; hyperparameters on inner targets; every part predicts each inner target without
any of its records, with and without the models' history; from those come the combination's weights
and the residuals of the intervals; then every part is trained on everything. Ranking reads the
graph it is given, new models, datasets and records included, and looks nothing up by id.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from graphdb.columns import Subgraph
from graphdb.errors import ZooError
from learn.fingerprints import fingerprint
from learn.kernel import dataset_kernel
from learn.members import Inner, learn_members
from learn.progress import Tell, silent
from learn.ranking import FittedInductive
from learn.regimes import keep_datasets, keep_models
from learn.settings import Config, versions
from learn.standards import Standards, calibrate, weigh
from learn.tuning import COLD, inner_quality, thin_models, tune
from learn.view import View, fit_encoder, knows_results_alone, make_view

#: Models and datasets trained on; ranking takes any number.
MOST_MODELS = 2000
MOST_DATASETS = 200


@dataclass(frozen=True, slots=True)
class Inductive:
    name: str
    config: Config

    def fit(
        self,
        graph: Subgraph,
        *,
        method: str = "full",
        seed: int = 0,
        device: str = "auto",
        progress: Tell | None = None,
    ) -> FittedInductive:
        """See ``learn.learner.Learner``.

        Raises: ZooError where the graph holds no result of that method.
        """
        began = time.perf_counter()
        tell = progress or silent
        tell(0.0, "features")
        print_ = fingerprint(graph)
        graph = sample(graph, seed=seed)
        encoder = fit_encoder(graph)
        view = make_view(graph, encoder=encoder, method=method)
        if not len(view.pairs):
            raise ZooError(
                f"No '{method}' result of a sound {graph.modality} dataset to learn from. "
                "Add some with: zoo ingest records PATH"
            )
        tell(0.05, "hyperparameters on inner targets")
        config = replace(self.config, parts=useful_parts(self.config, view))
        kernel = tune(view, seed=seed)
        near = dataset_kernel(view, kernel)
        rows = thin_models(view, seed=seed)
        cold = np.random.default_rng([seed, 3]).random(len(graph.models)) < COLD
        tell(0.2, "training, inner targets held out")
        members, inner = learn_members(
            view, kernel, config, rows=rows, cold=cold, seed=seed, device=device
        )
        tell(0.9, "combination and intervals on inner targets")
        standards = weigh(view, inner, names=config.parts)
        calibration = calibrate(view, near, inner, standards)
        tell(1.0, "done")
        return FittedInductive(
            name=self.name,
            method=method,
            settings=config,
            encoder=encoder,
            members=members,
            standards=standards,
            calibration=calibration,
            metrics=inner_metrics(view, inner, config, standards),
            about={
                "learner": self.name,
                "method": method,
                "modality": graph.modality,
                "seed": seed,
                "fingerprint": print_,
                "versions": versions(),
                "seconds": round(time.perf_counter() - began, 3),
            },
        )


def useful_parts(config: Config, view: View) -> tuple[str, ...]:
    """Without the trees where nothing is known but results. Of a target that is hidden a model's
    mean over the others tells its value there, the more the one, the less the other: that is then
    all that they learn (docs/learner.md)."""
    idle = len(config.parts) > 1 and not config.scores and knows_results_alone(view)
    return tuple(part for part in config.parts if not (idle and part == "trees"))


def sample(graph: Subgraph, *, seed: int) -> Subgraph:
    """A random part of very many models and datasets: nothing more is learned from the rest."""
    random = np.random.default_rng([seed, 5])
    chosen = random.permutation(len(graph.models)) < MOST_MODELS
    if not chosen.all():
        graph = keep_models(graph, chosen)
    count = len(graph.datasets)
    records = np.bincount(graph.fine_tunings.dataset, minlength=count)
    # Those with results first, whatever they are called.
    order = np.lexsort((random.random(count), records == 0))
    if count > MOST_DATASETS:
        chosen = np.zeros(count, dtype=bool)
        chosen[order[:MOST_DATASETS]] = True
        graph = keep_datasets(graph, chosen)
    return graph


def inner_metrics(
    view: View, inner: Inner, config: Config, standards: Standards
) -> dict[str, float]:
    """Mean of Pearson and weighted Kendall over inner targets, the whole and each part."""
    found = {}
    rows = inner.rows
    for name, parts, fresh in (("warm", inner.warm, False), ("cold", inner.cold, True)):
        known = np.isfinite(parts).all(axis=(0, 2))
        score = np.full(len(rows), np.nan)
        score[known] = standards.spaced(view, rows[known], parts[:, known], fresh=fresh)
        both = np.stack([score, score], axis=1)
        found[f"{name}_all"] = inner_quality(view, rows, both)
        for part, values in zip(config.parts, parts, strict=True):
            found[f"{name}_{part}"] = inner_quality(view, rows, values)
    return found
