"""One writer of a soak, as a process: ``python -m tests.production.soaker SEED WRITER JOURNAL``.

Its commands follow from the seed. What was acknowledged stands in the journal, so that after a kill
the next process types the command again that was not. So does this one where a command failed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from graphdb import batches
from graphdb.errors import ZooError
from graphdb.histories import write_history
from graphdb.predictions import publish_predictions
from graphdb.records import Dataset, FineTuning, History, Model, Similarity
from graphdb.runs import Provenance
from graphdb.store import Store
from tests.graphdb.zoos import predictions
from zoo.recording import record_result

MODELS = [f"m{i:02}" for i in range(40)]
DATASETS = [f"d{i:02}" for i in range(12)]
PREDICTED = DATASETS[:3]
LEARNERS = ("l0", "l1")
#: Commands of a writer.
COMMANDS = 6
#: Records that an import of every writer holds, and those of its own.
_SHARED, _OWN = 30, 400
Command = Callable[[Store], object]


def ends() -> History:
    return History(
        models=[Model(m, modality="image") for m in MODELS],
        datasets=[Dataset(d, modality="image") for d in DATASETS],
    )


def imported(seed: int, writer: int, place: int) -> History:
    """Some records that others import as well and some of its own; similarities likewise."""
    draw = np.random.default_rng([seed, writer, place])
    tunings = [_tuning(f"shared-{seed}-{n}", n) for n in draw.choice(100, _SHARED, replace=False)]
    tunings += [_tuning(f"{seed}-{writer}-{place}-{n}", n) for n in range(_OWN)]
    pairs = draw.choice(len(DATASETS), (5, 2))
    likenesses = {tuple(sorted((DATASETS[a], DATASETS[b]))) for a, b in pairs if a != b}
    return History(
        models=ends().models,
        datasets=ends().datasets,
        fine_tunings=tunings,
        similarities=[Similarity(a, b, 0.5) for a, b in sorted(likenesses)],
    )


def _tuning(identity: str, number: int) -> FineTuning:
    model, dataset = MODELS[number % len(MODELS)], DATASETS[number % len(DATASETS)]
    return FineTuning(identity, model, dataset, round(0.3 + number % 50 / 100, 2))


def recorded(seed: int, writer: int, place: int) -> tuple[str, str, float]:
    """The model, the dataset and the value of a single result."""
    draw = np.random.default_rng([seed, writer, place])
    model, dataset = draw.integers(0, len(MODELS)), draw.integers(0, len(DATASETS))
    return MODELS[model], DATASETS[dataset], round(float(draw.uniform(0.1, 0.9)), 3)


def kinds(seed: int, writer: int) -> list[str]:
    """What a writer does, command by command."""
    draw = np.random.default_rng([seed, writer])
    names = ("import", "staged", "record", "record", "publish")
    return [str(name) for name in draw.choice(names, COMMANDS)]


def commands(seed: int, writer: int) -> list[Command]:
    return [_command(kind, seed, writer, place) for place, kind in enumerate(kinds(seed, writer))]


def _command(kind: str, seed: int, writer: int, place: int) -> Command:
    if kind == "record":
        return partial(_record, seed, writer, place)
    if kind == "publish":
        return partial(publish, LEARNERS[writer % 2], score=float(place))
    return partial(_import, imported(seed, writer, place), whole=kind == "import")


def _record(seed: int, writer: int, place: int, store: Store) -> None:
    model, dataset, value = recorded(seed, writer, place)
    record_result(store, model, dataset, value=value, seed=writer, epochs=place)


def _import(history: History, store: Store, *, whole: bool) -> None:
    batches.WHOLE = 50_000 if whole else 0
    batches.BATCH = 100
    write_history(store, history, provenance=Provenance("soak"))


def publish(learner: str, store: Store, *, score: float) -> None:
    tables = [predictions(dataset, MODELS, score=score) for dataset in PREDICTED]
    publish_predictions(
        store, tables, learner=learner, method="full", provenance=Provenance("predict")
    )


def main(seed: int, writer: int, journal: Path) -> None:
    """One connection a command, as the command line does."""
    done = len(read_journal(journal)[0])
    with journal.open("a") as file:
        for command in commands(seed, writer)[done:]:
            while not _acknowledged(command, file.write):
                file.flush()
                time.sleep(0.2)
            file.write(json.dumps("done") + "\n")
            file.flush()


def _acknowledged(command: Command, note: Callable[[str], object]) -> bool:
    try:
        with Store.open() as store:
            command(store)
            if store.retries:
                note(json.dumps({"retries": store.retries}) + "\n")
    except ZooError as error:
        assert "\n" not in str(error), error
        note(json.dumps({"error": str(error)}) + "\n")
        return False
    return True


def read_journal(journal: Path) -> tuple[list[str], int, list[str]]:
    """Commands acknowledged, transactions repeated, what was said where one failed."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    entries = [json.loads(line) for line in lines]
    notes = [entry for entry in entries if isinstance(entry, dict)]
    return (
        [entry for entry in entries if entry == "done"],
        sum(note.get("retries", 0) for note in notes),
        [note["error"] for note in notes if "error" in note],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
