"""Neo4j Browser as people meet it: real server, real Chromium, the settings of docker-compose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import cypher
from browser.pack import FOLDERS, pack
from graphdb.store import Store
from tests.browser import page
from tests.browser.graph import PARAMS, build_zoo
from tests.browser.test_queries import QUERIES, drawn
from tests.neo4j import Server
from tests.stores import Place, server_place

#: A folder for pictures to look at.
SCREENSHOTS = os.environ.get("ZOO_SCREENSHOTS")


@pytest.fixture(scope="module")
def chromium() -> str:
    found = page.find_chromium()
    if found is None:
        pytest.skip("no Chromium on this machine: the Browser is not tested")
    return found


@pytest.fixture(scope="module")
def zoo(chromium: str, compose_server: Server) -> Iterator[tuple[Server, Place, Store]]:
    """A zoo on a server that greets Browser as the one of docker-compose.yml does.

    Where there is nothing to look at it with, no server is started.
    """
    server = compose_server
    with (
        server_place(server) as place,
        Store.open(server.uri, username=server.username, password=server.password) as store,
    ):
        build_zoo(store, place)
        yield server, place, store


@pytest.fixture(scope="module")
def browser(zoo: tuple[Server, Place, Store], chromium: str) -> Iterator[page.Browser]:
    with page.open_browser(zoo[0], chromium, sharp=SCREENSHOTS is not None) as opened:
        for greeting in (":style", ":config"):  # what docker-compose.yml makes the server say
            opened.page.get_by_text(greeting).first.wait_for()
        for name, value in PARAMS.items():
            opened.run(f":param {name} => '{value}'").get_by_text(value).first.wait_for()
        yield opened


@pytest.mark.parametrize("name", QUERIES)
def test_browser_draws_what_the_query_returns_and_nothing_else(
    zoo: tuple[Server, Place, Store], browser: page.Browser, name: str
) -> None:
    nodes, relationships = drawn(zoo[2], name)
    circles, arrows = browser.draw(cypher.load(name).text)
    assert len(circles) == len(nodes)
    assert len(arrows) == len(relationships)
    assert all(circles), "every circle has a caption"
    if SCREENSHOTS is not None:
        browser.take(Path(SCREENSHOTS) / f"{name}.png")


def test_the_style_names_and_colours(browser: page.Browser) -> None:
    circles, arrows = browser.draw(cypher.load("draw_candidates").text)
    assert PARAMS["dataset"] in circles
    assert not any("\u2026" in name for name in circles), "a name that is cut is nobody's"
    assert max(map(len, circles)) >= 45
    assert sorted(arrows) == sorted(f"rank {n}" for n in range(1, 11))
    fills = browser.page.locator("g.node circle[fill^='#']").evaluate_all(
        "all => all.map(each => each.getAttribute('fill').toUpperCase())"
    )
    assert sorted(set(fills)) == ["#2F6DB5", "#E08A1E"]


def test_the_favourites_are_dropped_as_one_archive(browser: page.Browser, tmp_path: Path) -> None:
    pack(tmp_path / "queries.zip")
    browser.drop(tmp_path / "queries.zip")
    browser.page.get_by_test_id("navigationFavorites").click()
    for shown, folder in FOLDERS.items():
        browser.page.get_by_test_id(f"expandFolder-{shown}").click()
        scripts = browser.page.get_by_test_id(f"savedScriptsFolder-{shown}").locator("..")
        for name in cypher.names(folder):
            scripts.get_by_text(cypher.load(name).question).first.wait_for()
