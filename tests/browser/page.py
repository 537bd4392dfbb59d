"""Neo4j Browser in a headless Chromium, worked as a person would: log in, type, run, look."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.neo4j import Server

_SECONDS = 1_000  # playwright counts in milliseconds


def find_chromium() -> str | None:
    """The Chromium or Chrome of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """A logged-in Browser. A reload would lose the login, so one page serves many queries."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def run(self, text: str) -> Locator:
        """Type into the editor, run, and return the frame of the answer, the only one then."""
        self._type(":clear")
        frames = self.page.get_by_test_id("frame")
        expect(frames).to_have_count(0)
        self._type(text)
        expect(frames).to_have_count(1)
        return frames

    def draw(self, text: str) -> tuple[list[str], list[str]]:
        """(captions of the circles, captions of the arrows) of a query's picture."""
        frame = self.run(text)
        frame.locator("g.node").first.wait_for()
        return _captions(frame, "g.node"), _captions(frame, "g.relationship")

    def take(self, file: Path) -> None:
        """The picture that was drawn, alone and as large as the window; circles move for a while.

        docs/browser.png is one, of the image history.
        """
        self.page.set_viewport_size({"width": 900, "height": 860})
        self.page.get_by_title("Collapse the node properties display").first.click()
        self.page.get_by_title("Fullscreen", exact=True).first.click()
        self.page.wait_for_timeout(3 * _SECONDS)
        self.page.get_by_label("zoom-to-fit").click()
        self.page.wait_for_timeout(2 * _SECONDS)
        self.page.screenshot(path=file)
        self.page.get_by_title("Close fullscreen").click()

    def drop(self, file: Path) -> None:
        """Drop a file onto the page."""
        make = """text => {
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], "dropped.zip", {type: "application/zip"}));
            return dropped;
        }"""
        data = self.page.evaluate_handle(make, base64.b64encode(file.read_bytes()).decode())
        for event in ("dragenter", "dragover", "drop"):
            self.page.get_by_test_id("main").dispatch_event(event, {"dataTransfer": data})

    def _type(self, text: str) -> None:
        self.page.locator(".monaco-editor").first.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.page.get_by_test_id("editor-Run").click()


@contextmanager
def open_browser(server: Server, chromium: str, *, sharp: bool = False) -> Iterator[Browser]:
    """``sharp`` pictures have two pixels where the screen has one."""
    with sync_playwright() as playwright:
        engine = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = engine.new_page(
            viewport={"width": 1280, "height": 900}, device_scale_factor=1 + sharp
        )
        page.set_default_timeout(120 * _SECONDS)
        page.goto(server.browser)
        _log_in(page, server)
        yield Browser(page)
        engine.close()


def _log_in(page: Page, server: Server) -> None:
    page.get_by_test_id("boltaddress").wait_for()
    page.locator("select").first.select_option("bolt://")
    page.get_by_test_id("boltaddress").fill(server.uri.removeprefix("bolt://"))
    page.get_by_test_id("username").fill(server.username)
    page.get_by_test_id("password").fill(server.password)
    page.get_by_test_id("connect").click()
    page.get_by_text("You are connected as user").first.wait_for()
    page.get_by_text(":play start").first.wait_for()


def _captions(frame: Locator, kind: str) -> list[str]:
    return [" ".join(text.split()) for text in frame.locator(kind).all_text_contents()]
