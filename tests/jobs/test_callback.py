"""Somebody's own Trainer records its run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphdb.errors import ZooError
from zoo.jobs.callback import ZooCallback
from zoo.jobs.specs import ModelSource, Settings

pytestmark = pytest.mark.filterwarnings("ignore")


def trainer(text_model: Path, folder: Path, *callbacks: Any, **more: Any) -> Any:
    import transformers

    from zoo.jobs.networks import load_network

    source = ModelSource(id="m", address=str(text_model))
    network = load_network(source, classes=("a", "b"), modality="text", settings=Settings())
    rows = [{**network.processor("good" if n % 2 else "bad"), "labels": n % 2} for n in range(16)]
    arguments = transformers.TrainingArguments(
        str(folder), num_train_epochs=2, per_device_train_batch_size=4, report_to="none",
        disable_tqdm=True, gradient_accumulation_steps=2, learning_rate=1e-3, seed=7,
        save_strategy="no", **more,
    )  # fmt: skip
    return transformers.Trainer(
        model=network.model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=rows,
        compute_metrics=lambda p: {
            "accuracy": float(np.mean(p.predictions.argmax(1) == p.label_ids))
        },
        callbacks=list(callbacks),
    )


def test_a_run_is_recorded_when_it_ends(text_model: Path, tmp_path: Path) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    callback = ZooCallback(
        lambda *ends, **more: calls.append((ends, more)), model="m", dataset="d", create=True
    )
    made = trainer(text_model, tmp_path, callback, eval_strategy="epoch")
    made.train()
    [(ends, more)] = calls
    assert ends[:2] == ("m", "d") and 0 <= ends[2] <= 1
    assert callback.recorded == ends[2]
    assert (more["epochs"], more["learning_rate"], more["batch_size"]) == (2.0, 1e-3, 8)
    assert (more["seed"], more["method"], more["create"]) == (7, "full", True)
    assert more["seconds"] > 0
    made.evaluate()
    assert len(calls) == 2, "a later evaluation corrects the value"


def test_a_zoo_that_refuses_does_not_end_a_training(text_model: Path, tmp_path: Path) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ZooError("no such model")

    callback = ZooCallback(refuse, model="m", dataset="d")
    made = trainer(text_model, tmp_path, callback, eval_strategy="epoch")
    assert made.train().global_step > 0
    assert callback.recorded is None


def test_nothing_is_recorded_of_a_training_without_evaluation(
    text_model: Path, tmp_path: Path
) -> None:
    callback = ZooCallback(lambda *_, **__: pytest.fail("recorded"), model="m", dataset="d")
    trainer(text_model, tmp_path, callback).train()
    assert callback.recorded is None


def test_the_callback_is_an_ordinary_object() -> None:
    """It has no magic attributes: copying and pickling look for them."""
    callback = ZooCallback(print, model="m", dataset="d")
    assert not hasattr(callback, "state") and not hasattr(callback, "__wrapped__")
    assert pickle.loads(pickle.dumps(callback))._ends == ("m", "d")
