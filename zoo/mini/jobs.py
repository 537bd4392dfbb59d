"""The mini zoo's jobs: pre-train our own networks, then fine-tune every pair.

Results are kept, one JSON line a job, the moment it ends: killed and started again, only what is
missing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from graphdb.errors import ZooError
from graphdb.records import fine_tuning_id
from zoo.hub.failures import Failure, first_line
from zoo.jobs.local import LocalLauncher
from zoo.jobs.specs import DatasetSource, FineTuningSpec, ModelSource, Outcome, Settings
from zoo.mini.configuration import Mini, MiniModel, Task
from zoo.mini.fetching import fetch
from zoo.mini.networks import published, untrained
from zoo.mini.tasks import build_task

SOURCE = "mini"
#: How our own networks are pre-trained.
_PRETRAINING: dict[str, dict[str, float | int]] = {
    "image": {"epochs": 4, "learning_rate": 2e-3, "batch_size": 64, "image_size": 32},
    "text": {"epochs": 4, "learning_rate": 1e-3, "batch_size": 64, "max_length": 48},
}


class Result(BaseModel):
    """A finished job of the mini zoo."""

    spec: FineTuningSpec
    outcome: Outcome


Tell = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """The folder in which the mini zoo is built."""

    mini: Mini
    folder: Path

    @property
    def packages(self) -> Path:
        return self.folder / "packages"

    def task(self, task: Task) -> Path:
        return build_task(self.mini, task, folder=self.folder / "tasks", packages=self.packages)

    def model(self, model: MiniModel) -> Path:
        return self.folder / "models" / model.folder

    def results(self, name: str) -> list[Result]:
        path = self.folder / f"{name}.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        return [Result.model_validate_json(line) for line in lines]


def build_models(
    shop: Workshop, models: list[MiniModel], *, parallel: int = 1, tell: Tell = lambda _: None
) -> list[Failure]:
    """Make the folders of ``models``: unpack the published, pre-train our own as jobs.

    A model whose package cannot be had, or whose pre-training fails, is a Failure.
    """
    failures, specs = [], []
    for model in models:
        if shop.model(model).is_dir():
            continue
        try:
            spec = _prepare(shop, model)
        except ZooError as error:
            failures.append(Failure(model.id, first_line(error)))
            continue
        specs += [spec] if spec else []
    done = _run(shop, "pretraining", specs, parallel, tell)
    failed = [result for result in done if result.outcome.status == "failed"]
    return failures + [Failure(r.spec.model.id, r.outcome.reason or "") for r in failed]


def _prepare(shop: Workshop, model: MiniModel) -> FineTuningSpec | None:
    target = shop.model(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    if model.kind == "package":
        published(str(model.recipe), fetch(model, shop.packages), target)
        return None
    task = shop.mini.task(str(model.source))
    start = shop.folder / "untrained" / model.folder
    untrained(str(model.family), start, texts=_words(shop, model), seed=0)
    return FineTuningSpec(
        id=f"pretrain-{model.folder}",
        model=ModelSource(id=model.id, address=str(start)),
        dataset=DatasetSource(id=task.id, reference=str(shop.task(task))),
        settings=Settings.model_validate(_PRETRAINING[model.modality]),
        folder=shop.folder / "checkpoints" / f"pretrain-{model.folder}",
        keep=target,
        threads=1,
    )


def _words(shop: Workshop, model: MiniModel) -> list[str]:
    """Every source text: our text models share one vocabulary."""
    import pyarrow.parquet as parquet

    if model.modality == "image":
        return []
    sources = [task for task in shop.mini.sources if task.modality == "text"]
    tables = [parquet.read_table(shop.task(task), columns=["text"]) for task in sources]
    return [str(text) for table in tables for text in table["text"].to_pylist()]


def plan(shop: Workshop) -> list[FineTuningSpec]:
    """Full for every pair of a modality; linear, and a second seed, for a share of them."""
    pairs = [
        (model, task)
        for task in shop.mini.tasks
        for model in shop.mini.models
        if model.modality == task.modality and shop.model(model).is_dir()
    ]
    rng = np.random.default_rng(0)
    chosen = [_some(pairs, shop.mini.linear_share, rng)]
    chosen += [_some(pairs, shop.mini.second_seed_share, rng)]
    return [
        *(job(shop, *pair) for pair in pairs),
        *(job(shop, *pair, method="linear") for pair in chosen[0]),
        *(job(shop, *pair, seed=1) for pair in chosen[1]),
    ]


Pair = tuple[MiniModel, Task]


def _some(pairs: list[Pair], share: float, rng: np.random.Generator) -> list[Pair]:
    rows = rng.choice(len(pairs), size=round(share * len(pairs)), replace=False)
    return [pairs[row] for row in sorted(rows)]


def job(
    shop: Workshop, model: MiniModel, task: Task, *, method: str = "full", seed: int = 0
) -> FineTuningSpec:
    """One fine-tuning of the mini zoo; a linear head learns ten times faster."""
    given = shop.mini.settings[model.modality] | model.settings
    settings = Settings.model_validate({**given, "method": method, "seed": seed})
    if method == "linear":
        settings = settings.model_copy(update={"learning_rate": 10 * settings.rate})
    identity = fine_tuning_id(
        SOURCE, model.id, task.id, method, epochs=settings.epochs, seed=seed,
        learning_rate=settings.rate, batch_size=settings.batch_size,
    )  # fmt: skip
    return FineTuningSpec(
        id=identity,
        model=ModelSource(id=model.id, address=str(shop.model(model))),
        dataset=DatasetSource(id=task.id, reference=str(shop.task(task))),
        settings=settings,
        folder=shop.folder / "checkpoints" / identity,
        threads=1,
    )


def fine_tune_all(
    shop: Workshop,
    specs: list[FineTuningSpec],
    *,
    parallel: int = 1,
    tell: Tell = lambda _: None,
) -> list[Result]:
    """Do the jobs that have no result yet; everything known at the end."""
    known = {result.spec.id for result in shop.results("fine_tunings")}
    missing = [spec for spec in specs if spec.id not in known]
    _run(shop, "fine_tunings", missing, parallel, tell)
    wanted = {spec.id for spec in specs}
    return [result for result in shop.results("fine_tunings") if result.spec.id in wanted]


def _run(
    shop: Workshop, name: str, specs: list[FineTuningSpec], parallel: int, tell: Tell
) -> list[Result]:
    return list(_finished(shop, name, specs, parallel, tell)) if specs else []


def _finished(
    shop: Workshop, name: str, specs: list[FineTuningSpec], parallel: int, tell: Tell
) -> Iterator[Result]:
    with LocalLauncher(parallel=parallel) as launcher:
        for finished in launcher.run(specs):
            result = Result(spec=finished.spec, outcome=finished.outcome)
            with (shop.folder / f"{name}.jsonl").open("a", encoding="utf-8") as opened:
                opened.write(result.model_dump_json() + "\n")
            tell(result)
            yield result
