"""Learners by their names: made, kept and read again."""

from __future__ import annotations

from pathlib import Path

from graphdb.errors import ZooError, did_you_mean, to_type
from learn.learner import BASELINES, DEFAULT, PARTS, Fitted, Learner, learner_names

#: What an artefact holds; others are trained where they are used.
_KEPT = (DEFAULT, f"{DEFAULT}+scores", *PARTS)


def make_learner(name: str, **config: object) -> Learner:
    """The learner of that name; ``config`` overrides settings of the default learner.

    Raises: ZooError for a name or a setting that does not exist.
    """
    if name in BASELINES or name.startswith("score:"):
        from learn.baselines import Baseline

        _refuse(name, config)
        return Baseline(name)
    if name in _KEPT:
        from learn.inductive import Inductive
        from learn.settings import configuration

        return Inductive(name, configuration(name, config))
    if name in learner_names():
        from learn.thesis import Thesis

        _refuse(name, config)
        return Thesis(name)
    meant = did_you_mean(name, learner_names())
    raise ZooError(f"No learner {name!r}.{meant} There are: {', '.join(learner_names())}")


def check_kept(name: str) -> None:
    """Before minutes of training: raises ZooError for a learner that is never kept."""
    if name not in _KEPT:
        raise _not_kept(name)


def save_learner(fitted: Fitted, folder: Path) -> None:
    """Write a default learner as safetensors and JSON; nothing that executes.

    Raises: ZooError for a learner that is never kept (baselines, the thesis').
    """
    from learn.artifact import save
    from learn.ranking import FittedInductive

    if not isinstance(fitted, FittedInductive):
        raise _not_kept(fitted.name)
    save(fitted, Path(folder))


def load_learner(folder: Path, *, origin: str | None = None) -> Fitted:
    """Read what ``save_learner`` wrote; ``origin`` is what errors call it, else the folder.

    Raises: ZooError where the folder holds no learner, a damaged one, or one of another version.
    """
    from learn.artifact import load

    return load(Path(folder), origin=origin)


def _not_kept(name: str) -> ZooError:
    compare = to_type("evaluate", options=["--learner", name])
    return ZooError(
        f"{name!r} is trained where it is used and not kept: {compare}. To be kept there are: "
        f"{', '.join(_KEPT)}"
    )


def _refuse(name: str, config: dict[str, object]) -> None:
    if config:
        raise ZooError(f"'{name}' has no settings, got: {', '.join(sorted(config))}")
