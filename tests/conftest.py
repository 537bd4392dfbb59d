"""Fixtures every test may ask for: ``store``, ``place``, ``zoo``, ``neo4j_release``, ..."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphdb.store import Store
from tests.browser.files import served_style
from tests.cli.command import Zoo
from tests.compose import neo4j_settings
from tests.neo4j import Release, Server
from tests.neo4j.releases import chosen
from tests.stores import (
    PRIVATE,
    Place,
    UnavailableError,
    embedded_place,
    give_up,
    neo4j_place,
)


def pytest_configure() -> None:
    """No test sees the store, the credentials or the folders of the person who runs it."""
    for name in PRIVATE:
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def user_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A command that names no store writes into a folder of this run."""
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("user-data"))


@pytest.fixture(scope="session")
def embedded_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with embedded_place(tmp_path_factory.mktemp("embedded") / "store") as place:
        yield place


@pytest.fixture(scope="session")
def neo4j_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        with neo4j_place(tmp_path_factory.mktemp("neo4j")) as place:
            yield place
    except UnavailableError as error:
        give_up(f"no Neo4j on this machine: {error}")


@pytest.fixture(scope="session")
def neo4j_release() -> Release:
    """A release this machine can start, for tests that kill a server of their own."""
    try:
        release = chosen()
        release.jars()
    except UnavailableError as error:
        give_up(f"no Neo4j on this machine: {error}")
        raise
    return release


@pytest.fixture(scope="session")
def compose_server(
    neo4j_release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A Neo4j with the settings of docker-compose.yml, its style served from here."""
    settings, greeting = neo4j_settings(), "browser.post_connect_cmd"
    with served_style() as port:
        settings[greeting] = settings[greeting].replace(":7475/", f":{port}/")
        home = tmp_path_factory.mktemp("compose")
        with Server(home, release=neo4j_release, settings=settings) as server:
            yield server


@pytest.fixture(params=["embedded", "neo4j"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    """An empty database, once embedded and once Neo4j, and an environment that names it."""
    found: Place = request.getfixturevalue(f"{request.param}_session")
    found.empty()
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ZOO_ARTIFACTS", str(tmp_path / "artifacts"))
    return found


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty store, schema included."""
    with Store.open(place.address) as opened:
        yield opened


@pytest.fixture
def zoo(capsys: pytest.CaptureFixture[str]) -> Zoo:
    """A ``zoo`` command in this process, which has the libraries in memory."""
    return Zoo(capsys)


@pytest.fixture
def zoo_env(place: Place) -> dict[str, str]:
    """The environment of a ``zoo`` command in a process of its own, on the same database."""
    return dict(os.environ)
