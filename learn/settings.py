"""Settings of the default learner and of its parts on their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version

from graphdb.errors import ZooError
from learn.network import NetworkConfig
from learn.trees import TreesConfig


@dataclass(frozen=True, slots=True)
class Config:
    """``parts`` are those combined; ``scores`` lets the target's transferability be read."""

    parts: tuple[str, ...] = ("kernel", "trees", "network")
    scores: bool = False
    folds: int = 3
    trees: TreesConfig = field(default_factory=TreesConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)


def configuration(name: str, overrides: Mapping[str, object]) -> Config:
    """The settings that a learner's name stands for, and what was changed.

    Raises: ZooError for a setting that does not exist.
    """
    config = Config(scores=name.endswith("+scores"))
    part = name.removeprefix("inductive-")
    if part in config.parts:
        config = replace(config, parts=(part,))
    known = {one.name for one in fields(Config)}
    for key in overrides:
        if key not in known:
            raise ZooError(f"No setting '{key}'. There are: {', '.join(sorted(known))}")
    return replace(config, **overrides)  # type: ignore[arg-type]


def versions() -> dict[str, str]:
    """Of what the result depends on."""
    found = {}
    for package in ("transferzoo", "numpy", "scipy", "torch", "torch-geometric", "xgboost"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
