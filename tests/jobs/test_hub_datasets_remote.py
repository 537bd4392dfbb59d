"""Datasets by hub id, read by the real library from a hub that answers over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.jobs.hub_datasets import serve_datasets

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


def ask(tmp_path: Path, url: str, *references: str, **more: str) -> list[dict[str, object]]:
    environment = os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home")} | more
    command = [sys.executable, "-c", SCRIPT, *references]
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
    assert str(absent["reason"]).startswith("org/other: ")


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
