"""Learning which pre-trained model to fine-tune: columns in, rankings out.

Importing this package loads neither torch nor XGBoost: names are fetched from their modules on
first use (PEP 562), because the command line imports it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from learn.coverage import Coverage, pool_coverage
    from learn.evaluation import evaluate
    from learn.fingerprints import fingerprint
    from learn.learner import BASELINES, DEFAULT, Fitted, Learner, Ranking, learner_names
    from learn.registry import load_learner, make_learner, save_learner
    from learn.results import AGGREGATES, Prediction, Result

__all__ = [
    "AGGREGATES",
    "BASELINES",
    "DEFAULT",
    "Coverage",
    "Fitted",
    "Learner",
    "Prediction",
    "Ranking",
    "Result",
    "evaluate",
    "fingerprint",
    "learner_names",
    "load_learner",
    "make_learner",
    "pool_coverage",
    "save_learner",
]

_MODULES = {
    "learn.coverage": {"Coverage", "pool_coverage"},
    "learn.evaluation": {"evaluate"},
    "learn.fingerprints": {"fingerprint"},
    "learn.registry": {"load_learner", "make_learner", "save_learner"},
    "learn.results": {"AGGREGATES", "Prediction", "Result"},
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'learn' has no attribute '{name}'")
    found = (module for module, names in _MODULES.items() if name in names)
    module = next(found, "learn.learner")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted(__all__)
