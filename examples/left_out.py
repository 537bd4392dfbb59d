"""Leave one dataset out of the zoo, predict it, and compare with what fine-tuning really gave.

    python examples/left_out.py [HISTORY [DATASET]]

HISTORY is TransferGraph's folder or a record bundle; without one it is the history of small models
that this project made with its own jobs. The store is thrown away at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from graphdb.records import History
from zoo import Candidates, Zoo
from zoo.mini.history import HISTORY
from zoo.sources import read_history, write_bundle

#: A dataset most people know, where the history has it.
FAVOURITE = "pets"


def main(path: Path, dataset: str | None) -> None:
    reading = read_history(path)
    history = reading.history
    target = dataset or choose_target(history)
    truth = best_values(history, target)
    with tempfile.TemporaryDirectory() as folder:
        # A throw-away store, whatever the environment says.
        os.environ["ZOO_STORE"] = f"embedded:{folder}/store"
        os.environ["ZOO_ARTIFACTS"] = f"{folder}/artifacts"
        known = Path(folder) / "history"
        write_bundle(without(history, target), known)
        say(f"{reading.kind} history of {path}, all results on {target!r} left out")
        modality = next(found.modality for found in history.datasets if found.id == target)
        only = ["--modality", modality] if modality else []
        run("zoo", "ingest", "records", str(known))
        run("zoo", "train", *only)
        run("zoo", "predict", target)
        with Zoo.open() as zoo:
            answer = zoo.candidates(target, k=1000)
    compare(answer, truth)


def choose_target(history: History) -> str:
    """The favourite, else the dataset with most results."""
    sound = {dataset.id for dataset in history.datasets if dataset.quarantined is None}
    counts: dict[str, int] = {}
    for record in history.fine_tunings:
        if record.method == "full" and record.dataset in sound:
            counts[record.dataset] = counts.get(record.dataset, 0) + 1
    return FAVOURITE if FAVOURITE in counts else max(counts, key=lambda name: counts[name])


def best_values(history: History, target: str) -> dict[str, float]:
    """What each model really reached on the target (mean of its records)."""
    found: dict[str, list[float]] = {}
    for record in history.fine_tunings:
        if record.dataset == target and record.method == "full":
            found.setdefault(record.model, []).append(record.value)
    return {model: sum(values) / len(values) for model, values in found.items()}


def without(history: History, target: str) -> History:
    """The history before anything was fine-tuned or scored on the target."""
    return replace(
        history,
        fine_tunings=[r for r in history.fine_tunings if r.dataset != target],
        transferabilities=[r for r in history.transferabilities if r.dataset != target],
    )


def compare(answer: Candidates, truth: dict[str, float]) -> None:
    """Predicted beside true, for the ten models that the zoo would try first."""
    tried = [model for model in answer.models if model.model in truth]
    say("predicted beside true (results the zoo never saw)")
    print(f"{'':>4} {'model':50} {'predicted':>9} {'interval':>13} {'true':>6}")
    for place, model in enumerate(tried[:10], start=1):
        known = model.accuracy is not None and model.low is not None and model.high is not None
        shown = f"{model.accuracy:9.3f}" if known else f"{'-':>9}"
        between = f"{model.low:.3f}-{model.high:.3f}" if known else "-"
        print(f"{place:4} {model.model[:50]:50} {shown} {between:>13} {truth[model.model]:6.3f}")
    values = sorted(truth.values(), reverse=True)
    first = truth[tried[0].model]
    inside = [m for m in tried if m.low is not None and m.low <= truth[m.model] <= (m.high or 0)]
    print(
        f"\nThe first choice reaches {first:.3f}, the best of {len(values)} models {values[0]:.3f} "
        f"(Rel@1 {first / values[0]:.3f}); a random one {sum(values) / len(values):.3f} on average."
    )
    print(f"{len(inside)} of {len(tried)} true values lie inside their 80 % interval.")


def run(*command: str) -> None:
    """Type a command as a user would."""
    print(f"\n$ {' '.join(command)}", flush=True)
    zoo = Path(sys.executable).parent / command[0]
    subprocess.run([str(zoo), *command[1:]], check=True)  # noqa: S603


def say(text: str) -> None:
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    given = sys.argv[1:] + [""] * 2
    main(Path(given[0] or HISTORY), given[1] or None)
