"""``zoo`` (a command on an empty store of either kind), ``history`` (a small generated bundle)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from graphdb.learners import LearnerRecord, write_learner
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.cli.command import Zoo
from tests.stores import Place
from zoo.sources import generate_history, write_bundle


@pytest.fixture
def zoo(place: Place, capsys: pytest.CaptureFixture[str]) -> Zoo:
    return Zoo(capsys)


@pytest.fixture(scope="session")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Zoo], None]:
    """Put a history and its learner into the zoo; training happens once a history and run.

    Training takes seconds and depends on the graph alone, which the conformance suite proves equal
    on both stores: later tests get the same artefact and the same node.
    """
    kept: dict[Path, tuple[LearnerRecord, Path]] = {}

    def train(history: Path, zoo: Zoo) -> None:
        from zoo.training import train as train_learner

        zoo("ingest", "records", str(history))
        artifacts = Path(os.environ["ZOO_ARTIFACTS"])
        with Store.open() as store:
            if history not in kept:
                record = train_learner(store, modality="image")
                kept[history] = (record, tmp_path_factory.mktemp("kept") / record.artifact)
                shutil.copy(artifacts / record.artifact, kept[history][1])
                return
            record, file = kept[history]
            artifacts.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, artifacts / record.artifact)
            write_learner(store, record, provenance=Provenance("train"))

    return train


@pytest.fixture
def trained(zoo: Zoo, history: Path, train_once: Callable[[Path, Zoo], None]) -> Zoo:
    train_once(history, zoo)
    return zoo


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "bundle"
    write_bundle(generate_history(models=25, datasets=6, records_per_model=None, seed=1), folder)
    return folder
