"""Which columns of a dataset are its image, its text or texts, and its label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from graphdb.errors import ZooError, to_type
from zoo.hub.configs import DatasetConfig
from zoo.hub.images import SUFFIXES

if TYPE_CHECKING:
    from datasets import Dataset

_LABELS = ("label", "labels", "class", "category", "target", "coarse_label", "sentiment", "y")
_PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("question", "sentence"),
    ("question", "passage"),
)
_IMAGES = ("image", "img", "images", "picture", "photo")
_TEXTS = ("text", "sentence", "content", "review", "tweet", "comment", "question", "title")

_BYTES = ("binary", "large_binary")
_FOLDER = (
    "put the files into one folder with a metadata.csv of two columns, file_name and label, "
    "and give that folder"
)

#: Columns that a message lists, and characters of each.
_LISTED = 20
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns in the source; either ``image`` or ``text`` is there."""

    label: str
    image: str | None = None
    text: str | None = None
    text_pair: str | None = None

    @property
    def modality(self) -> str:
        return "image" if self.image else "text"


def find_columns(rows: Dataset, config: DatasetConfig, *, where: str) -> Columns:
    """The columns named in ``config``, the rest found by their types and usual names.

    Raises:
        ZooError: a named column is absent, or none can be found, with the columns there are.
    """
    for name in (config.label, config.image, config.text, config.text_pair):
        if name is not None and name not in rows.column_names:
            raise ZooError(f"{where}: no column '{name}'; it has {_listed(rows)}")
    label = config.label or _find_label(rows, where)
    if config.image and config.image not in _images(rows):
        raise ZooError(f"{where}: '{config.image}' holds no images; {_FOLDER}")
    if config.image or (config.text is None and _images(rows)):
        return Columns(label, image=config.image or _images(rows)[0])
    if config.text:
        return Columns(label, text=config.text, text_pair=config.text_pair)
    first, second = _find_texts(rows, label, where)
    if all(PurePath(text).suffix.lower() in SUFFIXES for text in _sample(rows, first)):
        raise ZooError(f"{where}: '{first}' holds names of image files; {_FOLDER}")
    return Columns(label, text=first, text_pair=second)


def with_images(rows: Dataset, named: str | None) -> Dataset:
    """Columns of the bytes of images, as tables that others wrote hold them, as images."""
    from datasets import Image

    usual = {named, *_called(rows.column_names, _IMAGES)}
    for name, feature in rows.features.items():
        whole = isinstance(feature, dict) and feature.keys() == {"bytes", "path"}
        if whole or (name in usual and getattr(feature, "dtype", None) in _BYTES):
            rows = rows.cast_column(name, Image())
    return rows


def naming(column: str, where: str) -> str:
    """The command that takes the name of a column: whoever reads this may have typed another."""
    return to_type("ingest datasets", where, options=[f"--{column}", "COLUMN"])


def _find_label(rows: Dataset, where: str) -> str:
    from datasets import ClassLabel

    named = _called(rows.column_names, _LABELS)
    typed = [name for name, feature in rows.features.items() if isinstance(feature, ClassLabel)]
    found = named or typed
    if not found:
        raise ZooError(
            f"{where}: no label column; it has {_listed(rows)}; name one: {naming('label', where)}"
        )
    return found[0]


def _called(columns: list[str], usual: tuple[str, ...]) -> list[str]:
    """The columns with usual names, in the order of those; spreadsheets write them in capitals."""
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    return [by_name[name] for name in usual if name in by_name]


def _images(rows: Dataset) -> list[str]:
    from datasets import Image

    return [name for name, feature in rows.features.items() if isinstance(feature, Image)]


def _find_texts(rows: Dataset, label: str, where: str) -> tuple[str, str | None]:
    names = [name for name in rows.column_names if name != label and _is_text(rows, name)]
    for pair in _PAIRS:
        if len(found := _called(names, pair)) == 2:
            return found[0], found[1]
    usual = _called(names, _TEXTS)
    if not names:
        raise ZooError(
            f"{where}: no image and no text column; it has {_listed(rows)}; name one: "
            f"{naming('text', where)}"
        )
    return usual[0] if usual else max(names, key=lambda name: _length(rows, name)), None


def _is_text(rows: Dataset, name: str) -> bool:
    return getattr(rows.features[name], "dtype", None) in ("string", "large_string")


def _sample(rows: Dataset, name: str) -> list[str]:
    return [text or "" for text in rows.select(range(min(100, len(rows))))[name]]


def _length(rows: Dataset, name: str) -> float:
    sample = _sample(rows, name)
    return sum(map(len, sample)) / max(1, len(sample))


def _listed(rows: Dataset) -> str:
    names = [name[:_LONGEST] for name in rows.column_names[:_LISTED]]
    more = f" and {len(rows.column_names) - _LISTED:,} more" if rows.column_names[_LISTED:] else ""
    return ", ".join(names) + more or "no columns"
