"""What TransferGraph's files call things, and what those things are."""

from __future__ import annotations

import re

#: Names of one thing that differ between its files; the right-hand side is what the records, the
#: models' sources and the distances call it. ``features`` writes most of the left-hand ones.
ALIASES = {
    "HHousen/quora": "quora",
    "chiapudding/kaggle-financial-sentiment": "kaggle-financial-sentiment",
    "glut/qqp": "glue/qqp",
    "mteb/amazon_reviews_multi/en": "amazon_reviews_multi/en",
    "poolrf2001/mask": "poolrf2001/facemask",
    "wikimedia/wikipedia/20231101.en": "wikipedia",
}
#: ``glue_cola`` in a distance file and ``tweet_eval_irony`` under ``published`` are
#: ``glue/cola`` and ``tweet_eval/irony``.
_FLAT = re.compile(r"(glue|tweet_eval)_(\w+)")

#: Wrong class counts of the features file by dataset: what it says, and what is true.
CLASSES = {"flowers": (10, 102), "tweet_eval/offensive": (18, 2)}

#: A model fine-tuned on pictures found by search words names this; its labels are the real id.
NAMELESS_SOURCE = "hfpics"

_TASKS = {
    "ForImageClassification": "image-classification",
    "ForSequenceClassification": "text-classification",
    "ForMaskedLM": "fill-mask",
}


def canonical(dataset: str) -> str:
    """The one id of a dataset that has several."""
    flat = _FLAT.fullmatch(dataset)
    return f"{flat[1]}/{flat[2]}" if flat else ALIASES.get(dataset, dataset)


def source_label(dataset: str | None, labels: str | None) -> str | None:
    """What a model's row calls its pre-training dataset, None where it does not say.

    67 image models share the source ``hfpics``; the distance file tells them apart by their labels,
    a Python list as text.
    """
    return labels if dataset == NAMELESS_SOURCE else dataset


def source_name(dataset: str) -> str | None:
    """A readable name for a list of labels; other ids speak for themselves."""
    return f"{NAMELESS_SOURCE}: {dataset[1:-1]}" if dataset.startswith("[") else None


def architecture(text: str | None) -> str | None:
    """``"['ViTForImageClassification']"`` as ``ViTForImageClassification``."""
    names = re.findall(r"\w+", text or "")
    return ", ".join(names) or None


def task(architecture: str | None) -> str | None:
    """The hub's task tag that the head of an architecture stands for."""
    heads = (tag for head, tag in _TASKS.items() if head in (architecture or ""))
    return next(heads, None)


def estimator(metric: str) -> str:
    """``TransferabilityMethod.LOG_ME`` as ``logme``, ``...REG_H_SCORE`` as ``reg_h_score``."""
    name = metric.rpartition(".")[2].lower()
    return {"log_me": "logme"}.get(name, name)
