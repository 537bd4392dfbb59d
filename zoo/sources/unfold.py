"""Columns as records: the way back from a ``Subgraph`` to a ``History``."""

from __future__ import annotations

import math
from collections import Counter

from graphdb.columns import Floats, Indices, Subgraph
from graphdb.records import (
    Dataset,
    Embedding,
    FineTuning,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
    fine_tuning_id,
)


def history_of(graph: Subgraph, *, source: str) -> History:
    """The records that the columns stand for; ``source`` enters the ids of the fine-tunings."""
    models, datasets = graph.models.id.tolist(), graph.datasets.id.tolist()
    pretrainings, similar = graph.pretrainings, graph.similarities
    scores, embedded = graph.transferabilities, graph.embeddings
    return History(
        models=_models(graph),
        datasets=_datasets(graph),
        fine_tunings=_fine_tunings(graph, models, datasets, source),
        pretrainings=list(
            map(
                Pretraining,
                _at(models, pretrainings.model),
                _at(datasets, pretrainings.dataset),
                _known(pretrainings.accuracy),
            )
        ),
        similarities=list(
            map(
                Similarity,
                _at(datasets, similar.a),
                _at(datasets, similar.b),
                similar.value.tolist(),
                similar.measure.tolist(),
                similar.probe.tolist(),
            )
        ),
        transferabilities=list(
            map(
                Transferability,
                _at(models, scores.model),
                _at(datasets, scores.dataset),
                scores.method.tolist(),
                scores.score.tolist(),
            )
        ),
        embeddings=[
            Embedding(dataset, probe, vector, method)
            for dataset, probe, vector, method in zip(
                _at(datasets, embedded.dataset),
                embedded.probe,
                embedded.vector,
                embedded.method,
                strict=True,
            )
        ],
    )


def _models(graph: Subgraph) -> list[Model]:
    table = graph.models
    return [
        Model(
            id=table.id[row],
            family=table.family[row],
            architecture=table.architecture[row],
            modality=graph.modality,
            task=table.task[row],
            parameters=_whole(table.parameters[row]),
            memory_bytes=_whole(table.memory_bytes[row]),
            input_size=_whole(table.input_size[row]),
            license=table.license[row],
            source=table.source[row],
            pretrained_accuracy=accuracy,
        )
        for row, accuracy in enumerate(_known(table.pretrained_accuracy))
    ]


def _datasets(graph: Subgraph) -> list[Dataset]:
    table = graph.datasets
    return [
        Dataset(
            id=table.id[row],
            modality=graph.modality,
            task=table.task[row],
            classes=_whole(table.classes[row]),
            samples=_whole(table.samples[row]),
            source=table.source[row],
            quarantined=table.quarantined[row],
        )
        for row in range(len(table))
    ]


def _fine_tunings(
    graph: Subgraph, models: list[str], datasets: list[str], source: str
) -> list[FineTuning]:
    """Repeats of a pair get the seeds 0, 1, ..."""
    table = graph.fine_tunings
    seeds: Counter[tuple[str, str, str]] = Counter()
    records = []
    for model, dataset, value, metric, method in zip(
        _at(models, table.model),
        _at(datasets, table.dataset),
        table.value.tolist(),
        table.metric,
        table.method,
        strict=True,
    ):
        key = (model, dataset, method)
        name = fine_tuning_id(source, *key, seed=seeds[key])
        records.append(FineTuning(name, model, dataset, value, metric, method, seed=seeds[key]))
        seeds[key] += 1
    return records


def _at(ids: list[str], rows: Indices) -> list[str]:
    return [ids[row] for row in rows.tolist()]


def _known(numbers: Floats) -> list[float | None]:
    return [None if math.isnan(number) else number for number in numbers.tolist()]


def _whole(number: float) -> int | None:
    return None if math.isnan(number) else int(number)
