"""Jobs: overhead a job, planning of 10,000 jobs, embedding against a plain loop, adaptive sampling.

python -m bench.jobs
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphdb.histories import write_history
from graphdb.records import Dataset, FineTuning, History, Model
from graphdb.runs import Provenance
from graphdb.store import Store
from zoo.hub import load_dataset
from zoo.jobs.local import LocalLauncher
from zoo.jobs.planning import Request, make_plan
from zoo.jobs.specs import DatasetSource, FineTuningSpec, ModelSource, Settings

Floats = NDArray[np.float64]
_IMPORTS = "import torch, transformers, accelerate, peft"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for measure in (overhead, planning, throughput, adaptive):
            print(json.dumps({"bench": measure.__name__, **measure(folder)}), flush=True)


def overhead(folder: Path) -> dict[str, float]:
    """Seconds a job beyond its training, with fresh interpreters and with preloaded ones.

    The training is timed inside the job; the imports are timed beside it, in the same run.
    """
    model, images = _model(folder), _images(folder)
    found = {}
    for preload in (False, True):
        beyond = []
        with LocalLauncher(preload=preload) as launcher:
            list(launcher.run([_job(model, images, folder, f"first{preload}")]))  # the nursery's
            for number in range(3):
                imports = 0.0 if preload else _imports()
                start = time.perf_counter()
                [done] = launcher.run([_job(model, images, folder, f"{preload}{number}")])
                assert done.outcome.status == "done", done.outcome.reason
                spent = time.perf_counter() - start
                beyond.append(spent - done.outcome.seconds - imports)
        found[f"overhead_{'preloaded' if preload else 'fresh'}_s"] = float(np.median(beyond))
    return found


def _imports() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", _IMPORTS], check=True)
    return time.perf_counter() - start


def planning(folder: Path) -> dict[str, float]:
    """10,000 missing pairs listed, priced and ordered."""
    models = [Model(f"m/{n}", modality="text", parameters=10**7 + n, source="hub")
              for n in range(200)]  # fmt: skip
    datasets = [Dataset(f"d/{n}", modality="text", samples=1_000, source="hub") for n in range(60)]
    known = [FineTuning(f"{m}-{d}", f"m/{m}", f"d/{d}", 0.5, seconds=10.0 + m, epochs=3.0)
             for m in range(200) for d in range(10)]  # fmt: skip
    with Store.open(f"embedded:{folder}/store") as store:
        write_history(store, History(models, datasets, known), provenance=Provenance("bench"))
        start = time.perf_counter()
        plan = make_plan(store, Request())
        seconds = time.perf_counter() - start
    return {"jobs": len(plan.jobs), "seconds": seconds}


def throughput(folder: Path) -> dict[str, float]:
    """Images a second through the probe, against a plain loop over the same files."""
    import torch

    from zoo.jobs.embedding import embed, load_probe

    torch.set_num_threads(1)  # threads that wait for one another burn processor seconds
    source = ModelSource(id="probe", address=str(_model(folder)))
    probe = load_probe(source, modality="image", settings=Settings())
    data = load_dataset(str(_images(folder)))
    rows = data.splits["train"]

    def plain() -> None:
        total = 0.0
        with torch.inference_mode():
            for begin in range(0, len(rows), 32):
                images = [row.convert("RGB") for row in rows[begin : begin + 32]["image"]]
                pixels = torch.cat([probe.processor(i, return_tensors="pt")["pixel_values"]
                                    for i in images])  # fmt: skip
                total += probe.model(pixel_values=pixels).last_hidden_state.mean(dim=(2, 3)).sum()

    def ours() -> None:
        embed(data, probe, settings=Settings(), most=None)

    # Processor seconds, not the clock's: other work on the machine takes no part in it.
    best: dict[str, float] = {}
    for name, work in (("plain", plain), ("ours", ours)) * 8:
        start = time.process_time()
        work()
        best[name] = min(best.get(name, 1e9), time.process_time() - start)
    ratio = best["plain"] / best["ours"]
    return {f"{name}_per_s": len(rows) / seconds for name, seconds in best.items()} | {
        "ratio": ratio
    }


def adaptive(_: Path) -> dict[str, float]:
    """Rows that name the ten nearest datasets, and whether all rows name the same ten.

    Made up: 20 datasets of 50,000 rows among 60 others. Digits: scikit-learn's, a dataset for each
    two of the ten, by their pixels. Texts: each class of the raw text datasets, by a small sentence
    model, its rows drawn 50,000 times; only where folder and model are at hand.
    """
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(60, 64))
    made = {str(n): rng.normal(size=(50_000, 64)) * 2 + rng.normal(size=64) for n in range(20)}
    found = _nearest("made_up", made, {str(-n - 1): mean for n, mean in enumerate(centres)})
    for name, sets in (("digits", _digits()), ("texts", _texts())):
        if sets:
            means = {part: rows.mean(axis=0) for part, rows in sets.items()}
            found |= _nearest(name, sets, means)
    return found


def _nearest(name: str, sets: dict[str, Floats], means: dict[str, Floats]) -> dict[str, float]:
    """Of each set the ten nearest of the other ``means``, by a part of its rows and by all.

    ``close``: the rows that a ranking needs, and how many of the ten they name.
    """
    from zoo.jobs.adaptive import CLOSE, FEWEST_CLOSE, MOST_SAMPLES, gather

    rows_read, shares, same, farther = [], [], [], []
    close_rows, close_ten = [], []
    for one, rows in sets.items():
        known = np.stack([mean for other, mean in means.items() if other != one])
        order = np.random.default_rng(0).permutation(len(rows))[:MOST_SAMPLES]
        read = partial(gather, others=known, classes=1, total=len(rows))
        moments = read(_batches(rows, order))
        true = np.linalg.norm(known - rows.mean(axis=0), axis=1)
        ten = _ten(known, moments.mean())
        rough = read(_batches(rows, order, first=FEWEST_CLOSE), within=CLOSE)
        close_rows.append(rough.count)
        close_ten.append(len(set(_ten(known, rough.mean())) & set(np.argsort(true)[:10])))
        rows_read.append(moments.count)
        shares.append(moments.count / len(rows))
        same.append(set(ten) == set(np.argsort(true, kind="stable")[:10]))
        farther.append(true[ten].max() / np.sort(true)[9] - 1)
    return {
        f"{name}_median_rows": float(np.median(rows_read)),
        f"{name}_share_of_rows": float(np.mean(shares)),
        f"{name}_all_ten_the_same": float(np.mean(same)),
        f"{name}_farther_at_most": float(np.max(farther)),
        f"{name}_close_median_rows": float(np.median(close_rows)),
        f"{name}_close_of_ten": float(np.mean(close_ten)),
    }


def _batches(
    rows: Floats, order: NDArray[np.int64], *, first: int = 32
) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    for part in np.split(order, [first, *range(first + 32, len(order), 32)]):
        yield rows[part], np.zeros(len(part), np.int64)


def _ten(known: Floats, mean: Floats) -> NDArray[np.int64]:
    return np.argsort(np.linalg.norm(known - mean, axis=1), kind="stable")[:10]


def _digits() -> dict[str, Floats]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return {
        f"{a} or {b}": digits.data[np.isin(digits.target, (a, b))] / 16
        for a, b in itertools.combinations(range(10), 2)
    }


def _texts() -> dict[str, Floats]:
    from graphdb.errors import ZooError
    from zoo.jobs.embedding import load_probe, represent, walk
    from zoo.mini.building import probe_folder

    folder = Path(os.environ.get("TEXT_DATASETS", "../shared/data/text-datasets"))
    settings, found = Settings(max_length=64), {}
    try:
        source = ModelSource(id="probe", address=str(probe_folder("mini/all-minilm-l6-v2")))
    except ZooError:
        return {}
    probe = load_probe(source, modality="text", settings=settings)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        data = load_dataset(str(path))
        labels = data.labels("train")
        for label, name in enumerate(data.classes):
            seen = walk(
                data, probe, np.flatnonzero(labels == label)[:300], settings=settings,
                look=lambda batch: represent(probe.model, batch),
            )  # fmt: skip
            rows = np.concatenate([features for features, _ in seen])
            drawn = np.random.default_rng(label).integers(0, len(rows), 50_000)
            found[f"{path.name} {name}"] = rows[drawn]
    return found


def _model(folder: Path) -> Path:
    from zoo.mini.networks import untrained

    if not (folder / "resnet").is_dir():
        untrained("resnet", folder / "resnet", texts=[], seed=0)
    return folder / "resnet"


def _images(folder: Path) -> Path:
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in "ab":
        (folder / "images" / label).mkdir(parents=True, exist_ok=True)
        for number in range(400):
            pixels = (rng.random((32, 32, 3)) * 255).astype("uint8")
            Image.fromarray(pixels).save(folder / "images" / label / f"{number}.png")
    return folder / "images"


def _job(model: Path, images: Path, folder: Path, name: str) -> FineTuningSpec:
    return FineTuningSpec(
        id=name,
        model=ModelSource(id="m", address=str(model)),
        dataset=DatasetSource(id="d", reference=str(images)),
        settings=Settings(epochs=1, image_size=32),
        folder=folder / name,
        threads=1,
    )


if __name__ == "__main__":
    main()
