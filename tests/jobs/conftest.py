"""Small models and datasets, made from seeds, on which every job can run in a second."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from zoo.jobs.specs import DatasetSource, FineTuningSpec, ModelSource, Settings

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
_WORDS = ("awful", "bad", "poor", "sad", "dull"), ("great", "good", "fine", "glad", "bright")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture(scope="session")
def image_model(workshop: Path) -> Path:
    """A ResNet of random weights for 32 pixels."""
    return make_model(workshop / "resnet", "resnet")


@pytest.fixture(scope="session")
def text_model(workshop: Path) -> Path:
    """A BERT of random weights that knows the words of ``texts``."""
    return make_model(workshop / "bert", "bert")


def make_model(folder: Path, family: str) -> Path:
    from zoo.mini.networks import untrained

    texts = [" ".join(words) for words in _WORDS] * 20
    untrained(family, folder, texts=texts, seed=0)
    return folder


@pytest.fixture(scope="session")
def images(workshop: Path) -> Path:
    """A folder of 3 x 40 images: dark, grey and bright noise."""
    return make_images(workshop / "shades")


def make_images(folder: Path, *, each: int = 40, classes: int = 3, seed: int = 0) -> Path:
    from PIL import Image

    rng = np.random.default_rng(seed)
    for number, name in enumerate(("dark", "grey", "bright", "white")[:classes]):
        (folder / name).mkdir(parents=True)
        for index in range(each):
            pixels = rng.random((20, 24, 3)) * 70 + number * 80
            Image.fromarray(pixels.astype("uint8")).save(folder / name / f"{index:03}.png")
    return folder


@pytest.fixture(scope="session")
def texts(workshop: Path) -> Path:
    """A csv file of 160 texts whose words tell their class."""
    rng = np.random.default_rng(0)
    lines = ["text,label"]
    for index in range(160):
        words = rng.choice(_WORDS[index % 2], size=6)
        lines.append(f"{' '.join(words)},{('negative', 'positive')[index % 2]}")
    path = workshop / "moods.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def job(
    model: Path,
    dataset: Path,
    folder: Path,
    *,
    identity: str = "job",
    max_samples: int | None = None,
    **settings: object,
) -> FineTuningSpec:
    """A fine-tuning of a few seconds."""
    given = {"epochs": 2, "learning_rate": 3e-3, "max_length": 16, "image_size": 32} | settings
    return FineTuningSpec(
        id=identity,
        model=ModelSource(id=f"test/{model.name}", address=str(model)),
        dataset=DatasetSource(
            id=f"test/{dataset.stem}", reference=str(dataset), max_samples=max_samples
        ),
        settings=Settings.model_validate(given),
        folder=folder / identity,
        threads=1,
    )


def break_weights(model: Path, target: Path, how: str) -> Path:
    """A copy of a model, broken: ``truncated``, ``nan``, ``config`` or ``headless``."""
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(model, target)
    weights = target / "model.safetensors"
    if how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif how == "nan":
        tensors = load_file(weights)
        name = next(n for n in tensors if "convolution.weight" in n or "query.weight" in n)
        tensors[name][:] = float("nan")
        save_file(tensors, weights, metadata={"format": "pt"})
    elif how == "config":
        config = json.loads((target / "config.json").read_text("utf-8"))
        config["hidden_sizes"] = [8, 8, 8]
        (target / "config.json").write_text(json.dumps(config), encoding="utf-8")
    else:
        (target / "config.json").write_text('{"model_type": "nothing-known"}', encoding="utf-8")
    return target
