"""Images that no decoder takes, named before a job wastes its time on the others."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphdb.errors import ZooError

if TYPE_CHECKING:
    from datasets import Dataset

File = dict[str, Any] | None
_BATCH = 256
#: Files named of those that cannot be read.
_NAMED = 3
#: A JPEG is decoded at the eighth of its size: as much is read, and less is computed.
_DRAFT = (32, 32)


def check_images(rows: Dataset, *, where: str) -> None:
    """Decode the column ``image`` of ``rows``, which holds files as they are.

    Raises:
        ZooError: some cannot be read; the first of them are named.
    """
    broken: list[File] = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(rows), _BATCH):
            files = rows[start : start + _BATCH]["image"]
            sound = pool.map(_is_sound, files)
            broken += [file for file, good in zip(files, sound, strict=True) if not good]
    if broken:
        raise ZooError(
            f"{where}: {len(broken):,} of {len(rows):,} images cannot be read"
            f"{_names(broken, where)}; replace or remove them"
        )


def _is_sound(file: File) -> bool:
    from PIL import Image

    try:
        data = file["bytes"] if file else None
        with Image.open(file["path"] if file and data is None else io.BytesIO(data or b"")) as one:
            one.draft(None, _DRAFT)
            one.load()
    except Exception:  # a stranger's file: whatever the decoder throws
        return False
    return True


def _names(broken: list[File], where: str) -> str:
    """The first of the files, within their folder. Images inside a table may have no names."""
    folder = f"{Path(where).expanduser().resolve()}/"
    names = sorted(str(file["path"]).removeprefix(folder) for file in broken
                   if file and file.get("path"))  # fmt: skip
    if not names:
        return ""
    more = f" and {len(broken) - _NAMED:,} more" if len(broken) > _NAMED else ""
    return f": {', '.join(names[:_NAMED])}{more}"
