"""What a model card's front matter says: licence, task and pre-training datasets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Card:
    """``accuracies`` holds the accuracy on a dataset by its id, where the card reports one."""

    license: str | None = None
    task: str | None = None
    datasets: tuple[str, ...] = ()
    accuracies: dict[str, float] = field(default_factory=dict)


def read_card(text: str | None) -> Card:
    """The card of a README's text; an absent or unreadable one is an empty card.

    A card is prose that people write by hand: a broken one says nothing, and it is no reason to
    refuse the model.
    """
    import yaml
    from huggingface_hub import ModelCard

    if not text:
        return Card()
    try:
        data = ModelCard(text, ignore_metadata_errors=True).data.to_dict()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, yaml.YAMLError):
        return Card()
    return Card(
        license=_text(data.get("license")),
        task=_text(data.get("pipeline_tag")),
        datasets=_texts(data.get("datasets")),
        accuracies=_accuracies(data.get("model-index")),
    )


def _accuracies(index: object) -> dict[str, float]:
    """Accuracies by dataset id from the ``model-index`` table, as far as it has its usual form."""
    found: dict[str, float] = {}
    results = [r for entry in _dicts(index) for r in _dicts(entry.get("results"))]
    for result in results:
        dataset = result.get("dataset")
        kind = dataset.get("type") if isinstance(dataset, dict) else None
        for metric in _dicts(result.get("metrics")):
            value = metric.get("value") if metric.get("type") == "accuracy" else None
            if kind and isinstance(value, int | float) and 0 <= value <= 1:
                found[str(kind)] = float(value)
    return found


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(dict.fromkeys(text for text in values if isinstance(text, str) and text))
