"""Per-dataset configurations: where the columns are, which splits, how raw files are laid out.

Predefined ones lie beside this module in ``datasets.toml``; a user's own file of the same form
adds to them and wins over them.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from graphdb.errors import ZooError


class RawLayout(BaseModel):
    """Files that no data library reads by itself.

    - ``lines``: ``files.<split> = [texts, labels]``, line by line; ``names`` maps labels to words.
    - ``table``: ``files.<split> = [file]``, a delimited table; ``columns`` where it has no header.
    - ``classes``: ``files.<class> = [file]``, one sample a line.
    - ``prefix``: ``files.<split> = [file]``, ``label:rest text`` or ``label text`` a line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reader: Literal["lines", "table", "classes", "prefix"]
    files: dict[str, list[str]]
    columns: list[str] | None = None
    delimiter: str = ","
    quoting: bool = True
    encoding: str = "utf-8"
    names: str | None = None
    separator: str = ":"


class DatasetConfig(BaseModel):
    """What cannot be guessed about a dataset; everything may be left to be found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = None
    text_pair: str | None = None
    image: str | None = None
    label: str | None = None
    #: The source's split for each of train, validation and test.
    splits: dict[Literal["train", "validation", "test"], str] | None = None
    metric: Literal["accuracy", "f1", "mcc"] = "accuracy"
    max_samples: int | None = None
    revision: str | None = None
    name: str | None = None
    source: str | None = None
    raw: RawLayout | None = None

    def reading(self) -> dict[str, Any]:
        """How somebody said that it is read; without what the record itself keeps."""
        return self.model_dump(exclude_defaults=True, exclude=_OF_THE_RECORD)


#: Fields that the record itself keeps, and those that are no text.
_OF_THE_RECORD = {"name", "source"}
_NESTED = {"splits", "raw", "max_samples"}


def read_configs(path: Path | None = None) -> dict[str, DatasetConfig]:
    """The predefined configurations by reference, a user's own over them.

    Raises:
        ZooError: the file is absent, no TOML, or holds an unknown key or value.
    """
    found = _parse(resources.files("zoo.hub").joinpath("datasets.toml").read_text("utf-8"), "zoo")
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ZooError(f"No dataset configuration at {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ZooError(f"{path} is no TOML: {error}") from error
        found |= _parse(text, str(path))
    return found


def _parse(text: str, where: str) -> dict[str, DatasetConfig]:
    try:
        tables = tomllib.loads(text)
        return {name: DatasetConfig.model_validate(table) for name, table in tables.items()}
    except tomllib.TOMLDecodeError as error:
        raise ZooError(f"{where} is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ZooError(f"{where}: dataset configuration {place}: {first['msg']}") from error


def choose_configs(
    references: Sequence[str],
    *,
    path: Path | None = None,
    label: str | None = None,
    text: str | None = None,
    text_pair: str | None = None,
    image: str | None = None,
) -> dict[str, DatasetConfig]:
    """The configuration of each reference that has one, columns named by hand over it.

    Raises:
        ZooError: as :func:`read_configs`.
    """
    known = read_configs(path)
    named = {"label": label, "text": text, "text_pair": text_pair, "image": image}
    changes = {key: value for key, value in named.items() if value is not None}
    chosen = {}
    for reference in references:
        found = known.get(reference) or known.get(Path(reference).name if path else "")
        if found or changes:
            chosen[reference] = (found or DatasetConfig()).model_copy(update=changes)
    return chosen


def with_config(source: str, config: DatasetConfig) -> str:
    """Where a dataset lies, followed by how it is read: what was named once is named for ever.

    ``file:///moods.csv`` with a label column becomes ``file:///moods.csv?label=mood``.
    """
    words = {key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
             for key, value in config.reading().items()}  # fmt: skip
    return f"{source}?{urlencode(words)}" if words else source


def config_of(source: str | None) -> DatasetConfig | None:
    """How :func:`with_config` says that a dataset is read; None where it says nothing.

    Raises:
        ZooError: it says something that no configuration holds.
    """
    words = {key: values[-1] for key, values in parse_qs(urlsplit(source or "").query).items()}
    if not words:
        return None
    nested = {key: json.loads(words[key]) for key in words.keys() & _NESTED}
    try:
        return DatasetConfig.model_validate(words | nested)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ZooError(f"source {source}: dataset configuration {place}: {first['msg']}") from error
