"""The mini zoo's tasks: parquet files with an image or a text and its label."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.mini.configuration import Mini, Origin, Task
from zoo.mini.fetching import fetch

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
#: Ratings of the vaderSentiment corpora run from -4 to 4; between the two lies "neutral".
_NEUTRAL = 0.5
_CORPORA = ("tweets", "movieReviewSnippets", "amazonReviewSnippets", "nytEditorialSnippets")


def build_task(mini: Mini, task: Task, *, folder: Path, packages: Path, seed: int = 0) -> Path:
    """The task's parquet file, made once.

    Raises:
        ZooError: its origin cannot be fetched.
    """
    target = folder / task.file
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    origin = mini.origins[task.origin]
    limit = mini.samples if task.part == "target" else mini.source_samples
    partial = target.with_suffix(".partial")
    if task.modality == "text":
        _write_texts(_texts(origin, task, packages), partial, limit, seed)
    else:
        _write_images(_images(origin, task, packages), task, partial, limit, seed)
    partial.replace(target)
    return target


def _write_texts(rows: list[tuple[str, str]], target: Path, limit: int, seed: int) -> None:
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    order = np.random.default_rng(seed).permutation(len(rows))[:limit]
    chosen = [{"text": rows[n][0], "label": rows[n][1]} for n in order]
    Dataset.from_list(chosen).to_parquet(str(target))


def _write_images(
    data: tuple[Pixels, Labels], task: Task, target: Path, limit: int, seed: int
) -> None:
    from datasets import Dataset, Features, Image, Value, disable_progress_bars

    disable_progress_bars()
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(data[0]))[:limit]
    change = TRANSFORMS[task.transform or "none"]
    pixels, labels = change(data[0][chosen], data[1][chosen], rng)
    rows = [
        {"image": {"bytes": _png(image), "path": None}, "label": str(label)}
        for image, label in zip(pixels, labels, strict=True)
    ]
    features = Features({"image": Image(), "label": Value("string")})
    Dataset.from_list(rows, features=features).to_parquet(str(target))


def _png(image: Pixels) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG")
    return stream.getvalue()


def _images(origin: Origin, task: Task, packages: Path) -> tuple[Pixels, Labels]:
    """Grey images [N, H, W] and labels [N] of the task's part."""
    if origin.client == "scikit-learn":
        from sklearn.datasets import load_digits

        digits = load_digits()
        return (digits.images * (255 / 16)).astype(np.uint8), digits.target.astype(np.int64)
    package = fetch(origin, packages)
    if origin.client == "debian":
        return _idx(package, "train" if task.part == "source" else "t10k")
    return _npm_digits(package, task.part)


def _idx(package: Path, part: str) -> tuple[Pixels, Labels]:
    """The two idx files of a part: a header of 16 and 8 bytes, then bytes."""
    images = next(package.rglob(f"{part}-images-idx3-ubyte.gz"))
    labels = next(package.rglob(f"{part}-labels-idx1-ubyte.gz"))
    pixels = np.frombuffer(gzip.decompress(images.read_bytes())[16:], np.uint8)
    numbers = np.frombuffer(gzip.decompress(labels.read_bytes())[8:], np.uint8)
    return pixels.reshape(-1, 28, 28), numbers.astype(np.int64)


def _npm_digits(package: Path, part: str) -> tuple[Pixels, Labels]:
    """A JSON file a digit, of flat images in [0, 1]; the first 60 % of each are the source part."""
    images, labels = [], []
    for digit in range(10):
        path = next(package.rglob(f"digits/{digit}.json"))
        flat = np.asarray(json.loads(path.read_text("utf-8"))["data"]).reshape(-1, 28, 28)
        border = int(0.6 * len(flat))
        kept = flat[:border] if part == "source" else flat[border:]
        images.append((kept * 255).astype(np.uint8))
        labels.append(np.full(len(kept), digit))
    return np.concatenate(images), np.concatenate(labels)


def _texts(origin: Origin, task: Task, packages: Path) -> list[tuple[str, str]]:
    package = fetch(origin, packages)
    if task.corpus == "all":
        return [(text, corpus) for corpus in _CORPORA
                for text, _ in _corpus(package, corpus, task.part)[:1250]]  # fmt: skip
    return _corpus(package, str(task.corpus), task.part)


def _corpus(package: Path, corpus: str, part: str) -> list[tuple[str, str]]:
    """Snippets with their sentiment; the larger half is the source part, the rest the target."""
    path = next(package.rglob(f"{corpus}_GroundTruth.txt"))
    fields = [line.split("\t") for line in path.read_text("utf-8", errors="replace").splitlines()]
    rows = [(row[2].strip(), _sentiment(float(row[1]))) for row in fields if len(row) == 3]
    order = np.random.default_rng(0).permutation(len(rows))
    border = int(0.6 * len(rows))
    chosen = order[:border] if part == "source" else order[border:]
    return [rows[number] for number in chosen]


def _sentiment(rating: float) -> str:
    if abs(rating) <= _NEUTRAL:
        return "neutral"
    return "positive" if rating > 0 else "negative"


Transform = Callable[[Pixels, Labels, np.random.Generator], tuple[Pixels, Labels]]


def _same(images: Pixels, labels: Labels, _: np.random.Generator) -> tuple[Pixels, Labels]:
    return images, labels


def _parity(images: Pixels, labels: Labels, _: np.random.Generator) -> tuple[Pixels, Labels]:
    """Black on white, even or odd."""
    return 255 - images, labels % 2


def _rotation(images: Pixels, _: Labels, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """Which quarter turn was taken."""
    turns = rng.integers(0, 4, len(images))
    turned = [np.rot90(image, turn) for image, turn in zip(images, turns, strict=True)]
    return np.stack(turned), turns


def _noise(images: Pixels, labels: Labels, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """Labels drawn anew: there is nothing to learn but by heart."""
    return images, rng.permutation(labels)


def _edges(images: Pixels, labels: Labels, _: np.random.Generator) -> tuple[Pixels, Labels]:
    """The size of the gradient in place of the brightness."""
    down, right = np.gradient(images.astype(np.float64), axis=(1, 2))
    return np.clip(np.hypot(down, right) * 2, 0, 255).astype(np.uint8), labels


TRANSFORMS: dict[str, Transform] = {
    "none": _same,
    "negative-parity": _parity,
    "rotation": _rotation,
    "random-labels": _noise,
    "edges": _edges,
}
