"""What a large import wrote that has not ended: no shipped query shows it, on either store."""

from __future__ import annotations

import pytest

import cypher
from graphdb.catalog import find_dataset
from graphdb.errors import ZooError
from graphdb.store import Store
from tests.browser.graph import PARAMS, build_zoo
from tests.stores import Place
from zoo.listing import list_nodes, show_node
from zoo.queries import run_query

#: They say what the store holds, copy it whole, or are about runs themselves.
_ALL = {
    "artifacts", "counts", "filling", "forgets_dataset", "forgets_model", "forgets_run",
    "forgets_run_nodes", "ping",
    "relationship_counts", "running_runs", "turn", "unfinished_imports", "unfinished_runs",
}  # fmt: skip
_SAMPLES: dict[str, object] = {
    **PARAMS, "limit": 500, "allow_unknown": False, "modality": "image",
    "method": "full", "kind": "predict", "ids": ["flowers", "pets", "beans"], "probe": "vit",
    "methods": ["full", "logme"],
}  # fmt: skip
_JOBS = ("planned_datasets", "planned_models", "probe_counts", "probe_embeddings",
         "similarity_probes")  # fmt: skip
_SHOWN = [
    name
    for folder in ("ask", "browser", "read")
    for name in cypher.names(folder)
    if name not in _ALL and not name.startswith("dump_") and "run" not in name
] + list(_JOBS)


def _hide(place: Place) -> None:
    """A large import that has written one of everything, among what is there and beside it."""
    place.run(
        "CREATE (:Run {id: 'large', kind: 'ingest records', status: 'running', content: 'c', "
        "owner: 'nowhere:1', arguments: '{}', started: datetime(), seen: datetime()}) "
        "CREATE (:Model {id: 'hidden', modality: 'image', run: 'large'}) "
        "CREATE (:Dataset {id: 'hidden', modality: 'image', run: 'large'})"
    )
    pairs = [["vit-2", "flowers"], ["swin-1", "flowers"], ["vit-2", "pets"], ["hidden", "hidden"],
             ["vit-2", "hidden"], ["hidden", "flowers"]]  # fmt: skip
    place.run(
        "UNWIND $pairs AS pair MATCH (m:Model {id: pair[0]}) MATCH (d:Dataset {id: pair[1]}) "
        "CREATE (m)-[:PRETRAINED_ON {run: 'large'}]->(d) "
        "CREATE (m)-[:TRANSFERABILITY {run: 'large', method: 'logme', score: 9.0}]->(d) "
        "WITH m, d UNWIND ['full', 'lora'] AS method "
        "CREATE (m)-[:FINE_TUNED_ON {id: m.id + d.id + method, run: 'large', value: 2.0, "
        "metric: 'accuracy', method: method}]->(d)",
        pairs=pairs,
    )
    place.run(
        "UNWIND ['flowers', 'pets', 'beans'] AS id MATCH (a:Dataset {id: id}) "
        "MATCH (b:Dataset) WHERE b.id IN ['dtd', 'hidden'] "
        "CREATE (a)-[:SIMILAR_TO {run: 'large', measure: 'cosine', probe: 'new', value: 2.0}]->(b)"
    )
    place.run(
        "MATCH (d:Dataset) WHERE d.id IN ['flowers', 'hidden'] CREATE (d)-[:HAS_EMBEDDING "
        "{run: 'large'}]->(:Embedding {id: d.id + 'new', probe: 'vit', method: 'new', "
        "run: 'large', vector: $vector})",
        vector=b"\0" * 8,
    )


def _answers(store: Store, *, hidden: tuple[str, ...] = ("large",)) -> dict[str, list[str]]:
    found = {}
    run = store.read("published", dataset="flowers", method="full")[0]["run"]
    for name in _SHOWN:
        given = {**_SAMPLES, "run": run, "id": _id(name), "hidden": list(hidden)}
        params = {param: given.get(param) for param in cypher.load(name).params}
        found[name] = sorted(map(repr, store.read(name, **params)))
    return found


def _id(name: str) -> str:
    return "flowers" if "dataset" in name else "vit-2"


def test_no_shipped_query_shows_rows_of_an_unfinished_import(store: Store, place: Place) -> None:
    build_zoo(store, place)
    before = _answers(store)
    empty = {name for name in _SHOWN if not before[name]}
    _hide(place)
    after = _answers(store)
    changed = {name for name in _SHOWN if before[name] != after[name]}
    assert not changed
    assert len(_SHOWN) - len(empty) > 30, f"too few had something to show: {sorted(empty)}"
    store.write("finish_run", id="large", status="done")
    ended = _answers(store, hidden=())
    seen = {name for name in _SHOWN if before[name] != ended[name]}
    assert len(seen) > 25, "once it has ended, all of it is seen"


def test_the_commands_do_not_know_it_either(store: Store, place: Place) -> None:
    build_zoo(store, place)
    before = show_node(store, "vit-2").results, list_nodes(store, "models", contains="vit-2")
    _hide(place)
    assert before == (
        show_node(store, "vit-2").results, list_nodes(store, "models", contains="vit-2"),
    )  # fmt: skip
    for kind in ("model", "dataset"):
        assert not list_nodes(store, f"{kind}s", contains="hidden")
        with pytest.raises(ZooError, match=rf"No {kind} 'hidden' in the zoo\. List"):
            show_node(store, "hidden", kind=kind)
    with pytest.raises(ZooError) as error:
        find_dataset(store, "hiden")
    assert "'hidden'" not in str(error.value), "it was suggested"
    best = run_query(store, "records", {"dataset": "flowers", "method": "full"})
    assert best and all(row["value"] <= 1 for row in best)
