"""The vectors of a bundle: one-dimensional float arrays in an ``.npz``, read without trust.

``numpy.load`` would allocate whatever a header claims and, asked wrongly, unpickle. Here the header
is read first, the size it claims must be the size that is there, and only floats are let in.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from graphdb.errors import ZooError
from zoo.sources.refusals import shown

#: Elements of one vector.
MAX_DIM = 1 << 20
#: Bytes of one member: its numbers, at most 16 bytes each, and its header.
_LARGEST = 16 * MAX_DIM + 65_536
#: Bytes of all vectors of a bundle together, after decompression.
MAX_BYTES = 1 << 31

#: Equal vectors give equal bytes: no member has the time of its writing.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
#: What a damaged or hostile archive makes the readers of zip and npy raise.
_DAMAGED = (
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class Vectors:
    """An open ``embeddings.npz``; a context manager.

    Raises:
        ZooError: the file cannot be opened.
        ValueError: it is no archive; the message is the reason of a refusal.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        except OSError as error:
            raise ZooError(f"Cannot read {path}: {error.strerror or error}") from error
        except _DAMAGED as error:
            raise ValueError(f"is no npz archive: {error}") from error
        self._left = MAX_BYTES

    def __enter__(self) -> Vectors:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._archive.close()

    def read(self, name: str) -> NDArray[np.float32]:
        """The vector of that name.

        Shape: float32 [dim].

        Raises:
            ValueError: there is none, or it is no finite one-dimensional array of floats.
        """
        try:
            member = self._archive.getinfo(f"{name}.npy")
        except KeyError:
            raise ValueError(f"{shown(name)} is no array of the npz file") from None
        if member.file_size > _LARGEST:
            raise ValueError(f"{shown(name)} holds more than {MAX_DIM:,} numbers")
        self._left -= member.file_size
        if self._left < 0:
            raise ValueError(f"{shown(name)}: the arrays hold more than {MAX_BYTES:,} bytes")
        try:
            with self._archive.open(member) as file:
                vector = _vector(file, member.file_size)
        except (*_DAMAGED, OSError) as error:
            raise ValueError(f"{shown(name)} cannot be read: {error}") from error
        if not np.isfinite(vector).all():
            raise ValueError(f"{shown(name)} holds values that are not finite float32")
        return vector


def _vector(file: IO[bytes], size: int) -> NDArray[np.float32]:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"npy version {version} is not supported")
    shape, _, dtype = _HEADERS[version](file)
    if dtype.kind != "f":
        raise ValueError(f"its dtype is {dtype}, float32 is needed")
    if len(shape) != 1 or not 0 < shape[0] <= MAX_DIM:
        raise ValueError(f"its shape is {shape}, one dimension of 1 to {MAX_DIM:,} is needed")
    if file.tell() + shape[0] * dtype.itemsize != size:
        raise ValueError("its header claims another size than it has")
    values = np.frombuffer(file.read(), dtype)
    with np.errstate(over="ignore"):  # a float64 beyond float32 turns infinite and is refused
        return values.astype(np.float32)


def write_vectors(path: Path, vectors: dict[str, NDArray[np.float32]]) -> None:
    """Write arrays by name, without pickle. ``numpy.savez`` would take a name for an argument."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, vector in vectors.items():
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            with archive.open(member, "w", force_zip64=True) as file:
                npy.write_array(file, np.ascontiguousarray(vector, np.float32), allow_pickle=False)
