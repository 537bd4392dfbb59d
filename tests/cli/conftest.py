"""``zoo`` (a command on an empty store of either kind), ``history`` (a small generated bundle)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Zoo
from tests.stores import Place
from zoo.sources import generate_history, write_bundle


@pytest.fixture
def zoo(place: Place, capsys: pytest.CaptureFixture[str]) -> Zoo:
    return Zoo(capsys)


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "bundle"
    write_bundle(generate_history(models=25, datasets=6, records_per_model=None, seed=1), folder)
    return folder
