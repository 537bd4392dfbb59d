"""What a plan should cost, from the seconds of like runs in the graph.

A run's seconds grow about with epochs x samples x the square root of the parameters (a larger model
also keeps a device busier). The nearest runs by size, scaled by that, give a job's median; drawing
one of them for each job, many times over, gives the total its spread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.jobs import Dataset, Known, Model
from zoo.jobs.specs import Settings

#: Runs that are asked for a job's price.
_NEAREST = 9
_DRAWS = 500
#: Where a size is unknown: those of a small experiment.
_PARAMETERS, _SAMPLES, _EPOCHS = 20e6, 5_000, 3.0


@dataclass(frozen=True, slots=True)
class Price:
    """Seconds of the jobs that are like known runs; ``unknown`` counts the others."""

    seconds: float
    low: float
    high: float
    unknown: int


class Pricing:
    """Seconds by method, from results whose cost is known."""

    def __init__(self, known: Sequence[Known]) -> None:
        timed = [run for run in known if run.seconds and run.seconds > 0]
        self._units: NDArray[np.float64] = np.array(
            [_work(r.parameters, r.samples, r.epochs) for r in timed], dtype=np.float64
        )
        costs = np.array([run.seconds or 0.0 for run in timed], dtype=np.float64)
        self._ratios: NDArray[np.float64] = costs / np.maximum(self._units, 1e-9)
        self._modalities = np.array([run.modality for run in timed], dtype=object)
        names = np.array([run.model for run in timed], dtype=object)
        self._same: dict[str, NDArray[np.float64]] = {
            name: self._ratios[names == name] for name in set(names)
        }
        self._medians = {name: float(np.median(own)) for name, own in self._same.items()}
        self._spread: list[NDArray[np.float64]] = []

    def seconds(self, model: Model, dataset: Dataset, settings: Settings) -> float | None:
        """The median of like runs, scaled; None where nothing is like it."""
        unit = _work(model.parameters, dataset.samples, settings.epochs)
        ratios = self._like(model, unit)
        if len(ratios) == 0:
            return None
        self._spread.append(ratios * unit)
        own = ratios is self._same.get(model.id)
        return (self._medians[model.id] if own else float(np.median(ratios))) * unit

    def total(self, seconds: Sequence[float | None]) -> Price:
        """Of jobs priced here, with the 10 % and 90 % of what drawing like runs gives."""
        rng = np.random.default_rng(0)
        totals = np.zeros(_DRAWS)
        for costs in self._spread:
            totals += rng.choice(costs, size=_DRAWS)
        known = [value for value in seconds if value is not None]
        low, high = np.quantile(totals, (0.1, 0.9)) if self._spread else (0.0, 0.0)
        return Price(sum(known), float(low), float(high), len(seconds) - len(known))

    def _like(self, model: Model, unit: float) -> NDArray[np.float64]:
        """Ratios of seconds to work: the model's own runs, else the nearest of its modality."""
        own = self._same.get(model.id)
        if own is not None and len(own) >= 3:
            return own
        same = np.flatnonzero(self._modalities == model.modality)
        near = np.argsort(np.abs(np.log(self._units[same] / unit)), kind="stable")[:_NEAREST]
        ratios: NDArray[np.float64] = self._ratios[same[near]]
        return ratios


def _work(parameters: float | None, samples: float | None, epochs: float | None) -> float:
    size = math.sqrt(max(parameters or _PARAMETERS, 1.0))
    return max((epochs or _EPOCHS) * (samples or _SAMPLES) * size, 1e-9)
