"""Seconds and memory of the learner, by step, on zoos made from a seed.

    python bench/learner.py [--models 1000 10000 100000] [--datasets 1000] [--records 30]

Prints a table in Markdown. Each size runs in a process of its own, so that memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from graphdb.columns import (
    Datasets,
    Embeddings,
    FineTunings,
    Models,
    Pretrainings,
    Similarities,
    Subgraph,
    Texts,
    Transferabilities,
)
from learn.gaussian_process import Prior, predict
from learn.kernel import dataset_kernel
from learn.registry import make_learner
from learn.view import make_view

FAMILIES = np.array(["vit", "swin", "convnext", "beit", "bert"], dtype=object)
#: Most similar datasets that a zoo of a thousand stores a similarity with.
NEIGHBOURS = 20
Seconds = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--datasets", type=int, default=1_000)
    parser.add_argument("--records", type=int, default=30, help="a model")
    parser.add_argument("--one", action="store_true", help="measure one size in this process")
    arguments = parser.parse_args()
    if arguments.one:
        print(row(arguments.models[0], arguments.datasets, arguments.records), flush=True)
        return
    print(
        "| models | datasets | records | train | graph | process | trees | network | rank all | "
        "rank all again | us a model | peak MiB |"
    )
    print("|" + " --- |" * 12, flush=True)
    for models in arguments.models:
        size = [f"--datasets={arguments.datasets}", f"--records={arguments.records}"]
        subprocess.run(
            [sys.executable, __file__, "--one", "--models", str(models), *size], check=True
        )


def row(models: int, datasets: int, records: int) -> str:
    """One line of the table: seconds by step."""
    graph = generate(models, datasets, records, seed=0)
    spent: Seconds = {}
    with clock(spent, "train"):
        fitted = make_learner("inductive").fit(graph, seed=0)
    target = datasets - 1
    everyone = np.arange(models)
    with clock(spent, "graph"):
        view = make_view(graph, encoder=fitted.encoder, method="full")
        near = dataset_kernel(view, fitted.members.kernel)
    prior = Prior(0.7, 0.1, 0.1)
    seen = np.ones(len(view.pairs), dtype=bool)
    with clock(spent, "process"):
        predict(view, near, target, models=everyone, prior=prior, config=fitted.members.kernel)
    with clock(spent, "trees"):
        fitted.members.trees.predict(view, near, target, models=everyone, seen=seen)
    with clock(spent, "network"):
        fitted.members.network.predict(view, near, target, models=everyone, seen=seen)
    with clock(spent, "rank"):
        fitted.rank(graph, target)
    with clock(spent, "again"):
        fitted.rank(graph, target)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cells = [f"{spent[step]:.2f}" for step in spent]
    each = f"{spent['again'] / models * 1e6:.0f}"
    numbers = [f"{models:,}", f"{datasets:,}", f"{len(graph.fine_tunings):,}", *cells, each]
    return "| " + " | ".join([*numbers, f"{peak:,.0f}"]) + " |"


@contextmanager
def clock(spent: Seconds, step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    spent[step] = time.perf_counter() - began


def generate(models: int, datasets: int, records: int, *, seed: int) -> Subgraph:
    """A zoo in which size and family matter, each model fine-tuned on a few random datasets; the
    last dataset is new."""
    random = np.random.default_rng(seed)
    size = 10 ** random.uniform(6.0, 9.0, models)
    family = random.integers(0, len(FAMILIES), models)
    level, place = random.normal(1.0, 0.7, datasets), random.normal(size=(datasets, 3))
    model = np.repeat(np.arange(models), records)
    dataset = random.integers(0, datasets - 1, len(model))
    quality = 0.4 * (np.log10(size) - 7.5) + 0.2 * family + 0.2 * random.normal(size=models)
    logit = level[dataset] + quality[model] + 0.2 * place[dataset, 0] * family[model]
    value = 1 / (1 + np.exp(-logit - 0.2 * random.normal(size=len(model))))
    none, unknown = texts(models), np.full(models, np.nan)
    names = FAMILIES[family]
    a = np.repeat(np.arange(datasets), NEIGHBOURS)
    b = random.integers(0, datasets, len(a))
    a, b = np.unique(np.sort(np.stack([a, b])[:, a != b], axis=0), axis=1)
    return Subgraph(
        modality="image",
        models=Models(
            id=np.array([f"m{row}" for row in range(models)], dtype=object),
            family=names,
            architecture=names,
            task=none,
            license=none,
            source=none,
            parameters=size,
            memory_bytes=4 * size,
            input_size=unknown,
            pretrained_accuracy=unknown,
        ),
        datasets=Datasets(
            id=np.array([f"d{row}" for row in range(datasets)], dtype=object),
            task=texts(datasets),
            source=texts(datasets),
            classes=np.round(10 ** random.uniform(0.5, 2.5, datasets)),
            samples=np.round(10 ** random.uniform(3, 5, datasets)),
            quarantined=texts(datasets),
            metric=texts(datasets),
        ),
        fine_tunings=FineTunings(
            model, dataset, value, texts(len(model), "accuracy"), texts(len(model), "full")
        ),
        pretrainings=Pretrainings(np.arange(models), random.integers(0, datasets, models), unknown),
        similarities=Similarities(
            a=a,
            b=b,
            value=1 / (1 + np.linalg.norm(place[a] - place[b], axis=1)),
            measure=texts(len(a), "domain"),
            probe=texts(len(a), "probe"),
        ),
        transferabilities=Transferabilities(
            np.zeros(0, np.int64), np.zeros(0, np.int64), texts(0), np.zeros(0)
        ),
        embeddings=Embeddings(np.zeros(0, np.int64), texts(0), texts(0), texts(0)),
    )


def texts(count: int, value: str | None = None) -> Texts:
    return np.full(count, value, dtype=object)


if __name__ == "__main__":
    main()
