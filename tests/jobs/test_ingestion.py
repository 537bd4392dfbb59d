"""Models, datasets, runs and scores into a zoo: the library's calls and the commands."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphdb import jobs as ledger
from graphdb.errors import ZooError
from graphdb.histories import write_history
from graphdb.records import FineTuning, History, Model
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.cli.command import Zoo, zoo_alone
from tests.jobs.conftest import make_images
from tests.jobs.test_hub_models import make_folder
from tests.stores import Place
from zoo.hub.configs import DatasetConfig, config_of, with_config
from zoo.hub.datasets import LoadedDataset, load_dataset
from zoo.hub.references import read_references
from zoo.jobs.adaptive import CLOSE
from zoo.jobs.finetuning import fine_tune
from zoo.jobs.ingestion import ingest_datasets, ingest_models, ingest_scores
from zoo.jobs.launching import launcher_for, parse_seconds
from zoo.jobs.planning import Request, make_plan
from zoo.jobs.probing import choose_probe, examine_dataset
from zoo.jobs.specs import Settings


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_models_are_written_and_one_that_fails_is_a_job_with_its_reason(
    store: Store, tmp_path: Path
) -> None:
    good, bad = make_folder(tmp_path / "good"), make_folder(tmp_path / "bad")
    (bad / "config.json").write_text("{", encoding="utf-8")
    references = read_references([str(bad), str(good)])
    done = ingest_models(store, references)
    assert len(done.models) == len(done.failures) == 1
    [model] = ledger.find_models(store)
    assert model.parameters == 300_010
    [job] = store.read("list_jobs", limit=5)
    assert job["status"] == "failed" and "no JSON" in job["error"]
    assert "zoo ingest models" in store.read("job", id=job["id"])[0]["arguments"]
    assert ingest_models(store, references).changes.run is None, "the same again changes nothing"
    (bad / "config.json").write_text((good / "config.json").read_text("utf-8"), encoding="utf-8")
    ingest_models(store, references)
    assert store.read("job", id=job["id"])[0]["status"] == "done"


def test_datasets_come_with_embeddings_and_similarities_to_all_before(
    store: Store, image_model: Path, tmp_path: Path
) -> None:
    folders = [make_images(tmp_path / f"set{n}", each=8, seed=n) for n in range(3)]
    told: list[tuple[float, str]] = []
    done = ingest_datasets(
        store, [str(folder) for folder in folders], probe=str(image_model), alone=False,
        tell=lambda share, what: told.append((share, what)),
    )  # fmt: skip
    assert [len(one.similarities) for one in done.datasets] == [0, 2, 4]  # two methods each
    found = ledger.probe_embeddings(store, str(image_model))
    assert len(found) == 6
    assert len(store.read("all_similarities", hidden=[])) == 6
    again = ingest_datasets(store, [str(folders[0])], probe=str(image_model), alone=False).datasets[
        0
    ]
    assert again.dataset == done.datasets[0].dataset, "and its vectors come from the cache"
    assert again.seconds < done.datasets[0].seconds
    shares, doing = zip(*told, strict=True)
    assert list(shares) == sorted(shares), "a bar moves one way, by rows and by datasets"
    assert doing[:3] == (
        "set0, reading",
        f"set0, loading {image_model}",
        "set0, 0 rows of 15 at most",
    )
    assert doing[3].startswith("set0, 15 rows of 15 at most") and doing[4] == "1 of 3"


def test_the_historys_own_probe_is_used(store: Store, image_model: Path, tmp_path: Path) -> None:
    first = make_images(tmp_path / "first", each=8)
    ingest_datasets(store, [str(first)], probe=str(image_model), alone=False)
    assert choose_probe(store, "image").id == str(image_model)
    other = make_images(tmp_path / "other", each=8, seed=5)
    examined = examine_dataset(store, str(other), alone=False)
    assert examined.embeddings[0].probe == str(image_model)
    assert {s.probe for s in examined.similarities} == {str(image_model)} and not examined.notes
    assert len(ledger.find_datasets(store)) == 1, "looking stores nothing"
    stored, empty = ledger.probe_embeddings(store, str(image_model)), tmp_path / "empty"
    known = examine_dataset(store, str(first), within=CLOSE, alone=False, cache=empty)
    assert len(known.embeddings) == len(stored) == 2 and not empty.exists()
    for one, kept in zip(known.embeddings, stored, strict=True):
        np.testing.assert_array_equal(one.vector, kept.vector)


def test_a_dataset_that_was_read_whole_is_not_read_again_for_its_embedding(
    store: Store, image_model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, read = tmp_path / "kept", list[object]()

    def load(reference: str, **options: Any) -> LoadedDataset:
        read.append(options["max_samples"])
        return load_dataset(reference, **options)

    monkeypatch.setattr("zoo.jobs.loading.load_dataset", load)
    look = partial(
        examine_dataset, store, str(images), probe=str(image_model), alone=False, cache=kept
    )
    assert look(max_samples=60).embeddings and read == [None], "an embedding is of all"
    shutil.rmtree(kept)
    again = look()
    assert again.embeddings and len(read) == 1, again.notes


def test_a_probe_that_is_not_at_hand_is_said_and_the_rest_stands(
    store: Store, images: Path
) -> None:
    examined = examine_dataset(store, str(images), probe="/no/such/probe", alone=False)
    assert examined.dataset.classes == 3 and not examined.embeddings
    assert "Without similarity" in examined.notes[0] and "/no/such/probe" in examined.notes[0]


def test_nothing_is_loaded_for_a_probe_that_cannot_be_had(
    store: Store, images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("zoo.jobs.probing.run_alone", lambda *_, **__: pytest.fail("it looked"))
    [note] = examine_dataset(store, str(images), probe="org/none", cache=tmp_path / "kept").notes
    assert "org/none is not there: the hub cannot be reached" in note
    assert note.endswith(f"with it: zoo ingest datasets {images}")


def test_a_dataset_that_fails_is_kept_and_the_rest_goes_on(
    store: Store, images: Path, texts: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    told: list[str] = []
    done = ingest_datasets(
        store, [str(empty), str(images), str(texts)], probe="/none", alone=False,
        tell=lambda _, what: told.append(what),
    )  # fmt: skip
    assert (len(done.datasets), len(done.failures)) == (2, 1)
    assert sum("loading /none" in what for what in told) == 1, "what fails once fails each time"
    assert done.datasets[0].notes == done.datasets[1].notes and "/none" in done.datasets[0].notes[0]
    [job] = store.read("list_jobs", limit=5)
    assert job["status"] == "failed" and "no images" in job["error"]
    with pytest.raises(ZooError, match="for one dataset"):
        ingest_datasets(store, ["a", "b"], name="x")


def test_times_and_places_are_checked() -> None:
    assert [parse_seconds(text) for text in ("90s", "1.5m", "4h")] == [90, 90, 14_400]
    for wrong in ("", "4", "h", "-1h", "0s"):
        with pytest.raises(ZooError, match="4h"):
            parse_seconds(wrong)
    with pytest.raises(ZooError, match="local and ray"):
        launcher_for("moon")


def test_the_commands_fill_a_zoo_from_nothing(
    place: Place, zoo: Zoo, image_model: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models, a dataset, a priced plan, its runs, scores; and all of it again does nothing."""
    if place.kind == "neo4j":
        pytest.skip("commands are the same on both; the library's calls run on both above")
    monkeypatch.setenv("FORCE_COLOR", "1")
    [model] = zoo("ingest", "models", str(image_model), "--name", "m", "--json").objects
    assert model["family"] == "resnet"
    done = zoo("ingest", "datasets", str(images), "--name", "d", "--probe", "m", "--json")
    [found] = done.objects
    assert found["dataset"]["classes"] == 3 and found["samples_seen"], done.err
    assert "Datasets: shades, loading m" in done.err, "what takes long is said"
    assert "Generating" not in done.err, "by our own bar alone"
    run = ("ingest", "runs", "--epochs", "1", "--image-size", "32", "--threads", "1")
    planned = zoo(*run, "--dry-run", "--json").objects
    assert [line.get("jobs") for line in planned] == [None, 1]
    assert zoo(*run, "--dry-run").err.startswith("1 job missing; 0 pairs have a result, ")
    done = zoo_alone(*run, "--json")
    assert done.code == 0 and done.objects[0]["done"] == 1, done.err
    assert "0 jobs missing; 1 pair has a result" in zoo(*run).err
    done = zoo("ingest", "scores", "--method", "logme,leep", "--method", "nce", "--json")
    [answer] = done.objects
    assert answer["written"] == 3 and not answer["failures"], done.err
    job = zoo("ls", "jobs", "--json").objects[0]
    assert job["status"] == "done"
    [shown] = zoo("show", job["id"], "--json").objects
    assert shown["seconds"] > 0 and shown["device"] and shown["peak_memory_bytes"] > 10**6
    assert shown["command"].startswith("zoo ingest runs --models m --datasets d --retry --seed 0")
    table = " ".join(zoo("show", job["id"]).out.split())
    assert f"peak_memory_bytes {shown['peak_memory_bytes']}" in table
    assert shown["command"] in table, "whole, to be copied"
    assert "None of 1 models" in zoo.fails("ingest", "models", "/no/such/folder")


def test_columns_named_once_are_known_to_every_later_job(
    store: Store, text_model: Path, tmp_path: Path
) -> None:
    """``zoo ingest datasets --label``, then ``zoo ingest runs`` without: the source says how."""
    rows = [f"{n},{'good' if n % 2 else 'bad'} day,{'up' if n % 2 else 'down'}" for n in range(40)]
    table = tmp_path / "odd names & more.csv"
    table.write_text("\n".join(["Nr,Body,Mood?", *rows]), encoding="utf-8")
    config = DatasetConfig(label="Mood?", text="Body", metric="f1")
    ingest_datasets(store, [str(table)], config=config, name="d", probe="/none", alone=False)
    write_history(
        store, History([Model("m", modality="text", source=text_model.as_uri())]),
        provenance=Provenance("test"),
    )  # fmt: skip
    [planned] = make_plan(store, Request(settings=Settings(epochs=1, max_length=16))).jobs
    assert planned.spec.dataset.reference == str(table)
    assert planned.spec.dataset.config == config
    done = fine_tune(planned.spec.model_copy(update={"folder": tmp_path / "job", "threads": 1}))
    assert (done.status, done.metric) == ("done", "f1"), done.reason


def test_rows_that_changed_are_not_taken_for_those_that_the_zoo_knows(
    store: Store, text_model: Path, image_model: Path, texts: Path, tmp_path: Path
) -> None:
    """By id of their own, and by a name that stays: no result is of other rows than its neighbours,
    unless a user says so."""
    table = shutil.copy(texts, tmp_path / "moods.csv")
    folder = make_images(tmp_path / "shades", each=8)
    ingest = partial(ingest_datasets, store, probe="/none", alone=False)
    [first] = ingest([str(table)], config=DatasetConfig(label="label")).datasets
    ingest([str(folder)], name="s")
    models = [Model("t", modality="text", source=text_model.as_uri()),
              Model("i", modality="image", source=image_model.as_uri())]  # fmt: skip
    write_history(store, History(models), provenance=Provenance("test"))
    settings = Settings(epochs=1, max_length=16, image_size=32)
    for index in range(4):  # as many files as before, and as many rows but one
        (folder / "grey" / f"{index:03}.png").rename(folder / "dark" / f"new{index}.png")
    table.write_text("\n".join(table.read_text("utf-8").splitlines()[:-1]), "utf-8")
    told = {}
    for planned in make_plan(store, Request(settings=settings)).jobs:
        place = {"folder": tmp_path / "job", "threads": 1}
        done = fine_tune(planned.spec.model_copy(update=place))
        assert (done.status, done.cause) == ("failed", "dataset")
        told[planned.spec.dataset.id] = done.reason
    knows = "its rows are not those that the zoo knows as"
    assert told == {
        first.dataset.id: f"{table}: {knows} {first.dataset.id} (160 then, 159 now); add these "
        f"as well: zoo ingest datasets {table} --label=label",
        "s": f"{folder}: {knows} s (24 then, 24 now); add these beside them: zoo ingest datasets "
        f"{folder} --name s-2, or in their place: zoo ingest datasets {folder} --name s "
        "(then --retry this job)",
    }
    scored = ingest_scores(store, Request(datasets=("s",), settings=settings), methods="logme")
    assert [one.reason for one in scored.failures] == [told["s"]] and not scored.written

    result = FineTuning("r", "i", "s", 0.5)
    write_history(store, History(fine_tunings=[result]), provenance=Provenance("test"))
    [again] = ingest([str(folder)], name="s").datasets
    assert "(24, now 24): its results and scores so far (1) are of those" in again.notes[-1]
    assert "zoo forget s" in again.notes[-1]
    planned = make_plan(store, Request(datasets=("s",), settings=settings, seed=1)).jobs
    assert fine_tune(planned[0].spec.model_copy(update=place)).status == "done"


def test_a_source_says_how_its_dataset_is_read_and_no_more() -> None:
    whole = DatasetConfig(label="a=b&c", splits={"train": "x", "test": "y"}, revision="v1",
                          max_samples=50)  # fmt: skip
    assert config_of(with_config("hub", whole)) == whole
    assert with_config("hub", DatasetConfig(name="n", source="s")) == "hub"
    assert config_of("hub") is config_of(None) is config_of("file:///a%20b") is None
    with pytest.raises(ZooError, match="metric"):
        config_of("hub?metric=beauty")


def test_a_dataset_is_stored_with_its_answer_or_not_at_all(
    zoo: Zoo, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_STORE", f"embedded:{tmp_path / 'store'}")
    assert "Make some: zoo ingest runs" in zoo.fails("predict", str(images))
    assert zoo("ls", "datasets", "--json").objects == []
