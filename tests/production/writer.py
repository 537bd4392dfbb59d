"""One of many writers, as a process of its own: ``python -m tests.production.writer N LEARNER``.

Imports an overlapping history, adds single results, predicts with a trained learner, again and
again; a line of JSON says what was acknowledged and what it cost.
"""

from __future__ import annotations

import json
import math
import sys
import time
from itertools import pairwise

from graphdb.changes import Changes
from graphdb.histories import write_history
from graphdb.records import Dataset, FineTuning, History, Model, Similarity
from graphdb.runs import Provenance
from zoo import Zoo

MODELS = [f"m{i:03}" for i in range(60)]
DATASETS = [f"d{i:02}" for i in range(20)]
#: Those that every writer predicts and every reader asks about.
PREDICTED = DATASETS[:5]
ROUNDS = 2


def history(writer: int) -> History:
    """All models and datasets; of the results a half that overlaps with each other writer's."""
    pairs = [(i, j) for i in range(len(MODELS)) for j in range(len(DATASETS))
             if (i + j + writer) % 2 or (i * j) % 8 == writer]  # fmt: skip
    return History(
        models=[Model(m, family="vit", modality="image") for m in MODELS],
        datasets=[Dataset(d, classes=10, modality="image") for d in DATASETS],
        fine_tunings=[
            FineTuning(f"{MODELS[i]}/{DATASETS[j]}", MODELS[i], DATASETS[j], _value(i, j))
            for i, j in pairs
        ],
        similarities=[Similarity(a, b, 0.5) for a, b in pairwise(DATASETS)],
    )


def _value(model: int, dataset: int) -> float:
    """Something to learn: good models, easy datasets, and what suits whom."""
    return round(0.6 + 0.15 * math.sin(model) + 0.1 * math.cos(dataset + model % 3), 4)


def main(writer: int, learner: str) -> None:
    start = time.perf_counter()
    recorded, rows = [], 0
    with Zoo.open() as zoo:
        for round_ in range(ROUNDS):
            changes = write_history(zoo.store, history(writer), provenance=Provenance("test"))
            model, dataset = MODELS[round_], DATASETS[round_]
            result = zoo.record(model, dataset, 0.7, seed=writer)
            recorded.append([model, dataset, writer])
            answers = zoo.predict(*PREDICTED, learner=learner)
            rows += _written(changes) + _written(result) + sum(each.total for each in answers)
        retries = zoo.store.retries
    seconds = round(time.perf_counter() - start, 1)
    print(json.dumps({"recorded": recorded, "rows": rows, "retries": retries, "seconds": seconds}))


def _written(changes: Changes) -> int:
    return sum(change.created + change.updated for change in changes.tables.values())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
