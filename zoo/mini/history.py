"""The results of the mini zoo as a record bundle: what the package ships in ``history/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from graphdb.records import Dataset, Embedding, FineTuning, History, Model, Pretraining, Similarity
from zoo.hub.configs import DatasetConfig
from zoo.hub.datasets import describe_dataset
from zoo.hub.models import describe_model
from zoo.hub.references import ModelReference
from zoo.jobs.forward import embed_job
from zoo.jobs.machine import versions
from zoo.jobs.similarity import similarities
from zoo.jobs.specs import DatasetSource, EmbeddingSpec, ModelSource
from zoo.jobs.vectors import EmbeddingCache
from zoo.mini.configuration import MiniModel, Task
from zoo.mini.jobs import Result, Workshop
from zoo.sources import write_bundle

HISTORY = Path(__file__).parent / "history"
MADE = HISTORY.with_name("made.json")


def make_history(shop: Workshop, results: list[Result]) -> History:
    """Models, datasets, fine-tunings, embeddings and similarities of what was built."""
    models = [model for model in shop.mini.models if shop.model(model).is_dir()]
    tasks = [*shop.mini.tasks, *shop.mini.sources]
    accuracies = {
        r.spec.model.id: r.outcome.value for r in shop.results("pretraining") if r.outcome.value
    }
    datasets = [_dataset(shop, task) for task in tasks]
    links = list(_pretrainings(models, accuracies))
    named = {dataset.id for dataset in datasets}
    outside = sorted({link.dataset for link in links} - named)
    embeddings = list(_embeddings(shop, datasets))
    return History(
        models=[_model(shop, model) for model in models],
        datasets=datasets + [Dataset(id=name) for name in outside],
        fine_tunings=[
            _fine_tuning(result) for result in results if result.outcome.value is not None
        ],
        pretrainings=links,
        similarities=list(_similarities(embeddings)),
        embeddings=embeddings,
    )


def write_made(history: History, results: list[Result], *, command: str) -> None:
    """Write the bundle, and beside it what made it: versions, command, failures, the report."""
    write_bundle(history, HISTORY, overwrite=True)
    failures = [
        {"model": r.spec.model.id, "dataset": r.spec.dataset.id, "reason": r.outcome.reason}
        for r in results
        if r.outcome.status == "failed"
    ]
    made: dict[str, object] = {"command": command, "versions": versions(), "failures": failures}
    made["transfer"] = transfer_report(history)
    MADE.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def _model(shop: Workshop, model: MiniModel) -> Model:
    found = describe_model(ModelReference(str(shop.model(model)), name=model.id)).model
    version = f"{model.client}:{model.package}=={model.version}"
    source = version if model.kind == "package" else "trained by the mini zoo itself"
    return replace(
        found, license=model.license or found.license, source=source, modality=model.modality
    )


def _dataset(shop: Workshop, task: Task) -> Dataset:
    origin = shop.mini.origins[task.origin]
    where = f"{origin.client}:{origin.package}" if origin.package else origin.client
    source = f"derived from {task.derived}" if task.derived else where
    config = DatasetConfig(name=task.id, source=source)
    return describe_dataset(str(shop.task(task)), config=config).dataset


def _pretrainings(models: list[MiniModel], accuracies: dict[str, float]) -> Iterator[Pretraining]:
    for model in models:
        dataset = model.source or model.pretrained_on
        if dataset:
            yield Pretraining(model.id, dataset, accuracies.get(model.id))


def _fine_tuning(result: Result) -> FineTuning:
    return result.outcome.fine_tuning(result.spec)


def _embeddings(shop: Workshop, datasets: list[Dataset]) -> Iterator[Embedding]:
    """By the probe of each modality, from up to 2,048 training rows."""
    cache = EmbeddingCache(shop.folder / "embeddings")
    for dataset in datasets:
        probe = shop.mini.probe["image" if dataset.modality == "image" else "text"]
        job = EmbeddingSpec(
            id=f"embedding-{dataset.fingerprint}",
            dataset=DatasetSource(
                id=dataset.id, reference=str(shop.task(shop.mini.task(dataset.id)))
            ),
            fingerprint=str(dataset.fingerprint),
            modality=str(dataset.modality),
            probe=ModelSource(id=probe, address=str(shop.model(shop.mini.model(probe)))),
            cache=cache.folder,
            threads=1,
        )
        if cache.get(job.fingerprint, probe) is None:
            outcome = embed_job(job)
            if outcome.status == "failed":
                raise RuntimeError(f"{dataset.id}: {outcome.reason}")
        found = cache.get(job.fingerprint, probe)
        if found is not None:
            yield from found.embeddings(dataset.id, probe)


def _similarities(embeddings: list[Embedding]) -> Iterator[Similarity]:
    for number, embedding in enumerate(embeddings):
        yield from similarities(embedding, embeddings[:number])


def transfer_report(history: History) -> list[dict[str, object]]:
    """Best, mean and worst full fine-tuning a dataset: whether the choice of a model matters."""
    rows = []
    for dataset in history.datasets:
        values: dict[str, list[float]] = {}
        for record in history.fine_tunings:
            if record.dataset == dataset.id and record.method == "full":
                values.setdefault(record.model, []).append(record.value)
        means = {model: float(np.mean(found)) for model, found in values.items()}
        if means:
            best = max(means, key=lambda model: means[model])
            row = {"dataset": dataset.id, "models": len(means), "best": means[best], "model": best}
            spread = {"mean": float(np.mean(list(means.values()))), "worst": min(means.values())}
            rows.append({**row, **spread, "source": dataset.source})
    return rows
