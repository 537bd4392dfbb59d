"""A model's metadata from its configuration, its card and the header of its weights.

The weights stay where they are, and nothing of the model's own code runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from graphdb.errors import ZooError, to_type
from graphdb.records import MAX_INTEGER, Dataset, History, Model, Pretraining
from zoo.hub.cards import Card, read_card
from zoo.hub.failures import Failure, first_line, told_as_zoo_error
from zoo.hub.references import ModelReference, parse_reference
from zoo.hub.repositories import Folder, HubRepository, Weights, open_repository
from zoo.hub.words import whole, word

_TASKS = {
    "ForImageClassification": "image-classification",
    "ForImageClassificationWithTeacher": "image-classification",
    "ForMaskedImageModeling": "image-feature-extraction",
    "ForCausalImageModeling": "image-feature-extraction",
    "ForConditionalGeneration": "text2text-generation",
    "ForSequenceClassification": "text-classification",
    "ForMaskedLM": "fill-mask",
    "ForPreTraining": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
}
#: Pictures and a question in, words out.
_CHAT = "image-text-to-text"
_IMAGE_KEYS = ("image_size", "num_channels", "vision_config", "pretrained_cfg")
_BASE = ", but an adapter of one: add that one (base_model_name_or_path in adapter_config.json)"
_BEFORE = " and no pretrained_cfg: of timm before 0.9? Write it anew: timm.models.save_for_hf"
#: A family of timm's is how the names of its networks begin: vit_tiny_patch16_224, swinv2_base.
_TIMM_FAMILY = re.compile(r"(?:(?:tf|test|legacy|wide|dm|nf)_)?([a-z]+?(?:v\d+)?)(?![a-z])")


@dataclass(frozen=True, slots=True)
class DescribedModel:
    """A model's record, what it was pre-trained on as far as its card says, and its dtype."""

    model: Model
    reference: ModelReference
    dtype: str | None = None
    pretrainings: tuple[Pretraining, ...] = ()
    #: Its weights exist only as a pickle: loading them executes what they hold.
    pickled: bool = False

    def history(self) -> History:
        """What is written to the graph: the model, its pre-training datasets, the links."""
        datasets = [Dataset(id=link.dataset) for link in self.pretrainings]
        return History([self.model], datasets, pretrainings=list(self.pretrainings))


def describe_models(
    references: Iterable[ModelReference], *, allow_pickle: bool = False
) -> Iterator[DescribedModel | Failure]:
    """Describe each; one that cannot be read is a Failure with its reason, the rest go on."""
    for reference in references:
        try:
            yield describe_model(reference, allow_pickle=allow_pickle)
        except ZooError as error:
            yield Failure(str(reference), first_line(error).removeprefix(f"{reference}: "))


def describe_model(
    reference: ModelReference | str,
    *,
    revision: str | None = None,
    name: str | None = None,
    allow_pickle: bool = False,
) -> DescribedModel:
    """A model's metadata by hub id or folder.

    Args:
        reference: a hub id, ``id@revision`` or a folder.
        revision: a branch, tag or commit; the record keeps the commit the hub answered.
        name: the id in the zoo; the hub id, or ``local/<folder>-<8 digits>``, where not given.
        allow_pickle: describe a model whose weights are only pickled. They are not opened even
            then, so its number of parameters stays unknown.

    Raises:
        ZooError: offline, gated, missing, malformed, or pickled weights only.
    """
    if isinstance(reference, str):
        parsed = parse_reference(reference)
        reference = ModelReference(parsed.address, revision or parsed.revision, name)
    repository = open_repository(reference)
    with told_as_zoo_error(str(reference)):
        config = _config(repository, reference)
        weights = repository.weights()
        if weights and not 0 <= weights.memory_bytes <= MAX_INTEGER:
            raise ZooError(f"{reference}: its weights claim a size that nothing has")
        pickled = weights is None and repository.has_pickle()
        _refuse_weights(reference, weights=weights, pickled=pickled, allow_pickle=allow_pickle)
        card = read_card(repository.text("README.md"))
        model = _record(reference, repository, config, weights, card)
    links = tuple(Pretraining(model.id, dataset, card.accuracies.get(dataset))
                  for dataset in card.datasets)  # fmt: skip
    dtype = weights.dtype if weights else None
    return DescribedModel(model, reference, dtype, links, pickled)


def _config(repository: Folder | HubRepository, reference: ModelReference) -> dict[str, Any]:
    text = repository.text("config.json")
    if text is None:
        adapter = _BASE if repository.text("adapter_config.json") else ""
        raise ZooError(
            f"{reference}: no config.json, so not a model of the transformers library{adapter}"
        )
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ZooError(f"{reference}: config.json is no JSON: {first_line(error)}") from error
    if not isinstance(config, dict) or not (word(config.get("model_type")) or _timm(config)):
        old = isinstance(config, dict) and "architecture" in config
        raise ZooError(f"{reference}: config.json names no model_type{_BEFORE if old else ''}")
    if reason := why_no_model(config):
        raise ZooError(f"{reference}: {reason}")
    return config


def why_no_model(config: dict[str, Any]) -> str | None:
    """What a configuration is of that transformers knows by its type and makes no model of."""
    if config.get("model_type") != "timm_backbone":
        return None
    name = (word(config.get("backbone")) or "").removeprefix("timm/")
    whole_one = f"timm/{name or 'NAME'}{'' if '.' in name else '.TAG'}"
    return (
        "the layers of a model of timm as a part of other networks (timm_backbone), which cannot "
        f"be fine-tuned alone; take that model as timm publishes it: "
        f"{to_type('ingest models', whole_one)}"
    )


def _refuse_weights(
    reference: ModelReference, *, weights: Weights | None, pickled: bool, allow_pickle: bool
) -> None:
    if pickled and not allow_pickle:
        raise ZooError(
            f"{reference}: only pickled weights, which can run code; "
            "if you trust them: --allow-pickle"
        )
    if weights is None and not pickled:
        raise ZooError(f"{reference}: no weights (model.safetensors) beside its configuration")


def _record(
    reference: ModelReference,
    repository: Folder | HubRepository,
    config: dict[str, Any],
    weights: Weights | None,
    card: Card,
) -> Model:
    architecture = _architecture(config)
    pipeline = (repository.pipeline if isinstance(repository, HubRepository) else None) or card.task
    task = _task(architecture, config) or pipeline or _timm_task(config)
    identity = model_id(reference, repository)
    return Model(
        id=identity,
        name=identity.split("/")[-1],
        family=_family(config),
        architecture=architecture,
        modality=_modality(config, task),
        task=task,
        parameters=weights.parameters if weights else None,
        memory_bytes=weights.memory_bytes if weights else None,
        input_size=_input_size(config),
        license=card.license or word(_timm(config).get("license")),
        revision=_revision(reference, repository),
        source=repository.origin,
    )


def _modality(config: dict[str, Any], task: str | None) -> str | None:
    """By its task or its parts. BEiT has a vocabulary as well, of patches; positions of tokens it
    has none."""
    if task != _CHAT and (task or "").startswith("image"):
        return "image"
    pixels = _has_pixels(config)
    if "vocab_size" in config and not (pixels and "max_position_embeddings" not in config):
        return "text"
    return "image" if pixels else None


def model_id(reference: ModelReference, repository: Folder | HubRepository) -> str:
    """The name given, the hub id, or ``local/<folder>-<first 8 of its fingerprint>``."""
    if reference.name:
        return reference.name
    if reference.folder is not None and isinstance(repository, Folder):
        return f"local/{reference.folder.name}-{repository.fingerprint()[:8]}"
    return reference.address


def _revision(reference: ModelReference, repository: Folder | HubRepository) -> str | None:
    if isinstance(repository, HubRepository):
        return repository.revision
    return reference.revision or (repository.path.name if repository.origin == "hub" else None)


def _timm(config: dict[str, Any]) -> dict[str, Any]:
    """What timm keeps of a model of its own, also where transformers wrote it; else nothing."""
    told = config.get("pretrained_cfg")
    return told if isinstance(told, dict) and word(config.get("architecture")) else {}


def _timm_task(config: dict[str, Any]) -> str | None:
    if not _timm(config):
        return None
    return "image-classification" if config.get("num_classes") else "image-feature-extraction"


def _family(config: dict[str, Any]) -> str | None:
    named = word(config.get("model_type"))
    architecture = word(config.get("architecture")) or ""
    if named not in (None, "timm_wrapper"):
        return named
    found = _TIMM_FAMILY.match(architecture)
    return found[1] if found else named


def _architecture(config: dict[str, Any]) -> str | None:
    own = word(config.get("architecture"))
    names = config.get("architectures")
    named = word(names[0]) if isinstance(names, list) and names else None
    return own if own and _timm(config) else named or own


def _task(architecture: str | None, config: dict[str, Any]) -> str | None:
    """By the ending of its network's name; who writes and has pictures in its configuration is
    asked about these (LLaVA, Qwen2-VL, BLIP)."""
    ending = (end for end in _TASKS if (architecture or "").endswith(end))
    task = _TASKS.get(next(ending, ""))
    writes = task in ("text2text-generation", "text-generation")
    return _CHAT if writes and _has_pixels(config) else task


def _has_pixels(config: dict[str, Any]) -> bool:
    return any(key in config for key in _IMAGE_KEYS)


def _input_size(config: dict[str, Any]) -> int | None:
    """Pixels a side for an image model, positions for a text model."""
    vision = config.get("vision_config")
    nested = vision.get("image_size") if isinstance(vision, dict) else None
    shape = _timm(config).get("input_size")
    last = shape[-1] if isinstance(shape, list) and shape else None
    size = config.get("image_size") or nested or last
    size = size or config.get("max_position_embeddings")
    return whole(size[0] if isinstance(size, list) and size else size)
