"""The thesis' learners behind the protocol that every learner follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graphdb.columns import Floats, Indices, Subgraph
from graphdb.errors import ZooError
from learn.baselines import model_mean
from learn.cores import threads
from learn.learner import USUAL_LEVEL, Ranking
from learn.pairs import measured, subset
from learn.progress import Tell
from learn.thesis.edges import normalised
from learn.thesis.embedding import DIMENSIONS, embed
from learn.thesis.table import Columns, distance, fit_columns, metadata

METADATA = "metadata-lr"


class Regressor(Protocol):
    def fit(self, table: Floats, label: Floats) -> object: ...
    def predict(self, table: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Thesis:
    """``name`` is ``embedder+regressor`` or ``metadata-lr``."""

    name: str

    def fit(
        self,
        graph: Subgraph,
        *,
        method: str = "full",
        seed: int = 0,
        device: str = "auto",
        progress: Tell | None = None,
    ) -> FittedThesis:
        """Embed the graph, then learn each result's standing within its dataset, 0 to 1.

        Results on a dataset where all are equal have no standing and are left out.

        Raises: ZooError where an embedder's package is not installed.
        """
        embedder, _, regressor = self.name.partition("+")
        states = None
        if self.name != METADATA:
            states = embed(graph, embedder, method=method, seed=seed, device=device)
        if progress is not None:
            progress(0.5, "embedded")
        pairs = measured(graph, method=method)
        label = normalised(pairs.oriented, pairs.dataset)
        pairs, label = subset(pairs, np.isfinite(label)), label[np.isfinite(label)]
        places = Places(
            columns=fit_columns(graph),
            model={str(name): row for row, name in enumerate(graph.models.id)},
            dataset={str(name): row for row, name in enumerate(graph.datasets.id)},
            states=states,
        )
        fitted = None
        if len(label):
            table = places.table(graph, pairs.model, pairs.dataset)
            fitted = make_regressor(regressor or "lr", seed=seed, work=table.size)
            fitted.fit(table, label)
        if progress is not None:
            progress(1.0, "fitted")
        return FittedThesis(self.name, method, places, fitted)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What the regression reads: where each model and dataset stood in the training graph.

    Shapes: ``states`` [M + D, 128] of the training graph, None for ``metadata-lr``.
    """

    columns: Columns
    model: dict[str, int]
    dataset: dict[str, int]
    states: Floats | None

    def table(self, graph: Subgraph, model: Indices, dataset: Indices) -> Floats:
        """Rows of metadata, or of metadata, distance and both embeddings.

        A model that was not in the training graph has a row of NaN. Shapes: [K], [K] -> [K, F].
        """
        rows = metadata(graph, self.columns, model, dataset)
        if self.states is None:
            return rows
        far = distance(graph, model, dataset)[:, None]
        padded = np.concatenate([self.states, np.full((1, DIMENSIONS), np.nan)])
        first = len(self.model)
        at = [self.model.get(str(name), -1) for name in graph.models.id[model]]
        on = [first + self.dataset[str(name)] for name in graph.datasets.id[dataset]]
        return np.concatenate([rows, far, padded[at], padded[on]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class FittedThesis:
    """Ranks by the predicted standing; says nothing about accuracy in the metric's units."""

    name: str
    method: str
    places: Places
    regressor: Regressor | None

    def rank(
        self,
        graph: Subgraph,
        dataset: int,
        *,
        models: Indices | None = None,
        level: float = USUAL_LEVEL,
        top: int = 10,
    ) -> Ranking:
        """See ``learn.learner.Fitted``; a model that was not in the training graph is not scored.

        Raises: ZooError for a dataset that was not in the training graph.
        """
        rows = np.arange(len(graph.models)) if models is None else np.asarray(models, np.int64)
        target = str(graph.datasets.id[dataset])
        if self.places.states is not None and target not in self.places.dataset:
            raise ZooError(
                f"'{self.name}' knows only the datasets it was trained with, and '{target}' is not "
                "one of them. Train again, or use: metadata-lr"
            )
        pairs = measured(graph, method=self.method)
        elsewhere = subset(pairs, pairs.dataset != dataset)
        unknown = np.full(len(rows), np.nan)
        score = self._score(graph, rows, np.full(len(rows), dataset))
        mean = model_mean(graph, elsewhere)[rows]
        return Ranking(rows, score, unknown, unknown, unknown, unknown, mean)

    def _score(self, graph: Subgraph, model: Indices, dataset: Indices) -> Floats:
        if self.regressor is None or not len(model):
            return np.zeros(len(model))  # nothing to learn from: all equal
        table = self.places.table(graph, model, dataset)
        known = np.isfinite(table).all(axis=1)
        found = np.full(len(model), np.nan)
        if known.any():
            found[known] = self.regressor.predict(table[known])
        return found


def make_regressor(name: str, *, seed: int, work: int) -> Regressor:
    """The thesis' settings, but a seed of one's own where it always takes 18."""
    made: Regressor
    if name == "xgb":
        from xgboost import XGBRegressor

        made = XGBRegressor(
            n_estimators=500, max_depth=5, learning_rate=0.1, subsample=1.0, colsample_bytree=0.8,
            random_state=seed, n_jobs=threads(work),
        )  # fmt: skip
    elif name == "rf":
        from sklearn.ensemble import RandomForestRegressor

        made = RandomForestRegressor(
            n_estimators=100, max_depth=5, max_features="sqrt", random_state=seed
        )
    else:
        from sklearn.linear_model import LinearRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        # Least squares are the same on any scale, but beside 1e8 parameters an embedding of 1e-1
        # lies below the solver's rounding and would not be read at all.
        made = make_pipeline(StandardScaler(), LinearRegression())
    return made
