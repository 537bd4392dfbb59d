"""Every query file: declared parameters are used and passed, and no file is an orphan."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cypher
from graphdb.records import Dataset, FineTuning
from graphdb.store import Store
from tests.graphdb.zoos import keep_learner, small, write
from tests.stores import Place

ROOT = Path(__file__).parents[2]
QUERIES = [name for folder in cypher.folders() for name in cypher.names(folder)]
_OWN = {"read", "write", "jobs"}
_SAMPLES: dict[str, object] = {
    "limit": 5, "hidden": [], "allow_unknown": False, "dataset": "d1", "model": "m1",
    "modality": "image", "method": "full", "id": "m1", "run": "r", "kind": "predict",
}  # fmt: skip
#: Queries that answer times.
_TIMED: dict[str, dict[str, object]] = {
    "list_runs": {"limit": 5}, "recent_runs": {"limit": 5}, "run": {"id": "x"},
    "unfinished_runs": {}, "unfinished_imports": {}, "list_learners": {"limit": 5},
    "learner": {"id": "x"}, "default_learner": {"modality": "image", "method": "full"},
    "job": {"id": "x"}, "published": {"dataset": "d1", "method": "full"},
}  # fmt: skip


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))


def _trees() -> Iterator[ast.AST]:
    for package in ("cli", "zoo", "graphdb"):
        for file in (ROOT / package).rglob("*.py"):
            yield ast.parse(file.read_text("utf-8"))


def _names() -> tuple[set[str], list[re.Pattern[str]]]:
    """Literals of the program, and patterns of its f-strings that look like a query's name."""
    literals, patterns = set(), []
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            if isinstance(node, ast.JoinedStr):
                fixed = "".join(p.value for p in node.values if isinstance(p, ast.Constant))
                if re.fullmatch(r"[a-z_]+", fixed) and "_" in fixed:
                    parts = [
                        re.escape(p.value) if isinstance(p, ast.Constant) else "[a-z_]+"
                        for p in node.values
                    ]
                    patterns.append(re.compile("".join(parts)))
    return literals, patterns


def test_every_folder_is_walked() -> None:
    folders = {file.parent.name for file in (ROOT / "cypher").glob("*/*.cypher")}
    assert folders <= set(cypher.folders())
    assert len(QUERIES) == len(list((ROOT / "cypher").rglob("*.cypher")))


@pytest.mark.parametrize("name", QUERIES)
def test_declared_parameters_are_the_used_ones(name: str) -> None:
    query = cypher.load(name)
    used = set(re.findall(r"\$(\w+)", _code(query.text)))
    assert used == set(query.params)
    assert query.question.strip()


def test_no_query_of_the_program_is_an_orphan() -> None:
    literals, patterns = _names()
    for name in QUERIES:
        if cypher.load(name).folder in _OWN:
            assert name in literals or any(p.fullmatch(name) for p in patterns), name


def test_callers_pass_what_is_declared() -> None:
    checked = 0
    for tree in _trees():
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr not in ("read", "write", "run", "stream") or not call.args:
                continue
            name = call.args[0]
            if not isinstance(name, ast.Constant) or name.value not in QUERIES:
                continue
            passed = {keyword.arg for keyword in call.keywords}
            if None not in passed:  # else **something, which the store checks when it runs
                assert passed == set(cypher.load(str(name.value)).params), name.value
                checked += 1
    assert checked > 30


def test_a_call_with_other_parameters_is_a_bug(store: Store) -> None:
    with pytest.raises(TypeError, match="ping takes"):
        store.read("ping", more=1)


@pytest.mark.parametrize("folder", ["ask", "read"])
def test_every_question_has_an_answer_on_every_store(store: Store, folder: str) -> None:
    write(store, small())
    keep_learner(store, "l1")
    for name in cypher.names(folder):
        params = {param: _SAMPLES.get(param) for param in cypher.load(name).params}
        store.read(name, **params)


def test_evidence_is_of_the_most_similar_first_and_of_others_where_none_is(store: Store) -> None:
    history = small()
    history.fine_tunings.extend(
        FineTuning(f"e{number}", "m3", dataset, 0.5)
        for number, dataset in enumerate(("d1", "d2", "d3", "d4"))
    )
    history.datasets.append(Dataset("d4"))
    write(store, history)
    found = {
        target: [row["dataset"] for row in
                 store.read("evidence", model="m3", dataset=target, limit=5)]
        for target in ("d1", "d4")
    }  # fmt: skip
    assert found == {"d1": ["d2", "d3", "d4"], "d4": ["d1", "d2", "d3"]}
    assert not store.read("evidence", model="m2", dataset="d2", limit=5)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500Z"),
        ("2026-01-02T00:00:00[America/New_York]", "2026-01-02T05:00:00.000Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"),
    ],
)
def test_a_time_is_the_same_text_on_every_store(
    store: Store, place: Place, stored: str, text: str
) -> None:
    place.run(
        "CREATE (:Run {id: 'x', kind: 'import', status: 'running', content: 'c', owner: 'h:1', "
        "started: datetime($t), finished: datetime($t), seen: datetime()}) "
        "CREATE (:Job {id: 'x', lease_until: datetime($t)}) "
        "CREATE (:Learner {id: 'x', modality: 'image', method: 'full', default: true, "
        "trained: datetime($t)})-[:PUBLISHED {run: 'x'}]->(:Dataset {id: 'd1'})",
        t=stored,
    )
    found = {
        name: {row.get(key) for row in store.read(name, **params) for key in
               ("started", "finished", "trained", "lease_until")} - {None}
        for name, params in _TIMED.items()
    }  # fmt: skip
    assert found == {name: {text} for name in _TIMED}
