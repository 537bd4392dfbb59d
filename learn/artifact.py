"""A learner in a folder: ``learner.json``, ``arrays.safetensors`` and XGBoost's own JSON.

Nothing in it executes: JSON becomes dataclasses field by field, arrays are numbers.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphdb.errors import ZooError
from learn.combination import Weights
from learn.kernel import KernelConfig
from learn.members import Members
from learn.network import NetworkConfig, Networks
from learn.ranking import FittedInductive
from learn.settings import Config
from learn.standards import Calibration, Standards
from learn.trees import Trees, TreesConfig
from learn.view import Encoder

#: Raised when a folder of an older version can no longer be read.
FORMAT = 2
TREES = ("trees_z.json", "trees_normal.json")


def save(fitted: FittedInductive, folder: Path) -> None:
    """Write a learner; the folder is made where there is none."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    members = fitted.members
    for name, raw in zip(TREES, members.trees.boosters if members.trees else (), strict=False):
        (folder / name).write_bytes(raw)
    arrays: dict[str, NDArray[np.generic]] = {
        "calibration.warm": fitted.calibration.warm,
        "calibration.cold": fitted.calibration.cold,
    }
    if members.network is not None:
        arrays |= {f"network.{key}": value for key, value in members.network.weights.items()}
        arrays["network_fold"] = members.network.fold
    save_file(
        {key: np.ascontiguousarray(one) for key, one in arrays.items()},
        folder / "arrays.safetensors",
    )
    document = {
        "format": FORMAT,
        "name": fitted.name,
        "method": fitted.method,
        "settings": asdict(fitted.settings),
        "encoder": asdict(fitted.encoder),
        "kernel": asdict(members.kernel),
        "trees": members.trees is not None,
        "network": members.network is not None,
        "warm": asdict(fitted.standards.warm),
        "cold": asdict(fitted.standards.cold),
        "groups": fitted.calibration.groups,
        "likeness": fitted.calibration.likeness,
        "usual": fitted.calibration.usual,
        "metrics": fitted.metrics,
        "about": fitted.about,
    }
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
    (folder / "learner.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> FittedInductive:
    """Read a learner.

    Raises: ZooError where the folder holds none, or one that this version cannot read.
    """
    from safetensors.numpy import load_file

    try:
        read = json.loads((folder / "learner.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / "arrays.safetensors")
    except (OSError, ValueError) as error:
        raise ZooError(f"No learner in {folder} ({error}). Train one with: zoo train") from error
    if read.get("format") != FORMAT:
        raise ZooError(
            f"The learner in {folder} has format {read.get('format')}, not {FORMAT}. "
            "Train a new one with: zoo train"
        )
    settings = dict(read["settings"])
    config = Config(
        parts=tuple(settings.pop("parts")),
        trees=TreesConfig(**settings.pop("trees")),
        network=NetworkConfig(**settings.pop("network")),
        **settings,
    )
    return FittedInductive(
        name=read["name"],
        method=read["method"],
        settings=config,
        encoder=encoder_of(read["encoder"]),
        members=Members(
            parts=config.parts,
            kernel=KernelConfig(**read["kernel"]),
            trees=trees_of(folder, config) if read["trees"] else None,
            network=network_of(arrays, config) if read["network"] else None,
        ),
        standards=Standards(warm=weights_of(read["warm"]), cold=weights_of(read["cold"])),
        calibration=Calibration(
            warm=arrays["calibration.warm"],
            cold=arrays["calibration.cold"],
            groups=read["groups"],
            likeness=read["likeness"],
            usual=read["usual"],
        ),
        metrics=read["metrics"],
        about=read["about"],
    )


def encoder_of(read: dict[str, list[float]]) -> Encoder:
    categories = tuple(tuple(str(one) for one in names) for names in read["categories"])  # type: ignore[attr-defined]
    return Encoder(categories, tuple(read["center"]), tuple(read["scale"]))


def weights_of(read: dict[str, float | list[float]]) -> Weights:
    known = {key: tuple(value) if isinstance(value, list) else value for key, value in read.items()}
    return Weights(**known)  # type: ignore[arg-type]


def trees_of(folder: Path, config: Config) -> Trees:
    first, second = ((folder / name).read_bytes() for name in TREES)
    return Trees(boosters=(first, second), scores=config.scores)


def network_of(arrays: dict[str, np.ndarray], config: Config) -> Networks:
    prefix = "network."
    weights = {
        key.removeprefix(prefix): one for key, one in arrays.items() if key.startswith(prefix)
    }
    return Networks(weights=weights, fold=arrays["network_fold"], scores=config.scores)
