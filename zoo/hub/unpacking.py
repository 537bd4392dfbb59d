"""What a stranger's files unpack to, counted before a library unpacks them.

A gzip of 100 kB may hold 100 MB, one inside of another the thousandfold of that. Nothing is kept
here: streams are read to their end or to the end of what is allowed, directories are added up.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from graphdb.errors import ZooError
from zoo.hub.images import SUFFIXES as IMAGES

#: How many times its size a file may unpack to: prose 3 to 10 times, pixels as numbers 40, sparse
#: columns perhaps 200. A bomb of gzip does 1,000 times, others a million.
_RATIO = 200
#: So many times, whatever that is. What goes beyond is bounded in bytes as well: it goes onto a
#: disk that others need.
_USUAL_RATIO = 10
_MOST_BEYOND = 4_000_000_000
#: What the files of a dataset may have beyond all that, together: a small one is often monotonous.
_ALWAYS_ALLOWED = 100_000_000
#: Layers that libraries go through: a gzip inside of a zip, a tar inside of a gzip.
_LAYERS = 3
_BLOCK = 1 << 20
#: How packed files begin, and the names that make a library take a file for one.
_MAGIC = {
    b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x5d\0\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"PK\x07\x08": "zip",
}  # fmt: skip
_SUFFIXES = {
    ".gz": "gzip", ".tgz": "gzip", ".bz2": "bz2", ".xz": "xz", ".lzma": "xz", ".zst": "zstd",
    ".lz4": "lz4", ".zip": "zip", ".tar": "tar",
}  # fmt: skip
_TAR_MAGIC = b"ustar"
_TAR_MAGIC_AT = 257
_HEAD = 512


class Allowance:
    """How much the files of one dataset may unpack to."""

    def __init__(self) -> None:
        self._shared = _ALWAYS_ALLOWED

    def of(self, size: int) -> int:
        """Bytes that a file of ``size`` may unpack to."""
        return _usual(size) + self._shared

    def spend(self, size: int, unpacked: int) -> None:
        """What one file has unpacked to beyond the usual, the others can no more."""
        self._shared -= max(0, unpacked - _usual(size))


def _usual(size: int) -> int:
    return min(_RATIO * size, _USUAL_RATIO * size + _MOST_BEYOND)


def too_large(where: str, what: str, allowed: int) -> ZooError:
    """The refusal of ``what`` a dataset holds."""
    return ZooError(
        f"{where}: {what} unpacks to more than {allowed:,} bytes, far more than a dataset of its "
        "size does. If you trust it, unpack it and give what is in it, as csv or images"
    )


class _BeyondError(Exception):
    """It unpacks to more than is allowed."""


def unpacked_size(file: Path, *, allowed: int) -> int | None:
    """Bytes that all layers of a packed file unpack to, 0 where it is not packed.

    None where they are more than ``allowed``. What is damaged counts as far as it can be read:
    who reads it afterwards comes no further.
    """
    if file.suffix.lower() in IMAGES:
        return 0
    counter = _Counter(allowed)
    try:
        with file.open("rb") as stream:
            counter.look(stream, file.name)
    except _BeyondError:
        return None
    return counter.count


class _Counter:
    def __init__(self, allowed: int) -> None:
        from fsspec.compression import compr  # the ways by which streams are unpacked afterwards

        self._allowed = allowed
        self.count = 0
        self._streams: dict[str, Callable[..., Any]] = {
            kind: way for kind, way in compr.items() if kind not in (None, "zip")
        }

    def look(self, stream: IO[bytes], name: str, layer: int = 0) -> None:
        """Count what is in a stream that can be read again, if it is packed."""
        if layer == _LAYERS:
            return
        for kind in _kinds(stream, name):
            try:
                stream.seek(0)
                self._unpack(kind, stream, layer)
            except _BeyondError:
                raise
            except Exception:  # noqa: S112  a stranger's file: whatever the decoder throws
                continue

    def _unpack(self, kind: str, stream: IO[bytes], layer: int) -> None:
        if kind == "zip":
            self._zip(stream, layer)
        elif kind == "tar":
            self._tar(stream, layer)
        elif kind in self._streams:  # else nobody here unpacks it either
            self._stream(self._streams[kind](stream, mode="rb"), layer)

    def _stream(self, unpacked: IO[bytes], layer: int) -> None:
        while block := unpacked.read(_BLOCK):
            self._add(len(block))
        self.look(unpacked, "", layer + 1)

    def _zip(self, stream: IO[bytes], layer: int) -> None:
        """Of a member nobody gets more bytes than the directory says that it has."""
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                self._add(member.file_size)
            for member in archive.infolist():
                if Path(member.filename).suffix.lower() in IMAGES:
                    continue
                with archive.open(member) as file:
                    self.look(file, member.filename, layer + 1)

    def _tar(self, stream: IO[bytes], layer: int) -> None:
        """A sparse member is larger than what is stored of it."""
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                self._add(max(0, member.size))
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    self.look(file, member.name, layer + 1)

    def _add(self, size: int) -> None:
        self.count += size
        if self.count > self._allowed:
            raise _BeyondError


def _kinds(stream: IO[bytes], name: str) -> list[str]:
    """What a file may be taken for: a zip may begin as anything."""
    stream.seek(0)
    head = stream.read(_HEAD)
    found = [kind for magic, kind in _MAGIC.items() if head.startswith(magic)]
    if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
        found.append("tar")
    if zipfile.is_zipfile(stream):
        found.append("zip")
    named = _SUFFIXES.get(Path(name).suffix.lower())
    return list(dict.fromkeys([*found, *([named] if named else [])]))
