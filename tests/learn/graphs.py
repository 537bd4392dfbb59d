"""Graphs for the learner's tests: made from a seed, or read from the real files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from graphdb.columns import (
    Datasets,
    Embeddings,
    FineTunings,
    Floats,
    Models,
    Pretrainings,
    Similarities,
    Subgraph,
    Texts,
    Transferabilities,
    take,
)
from graphdb.records import History

HISTORY = Path(os.environ.get("HISTORY", Path(__file__).parents[3] / "shared/data/transfergraph"))
FAMILIES = ("vit", "swin", "convnext", "beit")


@dataclass(frozen=True)
class Shape:
    """What a made-up graph has and lacks."""

    models: int = 24
    datasets: int = 7
    share: float = 1.0
    metadata: bool = True
    similarities: bool = True
    embeddings: bool = False
    scores: bool = True
    origins: bool = True
    metric: str = "accuracy"
    constant: bool = False
    repeats: bool = False


def generate(shape: Shape | None = None, *, seed: int = 0) -> Subgraph:
    """A graph in which larger models of a good family do better, more so on hard datasets."""
    shape = shape or Shape()
    random = np.random.default_rng(seed)
    family = random.integers(0, len(FAMILIES), shape.models)
    size = 10 ** random.uniform(6.5, 8.8, shape.models)
    place = random.normal(size=(shape.datasets, 2))
    quality = 0.4 * (np.log10(size) - 7.5) + np.array([0.3, 0.6, 0.2, -0.4])[family]
    quality = quality + 0.15 * random.normal(size=shape.models)
    taste = random.normal(size=(len(FAMILIES), 2))[family]
    logit = 1.0 + place[:, 0] + quality[:, None] * (1 + 0.3 * place[:, 1]) + 0.3 * taste @ place.T
    logit = logit + 0.1 * random.normal(size=logit.shape)
    share = 1 / (1 + np.exp(-logit))
    table = 0.5 if shape.constant else share
    value = {"mse": 3 * (1 - share), "mcc": 2 * share - 1}.get(shape.metric, share)
    value = np.broadcast_to(table, share.shape) if shape.constant else value
    model, dataset = np.nonzero(random.random(share.shape) < shape.share)
    if shape.repeats:
        model, dataset = np.repeat(model, 2), np.repeat(dataset, 2)
    records = FineTunings(
        model=model.astype(np.int64),
        dataset=dataset.astype(np.int64),
        value=value[model, dataset]
        + (0.0 if shape.constant else 0.001 * random.random(len(model))),
        metric=texts([shape.metric] * len(model)),
        method=texts(["full"] * len(model)),
    )
    return Subgraph(
        modality="image",
        models=made_models(shape, family, size),
        datasets=made_datasets(shape, place),
        fine_tunings=records,
        pretrainings=made_origins(shape, random),
        similarities=made_similarities(shape, place),
        transferabilities=made_scores(shape, share, random),
        embeddings=made_embeddings(shape, place),
    )


def made_models(shape: Shape, family: np.ndarray, size: Floats) -> Models:
    count = shape.models
    unknown, none = np.full(count, np.nan), texts([None] * count)
    names = texts([FAMILIES[one] for one in family]) if shape.metadata else none
    return Models(
        id=texts([f"m{row:05d}" for row in range(count)]),
        family=names,
        architecture=names,
        task=none,
        license=none,
        source=none,
        parameters=size if shape.metadata else unknown,
        memory_bytes=size * 4 if shape.metadata else unknown,
        input_size=np.full(count, 224.0) if shape.metadata else unknown,
        pretrained_accuracy=unknown,
    )


def made_datasets(shape: Shape, place: Floats) -> Datasets:
    count = shape.datasets
    none = texts([None] * count)
    unknown = np.full(count, np.nan)
    return Datasets(
        id=texts([f"d{row:04d}" for row in range(count)]),
        task=none,
        source=none,
        classes=np.round(10 ** (1 - 0.3 * place[:, 0])) + 2 if shape.metadata else unknown,
        samples=np.round(10 ** (4 + 0.3 * place[:, 1])) if shape.metadata else unknown,
        quarantined=none,
        metric=none,
    )


def made_origins(shape: Shape, random: np.random.Generator) -> Pretrainings:
    count = shape.models if shape.origins and shape.datasets else 0
    return Pretrainings(
        model=np.arange(count),
        dataset=random.integers(0, max(shape.datasets, 1), count),
        accuracy=np.where(random.random(count) < 0.5, random.random(count), np.nan),
    )


def made_similarities(shape: Shape, place: Floats) -> Similarities:
    a, b = np.triu_indices(shape.datasets if shape.similarities else 0, 1)
    distance = np.linalg.norm(place[a] - place[b], axis=1) if len(a) else np.zeros(0)
    return Similarities(
        a=a.astype(np.int64),
        b=b.astype(np.int64),
        value=1 / (1 + distance),
        measure=texts(["domain"] * len(a)),
        probe=texts(["probe"] * len(a)),
    )


def made_scores(shape: Shape, share: Floats, random: np.random.Generator) -> Transferabilities:
    model, dataset = np.nonzero(random.random(share.shape) < (0.8 if shape.scores else 0.0))
    return Transferabilities(
        model=model.astype(np.int64),
        dataset=dataset.astype(np.int64),
        method=texts(["logme"] * len(model)),
        score=share[model, dataset] + 0.1 * random.normal(size=len(model)),
    )


def made_embeddings(shape: Shape, place: Floats) -> Embeddings:
    count = shape.datasets if shape.embeddings else 0
    vectors = np.empty(count, dtype=object)
    for row in range(count):
        vectors[row] = place[row].astype(np.float32)
    return Embeddings(
        dataset=np.arange(count),
        probe=texts(["probe"] * count),
        method=texts(["domain"] * count),
        vector=vectors,
    )


def texts(values: list[str | None]) -> Texts:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def without(graph: Subgraph, keep: np.ndarray) -> Subgraph:
    """The graph with only some fine-tunings."""
    return replace(graph, fine_tunings=take(graph.fine_tunings, keep))


def with_values(graph: Subgraph, value: Floats) -> Subgraph:
    """The same records with other values."""
    return replace(graph, fine_tunings=replace(graph.fine_tunings, value=value))


@cache
def real(modality: str) -> Subgraph:
    """TransferGraph's graph of a modality, or a skip that says why."""
    from zoo.sources.history import read_history

    if not HISTORY.is_dir():
        pytest.skip(f"no TransferGraph files at {HISTORY}: set HISTORY")
    return columns(read_history(HISTORY).history, modality)


def columns(history: History, modality: str) -> Subgraph:
    """A history's records of one modality in columns, as the store would export them."""
    used = {one.model for one in history.fine_tunings} | {one.id for one in history.models}
    models = sorted(
        (m for m in history.models if m.modality == modality and m.id in used), key=lambda m: m.id
    )
    datasets = sorted(
        (d for d in history.datasets if d.modality in (modality, None)), key=lambda d: d.id
    )
    at_model = {one.id: row for row, one in enumerate(models)}
    at_dataset = {one.id: row for row, one in enumerate(datasets)}
    runs = [f for f in history.fine_tunings if f.model in at_model and f.dataset in at_dataset]
    runs.sort(key=lambda f: (f.model, f.dataset))
    origins = [p for p in history.pretrainings if p.model in at_model and p.dataset in at_dataset]
    scores = [
        t for t in history.transferabilities if t.model in at_model and t.dataset in at_dataset
    ]
    similar = [
        s for s in history.similarities if s.dataset_a in at_dataset and s.dataset_b in at_dataset
    ]

    def numbers(values: list[float | int | None]) -> Floats:
        return np.array([np.nan if one is None else float(one) for one in values])

    def rows(names: list[str], index: dict[str, int]) -> np.ndarray:
        return np.array([index[name] for name in names], dtype=np.int64)

    return Subgraph(
        modality=modality,
        models=Models(
            *(
                texts([getattr(m, name) for m in models])
                for name in ("id", "family", "architecture", "task", "license", "source")
            ),
            *(
                numbers([getattr(m, name) for m in models])
                for name in ("parameters", "memory_bytes", "input_size", "pretrained_accuracy")
            ),
        ),
        datasets=Datasets(
            id=texts([d.id for d in datasets]),
            task=texts([d.task for d in datasets]),
            source=texts([d.source for d in datasets]),
            classes=numbers([d.classes for d in datasets]),
            samples=numbers([d.samples for d in datasets]),
            quarantined=texts([d.quarantined for d in datasets]),
            metric=texts([None] * len(datasets)),
        ),
        fine_tunings=FineTunings(
            rows([f.model for f in runs], at_model),
            rows([f.dataset for f in runs], at_dataset),
            numbers([f.value for f in runs]),
            texts([f.metric for f in runs]),
            texts([f.method for f in runs]),
        ),
        pretrainings=Pretrainings(
            rows([p.model for p in origins], at_model),
            rows([p.dataset for p in origins], at_dataset),
            numbers([p.accuracy for p in origins]),
        ),
        similarities=Similarities(
            rows([s.dataset_a for s in similar], at_dataset),
            rows([s.dataset_b for s in similar], at_dataset),
            numbers([s.value for s in similar]),
            texts([s.measure for s in similar]),
            texts([s.probe for s in similar]),
        ),
        transferabilities=Transferabilities(
            rows([t.model for t in scores], at_model),
            rows([t.dataset for t in scores], at_dataset),
            texts([t.method for t in scores]),
            numbers([t.score for t in scores]),
        ),
        embeddings=Embeddings(np.zeros(0, dtype=np.int64), texts([]), texts([]), texts([])),
    )
