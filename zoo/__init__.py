"""A model zoo in a graph database: which pre-trained models to fine-tune on a dataset.

    from zoo import Zoo

    with Zoo.open() as zoo:
        [answer] = zoo.predict("pets")
        print(answer.models[0].model)

Names are fetched on first use, so that importing the package loads no driver and no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphdb.errors import ZooError
    from zoo.facade import Zoo
    from zoo.limits import Limits
    from zoo.prediction import Candidate, Candidates

__all__ = ["Candidate", "Candidates", "Limits", "Zoo", "ZooError"]

_PLACES = {
    "Candidate": "zoo.prediction",
    "Candidates": "zoo.prediction",
    "Limits": "zoo.limits",
    "Zoo": "zoo.facade",
    "ZooError": "graphdb.errors",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
