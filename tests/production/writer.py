"""One of many writers, as a process of its own: ``python -m tests.production.writer N``.

Imports an overlapping history, adds single results, publishes predictions, again and again; a line
of JSON says what was acknowledged and what it cost.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

from graphdb.histories import write_history
from graphdb.predictions import publish_predictions
from graphdb.records import Dataset, FineTuning, History, Model, Similarity
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.graphdb.zoos import predictions
from zoo.results import record_result

MODELS = [f"m{i:03}" for i in range(60)]
DATASETS = [f"d{i:02}" for i in range(20)]
ROUNDS = 3


def history(writer: int) -> History:
    """All models and datasets; of the results a half that overlaps with each other writer's."""
    pairs = [(m, d) for i, m in enumerate(MODELS) for j, d in enumerate(DATASETS)
             if (i + j + writer) % 2 or (i * j) % 8 == writer]  # fmt: skip
    return History(
        models=[Model(m, family="vit", modality="image") for m in MODELS],
        datasets=[Dataset(d, classes=10, modality="image") for d in DATASETS],
        fine_tunings=[FineTuning(f"{m}/{d}", m, d, 0.5) for m, d in pairs],
        similarities=[Similarity(a, b, 0.5) for a, b in pairwise(DATASETS)],
    )


def main(writer: int) -> None:
    start = time.perf_counter()
    recorded = []
    with Store.open() as store:
        for round_ in range(ROUNDS):
            write_history(store, history(writer), provenance=Provenance("test"))
            model, dataset = MODELS[round_], DATASETS[round_]
            record_result(store, model, dataset, value=0.7, seed=writer)
            recorded.append([model, dataset, writer])
            tables = [predictions(d, MODELS, score=float(writer)) for d in DATASETS[:5]]
            publish_predictions(
                store, tables, learner=f"l{writer % 2}", method="full",
                provenance=Provenance("predict"),
            )  # fmt: skip
        retries = store.retries
    seconds = round(time.perf_counter() - start, 1)
    print(json.dumps({"recorded": recorded, "retries": retries, "seconds": seconds}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
