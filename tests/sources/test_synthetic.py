"""The generated history: repeatable, sound, and worth more than a model's mean."""

from __future__ import annotations

import numpy as np
import pytest

from graphdb.columns import Subgraph
from graphdb.errors import ZooError
from zoo.sources import generate_history, generate_subgraph
from zoo.sources.synthetic import NEIGHBOURS


def matrix(graph: Subgraph) -> np.ndarray:
    """Accuracies of full fine-tuning, standardised by target; shape [models, datasets]."""
    values = np.full((len(graph.models), len(graph.datasets)), np.nan)
    full = graph.fine_tunings.method == "full"
    table = graph.fine_tunings
    values[table.model[full], table.dataset[full]] = table.value[full]
    return (values - np.nanmean(values, 0)) / np.nanstd(values, 0)


def similarity(graph: Subgraph) -> np.ndarray:
    """Of each model's source to each target; shape [models, datasets]."""
    near = np.eye(len(graph.datasets))
    near[graph.similarities.a, graph.similarities.b] = graph.similarities.value
    near = np.maximum(near, near.T)
    return near[graph.pretrainings.dataset]


def test_seed_decides_everything() -> None:
    sizes = {"models": 12, "datasets": 5, "dimension": 3}
    one, same = (repr(generate_history(**sizes, seed=7)) for _ in range(2))
    assert one == same
    assert one != repr(generate_history(**sizes, seed=8))
    assert one != repr(generate_history(**sizes, seed=7, modality="text"))


def test_sizes() -> None:
    graph = generate_subgraph(models=50, datasets=30, records_per_model=4, seed=0, dimension=16)
    full = graph.fine_tunings.method == "full"
    pairs = set(zip(graph.fine_tunings.model, graph.fine_tunings.dataset, strict=True))
    assert (len(graph.models), len(graph.datasets), len(pairs)) == (50, 30, 200)
    assert np.bincount([model for model, _ in pairs]).tolist() == [4] * 50
    assert full.sum() >= 200, "repeats come on top"
    assert [vector.shape for vector in graph.embeddings.vector] == [(16,)] * 30
    assert graph.embeddings.vector[0].dtype == np.float32
    assert len(graph.transferabilities) == 200


@pytest.mark.parametrize("modality", ["image", "text"])
def test_columns_are_ordered_and_in_range(modality: str) -> None:
    graph = generate_subgraph(models=120, datasets=25, seed=3, modality=modality)
    assert graph.models.id.tolist() == sorted(set(graph.models.id))
    assert graph.datasets.id.tolist() == sorted(set(graph.datasets.id))
    records = list(zip(graph.fine_tunings.model, graph.fine_tunings.dataset, strict=True))
    assert records == sorted(records)
    assert ((graph.fine_tunings.value >= 0) & (graph.fine_tunings.value <= 1)).all()
    assert (graph.similarities.a < graph.similarities.b).all()
    pairs = list(zip(graph.similarities.a, graph.similarities.b, strict=True))
    assert pairs == sorted(set(pairs))
    assert ("lora" in graph.fine_tunings.method) == (modality == "text")
    assert (graph.datasets.classes >= 2).all()


def test_similarities_grow_linearly() -> None:
    graph = generate_subgraph(models=1, datasets=400, records_per_model=1, seed=0)
    assert len(graph.similarities) <= 400 * NEIGHBOURS


@pytest.mark.parametrize("seed", range(3))
def test_similarity_tells_what_the_model_mean_does_not(seed: int) -> None:
    """What remains after the mean over the other targets goes along with the source's nearness."""
    graph = generate_subgraph(models=150, datasets=14, seed=seed)
    values, near = matrix(graph), similarity(graph)
    means = (values.sum(1, keepdims=True) - values) / (values.shape[1] - 1)
    of_mean = [np.corrcoef(means[:, d], values[:, d])[0, 1] for d in range(14)]
    rest = values - means
    of_nearness = [np.corrcoef(near[:, d], rest[:, d])[0, 1] for d in range(14)]
    assert 0.4 < np.mean(of_mean) < 0.9
    assert np.mean(of_nearness) > 0.25


def test_score_knows_a_part_of_the_truth() -> None:
    graph = generate_subgraph(models=200, datasets=10, seed=0)
    scores = np.zeros((200, 10))
    scores[graph.transferabilities.model, graph.transferabilities.dataset] = (
        graph.transferabilities.score
    )
    values = matrix(graph)
    found = [np.corrcoef(scores[:, d], values[:, d])[0, 1] for d in range(10)]
    assert 0.25 < np.mean(found) < 0.8


def test_records_say_what_the_columns_say() -> None:
    arguments = {"models": 9, "datasets": 4, "seed": 5, "modality": "text"}
    graph, history = generate_subgraph(**arguments), generate_history(**arguments)
    assert [model.id for model in history.models] == graph.models.id.tolist()
    assert [record.value for record in history.fine_tunings] == graph.fine_tunings.value.tolist()
    assert [record.dataset for record in history.fine_tunings] == graph.datasets.id[
        graph.fine_tunings.dataset
    ].tolist()
    assert len({record.id for record in history.fine_tunings}) == len(history.fine_tunings)
    assert {model.modality for model in history.models} == {"text"}
    assert all(s.dataset_a < s.dataset_b for s in history.similarities)


@pytest.mark.parametrize(
    "sizes",
    [
        {"models": 0, "datasets": 5},
        {"models": 5, "datasets": 1},
        {"models": 5, "datasets": 5, "records_per_model": 0},
    ],
)
def test_too_small_a_zoo_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ZooError, match="needs at least 1 model, 2 datasets and 1 record a model"):
        generate_subgraph(**sizes, seed=0)
