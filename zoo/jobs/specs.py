"""What a job is told and what it answers: JSON between processes, checked at the border."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from graphdb.records import FineTuning, digest
from zoo.hub.configs import DatasetConfig
from zoo.jobs.adaptive import MOST_SAMPLES

Method = Literal["full", "lora", "linear"]
#: Which side failed, for the one who plans again.
Cause = Literal["model", "dataset", "memory", "training", "process"]
#: Where no learning rate is given: what the methods usually need with AdamW.
LEARNING_RATES: dict[str, float] = {"full": 5e-5, "lora": 4e-4, "linear": 1e-3}


class Settings(BaseModel):
    """How a model is fine-tuned; a recipe is a full set of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = "full"
    epochs: float = Field(default=3.0, gt=0)
    learning_rate: float | None = Field(default=None, gt=0)
    batch_size: int = Field(default=16, ge=1)
    seed: int = 0
    #: Epochs without a better validation metric after which training stops; None: never.
    patience: int | None = Field(default=None, ge=1)
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    optimizer: Literal["adamw", "sgd"] = "adamw"
    scheduler: Literal["linear", "cosine", "constant", "cyclic"] = "linear"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    augment: bool = False
    #: Tokens a text is cut to, or the pixels a side an image is resized to.
    max_length: int = Field(default=128, ge=2)
    image_size: int | None = Field(default=None, ge=8)
    lora_rank: int = Field(default=8, ge=1)
    lora_alpha: int = Field(default=16, ge=1)
    lora_dropout: float = Field(default=0.1, ge=0, lt=1)

    @property
    def rate(self) -> float:
        return self.learning_rate or LEARNING_RATES[self.method]


class ModelSource(BaseModel):
    """Which model, where it lies, and what the user has allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    address: str
    revision: str | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False


class DatasetSource(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    reference: str
    config: DatasetConfig | None = None
    max_samples: int | None = None
    #: Of the content that the graph knows by this id, and its rows; None: whatever lies there.
    fingerprint: str | None = None
    samples: int | None = None


#: Fields of which no result depends.
_PLACE = {"folder", "threads", "checkpoint_seconds", "hold"}


class FineTuningSpec(BaseModel):
    """One fine-tuning job. ``folder`` keeps what it needs until it ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["fine-tuning"] = "fine-tuning"
    id: str
    model: ModelSource
    dataset: DatasetSource
    settings: Settings = Settings()
    folder: Path
    #: Seconds between two checkpoints; early stopping saves every epoch anyway.
    checkpoint_seconds: float = 120.0
    threads: int | None = None
    #: Leave the outcome in ``folder`` until whoever asked has written it.
    hold: bool = False
    #: Where the trained model is kept, as transformers saves it; None keeps only its result.
    keep: Path | None = None
    #: Passed to transformers' own callbacks: "tensorboard", "wandb", "mlflow", ...
    trackers: tuple[str, ...] = ()
    push_to_hub: str | None = None

    @property
    def work(self) -> dict[str, object]:
        """What its result depends on: all but where and how comfortably it is done."""
        return self.model_dump(mode="json", exclude=_PLACE)

    @property
    def checkpoints(self) -> Path:
        """In ``folder``, of exactly this work: other rows, or images of another size, given the
        same id would go on from them as well."""
        return self.folder / digest(json.dumps(self.work, sort_keys=True))[:8]


class EmbeddingSpec(BaseModel):
    """See a dataset through a probe model; the vectors go into the cache in ``cache``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["embedding"] = "embedding"
    id: str
    dataset: DatasetSource
    fingerprint: str
    modality: str
    probe: ModelSource
    cache: Path
    #: A file of NumPy: mean representations [E, D] of the datasets already known by this probe.
    others: Path | None = None
    #: A file for the number of rows seen so far, for whoever waits.
    counter: Path | None = None
    #: Samples at most; None reads all of them.
    most: int | None = MOST_SAMPLES
    #: Share of a distance that may be left open; None: until the neighbours are certain.
    within: float | None = None
    settings: Settings = Settings()
    threads: int | None = None


class ScoreSpec(BaseModel):
    """Estimate how well a model would transfer, from its features of a dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["score"] = "score"
    id: str
    model: ModelSource
    dataset: DatasetSource
    methods: tuple[str, ...]
    most: int = 2_048
    settings: Settings = Settings()
    threads: int | None = None


Spec = FineTuningSpec | EmbeddingSpec | ScoreSpec


class AnySpec(RootModel[Annotated[Spec, Field(discriminator="kind")]]):
    """Any of the specifications, told apart by ``kind``."""


class Outcome(BaseModel):
    """What a job answers, done or failed; failures are data too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["done", "failed"]
    seconds: float
    reason: str | None = None
    cause: Cause | None = None
    metric: str | None = None
    value: float | None = None
    metrics: dict[str, float] = {}
    epochs: float | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    peak_memory_bytes: int | None = None
    device: str | None = None
    versions: dict[str, str] = {}

    def fine_tuning(self, spec: FineTuningSpec) -> FineTuning:
        """The record of a job that is done."""
        if self.value is None or self.metric is None:
            raise ValueError("only a job that is done has a record")
        return FineTuning(
            id=spec.id,
            model=spec.model.id,
            dataset=spec.dataset.id,
            value=self.value,
            metric=self.metric,
            method=spec.settings.method,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            seed=spec.settings.seed,
            seconds=self.seconds,
            device=self.device,
            peak_memory_bytes=self.peak_memory_bytes,
        )
