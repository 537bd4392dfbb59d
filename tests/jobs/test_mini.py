"""The history that the package ships: what it promises, and that its parts can be made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphdb.errors import ZooError
from graphdb.records import History
from zoo.mini.configuration import read_configuration
from zoo.mini.demo import fine_tune_live, related
from zoo.mini.history import HISTORY, MADE
from zoo.mini.jobs import Workshop, plan
from zoo.mini.tasks import TRANSFORMS, build_task
from zoo.sources import read_history


@pytest.fixture(scope="module")
def history() -> History:
    return read_history(HISTORY).history


def test_the_bundle_holds_what_was_promised(history: History) -> None:
    mini = read_configuration()
    assert len(history.models) >= 16
    assert {model.id for model in history.models} == {model.id for model in mini.models}
    own = [model for model in history.models if "itself" in str(model.source)]
    assert len(history.models) - len(own) == 4, "published ones are counted apart"
    real = {task.modality: [] for task in mini.tasks}
    for task in mini.tasks:
        real[task.modality].append(task.derived is None)
    assert len(real["image"]) >= 5 and sum(real["image"]) == 3
    assert real["text"] == [True] * 4
    derived = {d.id for d in history.datasets if str(d.source).startswith("derived from")}
    assert derived == {t.id for t in (*mini.tasks, *mini.sources) if t.derived}


def test_every_pair_of_a_modality_was_fine_tuned_and_a_quarter_twice(history: History) -> None:
    mini = read_configuration()
    wanted = {(m.id, t.id) for m in mini.models for t in mini.tasks if m.modality == t.modality}
    full = [r for r in history.fine_tunings if r.method == "full" and r.seed == 0]
    assert {(r.model, r.dataset) for r in full} == wanted and len(full) == len(wanted)
    linear = [r for r in history.fine_tunings if r.method == "linear"]
    again = [r for r in history.fine_tunings if r.seed == 1]
    assert len(linear) >= round(len(wanted) / 4) and len(again) >= round(len(wanted) / 4)
    assert all(r.seconds and r.device for r in history.fine_tunings)


def test_transfer_really_differs(history: History) -> None:
    """The best model of a task is far above the mean one, and no model is the best of all."""
    best = set()
    for task in read_configuration().tasks:
        values = {r.model: r.value for r in history.fine_tunings
                  if r.dataset == task.id and r.method == "full" and r.seed == 0}  # fmt: skip
        assert max(values.values()) - np.mean(list(values.values())) > 0.05, task.id
        best.add(max(values, key=lambda model: values[model]))
    assert len(best) >= 4


def test_every_dataset_was_seen_by_its_probe(history: History) -> None:
    mini = read_configuration()
    seen = {(e.dataset, e.method) for e in history.embeddings}
    tasks = [*mini.tasks, *mini.sources]
    assert seen == {(t.id, m) for t in tasks for m in ("domain", "class-aware")}
    assert {e.probe for e in history.embeddings} == set(mini.probe.values())


def test_what_made_it_is_written_beside_it(history: History) -> None:
    made = json.loads(MADE.read_text("utf-8"))
    assert made["command"] == "python -m zoo.mini" and made["versions"]["torch"]
    assert {row["dataset"] for row in made["transfer"]} == {
        t.id for t in read_configuration().tasks
    }


def test_a_task_is_made_again_the_same(tmp_path: Path, history: History) -> None:
    """scikit-learn's digits need no registry: their fingerprint is that of the bundle."""
    from zoo.hub import DatasetConfig, describe_dataset

    mini = read_configuration()
    task = mini.task("mini/digits")
    path = build_task(mini, task, folder=tmp_path, packages=tmp_path)
    again = describe_dataset(str(path), config=DatasetConfig(name=task.id)).dataset
    [known] = [d for d in history.datasets if d.id == task.id]
    assert (again.fingerprint, again.classes) == (known.fingerprint, known.classes)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_keep_shape_and_repeat(name: str) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 8, 8)).astype(np.uint8)
    labels = np.arange(40) % 10
    first = TRANSFORMS[name](images, labels, np.random.default_rng(1))
    second = TRANSFORMS[name](images, labels, np.random.default_rng(1))
    assert first[0].shape == images.shape and first[0].dtype == np.uint8
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()
    assert len(set(first[1].tolist())) > 1


def test_related_tasks_and_unknown_names() -> None:
    assert related("mini/digits") == ["mini/digits-edges"]
    assert related("mini/tweets") == []
    with pytest.raises(ZooError, match="Not in the mini zoo: mini/none"):
        list(fine_tune_live(["mini/none"], "mini/digits"))


def test_the_plan_has_only_models_that_were_made(tmp_path: Path) -> None:
    shop = Workshop(read_configuration(), tmp_path)
    assert plan(shop) == []
