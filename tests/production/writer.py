"""Many writers, each a process: ``python -m tests.production.writer COUNT LEARNER...``.

Each imports an overlapping history, adds single results, predicts with a trained learner, again and
again; a line of JSON a writer says what was acknowledged and what it cost. They are forked from one
parent that has the libraries in memory, so that all of them begin at once.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import sys
import time
from importlib import import_module
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
#: What a prediction imports, before any writer is forked.
_LIBRARIES = ("zoo.facade", "learn.artifact", "learn.ranking", "crepes", "scipy.linalg")


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


def main(count: int, learners: list[str]) -> int:
    """How many writers failed."""
    for name in _LIBRARIES:
        import_module(name)
    fork = multiprocessing.get_context("fork")
    given = [(each, learners[each % len(learners)]) for each in range(count)]
    writers = [fork.Process(target=write, args=arguments) for arguments in given]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    return sum(each.exitcode != 0 for each in writers)


def write(writer: int, learner: str) -> None:
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
    told = {"recorded": recorded, "rows": rows, "retries": retries, "seconds": seconds}
    sys.stdout.write(json.dumps(told) + "\n")  # one write: the writers share a pipe


def _written(changes: Changes) -> int:
    return sum(change.created + change.updated for change in changes.tables.values())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
