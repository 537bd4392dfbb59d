"""Datasets by hub id, read by the real library from a hub that answers over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.jobs.hub import BAD_TOKEN, commit_of
from tests.jobs.hub_datasets import serve_datasets
from zoo.hub import reaching

SCRIPT = """
import dataclasses, json, sys
from graphdb.errors import ZooError
from zoo.hub import describe_dataset
for reference in sys.argv[1:]:
    try:
        print(json.dumps(dataclasses.asdict(describe_dataset(reference).dataset)))
    except ZooError as error:
        print(json.dumps({"reason": str(error)}))
"""
#: The same, where every pause between two requests is told as an answer.
PATIENT = f"""
import time
sleep = time.sleep
time.sleep = lambda seconds: (print('{{"pause": 1}}') if seconds > 1 else None, sleep(seconds))
{SCRIPT}"""
CARD = """---
configs:
- config_name: moods
  data_files: moods/train.parquet
- config_name: pairs
  data_files: pairs/train.parquet
---
"""


def make_repository(folder: Path) -> Path:
    import pandas as pd

    for name in ("moods", "pairs"):
        (folder / name).mkdir(parents=True)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    moods = pd.DataFrame({"text": [f"text {n}" for n in range(40)], "label": ["a", "b"] * 20})
    moods.to_parquet(folder / "moods/train.parquet", index=False)
    pairs = moods.rename(columns={"text": "premise"}).assign(hypothesis="so it is")
    pairs.to_parquet(folder / "pairs/train.parquet", index=False)
    return folder


def ask(
    tmp_path: Path, url: str, *references: str, script: str = SCRIPT, **more: str
) -> list[dict[str, object]]:
    environment = os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home")} | more
    command = [sys.executable, "-c", script, *references]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_subsets_are_read_and_what_is_refused_stops_no_other(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "repository")
    code = tmp_path / "code"
    code.mkdir()
    (code / "code.py").write_text("raise SystemExit('remote code ran')", encoding="utf-8")
    with serve_datasets({"org/name": folder, "org/locked": "gated", "org/code": code}) as hub:
        found = ask(
            tmp_path,
            hub.url,
            "org/none",
            "org/locked",
            "org/name/moods",
            "org/name/pairs",
            "org/code",
            "org/name",
            "org/name/no",
        )
        assert any("/resolve/" in asked for asked in hub.asked)
    assert "nor a dataset the hub shows" in str(found[0]["reason"])
    assert "gated: accept its terms" in str(found[1]["reason"])
    assert [(one.get("id"), one.get("samples")) for one in found[2:4]] == [
        ("org/name/moods", 40),
        ("org/name/pairs", 40),
    ], found
    assert "loading script, which is never run" in str(found[4]["reason"])
    for one in found[5:]:
        assert "name one of the subsets of org/name: org/name/moods, org/name/pairs" in str(one)


def test_offline_what_was_read_before_is_there_and_the_rest_is_refused(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "repository")
    with serve_datasets({"org/name": folder}) as hub:
        [before] = ask(tmp_path, hub.url, "org/name/pairs")
    cached, absent = ask(tmp_path, hub.url, "org/name/pairs", "org/other", HF_HUB_OFFLINE="1")
    assert cached == before
    none = "org/other: the hub cannot be reached and nothing is in the local cache"
    assert absent["reason"] == none
    # Nothing listens there any more: the same, and at once.
    asked = ("org/name/pairs", "org/other")
    assert ask(tmp_path, hub.url, *asked, script=PATIENT) == [before, {"reason": none}]


def test_who_is_silent_is_given_up_and_who_is_slow_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A firewall drops what it does not like: no connection comes about, and nothing says so."""
    monkeypatch.setattr(reaching, "_LISTEN_SECONDS", 0.2)
    monkeypatch.setattr(reaching, "_CONNECT_SECONDS", 1_000)
    asked = list[bool]()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as hub:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{hub.getsockname()[1]}")
        slow = threading.Thread(target=lambda: asked.append(reaching.is_reachable()), daemon=True)
        slow.start()
        hub.accept()[0].close()  # whether anybody is there
        connection, _ = hub.accept()
        slow.join(1)
        assert slow.is_alive(), "it has a thousand seconds to answer"
        connection.close()
        slow.join(60)
        monkeypatch.setattr(reaching, "_answers", {})
        with socket.create_connection(hub.getsockname()):  # whom nobody lets in: the door is full
            silent = threading.Thread(
                target=lambda: asked.append(reaching.is_reachable()), daemon=True
            )
            silent.start()
            silent.join(60)
    assert asked == [True, False]


def test_a_file_that_breaks_off_is_refused_and_read_whole_the_next_time(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "repository")
    with serve_datasets({"org/name": folder}) as hub:
        hub.broken.add("train.parquet")
        [cut] = ask(tmp_path, hub.url, "org/name/moods")
        assert str(cut["reason"]).startswith("org/name/moods: ")
        hub.broken.clear()
        [whole] = ask(tmp_path, hub.url, "org/name/moods")
    assert whole["samples"] == 40


def test_the_command_writes_what_it_could_read(tmp_path: Path) -> None:
    """``zoo ingest datasets``: a subset of the hub is in the graph, a gated one is a failure."""
    folder = make_repository(tmp_path / "repository")
    store = f"embedded:{tmp_path / 'store'}"
    program = [sys.executable, "-c", "import cli; cli.main()", "--store", store]
    with serve_datasets({"org/name": folder, "org/locked": "gated"}) as hub:
        environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            [*program, "ingest", "datasets", "org/locked", "org/name/pairs"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        listed = subprocess.run(
            [*program, "ls", "datasets", "--json"], env=environment, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
    assert "gated: accept its terms" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == ["org/name/pairs"]


def make_pictures(folder: Path, *, rows: int) -> Path:
    """A parquet file with an Image feature, the bytes inside, as a hub keeps pictures."""
    import datasets
    import numpy as np
    from PIL import Image

    folder.mkdir()
    rng = np.random.default_rng(rows)
    pixels = (rng.random((rows, 8, 8, 3)) * 255).astype("uint8")
    shown = [Image.fromarray(one) for one in pixels]
    kinds = datasets.Features(
        {"img": datasets.Image(), "fine": datasets.ClassLabel(names=["cat", "dog"])}
    )
    made = datasets.Dataset.from_dict({"img": shown, "fine": [0, 1] * (rows // 2)}, features=kinds)
    made.to_parquet(folder / "train-00000-of-00001.parquet")
    return folder


SOURCE = """
import json, sys
from zoo.hub.datasets import load_dataset, record_of
from zoo.hub.configs import DatasetConfig, config_of
from graphdb.errors import ZooError
for reference, revision in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        loaded = load_dataset(reference, config=DatasetConfig(revision=revision or None))
        record = record_of(loaded)
        again = load_dataset(reference, config=config_of(record.source))
        print(json.dumps({"source": record.source, "samples": record.samples,
            "classes": loaded.classes, "modality": record.modality,
            "size": loaded.splits["train"][0].get("image", None) and
                    loaded.splits["train"][0]["image"].size, "again": again.samples}))
    except ZooError as error:
        print(json.dumps({"reason": str(error)}))
"""


def test_pictures_in_parquet_are_read_over_http(tmp_path: Path) -> None:
    with serve_datasets({"org/pets": make_pictures(tmp_path / "pets", rows=40)}) as hub:
        [found] = ask(tmp_path, hub.url, "org/pets", "", script=SOURCE)
    assert (found["modality"], found["samples"]) == ("image", 40), found
    assert (found["classes"], found["size"]) == (["cat", "dog"], [8, 8])


def test_a_pinned_revision_is_read_and_recorded_and_a_missing_one_is_told(tmp_path: Path) -> None:
    now = make_pictures(tmp_path / "now", rows=40)
    then = make_pictures(tmp_path / "then", rows=20)
    commit = commit_of("org/pets@v1")
    with serve_datasets({"org/pets": now, "org/pets@v1": then}) as hub:
        asked = "org/pets", "", "org/pets", "v1", "org/pets", commit
        head, tag, exact = ask(tmp_path, hub.url, *asked, script=SOURCE)
        missing, wrong, absent = ask(
            tmp_path, hub.url, "org/pets", "v2", "org/pets", "f" * 40, "org/none", "v1",
            script=SOURCE,
        )  # fmt: skip
    other, cached = ask(
        tmp_path, hub.url, "org/pets", "f" * 40, "org/pets", commit, script=SOURCE,
        HF_HUB_OFFLINE="1",
    )  # fmt: skip
    assert f"offline (HF_HUB_OFFLINE), and revision {'f' * 40} is not" in str(other["reason"])
    assert cached["samples"] == 20
    assert (head["samples"], head["source"]) == (40, "hub")
    for pinned in (tag, exact):
        assert (pinned["samples"], pinned["again"]) == (20, 20)
        assert pinned["source"] == f"hub?revision={commit}", "a tag can move, a commit cannot"
    # Also where another revision lies in the cache.
    assert missing["reason"] == "org/pets: the hub has no revision 'v2' of it"
    assert wrong["reason"] == f"org/pets: the hub has no revision '{'f' * 40}' of it"
    assert "nor a dataset the hub shows" in str(absent["reason"])


def test_a_bad_token_is_told(tmp_path: Path) -> None:
    with serve_datasets({"org/pets": make_pictures(tmp_path / "pets", rows=40)}) as hub:
        found = ask(
            tmp_path, hub.url, "org/pets", "", "org/pets", "v1", script=SOURCE, HF_TOKEN=BAD_TOKEN
        )
    for one in found:
        assert str(one["reason"]).startswith("org/pets: the hub does not accept your token"), one
