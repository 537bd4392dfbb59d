"""Names that may be paths: what a user typed for a model or a dataset, or what a database says."""

from __future__ import annotations

from pathlib import Path


def local_path(text: str | Path) -> Path | None:
    """What lies there; None where nothing does or can: no path is 5,000 characters long."""
    try:
        path = Path(text).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):
        return None


def local_folder(text: str | Path) -> Path | None:
    """The folder that lies there."""
    path = local_path(text)
    return path if path is not None and path.is_dir() else None
