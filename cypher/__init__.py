"""Every query of the zoo as a file of its own, and the reader of them.

A query file starts with two comments: the question it answers, and its parameters
(``// params: dataset, limit``). Its name is the file's stem, unique across folders. Folders:
``ask`` for people (``zoo query``), ``browser`` for Neo4j Browser, ``read`` and ``write`` for the
program, ``jobs`` for the job ledger, ``schema`` for versions of the schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Query", "folders", "load", "names", "statements"]

_FOLDERS = ("ask", "browser", "jobs", "read", "schema", "write")


@dataclass(frozen=True, slots=True)
class Query:
    name: str
    folder: str
    question: str
    params: tuple[str, ...]
    text: str


def folders() -> tuple[str, ...]:
    return _FOLDERS


@cache
def load(name: str) -> Query:
    """The query called ``name``. KeyError where no file has that stem."""
    return _queries()[name]


def names(folder: str) -> list[str]:
    """Names of the queries in one folder, sorted."""
    return sorted(query.name for query in _queries().values() if query.folder == folder)


def statements(name: str) -> list[str]:
    """The statements of a schema file, which alone may hold several, separated by ``;``."""
    parts = load(name).text.split(";")
    return [part.strip() for part in parts if _code(part)]


@cache
def _queries() -> dict[str, Query]:
    found: dict[str, Query] = {}
    for folder in _FOLDERS:
        place = files("cypher").joinpath(folder)
        if not place.is_dir():
            continue
        for file in place.iterdir():
            if file.name.endswith(".cypher"):
                query = _parse(folder, file.name.removesuffix(".cypher"), file.read_text("utf-8"))
                if query.name in found:
                    raise ValueError(f"two queries are called {query.name!r}")
                found[query.name] = query
    return found


def _parse(folder: str, name: str, text: str) -> Query:
    first, second, *_ = text.splitlines()
    if not first.startswith("// ") or not second.startswith("// params:"):
        raise ValueError(f"{folder}/{name}.cypher: line 1 is its question, line 2 its '// params:'")
    declared = second.removeprefix("// params:").split(",")
    params = tuple(param.strip() for param in declared if param.strip())
    return Query(name, folder, first.removeprefix("// "), params, text)


def _code(part: str) -> str:
    return "\n".join(line for line in part.splitlines() if not line.startswith("//")).strip()
