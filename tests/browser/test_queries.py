"""The saved queries of Neo4j Browser: each answers, draws little, and shows no vector."""

from __future__ import annotations

import neo4j
import pytest

import cypher
from graphdb.store import Store
from tests.browser.graph import PARAMS, build_zoo
from tests.stores import Place

#: More circles than this on a screen is a hairball.
READABLE = 20
QUERIES = (
    "draw_candidates", "draw_failed_jobs", "draw_lora_against_full", "draw_nearest",
    "draw_never_tried", "draw_outcome", "draw_runs", "draw_why",
)  # fmt: skip


def test_all_eight_are_here() -> None:
    assert tuple(cypher.names("browser")) == QUERIES


def test_each_draws_a_readable_graph(store: Store, place: Place) -> None:
    build_zoo(store, place)
    for name in QUERIES:
        nodes, relationships = drawn(store, name)
        assert 2 <= len(nodes) <= READABLE, name
        assert len(relationships) <= READABLE, name
        assert not any("Embedding" in labels for labels in nodes.values()), name


def test_what_they_draw(store: Store, place: Place) -> None:
    build_zoo(store, place)
    stored = place.run("MATCH (:Dataset {id: 'flowers'})<-[p:PREDICTED]-() RETURN p")
    assert len(stored) == 60, "both runs are stored, one is drawn"
    assert sorted(r["rank"] for r in drawn(store, "draw_candidates")[1]) == list(range(1, 11))
    never = drawn(store, "draw_never_tried")[0].values()
    assert sum("Model" in labels for labels in never) == 5
    both = [r["method"] for r in drawn(store, "draw_lora_against_full")[1]]
    assert both.count("full") == both.count("lora") == 5
    outcome = [r.type for r in drawn(store, "draw_outcome")[1]]
    assert outcome.count("PREDICTED") == outcome.count("FINE_TUNED_ON") == 10
    why = [r.type for r in drawn(store, "draw_why")[1]]
    assert why.count("PREDICTED") == 1
    assert why.count("SIMILAR_TO") == why.count("FINE_TUNED_ON") == 6


def test_of_repeats_the_best_is_drawn_which_is_the_smallest_error(
    store: Store, place: Place
) -> None:
    build_zoo(store, place)
    place.run("MATCH ()-[r:FINE_TUNED_ON]->() SET r.metric = 'mse'")
    for name in ("draw_outcome", "draw_lora_against_full", "draw_why"):
        links = [r for r in drawn(store, name)[1] if r.type == "FINE_TUNED_ON"]
        for link in links:
            model, dataset = (node["id"] for node in link.nodes)
            [best] = place.run(
                "MATCH (:Model {id: $model})-[r:FINE_TUNED_ON]->(:Dataset {id: $dataset}) "
                "WHERE r.method = $method RETURN min(r.value) AS value",
                model=model, dataset=dataset, method=link["method"],
            )  # fmt: skip
            assert link["value"] == best["value"], name
        assert links, name


@pytest.mark.parametrize(
    "name", [name for name in QUERIES if "dataset" in cypher.load(name).params]
)
def test_an_unknown_dataset_draws_nothing(store: Store, name: str) -> None:
    params = dict.fromkeys(cypher.load(name).params, "no such thing")
    assert store.read(name, **params) == []


def drawn(
    store: Store, name: str
) -> tuple[dict[str, frozenset[str]], list[neo4j.graph.Relationship]]:
    """(labels by node, relationships) that Browser would draw for a query."""
    params = {param: PARAMS[param] for param in cypher.load(name).params}
    values = [value for row in store.read(name, **params) for value in row.values()]
    nodes = [value for value in values if isinstance(value, neo4j.graph.Node)]
    links = {v.element_id: v for v in values if isinstance(v, neo4j.graph.Relationship)}
    assert not any(isinstance(value, bytes) for node in nodes for value in node.values())
    return {node.element_id: frozenset(node.labels) for node in nodes}, list(links.values())
