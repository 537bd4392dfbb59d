"""Neo4j Browser as people meet it: real server, real Chromium, the settings of docker-compose."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import cypher
from browser.pack import FOLDERS, pack
from graphdb.store import Store
from tests.browser import page
from tests.browser.graph import PARAMS, build_zoo
from tests.browser.test_queries import QUERIES, drawn
from tests.compose import neo4j_settings
from tests.neo4j import Release, Server
from tests.stores import Place, server_place

STYLE = Path(__file__).parents[2] / "browser"


class Files(SimpleHTTPRequestHandler):
    """What browser/nginx.conf does: files, and permission for a page of another port."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments, directory=str(STYLE))  # type: ignore[arg-type]

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "*")
        super().end_headers()

    def do_OPTIONS(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = page.find_chromium()
    if found is None:
        pytest.skip("no Chromium on this machine: the Browser is not tested")
    return found


@pytest.fixture(scope="module")
def style_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def zoo(
    neo4j_release: Release, style_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Place, Store]]:
    """A server that greets Browser as the one of docker-compose.yml does."""
    name = "browser.post_connect_cmd"
    greeting = {name: neo4j_settings()[name].replace(":7475/", f":{style_port}/")}
    home = tmp_path_factory.mktemp("browser-neo4j")
    with (
        Server(home, release=neo4j_release, settings=greeting) as server,
        server_place(server) as place,
        Store.open(server.uri, username=server.username, password=server.password) as store,
    ):
        build_zoo(store, place)
        yield server, place, store


@pytest.fixture(scope="module")
def browser(zoo: tuple[Server, Place, Store], chromium: str) -> Iterator[page.Browser]:
    with page.open_browser(zoo[0], chromium) as opened:
        opened.page.get_by_text(":config").first.wait_for()  # the last command of the greeting
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


def test_the_style_names_and_colours(browser: page.Browser) -> None:
    circles, arrows = browser.draw(cypher.load("draw_candidates").text)
    assert PARAMS["dataset"] in circles
    assert sorted(arrows) == sorted(f"rank {n}" for n in range(1, 11))
    fills = browser.page.locator("g.node circle[fill^='#']").evaluate_all(
        "all => all.map(each => each.getAttribute('fill').toUpperCase())"
    )
    assert sorted(set(fills)) == ["#2F6DB5", "#E08A1E"]
    if picture := os.environ.get("ZOO_SCREENSHOT"):
        browser.page.screenshot(path=picture)


def test_the_favourites_are_dropped_as_one_archive(browser: page.Browser, tmp_path: Path) -> None:
    pack(tmp_path / "queries.zip")
    browser.drop(tmp_path / "queries.zip")
    browser.page.get_by_test_id("navigationFavorites").click()
    for shown, folder in FOLDERS.items():
        browser.page.get_by_test_id(f"expandFolder-{shown}").click()
        scripts = browser.page.get_by_test_id(f"savedScriptsFolder-{shown}").locator("..")
        for name in cypher.names(folder):
            scripts.get_by_text(cypher.load(name).question).first.wait_for()
