"""Images that no decoder takes, named before a job wastes its time on the others."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from graphdb.errors import ZooError

#: Names of files that are images and nothing else.
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm"})
#: As the column ``image`` holds it undecoded: a path, or bytes that may have one.
File = dict[str, Any] | None
#: Files named of those that cannot be read.
_NAMED = 3
#: A JPEG is decoded at the eighth of its size: as much is read, and less is computed.
_DRAFT = (32, 32)


def file_content(file: File) -> bytes | None:
    """The content of an image's file; None where it cannot be read."""
    if not file:
        return b""
    try:
        content: bytes | None = file["bytes"]
        return Path(file["path"]).read_bytes() if content is None else content
    except (OSError, TypeError, ValueError):  # a table may say anything of its files
        return None


def image_content(file: File) -> bytes | None:
    """The same; None as well where it cannot be decoded to its end."""
    from PIL import Image

    content = file_content(file)
    try:
        with Image.open(io.BytesIO(content or b"")) as one:
            one.draft(None, _DRAFT)
            one.load()
    except Exception:  # a stranger's file: whatever the decoder throws
        return None
    return content


def refuse(broken: Sequence[File], total: int, *, where: str) -> NoReturn:
    """Raises ZooError: how many of ``total`` cannot be read, and which."""
    raise ZooError(
        f"{where}: {len(broken):,} of {total:,} images cannot be read"
        f"{_names(broken, where)}; replace or remove them"
    )


def _names(broken: Sequence[File], where: str) -> str:
    """The first of the files, within their folder. Images inside a table may have no names."""
    folder = f"{Path(where).expanduser().resolve()}/"
    names = sorted(str(file["path"]).removeprefix(folder) for file in broken
                   if file and file.get("path"))  # fmt: skip
    if not names:
        return ""
    more = f" and {len(broken) - _NAMED:,} more" if len(broken) > _NAMED else ""
    return f": {', '.join(names[:_NAMED])}{more}"
