"""A pre-trained model with a new head for a dataset's classes, checked before a step is wasted."""

from __future__ import annotations

from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphdb.errors import listed, to_type
from zoo.jobs.failures import JobError
from zoo.jobs.specs import ModelSource, Settings
from zoo.jobs.wrapper import resized, wrapped_channels, wrapped_head, wrapper_arguments

if TYPE_CHECKING:
    import torch

#: A backbone of which more is missing in the checkpoint was not pre-trained as configured.
_MISSING_SHARE = 0.2
#: How heads are called where the backbone has no name of its own.
_HEADS = ("classifier", "score", "head", "fc")
#: Parts of the names of attention's projections, over the families of transformers.
_ATTENTION = ("query", "value", "q_", "v_", "qkv", "c_attn", "Wqkv")


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """``processor`` is the tokenizer of a text model, the image processor of an image model."""

    model: torch.nn.Module
    processor: Any
    modality: str


def load_network(
    source: ModelSource, *, classes: tuple[str, ...], modality: str, settings: Settings
) -> Network:
    """The model with a head of ``len(classes)`` outputs and the method's parameters trainable.

    ``full`` trains everything, ``linear`` only what is outside the pre-trained backbone, ``lora``
    low-rank updates of the attention (or of all linear layers) and the head.

    Raises:
        JobError: weights that cannot be loaded, do not fit the configuration or are not finite.
    """
    try:
        processor = load_processor(source, modality, settings)
        model, missing = _load(source, classes, modality)
    except JobError:
        raise
    except Exception as error:  # whatever a stranger's model throws is its failure
        raise JobError("model", error) from error
    _check_trainable(model)
    _check(model, missing)
    pad_token(model, processor, modality)
    return Network(_apply(model, settings, missing), processor, modality)


def load_classifier(source: ModelSource, *, modality: str, settings: Settings) -> Network:
    """The model with the head it was pre-trained with, for estimators that read its outputs.

    Raises:
        JobError: it cannot be loaded, or its weights hold no such head.
    """
    import torch

    try:
        processor = load_processor(source, modality, settings)
        model, info = _auto_class(modality).from_pretrained(
            source.address, output_loading_info=True, **weights_of(source)
        )
    except JobError:
        raise
    except Exception as error:  # whatever a stranger's model throws is its failure
        raise JobError("model", error) from error
    if set(info["missing_keys"]) & set(_head(model)):
        other = to_type(
            "ingest scores", options=["--method", "logme", "--models", listed(source.id)]
        )
        raise JobError(
            "model",
            "its weights hold no classifier of its own, whose outputs leep and nce read; others "
            f"need none: {other}",
        )
    pad_token(model, processor, modality)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Network(model.float().eval().to(device), processor, modality)


def _auto_class(modality: str) -> Any:
    import transformers

    if modality == "image":
        return transformers.AutoModelForImageClassification
    return transformers.AutoModelForSequenceClassification


def _common(source: ModelSource) -> dict[str, Any]:
    return {"revision": source.revision, "trust_remote_code": source.trust_remote_code}


def weights_of(source: ModelSource) -> dict[str, Any]:
    """What ``from_pretrained`` is told wherever weights are loaded."""
    safely = {"use_safetensors": None if source.allow_pickle else True}
    return _common(source) | safely | wrapper_arguments(source)


def load_processor(source: ModelSource, modality: str, settings: Settings) -> Any:
    import transformers

    if Path(source.address).is_absolute() and not Path(source.address).is_dir():
        raise JobError("model", f"{source.address}: no such folder")
    if modality == "text":
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                source.address, **_common(source)
            )
        except JSONDecodeError as error:
            raise JobError("model", f"its tokenizer's files are no JSON: {error}") from error
        # Without its files transformers makes one that knows no word and maps all to one token.
        if len(tokenizer) <= len(set(tokenizer.all_special_ids)):
            raise JobError("model", "its tokenizer's vocabulary is missing")
        return tokenizer
    try:
        # Torchvision's is taken wherever it is installed, and is many times slower on a CPU.
        processor = transformers.AutoImageProcessor.from_pretrained(
            source.address, backend="pil", **_common(source)
        )
    except (OSError, ValueError):  # many image models ship without one
        processor = _plain_processor(source)
    side = settings.image_size
    if side and hasattr(processor, "data_config"):
        return resized(processor, side)
    if side:
        processor.size = type(processor)(size={"height": side, "width": side}).size
        processor.do_center_crop = False
    return processor


def _plain_processor(source: ModelSource) -> Any:
    """Resize to the model's input and scale to [-1, 1]."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(source.address, **_common(source))
    side = getattr(_vision(config), "image_size", None) or 224
    side = side[0] if isinstance(side, list | tuple) else side
    plain = getattr(transformers, "ViTImageProcessorPil", transformers.ViTImageProcessor)
    middle = [0.5] * _channels(config)
    return plain(size={"height": side, "width": side}, image_mean=middle, image_std=middle)


def sees_grey(network: Network) -> bool:
    """Whether its images have one channel, as those of a network for digits may."""
    return _channels(network.model.config) == 1


def _channels(config: Any) -> int:
    found: int = wrapped_channels(config) or getattr(_vision(config), "num_channels", None) or 3
    return found


def _vision(config: Any) -> Any:
    """What a configuration says of images: CLIP and its kin keep it one level down."""
    return getattr(config, "vision_config", config)


def _load(
    source: ModelSource, classes: tuple[str, ...], modality: str
) -> tuple[torch.nn.Module, set[str]]:
    model, info = _auto_class(modality).from_pretrained(
        source.address,
        # A checkpoint of distillation names a class for inference only, which knows no loss.
        architectures=[],
        num_labels=len(classes),
        id2label=dict(enumerate(classes)),
        label2id={name: number for number, name in enumerate(classes)},
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **weights_of(source),
    )
    # Some heads lie inside the backbone (Perceiver's): an output a class, and else as it was.
    inner = {name for name, kept, wanted in info["mismatched_keys"]
             if wanted[:1] == (len(classes),) and kept[1:] == wanted[1:]}  # fmt: skip
    mismatched = {entry[0] for entry in info["mismatched_keys"]}
    wrong = sorted(mismatched - inner - set(_head(model)))
    if wrong:
        raise JobError("model", f"weights do not fit the configuration, first: {wrong[0]}")
    return model.float(), set(info["missing_keys"]) | inner


def _head(model: torch.nn.Module) -> list[str]:
    """Names of the parameters outside the pre-trained backbone."""
    if found := wrapped_head(model):
        return found
    prefix = getattr(model, "base_model_prefix", "") + "."
    names = [name for name, _ in model.named_parameters()]
    if not any(name.startswith(prefix) for name in names):  # as CLIP: its parts lie at the top
        return [name for name in names if name.split(".")[0] in _HEADS]
    return [name for name in names if not name.startswith(prefix)]


def _check_trainable(model: torch.nn.Module) -> None:
    from transformers.utils import find_labels

    name = type(model).__name__
    if not find_labels(type(model)):
        raise JobError("model", f"{name} of transformers computes no loss: it cannot be trained")
    config: Any = model.config
    if config.model_type == "reformer":  # its positions are factors of that length
        raise JobError("model", f"{name} is trained on texts of one length alone, its longest")


def _check(model: torch.nn.Module, missing: set[str]) -> None:
    import torch

    head = set(_head(model))
    backbone = {name: p for name, p in model.named_parameters() if name not in head}
    check_present(backbone, missing)
    for name, parameter in backbone.items():
        if not bool(torch.isfinite(parameter).all()):
            raise JobError("model", f"weights are not finite (NaN or infinity), first: {name}")


def check_present(backbone: dict[str, torch.nn.Parameter], missing: set[str]) -> None:
    """Raises JobError: more of a backbone is missing in its weights than a part that is new."""
    absent = sum(p.numel() for name, p in backbone.items() if name in missing)
    total = sum(p.numel() for p in backbone.values())
    if total and absent / total > _MISSING_SHARE:
        raise JobError("model", f"{absent:,} of {total:,} parameters are not in its weights")


def pad_token(model: torch.nn.Module, processor: Any, modality: str) -> None:
    """A causal language model often has no padding token; the end of text serves.

    Raises:
        JobError: its tokenizer has no token that could.
    """
    config: Any = model.config
    if modality != "text":
        return
    if processor.pad_token is None:
        processor.pad_token = processor.eos_token or processor.unk_token
    if processor.pad_token is None:
        raise JobError("model", "its tokenizer has no token for padding, nor one for the end")
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = processor.pad_token_id


def _apply(model: torch.nn.Module, settings: Settings, missing: set[str]) -> torch.nn.Module:
    """What the weights did not hold (a pooler, say) is as new as the head, and learns with it."""
    if settings.method == "lora":
        return _lora(model, settings, missing)
    if settings.method == "linear":
        new = set(_head(model)) | missing
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name in new
    return model


def _lora(model: torch.nn.Module, settings: Settings, missing: set[str]) -> torch.nn.Module:
    import peft
    import torch
    from transformers.pytorch_utils import Conv1D

    prefix = getattr(model, "base_model_prefix", "") + "."
    new = {name.removeprefix(prefix) for name in (*_head(model), *missing)}
    whole = {name.split(".")[0] for name in new}
    inside = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d | Conv1D)
        and name.removeprefix(prefix).split(".")[0] not in whole
        and getattr(module, "groups", 1) == 1  # peft adapts no grouped convolution
    ]
    attention = [name for name in inside if any(word in name for word in _ATTENTION)]
    if not inside:
        raise JobError("model", "lora: its backbone has no layer that can be adapted; use full")
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=attention or inside,
        modules_to_save=sorted(_callable_parts(model, new)),
    )
    adapted: torch.nn.Module = peft.get_peft_model(model, config)
    _show_shapes(adapted)
    return adapted


def _callable_parts(model: torch.nn.Module, names: set[str]) -> set[str]:
    """The parts that parameters are of; peft replaces no list of parts, so those in it instead."""
    import torch

    inner = getattr(model, getattr(model, "base_model_prefix", ""), model)
    lists = {name for name, module in (*model.named_children(), *inner.named_children())
             if isinstance(module, torch.nn.ModuleList)}  # fmt: skip
    split = [name.split(".") for name in names]
    return {".".join(parts[:2]) if parts[0] in lists else parts[0] for parts in split}


def _show_shapes(adapted: torch.nn.Module) -> None:
    """Padding as TensorFlow's asks a convolution for its shape, which peft's wrapper hides."""
    import torch

    for module in adapted.modules():
        base = getattr(module, "base_layer", None)
        if isinstance(base, torch.nn.Conv2d):
            for name in ("kernel_size", "stride", "dilation"):
                setattr(module, name, getattr(base, name))
