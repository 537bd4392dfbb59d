import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from graphdb.errors import ZooError
from learn import AGGREGATES, BASELINES, Prediction, Result, evaluate, make_learner
from tests.learn.graphs import Shape, generate, real, without

GRAPH = generate(Shape(models=16, datasets=5))
KEYS = [
    "learner",
    "modality",
    "method",
    "regime",
    "seed",
    "target",
    "n",
    "pearson",
    "spearman",
    "kendall",
    "weighted_kendall",
    "rel_at_1",
    "rel_at_3",
    "rel_at_5",
    "rel_at_10",
    "coverage",
    "width",
    "seconds",
]


def lines(**arguments: object) -> list[Result]:
    defaults: dict[str, object] = {"learners": BASELINES, "workers": 1}
    return list(evaluate(GRAPH, **(defaults | arguments)))  # type: ignore[arg-type]


def test_a_line_has_exactly_these_keys_and_no_nan() -> None:
    for result in lines(regime="cold:0.1"):
        assert list(result.row()) == KEYS
        json.dumps(result.row(), allow_nan=False)


def test_targets_then_three_aggregates_a_learner_and_seed() -> None:
    found = lines(seeds=(0, 1))
    assert [one.seed for one in found] == [0] * 32 + [1] * 32
    assert {one.target for one in found[:20]} == set(GRAPH.datasets.id)
    assert [one.target for one in found[20:32]] == list(AGGREGATES) * 4


def test_a_target_that_is_set_aside_is_told_as_that() -> None:
    reasons = GRAPH.datasets.quarantined.copy()
    reasons[1] = "shuffled labels"
    graph = replace(GRAPH, datasets=replace(GRAPH.datasets, quarantined=reasons))
    with pytest.raises(ZooError, match=r"\(shuffled labels\).*zoo quarantine d0001 --lift"):
        list(evaluate(graph, learners=["random"], targets=["d0001"], workers=1))


def test_what_is_named_twice_counts_once() -> None:
    twice = lines(targets=["d0001", "d0002"] * 2, learners=["random"] * 2, seeds=(1, 1))
    once = lines(targets=["d0001", "d0002"], learners=["random"], seeds=(1,))
    assert [replace(one, seconds=0) for one in twice] == [replace(one, seconds=0) for one in once]


def test_aggregates_are_what_they_are_called() -> None:
    found = [one for one in lines() if one.learner == "model-mean"]
    targets = {one.target: one for one in found if one.target not in AGGREGATES}
    mean, weighted, worst = (one for one in found if one.target in AGGREGATES)
    values = np.array([one.pearson for one in targets.values()])
    assert mean.pearson == pytest.approx(values.mean())
    assert worst.pearson == pytest.approx(values.min())
    records = GRAPH.fine_tunings
    gaps = []
    for name in targets:
        value = records.value[records.dataset == list(GRAPH.datasets.id).index(name)]
        gaps.append(value.max() - value.mean())
    assert weighted.pearson == pytest.approx(np.average(values, weights=gaps))
    assert mean.n == sum(one.n for one in targets.values())


def test_undefined_targets_stay_out_of_aggregates() -> None:
    graph = without(GRAPH, (GRAPH.fine_tunings.dataset != 0) | (GRAPH.fine_tunings.model < 2))
    found = list(evaluate(graph, learners=["model-mean"], targets=["d0000", "d0001"], workers=1))
    assert found[0].pearson is None and found[0].rel_at_1 is None
    assert found[2].pearson == found[1].pearson


def test_processes_say_the_same_as_one() -> None:
    def numbers(workers: int) -> list[dict[str, object]]:
        return [one.row() | {"seconds": 0} for one in lines(workers=workers, seeds=(3,))]

    assert numbers(1) == numbers(2)


def test_scores_are_compared_on_the_models_they_cover() -> None:
    found = lines(learners=["model-mean", "score:logme"])
    for one, other in zip(found[::2], found[1::2], strict=True):
        if one.target in AGGREGATES:
            break
        assert one.n == other.n < 16


def test_a_target_is_predicted_by_its_own_metric() -> None:
    """Its results are hidden, not what they measure; most datasets here have an accuracy."""
    graph = generate(Shape(models=16, datasets=10))
    runs = graph.fine_tunings
    errors = runs.dataset < 4
    metric = np.where(errors, "mse", "accuracy").astype(object)
    value = np.where(errors, 50 * (1 - runs.value), runs.value)
    graph = replace(graph, fine_tunings=replace(runs, metric=metric, value=value))
    found: list[Prediction] = []
    list(evaluate(graph, learners=["inductive-kernel"], targets=["d0001"], workers=1, keep=found))
    (one,) = found
    assert one.ranking.accuracy.max() > 2 and np.isfinite(one.ranking.low).all()
    assert np.corrcoef(one.ranking.accuracy, one.truth)[0, 1] > 0.5
    new = without(graph, runs.dataset != 1)
    notes = make_learner("inductive-kernel").fit(new).rank(new, 1).notes
    assert any("taken to be measured by accuracy" in note and "mse" in note for note in notes)
    assert not any("measured by" in note for note in one.ranking.notes)


def test_folds_hold_out_groups() -> None:
    kept: list[Prediction] = []
    found = lines(folds=2, keep=kept)
    assert {one.target for one in found} == set(GRAPH.datasets.id) | set(AGGREGATES)
    assert len(kept) == 20
    with pytest.raises(ZooError, match="--folds must be at least 2"):
        lines(folds=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learners": ["gatt"]}, "No learner 'gatt'"),
        ({"regime": "warm"}, "No regime 'warm'"),
        ({"targets": ["d00001"]}, r"No dataset 'd00001'. Did you mean 'd0001'"),
        ({"method": "lora"}, "nothing to evaluate on"),
        ({"method": "lora", "targets": ["d0001"]}, "'d0001' has no 'lora' results"),
    ],
)
def test_a_mistake_is_one_clear_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ZooError, match=message):
        lines(**arguments)


def test_model_mean_has_the_figures_of_the_targets_page() -> None:
    """Image zoo, the thesis' eight targets: Rel@1 .938, Pearson .80, weighted Kendall .68."""
    targets = [
        "caltech101",
        "cifar100",
        "dtd",
        "flowers",
        "pets",
        "smallnorb_label_elevation",
        "stanfordcars",
        "svhn",
    ]
    found = evaluate(real("image"), learners=["model-mean"], targets=targets, workers=1)
    weighted = next(one for one in found if one.target == "gap_weighted_mean")
    assert weighted.rel_at_1 == pytest.approx(0.938, abs=0.001)
    assert weighted.pearson == pytest.approx(0.80, abs=0.005)
    assert weighted.weighted_kendall == pytest.approx(0.68, abs=0.005)
    assert weighted.coverage is None
    assert not any(isinstance(v, float) and math.isnan(v) for v in weighted.row().values())


LONG = """
import sys
from learn.evaluation import evaluate
from tests.learn.graphs import Shape, generate

if __name__ == "__main__":
    print("began", flush=True)
    learners = ("inductive-network",)
    list(evaluate(generate(Shape(datasets=12)), learners=learners, seeds=range(99), workers=2))
"""


def test_workers_end_with_a_killed_command(tmp_path: Path) -> None:
    """kill -9 of the command leaves nothing behind that goes on computing."""
    script = tmp_path / "long.py"
    script.write_text(LONG)
    here = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(here)}, cwd=tmp_path
    )
    parent = psutil.Process(process.pid)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while len(workers) < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
        workers = [
            one
            for one in parent.children()
            if "spawn_main" in " ".join(one.cmdline()) and one.cpu_times().user > 3
        ]
    assert len(workers) == 2
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=60)
    for one in alive:
        one.kill()
    assert len(gone) == 2


ENDLESS = """
import time
from learn import evaluation

def sleep(*_):
    print("began", flush=True)
    time.sleep(10_000)

evaluation._answer = sleep
"""
#: As somebody types it who never heard of what multiprocessing asks of a script.
BARE = """
from learn import evaluation
from tests.learn.graphs import Shape, generate

print("once", flush=True)
found = list(evaluation.evaluate(generate(Shape(datasets=12)), learners=("random",), workers=2))
print(len(found))
"""


@pytest.mark.parametrize("what", ["command", "worker"])
def test_an_interrupted_evaluation_does_not_wait_for_what_runs(tmp_path: Path, what: str) -> None:
    """Ctrl-C of the command alone, or a worker killed as by a system without memory: the workers
    are in the middle of something long."""
    script = tmp_path / "endless.py"
    script.write_text(BARE)
    # What every interpreter runs first, workers too.
    (tmp_path / "sitecustomize.py").write_text(ENDLESS)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever runs the tests in the background had SIGINT ignored for all below.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None and process.stderr is not None
    with process.stdout as told, process.stderr as words:
        assert [told.readline() for _ in range(3)] == [b"once\n", b"began\n", b"began\n"]
        workers = psutil.Process(process.pid).children()
        if what == "command":
            process.send_signal(signal.SIGINT)
        else:
            next(one for one in workers if "spawn_main" in " ".join(one.cmdline())).kill()
        try:
            assert process.wait(120) == (-signal.SIGINT if what == "command" else 1)
        finally:
            process.kill()
            process.wait()
        last = words.read().splitlines()[-1]
    error = b"graphdb.errors.ZooError: A process of the evaluation was ended from outside"
    assert what == "command" or last.startswith(error)
    assert not psutil.wait_procs(workers, timeout=60)[1]


def test_a_bare_script_is_run_once(tmp_path: Path) -> None:
    """Without ``if __name__ == "__main__"``, as in the documentation."""
    script = tmp_path / "bare.py"
    script.write_text(BARE)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["once", "15"], "twelve targets and three means"
