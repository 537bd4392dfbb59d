"""``zoo show MODEL --html``: one file, no network, few nodes, nothing executed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from graphdb.errors import ZooError
from graphdb.predictions import publish_predictions
from graphdb.records import Dataset, FineTuning, History, Model
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.graphdb.zoos import keep_learner, predictions, small, write
from zoo.drawing import draw, find_neighbourhood

pytest.importorskip("neo4j_viz", reason="neo4j-viz is an extra: transferzoo[viz]")
EVIL = "</script><script>alert(1)</script>\u202e`\"'"


def _data(file: Path) -> Any:
    [text] = re.findall(
        r'<script type="application/json" id="neo4j-viz-data">(.*?)</script>',
        file.read_text("utf-8"), re.S,
    )  # fmt: skip
    return json.loads(text)


def test_a_model_and_what_hangs_on_it(store: Store, tmp_path: Path) -> None:
    write(store, small())
    keep_learner(store, "l1")
    publish_predictions(
        store, [predictions("d2", ["m1", "m2"])], learner="l1", method="full",
        provenance=Provenance("predict"),
    )  # fmt: skip
    found = find_neighbourhood(store, "m1")
    assert found.models == ["m1"] and found.datasets == ["d1", "d2", "d3"]
    kinds = {(row["type"], row["dataset"]) for row in found.links}
    assert kinds == {("FINE_TUNED_ON", "d1"), ("PRETRAINED_ON", "d3"), ("PREDICTED", "d2")}
    assert [(row["a"], row["b"]) for row in found.likeness] == [("d1", "d2"), ("d1", "d3")]
    draw(found, tmp_path / "m1.html")
    data = _data(tmp_path / "m1.html")
    assert len(data["nodes"]) == 4 and len(data["relationships"]) == 5
    assert find_neighbourhood(store, "d2", kind="dataset").models == ["m1", "m2"]


def test_it_is_bounded_and_carries_no_vectors(store: Store, tmp_path: Path) -> None:
    datasets = [Dataset(f"d{i:03}") for i in range(100)]
    tunings = [FineTuning(f"f{i}", "m", d.id, i / 100) for i, d in enumerate(datasets)]
    write(store, History(models=[Model("m")], datasets=datasets, fine_tunings=tunings))
    found = find_neighbourhood(store, "m")
    assert len(found.links) == 12 and found.links[0]["dataset"] == "d099"
    draw(found, tmp_path / "m.html")
    assert "vector" not in json.dumps(_data(tmp_path / "m.html"))


def test_a_hostile_name_is_text(store: Store, tmp_path: Path) -> None:
    write(store, History(models=[Model(EVIL)], datasets=[Dataset(EVIL)],
                         fine_tunings=[FineTuning(EVIL, EVIL, EVIL, 0.5)]))  # fmt: skip
    from cli.text import plain

    draw(find_neighbourhood(store, EVIL), tmp_path / "evil.html", text=plain)
    page = (tmp_path / "evil.html").read_text("utf-8")
    assert "<script>alert(1)" not in page and "\u202e" not in page
    assert any("alert(1)" in node["caption"] or "alert(1)" in str(node["properties"])
               for node in _data(tmp_path / "evil.html")["nodes"])  # fmt: skip


def test_it_loads_nothing_from_elsewhere(store: Store, tmp_path: Path) -> None:
    write(store, small())
    (tmp_path / "m1.html").write_text("of yesterday")
    draw(find_neighbourhood(store, "m1"), tmp_path / "m1.html")
    assert [path.name for path in tmp_path.glob("*m1*")] == ["m1.html"]
    page = (tmp_path / "m1.html").read_text("utf-8")
    head = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.S)
    assert not re.search(r"""(src|href)=["']https?://""", head)


def test_what_cannot_be_drawn_is_one_line(store: Store, tmp_path: Path) -> None:
    write(store, small())
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ZooError, match="No model 'm9'"):
        find_neighbourhood(store, "m9")
    with pytest.raises(ZooError, match="Only a model or a dataset"):
        find_neighbourhood(store, "r", kind="run")
    with pytest.raises(ZooError, match="Cannot write"):
        draw(find_neighbourhood(store, "m1"), tmp_path / "file" / "m1.html")
