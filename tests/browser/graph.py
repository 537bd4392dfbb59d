"""A small zoo in which every saved query has something to draw."""

from __future__ import annotations

import numpy as np

from graphdb.histories import write_history
from graphdb.learners import LearnerRecord, write_learner
from graphdb.predictions import Predictions, publish_predictions
from graphdb.records import Dataset, Embedding, FineTuning, History, Model, Similarity
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.stores import Place

FAMILIES = ("vit", "beit", "swin", "deit", "microsoft/swin-large-patch4-window12-384-in", "resnet")
DATASETS = ("flowers", "pets", "beans", "dtd", "eurosat", *(f"dataset-{n}" for n in range(35)))
#: What the saved queries are asked about.
PARAMS = {"dataset": "flowers", "model": "vit-2"}


def build_zoo(store: Store, place: Place, *, seed: int = 0) -> None:
    """30 models, 40 datasets, full and LoRA, two predictions of two, runs and failed jobs."""
    draw = np.random.default_rng(seed)
    models = [f"{family}-{size}" for family in FAMILIES for size in range(5)]
    write_history(store, _history(models, draw), provenance=Provenance("ingest records"))
    learner = LearnerRecord("learner-1", "gat", "image", "full", "{}", "{}", "none", "none")
    write_learner(store, learner, provenance=Provenance("train"))
    for _ in range(2):  # the run before the published one stays, and must not be drawn
        publish_predictions(
            store, [_predictions(dataset, models, draw) for dataset in DATASETS[:2]],
            learner=learner.id, method="full", provenance=Provenance("predict"),
        )  # fmt: skip
    place.run(
        "UNWIND range(1, 30) AS n CREATE (:Run {id: 'run-' + n, kind: 'record', status: 'done', "
        "started: datetime() - duration({hours: n})})"
    )
    place.run(
        "UNWIND $pairs AS pair MATCH (m:Model {id: pair[0]}) MATCH (d:Dataset {id: pair[1]}) "
        "CREATE (j:Job {id: pair[0] + pair[1], kind: 'finetune', status: 'failed', attempts: 3, "
        "error: 'out of memory', seconds: 12.5}) CREATE (j)-[:OF]->(m) CREATE (j)-[:ON]->(d)",
        pairs=[list(pair) for pair in zip(models, DATASETS, strict=False)],
    )


def _history(models: list[str], draw: np.random.Generator) -> History:
    tried = [model for model in models if not model.startswith("swin")]  # swin: never on flowers
    pairs = [(model, dataset) for model in models for dataset in DATASETS[1:]]
    pairs += [(model, "flowers") for model in tried]
    methods = {pair: ("full", "lora") if pair[0].startswith("vit") else ("full",) for pair in pairs}
    return History(
        models=[Model(m, m, m.partition("-")[0], modality="image") for m in models],
        datasets=[Dataset(d, d, "image", classes=10, samples=1000) for d in DATASETS],
        fine_tunings=[
            FineTuning(f"{m}/{d}/{how}/{n}", m, d, round(draw.uniform(0.5, 1), 3), method=how)
            for (m, d), ways in methods.items() for how in ways for n in range(2)
        ],
        similarities=[
            Similarity(min(a, b), max(a, b), round(draw.uniform(0, 1), 3), probe="vit")
            for i, a in enumerate(DATASETS) for b in DATASETS[:i]
        ],
        embeddings=[
            Embedding(d, "vit", draw.normal(size=768).astype(np.float32)) for d in DATASETS
        ],
    )  # fmt: skip


def _predictions(dataset: str, models: list[str], draw: np.random.Generator) -> Predictions:
    score = np.sort(draw.normal(size=len(models)))[::-1]
    accuracy = 0.8 + 0.05 * score
    order = np.asarray(models, dtype=object)[draw.permutation(len(models))]
    return Predictions(
        dataset, order, score, accuracy, accuracy - 0.05, accuracy + 0.05,
        np.full_like(score, np.nan), np.full_like(score, np.nan),
    )  # fmt: skip
