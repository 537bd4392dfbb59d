"""The files of a record bundle and what their columns hold (DESIGN, 'Record bundle')."""

from __future__ import annotations

from pathlib import Path

from zoo.sources.cells import Column, Kind


def _counts(*names: str, low: float = 0) -> tuple[Column, ...]:
    return tuple(Column(name, "integer", low=low) for name in names)


def _columns(kind: Kind, *names: str, required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(name, kind, required=required) for name in names)


#: Columns by file, in the order in which they are written. The first three files must be there.
FILES: dict[str, tuple[Column, ...]] = {
    "models": (
        *_columns("id", "id", required=True),
        *_columns("text", "name", "family", "architecture", "modality", "task"),
        *_counts("parameters", "memory_bytes", "input_size"),
        *_columns("text", "license", "revision", "source"),
        *_columns("id", "pretrained_on"),
        Column("pretrained_accuracy", "real", low=0, high=1),
    ),
    "datasets": (
        *_columns("id", "id", required=True),
        *_columns("text", "name", "modality", "task"),
        *_counts("classes", "samples"),
        *_columns("text", "source", "fingerprint", "quarantined"),
    ),
    "fine_tunings": (
        *_columns("id", "id"),
        *_columns("id", "model", "dataset", required=True),
        *_columns("real", "accuracy", "value"),
        *_columns("text", "metric", "method"),
        Column("epochs", "real", low=0),
        Column("learning_rate", "real", low=0),
        *_counts("batch_size", low=1),
        Column("seed", "integer"),
        Column("seconds", "real", low=0),
        Column("device"),
        *_counts("peak_memory_bytes"),
    ),
    "similarities": (
        *_columns("id", "dataset_a", "dataset_b", required=True),
        *_columns("real", "value", required=True),
        *_columns("id", "measure", "probe"),
        Column("original", "real"),
    ),
    "transferability": (
        *_columns("id", "model", "dataset", "method", required=True),
        *_columns("real", "score", required=True),
        Column("seconds", "real", low=0),
    ),
    "embeddings": (
        *_columns("id", "dataset", "probe", "array", required=True),
        *_columns("id", "method"),
        *_counts("samples"),
    ),
}
REQUIRED = ("models", "datasets", "fine_tunings")
#: The vectors that ``embeddings.csv`` names in its column ``array``.
ARRAYS = "embeddings.npz"


def variants(name: str) -> tuple[str, str]:
    """The two names a table's file may have."""
    return f"{name}.csv", f"{name}.csv.gz"


def is_bundle_file(name: str) -> bool:
    """Whether a file of this name belongs to a bundle."""
    return name == ARRAYS or any(name in variants(table) for table in FILES)


def looks_like_bundle(folder: Path) -> bool:
    """Whether a folder holds one of the three files that every bundle has."""
    return any((folder / name).exists() for table in REQUIRED for name in variants(table))
