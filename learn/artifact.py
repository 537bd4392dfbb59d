"""A learner in a folder: ``learner.json``, ``arrays.safetensors`` and XGBoost's own JSON.

Nothing in it executes: JSON becomes dataclasses field by field, arrays are numbers, and
both are checked when they are read.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from graphdb.columns import Floats
from graphdb.errors import ZooError
from learn.boosters import read_booster
from learn.combination import Weights
from learn.features import OTHER_FEATURES
from learn.kernel import KernelConfig
from learn.members import Members
from learn.network import Networks, shapes
from learn.ranking import FittedInductive
from learn.settings import Config
from learn.standards import STAGES, Calibration, Standards
from learn.trees import Trees
from learn.view import CATEGORIES, NUMBERS, Encoder

Arrays = dict[str, NDArray[Any]]
#: Raised when a folder of an older version can no longer be read, or would answer otherwise than it
#: was calibrated for.
FORMAT = 5
TREES = ("trees_z.json", "trees_normal.json")


class Document(BaseModel):
    """``learner.json`` without its format."""

    name: str
    method: str
    settings: Config
    encoder: Encoder
    kernel: KernelConfig
    trees: bool
    network: bool
    warm: Weights
    cold: Weights
    groups: int
    likeness: float
    usual: float
    metrics: dict[str, float]
    about: dict[str, object]


def save(fitted: FittedInductive, folder: Path) -> None:
    """Write a learner; the folder is made where there is none."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    members = fitted.members
    for name, one in zip(TREES, members.trees.boosters if members.trees else (), strict=False):
        (folder / name).write_bytes(one.raw)
    arrays: dict[str, NDArray[np.generic]] = {
        "calibration.warm": fitted.calibration.warm,
        "calibration.cold": fitted.calibration.cold,
        "calibration.bounds": fitted.calibration.bounds,
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


def load(folder: Path, *, origin: str | None = None) -> FittedInductive:
    """Read a learner. ``origin`` is what errors call it; without it the folder is named.

    Raises: ZooError where the folder holds none, or one that this version cannot read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    place = origin or str(folder)
    try:
        read = json.loads((folder / "learner.json").read_text(encoding="utf-8"))
        found = read.get("format") if isinstance(read, dict) else None
        if found != FORMAT:
            raise ZooError(
                f"The learner in {place} has format {found!r:.20}, not {FORMAT}. "
                "Train a new one with: zoo train"
            )
        document = Document.model_validate(read)
        arrays = load_file(folder / "arrays.safetensors")
        return _fitted(document, arrays, folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ZooError(f"No learner in {place} ({reason}). Train one with: zoo train") from error
    except (ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise ZooError(
            f"The learner in {place} is damaged ({_reason(error)}). Train a new one with: zoo train"
        ) from error


def _fitted(document: Document, arrays: Arrays, folder: Path) -> FittedInductive:
    config = document.settings
    _check_encoder(document)
    return FittedInductive(
        name=document.name,
        method=document.method,
        settings=config,
        encoder=document.encoder,
        members=Members(
            parts=config.parts,
            kernel=document.kernel,
            trees=_trees(folder, document) if document.trees else None,
            network=_network(arrays, document) if document.network else None,
        ),
        standards=Standards(warm=document.warm, cold=document.cold),
        calibration=_calibration(arrays, document),
        metrics=document.metrics,
        about=document.about,
    )


def _check_encoder(document: Document) -> None:
    """One weight a part, one center and scale a number: what arithmetic would stumble over."""
    for weights in (document.warm, document.cold):
        if not len(weights.z) == len(weights.normal) == len(document.settings.parts):
            raise ValueError("it has not one weight a part")
    encoder = document.encoder
    sizes = (len(encoder.categories), len(encoder.center), len(encoder.scale))
    if sizes != (len(CATEGORIES), len(NUMBERS), len(NUMBERS)):
        raise ValueError("its encoder has other columns than models have")


def _trees(folder: Path, document: Document) -> Trees:
    width = document.encoder.width + OTHER_FEATURES
    found = []
    for name in TREES:
        raw = (folder / name).read_bytes()
        try:
            found.append(read_booster(raw, width=width))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{name} is no model of XGBoost's: {_reason(error)}") from error
    return Trees(boosters=(found[0], found[1]), scores=document.settings.scores)


def _network(arrays: Arrays, document: Document) -> Networks:
    config, prefix = document.settings.network, "network."
    weights = {
        key.removeprefix(prefix): one for key, one in arrays.items() if key.startswith(prefix)
    }
    wanted = shapes(config.networks, config.hidden, models=document.encoder.width + 1)
    for key, shape in wanted.items():
        if weights[key].shape != shape or weights[key].dtype != np.float32:
            raise ValueError(f"{prefix}{key} is no float32 of {shape}")
    fold = arrays["network_fold"]
    if fold.shape != (config.networks,) or fold.dtype != np.int64:
        raise ValueError("network_fold is not one number a network")
    return Networks(weights=weights, fold=fold, scores=document.settings.scores)


def _calibration(arrays: Arrays, document: Document) -> Calibration:
    warm, cold = (_residuals(arrays[f"calibration.{kind}"]) for kind in ("warm", "cold"))
    bounds = arrays["calibration.bounds"]
    if bounds.shape != (2, len(STAGES)) or bounds.dtype != np.float64 or (bounds < 0).any():
        raise ValueError("the calibration has not two bounds a stage")
    return Calibration(
        warm, cold, bounds, document.groups, likeness=document.likeness, usual=document.usual
    )


def _residuals(array: NDArray[np.generic]) -> Floats:
    if array.ndim != 2 or len(array) != len(STAGES) or array.dtype != np.float64:
        raise ValueError(f"the calibration has not {len(STAGES)} stages")
    return array.astype(np.float64)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return " ".join(str(error).split())[:200]
