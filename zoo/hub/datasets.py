"""A dataset's rows in one shape, its fingerprint and its split, from wherever it lies.

Sources: hub ids (``name``, ``owner/name``, ``name/subset``, ``owner/name/subset``), image folders,
csv, tsv, json and parquet files, folders of them, and raw layouts that a configuration describes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphdb import records
from graphdb.errors import ZooError
from zoo.hub.columns import Columns, find_columns, naming, with_images
from zoo.hub.configs import DatasetConfig, read_configs, with_config
from zoo.hub.failures import told_as_zoo_error
from zoo.hub.fingerprints import fingerprint
from zoo.hub.raw import is_laid_out, read_raw
from zoo.hub.reading import commit_of, read_local, read_remote
from zoo.hub.splits import TEST_SHARE, VALIDATION_SHARE, cut, sample
from zoo.paths import local_path

if TYPE_CHECKING:
    from datasets import Dataset

_SPLITS = ("train", "validation", "test")
_VALIDATION_NAMES = ("validation", "valid", "val", "dev")
#: How a sample cap is shared out between the splits.
CAP_SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
#: More classes than this share of the rows is no classification.
_CLASS_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class LoadedDataset:
    """Rows with the columns ``image`` or ``text`` (and ``text_pair``), and ``label`` [0, classes).

    ``splits`` holds train, validation and test, capped; ``whole`` everything before the cap.
    """

    reference: str
    config: DatasetConfig
    modality: str
    classes: tuple[str, ...]
    splits: dict[str, Dataset]
    whole: list[Dataset]

    @property
    def samples(self) -> int:
        return sum(len(rows) for rows in self.whole)

    def labels(self, split: str) -> NDArray[np.int64]:
        """Shape: [rows of the split]."""
        return np.asarray(self.splits[split]["label"][:], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class DescribedDataset:
    """A dataset's record, with what a job needs to load it again."""

    dataset: records.Dataset
    reference: str
    metric: str

    def history(self) -> records.History:
        return records.History(datasets=[self.dataset])


def describe_dataset(
    reference: str,
    *,
    config: DatasetConfig | None = None,
    name: str | None = None,
    max_samples: int | None = None,
) -> DescribedDataset:
    """A dataset's metadata: modality, classes, samples and the fingerprint of its content.

    Raises:
        ZooError: as :func:`load_dataset`.
    """
    loaded = load_dataset(reference, config=config, max_samples=max_samples)
    record = record_of(loaded, name=name)
    return DescribedDataset(record, reference, loaded.config.metric)


def record_of(loaded: LoadedDataset, *, name: str | None = None) -> records.Dataset:
    """The record of a loaded dataset; its id is ``name``, the hub id, or
    ``local/<folder>-<first 8 of its fingerprint>``.

    Raises:
        ZooError: images that cannot be read.
    """
    with told_as_zoo_error(loaded.reference):
        content = fingerprint(loaded.whole, loaded.classes, where=loaded.reference)
    path = _local(loaded.reference)
    given = name or loaded.config.name
    stem = path.name if path and path.is_dir() else path.stem if path else ""
    identity = given or (f"local/{stem}-{content[:8]}" if path else loaded.reference)
    return records.Dataset(
        id=identity,
        name=identity.split("/")[-1] if path else identity,
        modality=loaded.modality,
        task=f"{loaded.modality}-classification",
        classes=len(loaded.classes),
        samples=loaded.samples,
        source=loaded.config.source or _source(loaded, path),
        fingerprint=content,
    )


def _source(loaded: LoadedDataset, path: Path | None) -> str:
    """Where it lies, with the configuration where it is not the predefined one."""
    place = path.as_uri() if path else "hub"
    known = loaded.config == predefined(loaded.reference)
    return place if known else with_config(place, loaded.config)


def load_dataset(
    reference: str,
    *,
    config: DatasetConfig | None = None,
    max_samples: int | None = None,
    seed: int = 0,
) -> LoadedDataset:
    """Read a dataset and split it; the same reference gives the same split everywhere.

    Args:
        reference: a hub id with or without a subset, a file or a folder.
        config: what cannot be guessed; the predefined configuration of that name where not given.
        max_samples: a stratified cap over all splits together (the configuration's otherwise).
        seed: of the split and the cap.

    Raises:
        ZooError: absent, unreadable, no label or text column, or fewer than two classes.
    """
    config = predefined(reference) if config is None else config
    with told_as_zoo_error(reference):
        config = _pinned(reference, config)
        source = {
            name: with_images(rows, config.image)
            for name, rows in _read(reference, config).items()
            if len(rows)
        }
        if not source:
            raise ZooError(f"{reference}: it holds no rows")
        source = _by_column(source, config)
        columns = find_columns(next(iter(source.values())), config, where=reference)
        shaped, classes = _encode(source, columns, reference)
    whole = _assign(shaped, config, reference=reference, seed=seed)
    capped = _cap(whole, max_samples or config.max_samples, seed)
    return LoadedDataset(reference, config, columns.modality, classes, capped, list(whole.values()))


def predefined(reference: str, configs: dict[str, DatasetConfig] | None = None) -> DatasetConfig:
    """The configuration of a reference, by its text or by its folder's name; else an empty one."""
    configs = read_configs() if configs is None else configs
    if reference in configs:
        return configs[reference]
    path = _local(reference)
    found = configs.get(path.name) if path else None
    if path and found and (found.raw is None or is_laid_out(path, found.raw)):
        return found
    return DatasetConfig()


def _local(reference: str) -> Path | None:
    path = local_path(reference)
    return path.resolve() if path else None


def _pinned(reference: str, config: DatasetConfig) -> DatasetConfig:
    """A tag can move: what is read, and recorded, is the commit it stands for."""
    if config.revision is None or _local(reference) is not None:
        return config
    return config.model_copy(update={"revision": commit_of(reference, config.revision)})


def _read(reference: str, config: DatasetConfig) -> dict[str, Dataset]:
    path = _local(reference)
    if path is None:
        return read_remote(reference, revision=config.revision)
    if config.raw is not None:
        return read_raw(path, config.raw)
    return read_local(path)


def _by_column(source: dict[str, Dataset], config: DatasetConfig) -> dict[str, Dataset]:
    """One table by what its column ``split`` says, where that is nothing but splits."""
    rows = next(iter(source.values()))
    name = next((one for one in rows.column_names if one.strip().lower() == "split"), None)
    if len(source) > 1 or name is None or name == config.label:
        return source
    words = np.array([str(word).strip().lower() for word in rows[name][:]])
    found = set(words.tolist())
    if "train" not in found or not found <= {"train", "test", *_VALIDATION_NAMES}:
        return source
    rest = rows.remove_columns(name)
    return {word: rest.select(np.flatnonzero(words == word)) for word in sorted(found)}


def _encode(
    source: dict[str, Dataset], columns: Columns, reference: str
) -> tuple[dict[str, Dataset], tuple[str, ...]]:
    """Rename the columns and number the labels by the sorted names of the classes."""
    names = {split: _names(rows, columns.label, reference) for split, rows in source.items()}
    names = {split: labels for split, labels in names.items() if any(labels)}
    found = sorted({label for labels in names.values() for label in labels if label is not None})
    rows = sum(map(len, names.values()))
    if len(found) < 2:
        raise ZooError(f"{reference}: {len(found)} class in '{columns.label}'; 2 are needed")
    if len(found) > max(20, _CLASS_SHARE * rows):
        raise ZooError(
            f"{reference}: '{columns.label}' has {len(found)} values in {rows} rows; "
            f"name the label column: {naming('label', reference)}"
        )
    numbers = {label: number for number, label in enumerate(_ordered(found))}
    shaped = {
        split: _shape(source[split], columns, [numbers.get(label or "", -1) for label in labels])
        for split, labels in names.items()
    }
    return shaped, tuple(numbers)


def _ordered(names: list[str]) -> list[str]:
    """Numbers by value ('10' after '9'), words by alphabet."""
    if all(name.lstrip("-").isdigit() for name in names):
        return sorted(names, key=int)
    return names


def _names(rows: Dataset, column: str, reference: str) -> list[str | None]:
    """The label of each row as text; None where it is hidden (-1, as in GLUE's tests) or empty.

    Raises:
        ZooError: several labels a row, or numbers that are no classes.
    """
    import pyarrow as pa

    feature = rows.features[column]
    if pa.types.is_nested(rows.features.arrow_schema.field(column).type):
        raise ZooError(f"{reference}: '{column}' holds lists or records; one label a row is needed")
    values = rows[column][:]
    if hasattr(feature, "int2str"):
        return [None if v is None or v < 0 else str(feature.names[v]) for v in values]
    if getattr(feature, "dtype", "").startswith("float"):
        values = [None if v is None or math.isnan(v) else v for v in values]
        between = next((v for v in values if v is not None and not float(v).is_integer()), None)
        if between is not None:
            raise ZooError(
                f"{reference}: '{column}' holds numbers like {between:.6g}, a regression, which is "
                "not trained here; classes are whole numbers or words"
            )
        values = [v if v is None else int(v) for v in values]
    return [None if v is None or v in ("", -1) else str(v) for v in values]


def _shape(rows: Dataset, columns: Columns, labels: list[int]) -> Dataset:
    wanted = {"image": columns.image, "text": columns.text, "text_pair": columns.text_pair}
    kept = {source: name for name, source in wanted.items() if source}
    shaped = rows.select_columns(list(kept)).rename_columns(
        {source: name for source, name in kept.items() if source != name}
    )
    for name in {"text", "text_pair"} & set(shaped.column_names):
        shaped = _as_text(shaped, name)
    labelled = shaped.add_column("label", np.asarray(labels, dtype=np.int64))
    known = np.flatnonzero(np.asarray(labels) >= 0)
    return labelled if len(known) == len(labels) else labelled.select(known)


def _as_text(rows: Dataset, name: str) -> Dataset:
    """A column of numbers, where one was named as the text, as their digits."""
    from datasets import Value

    kind = getattr(rows.features[name], "dtype", None)
    return rows if kind in ("string", "large_string") else rows.cast_column(name, Value("string"))


def _assign(
    source: dict[str, Dataset], config: DatasetConfig, *, reference: str, seed: int
) -> dict[str, Dataset]:
    """Train, validation and test: the source's where it has them, cut from train otherwise."""
    for wanted in (config.splits or {}).values():
        if wanted not in source:
            raise ZooError(f"{reference}: no split '{wanted}'; it has {', '.join(source)}")
    chosen = dict(config.splits or {})
    train = source[chosen.get("train") or ("train" if "train" in source else next(iter(source)))]
    validation = _named(source, chosen.get("validation"), () if chosen else _VALIDATION_NAMES)
    test = _named(source, chosen.get("test"), () if chosen else ("test",))
    if test is None and validation is not None:  # as GLUE: the development set is the test
        test, validation = validation, None
    if test is None:
        train, test = _cut(train, TEST_SHARE, seed)
    if validation is None:
        train, validation = _cut(train, VALIDATION_SHARE, seed + 1)
    if not len(train) or not len(test):
        raise ZooError(
            f"{reference}: of each class 2 rows at least are needed, to learn and to test"
        )
    return dict(zip(_SPLITS, (train, validation, test), strict=True))


def _cap(whole: dict[str, Dataset], limit: int | None, seed: int) -> dict[str, Dataset]:
    """At most ``limit`` rows in all, shared out so that the test stays large enough to measure."""
    if limit is None or sum(map(len, whole.values())) <= limit:
        return whole
    shares = {name: limit * CAP_SHARES[name] / len(rows) for name, rows in whole.items()}
    chosen = {name: sample(_labels(rows), share=shares[name], seed=seed)
              for name, rows in whole.items()}  # fmt: skip
    return {name: rows.select(chosen[name]) for name, rows in whole.items()}


def _named(
    source: dict[str, Dataset], wanted: str | None, usual: tuple[str, ...]
) -> Dataset | None:
    name = wanted or next((name for name in usual if name in source), None)
    return source[name] if name else None


def _cut(rows: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    rest, taken = cut(_labels(rows), share=share, seed=seed)
    return rows.select(rest), rows.select(taken)


def _labels(rows: Dataset) -> NDArray[np.int64]:
    return np.asarray(rows["label"][:], dtype=np.int64)
