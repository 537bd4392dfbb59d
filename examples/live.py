"""Leave one task out of the project's own history, predict it, then fine-tune live and compare.

    python examples/live.py [DATASET]

The three models that the zoo would try first and three random ones are fine-tuned here and now, as
the history was made (two CPU cores, a few minutes). The store is thrown away at the end.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from left_out import run, say, without

from graphdb.records import History
from zoo import Candidate, Zoo
from zoo.hub.failures import Failure
from zoo.mini.demo import fine_tune_live, related
from zoo.mini.history import HISTORY
from zoo.sources import read_bundle, write_bundle

TARGET = "mini/digits"
TRIED = 3


def main(target: str) -> None:
    history = read_bundle(HISTORY)
    with tempfile.TemporaryDirectory() as folder:
        # A throw-away store, whatever the environment says.
        os.environ["ZOO_STORE"] = f"embedded:{folder}/store"
        os.environ["ZOO_ARTIFACTS"] = f"{folder}/artifacts"
        say(f"the project's own history, all results on {target} and on tasks of its data left out")
        write_bundle(before(history, target), Path(folder) / "history")
        modality = next(found.modality for found in history.datasets if found.id == target)
        run("zoo", "ingest", "records", f"{folder}/history")
        run("zoo", "train", "--modality", str(modality))
        run("zoo", "predict", target, "-k", "20")
        with Zoo.open() as zoo:
            ranked = zoo.candidates(target, k=1000).models
        try_live(ranked, target)


def before(history: History, target: str) -> History:
    """The history without the target and without the tasks that share its data."""
    for dataset in (target, *related(target)):
        history = without(history, dataset)
    shared = set(related(target))
    return replace(
        history,
        datasets=[d for d in history.datasets if d.id not in shared],
        similarities=[s for s in history.similarities if not shared & {s.dataset_a, s.dataset_b}],
        embeddings=[e for e in history.embeddings if e.dataset not in shared],
        pretrainings=[p for p in history.pretrainings if p.dataset not in shared],
    )


def try_live(ranked: tuple[Candidate, ...], target: str) -> None:
    """Fine-tune the first and some random models; print what was predicted and what came out."""
    first = list(ranked[:TRIED])
    others = random.Random(0).sample(list(ranked[TRIED:]), TRIED)  # noqa: S311
    chosen = {model.model: model for model in (*first, *others)}
    say(f"fine-tuning the first {TRIED} and {TRIED} random models on {target}, now")
    found: dict[str, float] = {}
    for result in fine_tune_live(list(chosen), target, tell=print):
        if isinstance(result, Failure):
            print(f"failed: {result.reference}: {result.reason}")
        elif result.outcome.value is not None:
            found[result.spec.model.id] = result.outcome.value
            print(f"{result.spec.model.id}: {result.outcome.value:.3f}", flush=True)
    say("predicted beside obtained")
    print(f"{'rank':>4} {'model':36} {'predicted':>9} {'interval':>13} {'obtained':>9}")
    for model in sorted(chosen.values(), key=lambda model: model.rank):
        known = model.accuracy is not None and model.low is not None and model.high is not None
        shown = f"{model.accuracy:9.3f}" if known else f"{'-':>9}"
        between = f"{model.low:.3f}-{model.high:.3f}" if known else "-"
        got = f"{found[model.model]:9.3f}" if model.model in found else f"{'failed':>9}"
        print(f"{model.rank:4} {model.model:36} {shown} {between:>13} {got}")
    print_means(first, others, found)


def print_means(first: list[Candidate], others: list[Candidate], found: dict[str, float]) -> None:
    for name, models in (("The zoo's first", first), ("Random", others)):
        values = [found[model.model] for model in models if model.model in found]
        if values:
            mean = sum(values) / len(values)
            print(f"{name} {len(values)}: best {max(values):.3f}, mean {mean:.3f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else TARGET)
