"""ingest records, export, record, forget, quarantine, ls, show, on both stores."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.cli.command import Zoo
from tests.stores import Place


def test_ingest_says_what_it_did(zoo: Zoo, history: Path, place: Place) -> None:
    zoo("db", "status")
    before = place.count()
    first = zoo("ingest", "records", str(history), "--dry-run", "--json").objects[0]
    assert place.count() == before
    second = zoo("ingest", "records", str(history), "--json").objects[0]
    assert second["kind"] == "bundle"
    assert second["changes"] == first["changes"]
    assert second["changes"]["models"] == {"created": 25, "updated": 0, "unchanged": 0}
    assert place.run("MATCH (r:Run) RETURN r.id AS id") == [{"id": second["run"]}]


def test_ingest_again_changes_nothing(zoo: Zoo, history: Path, place: Place) -> None:
    zoo("ingest", "records", str(history))
    before = place.count()
    again = zoo("ingest", "records", str(history), "--json").objects[0]
    assert again["run"] is None
    assert all(not c["created"] and not c["updated"] for c in again["changes"].values())
    assert place.count() == before
    assert "Nothing changed" in zoo("ingest", "records", str(history)).err


def test_export_then_import_is_the_same(zoo: Zoo, history: Path, tmp_path: Path) -> None:
    zoo("ingest", "records", str(history))
    zoo("quarantine", first_id(history / "datasets.csv"), "--reason", 'a, "quoted" reason')
    zoo("export", str(tmp_path / "one"))
    again = zoo("ingest", "records", str(tmp_path / "one"), "--json").objects[0]
    assert again["run"] is None
    zoo("export", str(tmp_path / "two"))
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_bad_bundle_writes_nothing(zoo: Zoo, tmp_path: Path, place: Place) -> None:
    (tmp_path / "models.csv").write_text("id\nvit\n")
    (tmp_path / "datasets.csv").write_text("id\npets\n")
    (tmp_path / "fine_tunings.csv").write_text(
        "model,dataset,accuracy\nvit,pets,.9\nvit,pest,.8\nvit,pets,1.8\n"
    )
    error = zoo.fails("ingest", "records", str(tmp_path))
    assert "fine_tunings.csv:3" in error and "fine_tunings.csv:4" in error
    assert place.run("MATCH (n:Model) RETURN n") == []


def test_no_history_there(zoo: Zoo, tmp_path: Path) -> None:
    assert str(tmp_path) in zoo.fails("ingest", "records", str(tmp_path))
    assert "nowhere" in zoo.fails("ingest", "records", str(tmp_path / "nowhere"))


def test_empty_zoo_says_what_to_type(zoo: Zoo, tmp_path: Path) -> None:
    for command in (
        ("train",), ("predict", "pets"), ("candidates", "pets"), ("evaluate",),
        ("export", str(tmp_path / "out")),
    ):  # fmt: skip
        assert "zoo ingest records PATH" in zoo.fails(*command)


def test_record_corrects_and_adds(zoo: Zoo, place: Place) -> None:
    made = zoo("record", "vit", "pets", "--accuracy", ".9", "--create", "--json").objects[0]
    assert made["result"] == "created"
    fixed = zoo("record", "vit", "pets", "--accuracy", ".91", "--json").objects[0]
    assert fixed["result"] == "updated"
    same = zoo("record", "vit", "pets", "--accuracy", ".91", "--json").objects[0]
    assert same["result"] == "unchanged" and same["run"] is None
    again = zoo("record", "vit", "pets", "--accuracy", ".92").err
    assert "0.92. Take it away, without what it replaced: zoo forget " in again
    zoo("record", "vit", "pets", "--accuracy", ".93", "--seed", "1")
    found = place.run(
        "MATCH (:Model {id: 'vit'})-[r:FINE_TUNED_ON]->(:Dataset) RETURN r.value AS v ORDER BY v"
    )
    assert [row["v"] for row in found] == [0.92, 0.93]


def test_record_refuses_what_cannot_be(zoo: Zoo) -> None:
    zoo("record", "vit", "pets", "--accuracy", ".9", "--create")
    assert "Did you mean 'pets'" in zoo.fails("record", "vit", "pet", "--accuracy", ".9")
    assert "Did you mean 'vit'" in zoo.fails("record", "vitt", "pets", "--accuracy", ".9")
    assert "fractions" in zoo.fails("record", "vit", "pets", "--accuracy", "91")
    assert "nan" in zoo.fails("record", "vit", "pets", "--accuracy", "nan")
    assert "--accuracy" in zoo.fails("record", "vit", "pets")
    assert "full, lora, linear" in zoo.fails(
        "record", "vit", "pets", "--accuracy", ".9", "--method", "prompt"
    )


def test_forget_undoes_a_run(zoo: Zoo, history: Path, place: Place) -> None:
    run = zoo("ingest", "records", str(history), "--json").objects[0]["run"]
    full = place.count()
    would = zoo("forget", run, "--dry-run", "--json").objects[0]
    assert would["relationships"]["FINE_TUNED_ON"] > 0
    assert place.count() == full
    labels = place.run(
        "MATCH (n) WHERE n:Model OR n:Dataset OR n:Embedding "
        "RETURN labels(n)[0] AS label, count(*) AS n"
    )
    made = {row["label"]: row["n"] for row in labels}
    assert would["nodes"] == made and {"Model", "Dataset"} <= set(made)
    assert f"{made['Model']} Model" in zoo("forget", run).err
    # What is left is the provenance of the forgetting itself, and the schema's version.
    assert place.count() == (2, 0)
    assert place.run("MATCH (r:Run) RETURN r.kind AS kind") == [{"kind": "forget"}]


def test_forget_a_model_and_a_dataset(zoo: Zoo, history: Path, place: Place) -> None:
    zoo("ingest", "records", str(history))
    for kind, label in (("models", "Model"), ("datasets", "Dataset")):
        name = first_id(history / f"{kind}.csv")
        zoo("forget", name)
        assert place.run(f"MATCH (n:{label} {{id: $id}}) RETURN n", id=name) == []
        assert "No run, model or dataset" in zoo.fails("forget", name)
    assert place.run("MATCH (e:Embedding) WHERE NOT (e)--() RETURN e.id") == []


def test_list_and_show(zoo: Zoo, history: Path) -> None:
    zoo("ingest", "records", str(history))
    assert len(zoo("ls", "models", "--json").objects) == 25
    assert len(zoo("ls", "datasets", "--limit", "2", "--json").objects) == 2
    assert [row["kind"] for row in zoo("ls", "runs", "--json").objects] == ["ingest records"]
    for option in ("--contains", "--modality"):
        assert "zoo ls runs" in zoo.fails("ls", "runs", option, "image")
    name = first_id(history / "models.csv")
    [shown] = zoo("show", name, "--json").objects
    assert shown["kind"] == "model" and shown["id"] == name and shown["results"]
    assert name in zoo("show", name).out
    assert "zoo ls" in zoo.fails("show", "nothing")


def test_hostile_names_are_data(zoo: Zoo, place: Place) -> None:
    name = "x'}) DETACH DELETE (n) // `\"\\ \u202e\x1b[31m 🙂\n"
    zoo("record", name, "pets", "--accuracy", ".9", "--create")
    assert place.run("MATCH (m:Model) RETURN m.id AS id") == [{"id": name}]
    assert [row["id"] for row in zoo("ls", "models", "--json").objects] == [name]
    assert "\x1b[31m" not in zoo("ls", "models").out
    assert "NUL" in zoo.fails("record", "a\0b", "pets", "--accuracy", ".9", "--create")


def first_id(file: Path) -> str:
    with file.open(newline="", encoding="utf-8") as stream:
        return next(csv.DictReader(stream))["id"]
