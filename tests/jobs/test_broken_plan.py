"""A plan in which broken models and datasets lie between sound ones, through the command line."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from graphdb.store import Store
from tests.cli.command import Zoo, zoo_alone
from tests.jobs.conftest import break_weights, make_images
from zoo.jobs.ingestion import ingest_datasets

RUN = ("ingest", "runs", "--epochs", "1", "--image-size", "32", "--max-length", "16",
       "--threads", "1", "--parallel", "2")  # fmt: skip
#: What each broken thing is told to be, by the name of its folder or file.
REASONS = {
    "cut": "truncated or malformed safetensors",
    "config": "weights do not fit the configuration, first: ",
    "wide": "weights do not fit the configuration, first: ",
    "nan": r"weights are not finite \(NaN or infinity\), first: ",
    "corrupt": r"12 of 36 images cannot be read: grey/000\.png, .* and 9 more; replace or remove",
    "deleted": r"/deleted: no such folder$",
    "garbled": "its tokenizer's files are no JSON: ",
    "gone": "no label column; it has text, mood; name one: zoo ingest .* --label",
    "lost": r"/lost\.csv: no such file or folder",
}
TAKEN = ("shades", "dusk", "corrupt", "moods.csv", "gone.csv", "lost.csv")
REFUSED = {
    "refused": "model.safetensors is truncated: ",
    "one": "1 class in 'label'; 2 are needed",
    "unlabelled.csv": "no label column; it has text, mood; name one: zoo ingest .* --label",
    "empty.csv": "it holds no rows",
    "two.csv": "of each class 2 rows at least are needed",
    "spoilt": r"12 of 36 images cannot be read: grey/000\.png, .*/002\.png and 9 more; replace ",
}


@pytest.fixture
def models(image_model: Path, text_model: Path, tmp_path: Path) -> Path:
    """Sound, malformed and truncated ones, each in its folder."""
    folder = tmp_path / "models"
    for name, model in (("a", image_model), ("t", text_model), ("z", image_model)):
        shutil.copytree(model, folder / name)
    shutil.copytree(image_model, folder / "cut")
    for how in ("nan", "config"):
        break_weights(image_model, folder / how, how)
    break_weights(image_model, folder / "refused", "truncated")
    config = json.loads((text_model / "config.json").read_text("utf-8"))
    for name in ("deleted", "garbled"):
        shutil.copytree(text_model, folder / name)
    wide = shutil.copytree(text_model, folder / "wide") / "config.json"
    wide.write_text(json.dumps(config | {"hidden_size": 2 * config["hidden_size"]}), "utf-8")
    return folder


@pytest.fixture
def datasets(images: Path, texts: Path, tmp_path: Path) -> Path:
    """Sound ones, and those that no command takes."""
    folder = tmp_path / "datasets"
    shutil.copytree(images, folder / "shades")
    make_images(folder / "dusk", each=12, seed=1)
    make_images(folder / "corrupt", each=12, seed=2)
    cut_short(make_images(folder / "spoilt", each=12, seed=3) / "grey")
    make_images(folder / "one", classes=1)
    for name in ("moods", "gone", "lost"):
        shutil.copy(texts, folder / f"{name}.csv")
    (folder / "unlabelled.csv").write_text("text,mood\nhello,a\nthere,b\n", "utf-8")
    (folder / "empty.csv").write_text("text,label\n", "utf-8")
    (folder / "two.csv").write_text("text,label\nhello,a\nthere,b\n", "utf-8")
    return folder


def cut_short(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])


def test_what_is_broken_in_a_plan_is_told_and_the_rest_is_done(
    models: Path, datasets: Path, tmp_path: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ZOO_STORE", f"embedded:{tmp_path / 'store'}")
    zoo("ingest", "models", *map(str, sorted(models.iterdir())))
    sound = [str(datasets / name) for name in TAKEN]
    with Store.open() as opened:
        taken = ingest_datasets(opened, sound, probe="/none", alone=False)
    names = [one.dataset.id for one in taken.datasets]
    names += [str(datasets / name) for name in REFUSED if name != "refused"]
    # Sound when they were added, broken when they are trained.
    os.truncate(models / "cut/model.safetensors", 300_000)
    shutil.rmtree(models / "deleted")
    (models / "garbled/tokenizer.json").write_text('{"broken', "utf-8")
    cut_short(datasets / "corrupt/grey")
    shutil.copy(datasets / "unlabelled.csv", datasets / "gone.csv")
    (datasets / "lost.csv").unlink()

    run = (*RUN, "--datasets", ",".join(names), "--json")
    done = zoo_alone(*run)
    assert done.code == 0 and "Traceback" not in done.err, done.err
    [told] = done.objects
    assert (told["done"], told["failed"]) == (5, 22), done.err
    assert "and 7 more failed" in done.err, "15 are shown"
    jobs = zoo("ls", "jobs", "--json").objects
    check_pairs([job for job in jobs if job["kind"] == "fine-tuning"])
    refused = {str(job["error"]) for job in jobs if job["kind"] != "fine-tuning"}
    assert len(refused) == len(REFUSED)
    for name, reason in REFUSED.items():
        assert any(re.search(rf"/{name}: {reason}", error) for error in refused), refused
        assert name == "refused" or re.search(rf"Failed: .*/{name}: {reason}", done.err)

    for model in ("cut", "nan", "config"):
        [shown] = zoo("show", job_of(model, "shades", jobs), "--json").objects
        assert shown["seconds"] > 0 and shown["device"] and shown["peak_memory_bytes"] > 10**7
        words = ["--models", id_of(model, jobs), "--datasets", names[0]]
        assert shlex.join(["zoo", "ingest", "runs", *words]) in shown["command"]

    again = zoo(*run)
    assert "0 jobs missing; 5 pairs have a result, 22 failed before" in again.err
    assert again.objects[0]["done"] == again.objects[0]["failed"] == 0
    assert attempts(zoo("ls", "jobs", "--json").objects) == attempts(jobs)

    # Nothing of what was asked for could be done.
    alone = zoo.fails(*RUN, "--models", id_of("nan", jobs), "--retry")
    assert alone.startswith("Error: All 3 jobs failed; why: zoo ls jobs")
    one = zoo.fails(*RUN, "--models", id_of("nan", jobs), "--datasets", names[0], "--retry")
    assert one.startswith("Error: The job failed; why: zoo ls jobs")


def check_pairs(jobs: list[dict[str, object]]) -> None:
    """A pair with anything broken failed for that reason, each other one is done."""
    ends = {(short(job["model"]), short(job["dataset"])): job for job in reversed(jobs)}
    assert len(ends) == 27
    for pair, job in ends.items():
        reasons = [REASONS[name] for name in pair if name in REASONS]
        assert job["status"] == ("failed" if reasons else "done"), job
        if reasons:
            error = str(job["error"])
            assert any(re.search(reason, error) for reason in reasons), error
            assert "\n" not in error
    statuses = [job["status"] for job in ends.values()]
    first, last = statuses.index("done"), len(statuses) - statuses[::-1].index("done")
    assert "failed" in statuses[first:last], "the broken ones lie between sound ones"


def attempts(jobs: list[dict[str, object]]) -> dict[object, object]:
    return {job["id"]: job["attempts"] for job in jobs if job["kind"] == "fine-tuning"}


def short(identity: object) -> str:
    """``local/moods-0123abcd`` is moods."""
    return str(identity).removeprefix("local/").rpartition("-")[0]


def job_of(model: str, dataset: str, jobs: list[dict[str, object]]) -> str:
    pairs = {(short(job["model"]), short(job["dataset"])): job["id"] for job in jobs}
    return str(pairs[model, dataset])


def id_of(model: str, jobs: list[dict[str, object]]) -> str:
    return next(str(job["model"]) for job in jobs if short(job["model"]) == model)
