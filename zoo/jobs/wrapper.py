"""Models of timm, which transformers wraps: what its wrapper does not say, or does not take."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.hub.models import why_no_model
from zoo.jobs.failures import JobError
from zoo.jobs.specs import ModelSource

if TYPE_CHECKING:
    import torch


def wrapper_arguments(source: ModelSource) -> dict[str, Any]:
    """What ``from_pretrained`` must be told of a model of timm; nothing of any other.

    Timm writes all arguments of a model, and some versions leave out its channels. Transformers
    gives the number of classes itself and fails where it finds it a second time.

    Raises:
        JobError: it is the part of a model of timm that other networks are built on.
    """
    import transformers

    config, _ = transformers.PretrainedConfig.get_config_dict(
        source.address, revision=source.revision
    )
    if reason := why_no_model(config):
        raise JobError("model", reason)
    told = config.get("pretrained_cfg")
    if not isinstance(told, dict):
        return {}
    channels = {"in_chans": shape[0]} if (shape := told.get("input_size")) else {}
    arguments = channels | (config.get("model_args") or {})
    arguments.pop("num_classes", None)
    return {"model_args": arguments}


def looks_wrapped(source: ModelSource) -> bool:
    """Whether it is of timm as far as its folder or its name tells: nobody is asked."""
    config = Path(source.address) / "config.json"
    with suppress(OSError):
        return '"pretrained_cfg"' in config.read_text("utf-8", "replace")
    return source.address.startswith("timm/")


def resized(processor: Any, side: int) -> Any:
    """The image processor of a model of timm for images of ``side`` pixels, seen to their edges."""
    known = processor.data_config
    shape = (known["input_size"][0], side, side)
    seen = {"input_size": shape, "crop_pct": 1.0, "crop_mode": "squash"}
    return type(processor)(pretrained_cfg=known | seen)


def wrapped_channels(config: Any) -> int | None:
    """The channels of a wrapped model's images, None where nothing says them."""
    arguments: dict[str, Any] = getattr(config, "model_args", None) or {}
    return arguments.get("in_chans")


def wrapped_head(model: torch.nn.Module) -> list[str]:
    """Names of the parameters of a wrapped model's head, or heads; none of any other model."""
    wrapped: Any = getattr(model, "timm_model", None)
    if wrapped is None:
        return []
    found = wrapped.get_classifier()
    heads = found if isinstance(found, list | tuple) else (found,)
    own = {id(parameter) for head in heads for parameter in head.parameters()}
    return [name for name, parameter in model.named_parameters() if id(parameter) in own]


def has_channels_last(model: torch.nn.Module) -> bool:
    """Whether its last hidden state is [B, H, W, C], as timm's Swin's is."""
    return getattr(getattr(model, "timm_model", None), "output_fmt", None) == "NHWC"
