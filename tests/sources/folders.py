"""Small histories on disk, written by the tests themselves."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from graphdb.records import (
    Dataset,
    Embedding,
    FineTuning,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
)

TABLES = {
    "models.csv": "id,parameters\nvit,86000000\nswin,28000000\n",
    "datasets.csv": "id,classes\npets,37\ndtd,47\n",
    "fine_tunings.csv": "model,dataset,accuracy\nvit,pets,0.9\nswin,dtd,0.7\n",
}


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Files by name; text is written as it is, line ends included; ``.gz`` is packed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data, compresslevel=1) if name.endswith(".gz") else data)
    return folder


def bundle(folder: Path, **changes: str | bytes) -> Path:
    """A sound bundle with some tables replaced; ``models`` stands for ``models.csv``."""
    replaced: dict[str, str | bytes] = {f"{name}.csv": text for name, text in changes.items()}
    return write(folder, {**TABLES, **replaced})


def full_history() -> History:
    """A history in which every field of every record is known, and some strings are hostile."""
    rtl, quoted = "נתונים\u202e", 'a "quoted",\nmulti-line\r\n\rname'
    return History(
        models=[
            Model(
                "org/vit",
                name=quoted,
                family="vit",
                architecture="ViTForImageClassification",
                modality="image",
                task="image-classification",
                parameters=2**62,
                memory_bytes=344_000_000,
                input_size=224,
                license="apache-2.0",
                revision="abc123",
                source="hub",
                pretrained_accuracy=0.25,
            ),
            Model("=HYPERLINK(1)", name="🦊`) DETACH DELETE n //"),
            Model("bare"),
        ],
        datasets=[
            Dataset(
                "['bee', 'wasp']",
                name=rtl,
                modality="image",
                task="image-classification",
                classes=2,
                samples=100,
                source="hub",
                fingerprint="f00",
                quarantined="all values\nare one",
            ),
            Dataset("-1+1"),
            Dataset(" padded "),
        ],
        fine_tunings=[
            FineTuning(
                "r1",
                "org/vit",
                "['bee', 'wasp']",
                0.1 + 0.2,
                epochs=3.5,
                learning_rate=5e-324,
                batch_size=16,
                seed=-1,
                seconds=12.25,
                device="cuda, 1",
                peak_memory_bytes=2**40,
            ),
            FineTuning("r2", "bare", "-1+1", -0.5, metric="mcc", method="lora"),
            FineTuning("r3", "bare", "-1+1", 1e300, metric="mse", method="linear"),
        ],
        pretrainings=[
            Pretraining("org/vit", "-1+1", 0.5),
            Pretraining("org/vit", " padded "),
            Pretraining("bare", "['bee', 'wasp']", 1.0),
        ],
        similarities=[
            Similarity("-1+1", "['bee', 'wasp']", 0.5, "domain", "probe", 1.0),
            Similarity("-1+1", "['bee', 'wasp']", -2.0, "labels"),
        ],
        transferabilities=[
            Transferability("org/vit", "-1+1", "logme", -1.5, 2.0),
            Transferability("bare", "-1+1", "leep", 0.0),
        ],
        embeddings=[
            Embedding("-1+1", "probe/ü", np.array([1, -0.5, 3e38], np.float32), "domain", 7),
            Embedding(" padded ", "p", np.zeros(1, np.float32), "other"),
        ],
    )
