"""Rows of a dataset as the tensors a network takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as PillowImage

from zoo.jobs.failures import JobError
from zoo.jobs.networks import Network, sees_grey
from zoo.jobs.specs import Settings

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from PIL.Image import Image

#: Processed images are kept in memory up to this size, so that an epoch decodes nothing again.
_KEEP_BYTES = 512 * 2**20
#: Texts that are looked at together until two differ, and tokens that are shown where none do.
_COMPARED = 100
_SHOWN = 8
#: A random crop keeps at least this share of each side.
_CROP = 0.8

Example = dict[str, Any]


class Images:
    """Images as ``pixel_values`` [3, H, W], or what else their processor makes of them.

    They are processed once where they fit in memory.

    ``augment`` takes a random crop and a horizontal flip first, from torch's global generator,
    which transformers seeds and restores with its checkpoints.
    """

    def __init__(self, rows: Dataset, network: Network, *, augment: bool = False) -> None:
        self._rows = rows
        self._network = network
        self._augment = augment
        self._kept: dict[int, Example] = {}
        self._room = _KEEP_BYTES

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Example:
        if index in self._kept:
            return self._kept[index]
        example = self._read(index)
        size = sum(value.nbytes for name, value in example.items() if name != "labels")
        if not self._augment and size <= self._room:
            self._room -= size
            self._kept[index] = example
        return example

    def _read(self, index: int) -> Example:
        try:
            row = self._rows[index]
            image = _in_its_colours(row["image"], self._network)
        except Exception as error:  # a stranger's file: whatever the decoder throws
            raise JobError("dataset", f"image {_name(self._rows, index)}: {error}") from error
        image = _augmented(image) if self._augment else image
        tensors = {name: made[0] for name, made in _process(self._network.processor, image).items()}
        return tensors | {"labels": row["label"]}


def _process(processor: Any, images: Image | list[Image]) -> dict[str, torch.Tensor]:
    """What a processor makes of one image or of several of one size, a row each: its pixels, for
    some models its colours or patches, by the names that the network takes."""
    made = processor(images, return_tensors="pt")
    return {name: made[name] for name in processor.model_input_names if name in made}


def _in_its_colours(image: Image, network: Network) -> Image:
    coloured = to_rgb(image)
    return coloured.convert("L") if sees_grey(network) else coloured


def to_rgb(image: Image) -> Image:
    """Three channels of eight bits; Pillow itself would cut 16 bits off at white."""
    if image.mode.startswith("I"):
        deep = np.asarray(image)
        image = PillowImage.fromarray((deep >> 8 if deep.max() > 255 else deep).astype(np.uint8))
    return image.convert("RGB")


def tokens(rows: Dataset, network: Network, *, settings: Settings) -> list[Example]:
    """Texts, or pairs of them, as token ids cut to ``max_length``; padding is left to the batch."""
    if not len(rows):  # of a few rows none may be left for a split; no tokenizer takes no text
        return []
    pairs = (list(rows["text_pair"]),) if "text_pair" in rows.column_names else ()
    texts = [[text or "" for text in column] for column in (list(rows["text"]), *pairs)]
    limit = min(settings.max_length, network.processor.model_max_length)
    encoded = network.processor(*texts, truncation=True, max_length=limit)
    labels = list(rows["label"])
    return [
        {key: encoded[key][row] for key in encoded} | {"labels": labels[row]}
        for row in range(len(labels))
    ]


def check_told_apart(rows: Dataset, network: Network, *, settings: Settings) -> None:
    """See that texts stay different; images do. Two that differ are found among the first.

    Raises:
        JobError: all of them become one input, but for how many of its tokens are unknown: whatever
            is learnt of it is chance.
    """
    if network.modality != "text":
        return
    unknown = network.processor.unk_token_id
    seen: set[tuple[int, ...]] = set()
    for start in range(0, len(rows), _COMPARED):
        part = rows.select(range(start, min(start + _COMPARED, len(rows))))
        found = [example["input_ids"] for example in tokens(part, network, settings=settings)]
        seen |= {tuple(token for token in ids if token != unknown) for ids in found}
        if len(seen) > 1:
            return
    columns = [rows[name][:] for name in ("text", "text_pair") if name in rows.column_names]
    texts = set(zip(*columns, strict=True))
    if len(texts) > 1:
        example = " ".join(network.processor.convert_ids_to_tokens(found[0][:_SHOWN]))
        raise JobError(
            "model",
            f"its tokenizer makes the same of all {len(texts):,} texts ({example}): it is of "
            "another model or another language, or --max-length leaves nothing of them",
        )


def examples(
    rows: Dataset, network: Network, *, settings: Settings, train: bool = False
) -> Images | list[Example]:
    """What a data loader takes."""
    if network.modality == "image":
        return Images(rows, network, augment=train and settings.augment)
    return tokens(rows, network, settings=settings)


def batch_of(rows: Dataset, indices: list[int], network: Network, *, settings: Settings) -> Example:
    """The tensors of some rows, fetched, decoded and processed at once, for a single pass."""
    if network.modality == "text":
        chosen = rows.select(indices)
        return collator(network)(tokens(chosen, network, settings=settings))
    import torch

    try:
        fetched = rows[indices]
        images = [_in_its_colours(image, network) for image in fetched["image"]]
    except Exception:  # say which of them it is
        return collator(network)([Images(rows, network)[index] for index in indices])
    labels = {"labels": torch.tensor(fetched["label"])}
    if len({image.size for image in images}) == 1:
        return _process(network.processor, images) | labels
    single = [_process(network.processor, image) for image in images]
    return {name: torch.cat([one[name] for one in single]) for name in single[0]} | labels


def collator(network: Network) -> Callable[[list[Example]], Example]:
    """Examples to one batch of tensors."""
    import transformers

    if network.modality == "image":
        return _stack
    padding = transformers.DataCollatorWithPadding(network.processor)

    def collate(batch: list[Example]) -> Example:
        return dict(padding(batch))

    return collate


def _stack(batch: list[Example]) -> Example:
    import torch

    labels = torch.tensor([example["labels"] for example in batch])
    names = batch[0].keys() - {"labels"}
    return {name: torch.stack([e[name] for e in batch]) for name in names} | {"labels": labels}


def _augmented(image: Image) -> Image:
    import torch
    from PIL import ImageOps
    from PIL.Image import Resampling

    share, x, y, flip = torch.rand(4).tolist()
    scale = _CROP + (1 - _CROP) * share
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    left, top = int(x * (image.width - width)), int(y * (image.height - height))
    crop = image.crop((left, top, left + width, top + height))
    crop = crop.resize(image.size, Resampling.BILINEAR)
    return ImageOps.mirror(crop) if flip < 0.5 else crop


def _name(rows: Dataset, index: int) -> str:
    """The file of an image where it has one, else its row."""
    from datasets import Image as Feature

    entry = rows.cast_column("image", Feature(decode=False))[index]["image"]
    return str(entry.get("path") or f"in row {index}")
