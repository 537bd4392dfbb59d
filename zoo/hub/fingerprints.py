"""A dataset's fingerprint: of its content, whatever the order, the place and the split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from zoo.hub.images import File, file_content, image_content, refuse

if TYPE_CHECKING:
    from datasets import Dataset

#: Rows hashed and images checked at most; more are taken evenly spaced, so that a huge dataset is
#: not read twice.
FINGERPRINT_ROWS = 20_000
_BATCH = 256


def fingerprint(
    parts: Sequence[Dataset], classes: Sequence[str], *, where: str, decode: bool = True
) -> str:
    """A hash of contents and label names.

    Args:
        parts: a dataset's splits, whole, with the columns of ``LoadedDataset``.
        classes: names of the labels.
        where: what a user called the dataset.
        decode: images on the way, to see that they are some: a file is read once.

    Raises:
        ZooError: images that cannot be read; the first of them are named.
    """
    rows = _representatives(parts)
    names = [classes[label] for label in rows["label"][:]]
    if "image" in rows.column_names:
        digests = _images(rows, names, where, image_content if decode else file_content)
    else:
        digests = _texts(rows, names)
    total = sum(int.from_bytes(digest, "big") for digest in digests) % 2**256
    return hashlib.sha256(f"{sum(map(len, parts))}:{total:x}".encode()).hexdigest()


def _representatives(parts: Sequence[Dataset]) -> Dataset:
    """All rows, or evenly spaced ones of many; images as the files they are."""
    from datasets import Image, concatenate_datasets

    rows = concatenate_datasets(list(parts))
    if "image" in rows.column_names:
        rows = rows.cast_column("image", Image(decode=False))
    count = min(len(rows), FINGERPRINT_ROWS)
    return rows.select(np.linspace(0, len(rows) - 1, count).astype(np.int64))


def _images(
    rows: Dataset, names: Sequence[str], where: str, read: Callable[[File], bytes | None]
) -> Iterator[bytes]:
    broken: list[File] = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(rows), _BATCH):
            files = rows[start : start + _BATCH]["image"]
            look = partial(_image, read)
            digests = pool.map(look, files, names[start : start + _BATCH])
            for file, digest in zip(files, digests, strict=True):
                if digest is None:
                    broken.append(file)
                else:
                    yield digest
    if broken:
        refuse(broken, len(rows), where=where)


def _image(read: Callable[[File], bytes | None], file: File, name: str) -> bytes | None:
    content = read(file)
    return None if content is None else _digest(content, name)


def _texts(rows: Dataset, names: Sequence[str]) -> Iterator[bytes]:
    texts = rows["text"][:]
    pairs = rows["text_pair"][:] if "text_pair" in rows.column_names else [None] * len(texts)
    for text, pair, name in zip(texts, pairs, names, strict=True):
        yield _digest("\0".join((text or "", pair or "")).encode(), name)


def _digest(content: bytes, name: str) -> bytes:
    seen = hashlib.sha256(content)
    seen.update(b"\0" + name.encode())
    return seen.digest()
