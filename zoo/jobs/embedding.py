"""A dataset seen through a probe model: its mean representation, as in the thesis' Domain
Similarity, and a class-aware one beside it.

Image probes (ViT or any backbone) average over patches or positions, text probes (sentence or
causal language models) over the tokens that are no padding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zoo.hub.datasets import LoadedDataset
from zoo.jobs.adaptive import FEWEST_CLOSE, MOST_SAMPLES, gather, stratified_order
from zoo.jobs.counting import Rows
from zoo.jobs.failures import JobError
from zoo.jobs.inputs import batch_of, check_told_apart
from zoo.jobs.machine import quick_products
from zoo.jobs.memory import halving
from zoo.jobs.networks import Network, check_present, load_processor, pad_token, weights_of
from zoo.jobs.specs import ModelSource, Settings
from zoo.jobs.vectors import ProbeResult
from zoo.jobs.wrapper import has_channels_last

if TYPE_CHECKING:
    import torch

BATCH = 32


def load_probe(source: ModelSource, *, modality: str, settings: Settings) -> Network:
    """The backbone of a model, without a head.

    Raises:
        JobError: it cannot be loaded, or is not in its weights.
    """
    import torch
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        processor = load_processor(source, modality, settings)
        model, info = transformers.AutoModel.from_pretrained(
            source.address, output_loading_info=True, **weights_of(source)
        )
    except JobError:
        raise
    except Exception as error:  # whatever a stranger's model throws is its failure
        raise JobError("model", error) from error
    looking = {id(p) for p in _looking_part(model, modality).parameters()}
    backbone = {name: p for name, p in model.named_parameters() if id(p) in looking}
    check_present(backbone, set(info["missing_keys"]))
    pad_token(model, processor, modality)
    return Network(model.float().eval().to(device), processor, modality)


def _looking_part(model: torch.nn.Module, modality: str) -> torch.nn.Module:
    """The encoder of a model with a decoder, the image tower of one with two; else all of it."""
    whole: Any = model
    if _has_decoder(model):
        part: torch.nn.Module = whole.get_encoder()
        return part
    return getattr(model, "vision_model", model) if modality == "image" else model


def _has_decoder(model: torch.nn.Module) -> bool:
    """Also where the configuration is of the encoder alone, as a T5's may be."""
    halves = (getattr(model, name, None) for name in ("encoder", "decoder"))
    told = getattr(model.config, "is_encoder_decoder", False)
    return bool(told) or all(half is not None for half in halves)


def embed(
    data: LoadedDataset,
    probe: Network,
    *,
    settings: Settings,
    others: NDArray[np.float64] | None = None,
    most: int | None = MOST_SAMPLES,
    within: float | None = None,
    seed: int = 0,
    tell: Rows = lambda seen, most: None,
) -> ProbeResult:
    """The mean representation of the training rows, sampled until its neighbours are certain.

    Args:
        others: mean representations [E, D] of the datasets already known by this probe.
        most: samples at most; None reads every row, whatever is certain.
        within: stop as well when the distances are known to this share of them.
        seed: of the order in which rows are drawn.

    Raises:
        JobError: a row that cannot be read, or representations that are not finite.
    """
    started = time.perf_counter()
    rows = data.splits["train"]
    limit = len(rows) if most is None else min(most, len(rows))
    order = stratified_order(data.labels("train"), seed=seed)[:limit]
    known = np.zeros((0, 0)) if others is None else others
    seen = walk(
        data, probe, order, settings=settings, look=lambda batch: represent(probe.model, batch),
        first=BATCH if within is None else FEWEST_CLOSE,
    )  # fmt: skip
    moments = gather(
        _counted(seen, tell, limit),
        None if most is None else known,
        classes=len(data.classes),
        total=len(rows),
        within=within,
    )
    if not np.isfinite(moments.sums).all():
        raise JobError("model", "the probe's representations are not finite")
    return ProbeResult(
        moments.mean().astype(np.float32),
        moments.class_aware().astype(np.float32),
        moments.count,
        time.perf_counter() - started,
        within,
    )


Look = Callable[[dict[str, "torch.Tensor"]], "torch.Tensor"]
Batch = tuple[NDArray[np.float64], NDArray[np.int64]]


def _counted(batches: Iterator[Batch], tell: Rows, most: int) -> Iterator[Batch]:
    seen = 0
    tell(seen, most)
    for features, labels in batches:
        seen += len(labels)
        tell(seen, most)
        yield features, labels


def walk(
    data: LoadedDataset,
    network: Network,
    order: NDArray[np.int64],
    *,
    settings: Settings,
    look: Look,
    first: int = BATCH,
) -> Iterator[Batch]:
    """What ``look`` sees [B, D] and labels [B], batch by batch, of the training rows in ``order``;
    ``first`` is the size of the first batch.

    Rows are decoded and tokenised as they are asked for: what is not needed costs nothing. Batches
    are halved where memory does not suffice.
    """
    import torch

    device = next(network.model.parameters()).device
    start, size = 0, BATCH
    check_told_apart(data.splits["train"], network, settings=settings)

    def see(size: int) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
        indices = order[start : start + size].tolist()
        batch = batch_of(data.splits["train"], indices, network, settings=settings)
        labels = batch.pop("labels").numpy()
        moved = {key: value.to(device) for key, value in batch.items()}
        with torch.inference_mode(), quick_products():
            seen = look(moved)
        return seen.double().cpu().numpy(), labels, size

    while start < len(order):
        asked = size if start else first
        seen, labels, used = halving(see, asked)
        size = size if used == asked else used
        start += len(labels)
        yield seen, labels


def represent(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean of the last hidden state: over positions of an image, over tokens of a text."""
    look: Any = model
    if _has_decoder(model):  # which would ask for a second text
        look = look.get_encoder()
    elif "pixel_values" in batch and hasattr(model, "get_image_features"):  # nor has it a text
        look = look.get_image_features
    seen = look(**batch)
    if isinstance(seen.last_hidden_state, list | tuple):  # several scales, as timm's CrossViT
        pooled: torch.Tensor = seen.pooler_output
        return pooled
    hidden: torch.Tensor = seen.last_hidden_state
    if hidden.ndim == 4 and has_channels_last(model):
        return hidden.mean(dim=(1, 2))  # [B, H, W, D] -> [B, D]
    if hidden.ndim == 4:
        return hidden.mean(dim=(2, 3))  # [B, D, H, W] -> [B, D]
    mask = batch.get("attention_mask", batch.get("pixel_attention_mask"))
    if mask is None:
        return hidden.mean(dim=1)  # [B, T, D] -> [B, D]
    weights = mask[..., None].to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
