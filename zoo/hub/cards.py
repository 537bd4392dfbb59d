"""What a model card's front matter says: licence, task and pre-training datasets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from zoo.hub.words import word

#: Front matter begins the file: three dashes, what it says, three dashes.
_FRONT = re.compile(r"\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)
#: Characters of a card that are looked at: with hundreds of results it is long.
_LONGEST = 2_000_000
#: Datasets that a card may name.
_MOST = 100


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
    data = _front_matter(text or "")
    return Card(
        license=word(data.get("license")),
        task=word(data.get("pipeline_tag")),
        datasets=_words(data.get("datasets")),
        accuracies=_accuracies(data.get("model-index")),
    )


def _front_matter(text: str) -> dict[object, object]:
    """What stands between the first two lines of dashes, as far as it is YAML without references.

    References make a few lines mean gigabytes, to the first who compares or prints them.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("a reference")
            return super().compose_node(parent, index)

    found = _FRONT.match(text[:_LONGEST])
    try:
        data = Loader(found[1]).get_single_data() if found else None
    except (ValueError, RecursionError, yaml.YAMLError):
        return {}
    return data if isinstance(data, dict) else {}


def _accuracies(index: object) -> dict[str, float]:
    """Accuracies by dataset id from the ``model-index`` table, as far as it has its usual form."""
    found: dict[str, float] = {}
    results = [r for entry in _dicts(index) for r in _dicts(entry.get("results"))]
    for result in results:
        dataset = result.get("dataset")
        kind = word(dataset.get("type")) if isinstance(dataset, dict) else None
        for metric in _dicts(result.get("metrics")):
            value = metric.get("value") if metric.get("type") == "accuracy" else None
            if kind and isinstance(value, int | float) and 0 <= value <= 1:
                found[kind] = float(value)
    return found


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _words(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    found = dict.fromkeys(filter(None, map(word, values[:_MOST])))
    return tuple(found)
