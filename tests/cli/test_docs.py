"""Every command, query and program in README.md and docs/ runs as it is written, on both stores."""

from __future__ import annotations

import gc
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from graphdb.records import History
from tests.cli.command import Zoo
from tests.stores import Place
from zoo.sources import generate_history, write_bundle

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: What the pages call the first models and datasets.
MODELS = ("google/vit-base-patch16-224",)
DATASETS = ("pets", "flowers")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def commands(page: Path) -> list[list[str]]:
    lines = "\n".join(blocks(page, "console")).splitlines()
    return [shlex.split(line.removeprefix("$ ")) for line in lines if line.startswith("$ zoo ")]


def renamed(history: History) -> History:
    """The history under the names that the pages use."""
    names = {model.id: name for model, name in zip(history.models, MODELS, strict=False)}
    names |= {dataset.id: name for dataset, name in zip(history.datasets, DATASETS, strict=False)}

    def rename(record: object) -> object:
        ends = ("id", "model", "dataset", "dataset_a", "dataset_b")
        found = {end: getattr(record, end, None) for end in ends}
        return replace(  # type: ignore[type-var]
            record,
            **{
                end: names[name]
                for end, name in found.items()
                if name in names and end in record.__dataclass_fields__
            },  # type: ignore[attr-defined]
        )

    tables = {
        table: [rename(record) for record in getattr(history, table)]
        for table in History.__dataclass_fields__
    }
    return History(**tables)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("docs")
    history = generate_history(models=20, datasets=6, records_per_model=None, seed=3)
    write_bundle(renamed(history), place / "history")
    return place


@pytest.fixture
def reader(
    zoo: Zoo,
    folder: Path,
    train_once: Callable[[Path, Zoo], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Zoo:
    """A zoo as a reader of the page has it: history in, learner trained, ``pets`` predicted."""
    monkeypatch.chdir(folder)
    train_once(folder / "history", zoo)
    zoo("predict", "pets")
    return zoo


def runs_something(page: Path) -> bool:
    return bool(commands(page) or blocks(page, "cypher") or blocks(page, "python"))


# py2neo, which one page shows, leaves its sockets open until they are collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "page", [*filter(runs_something, PAGES)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_page_runs(page: Path, reader: Zoo, place: Place) -> None:
    for command in commands(page):
        reader(*command[1:])
    for text in blocks(page, "cypher"):
        place.run(text)
    for text in blocks(page, "python"):
        exec(compile(text, str(page), "exec"), {})
    gc.collect()


def test_cypher_of_the_readme_answers(reader: Zoo, place: Place) -> None:
    [text] = blocks(ROOT / "README.md", "cypher")
    assert len(place.run(text)) == 10


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
