"""The real files of TransferGraph, where they are: what DESIGN says of them holds after reading."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from zoo.sources import Reading, read_bundle, read_history, write_bundle

FOLDER = Path(
    os.environ.get("HISTORY") or Path(__file__).parents[2] / "../shared/data/transfergraph"
)

pytestmark = pytest.mark.skipif(
    not (FOLDER / "image_classification").is_dir(),
    reason=f"no TransferGraph files in {FOLDER}: set HISTORY to their folder",
)


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read_history(FOLDER)


def test_counts(reading: Reading) -> None:
    history = reading.history
    assert Counter(model.modality for model in history.models) == {"image": 185, "text": 164}
    assert len(history.datasets) == 115
    methods = Counter((record.method, record.dataset in TEXT) for record in history.fine_tunings)
    assert methods == {("full", False): 2254, ("full", True): 1756, ("lora", True): 1432}
    assert len(history.pretrainings) == 185 + 104
    assert len(history.similarities) == 69 * 68 // 2 + 23 * 22 // 2 + 12 * 11 // 2
    assert len(history.transferabilities) == 2466 - 120 + 2510


TEXT = {
    *("ag_news", "dbpedia_14", "glue/cola", "glue/sst2", "rotten_tomatoes"),
    *(f"tweet_eval/{task}" for task in ("emotion", "hate", "irony", "offensive", "sentiment")),
}


def test_refused_rows(reading: Reading) -> None:
    by_file = Counter((refusal.file, refusal.reason[:14]) for refusal in reading.refused)
    assert by_file == {
        ("image_classification/transferability_score_records.csv", "model is empty"): 2,
        ("image_classification/transferability_score_records.csv", "the same score"): 120,
        ("sequence_classification/records.csv", "eval_accuracy "): 4,
        ("sequence_classification/records.csv", "model is empty"): 1,
        ("sequence_classification/records.csv", "peft_method: I"): 1,
    }
    lines = [
        r.line for r in reading.refused if r.file.endswith("sequence_classification/records.csv")
    ]
    assert lines == [1777, 2031, 2086, 2272, 2605, 2695]


def test_known_errors_are_put_right(reading: Reading) -> None:
    datasets = {dataset.id: dataset for dataset in reading.history.datasets}
    assert [name for name, dataset in datasets.items() if dataset.quarantined] == ["food101"]
    assert (datasets["flowers"].classes, datasets["tweet_eval/offensive"].classes) == (102, 2)
    assert not {"hfpics", "glue_cola", "glut/qqp", "poolrf2001/mask"} & datasets.keys()
    assert "['bee', 'hoverfly', 'wasp']" in datasets
    models = {model.id: model for model in reading.history.models}
    assert all(models[m].memory_bytes is None for m in models if models[m].modality == "image")
    assert sum(model.pretrained_accuracy is not None for model in models.values()) == 19
    assert models["michaelbenayoun/vit-base-beans"].parameters is None


def test_nine_sources_have_no_similarity(reading: Reading) -> None:
    similar = {s.dataset_a for s in reading.history.similarities}
    similar |= {s.dataset_b for s in reading.history.similarities}
    image = {model.id for model in reading.history.models if model.modality == "image"}
    sources = {p.dataset for p in reading.history.pretrainings if p.model in image}
    assert len(sources - similar) == 9


def test_every_row_names_a_node_once(reading: Reading) -> None:
    history = reading.history
    models, datasets = {m.id for m in history.models}, {d.id for d in history.datasets}
    assert len(models) == len(history.models) and len(datasets) == len(history.datasets)
    assert len({record.id for record in history.fine_tunings}) == len(history.fine_tunings)
    for table in (history.fine_tunings, history.pretrainings, history.transferabilities):
        assert all(row.model in models and row.dataset in datasets for row in table)
    assert all(s.dataset_a < s.dataset_b and 0 < s.value <= 1 for s in history.similarities)


def test_one_modality_alone_reads_the_same(reading: Reading) -> None:
    alone = read_history(FOLDER / "sequence_classification").history
    together = {record.id: record for record in reading.history.fine_tunings}
    assert all(together[record.id] == record for record in alone.fine_tunings)


def test_history_survives_a_bundle(reading: Reading, tmp_path: Path) -> None:
    write_bundle(reading.history, tmp_path / "bundle")
    again = read_bundle(tmp_path / "bundle")
    for table in ("models", "datasets", "fine_tunings", "pretrainings", "similarities"):
        assert set(getattr(again, table)) == set(getattr(reading.history, table))
    assert set(again.transferabilities) == set(reading.history.transferabilities)
