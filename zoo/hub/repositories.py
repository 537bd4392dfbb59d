"""One way to read a model's files, wherever they lie: on a hub, in its cache or in a folder.

Only small files and the header of the weights are read; the weights stay where they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path, PurePath

from graphdb.errors import ZooError
from graphdb.records import MAX_INTEGER
from zoo.hub.failures import first_line, told_as_zoo_error
from zoo.hub.reaching import is_offline, is_reachable
from zoo.hub.references import ModelReference
from zoo.hub.words import word
from zoo.paths import is_path, open_file

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
          "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}  # fmt: skip
#: Counters such as BatchNorm's are int64; nobody counts them as parameters.
_NO_PARAMETERS = frozenset({"I64", "BOOL"})
#: Bytes of a configuration, an index or a card.
_LARGEST_TEXT = 20_000_000
_MALFORMED = (struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_SAMPLED_BLOCKS = 16
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Weights:
    """What the header of the weights says: counts by dtype, nothing loaded."""

    elements: dict[str, int]

    @property
    def parameters(self) -> int:
        return sum(n for dtype, n in self.elements.items() if dtype not in _NO_PARAMETERS)

    @property
    def memory_bytes(self) -> int:
        """Bytes of all tensors as stored: what inference needs at least."""
        return sum(n * _BYTES.get(dtype, 4) for dtype, n in self.elements.items())

    @property
    def dtype(self) -> str | None:
        """The dtype of most parameters."""
        counted = {d: n for d, n in self.elements.items() if d not in _NO_PARAMETERS}
        return max(counted, key=lambda dtype: counted[dtype], default=None)


class Folder:
    """A model in a local folder, or in a hub's cache."""

    def __init__(self, path: Path, *, origin: str | None = None) -> None:
        self.path = path
        self.origin = origin or path.as_uri()

    def text(self, name: str) -> str | None:
        file = self.path / name
        return _read_text(file) if file.is_file() else None

    def weights(self) -> Weights | None:
        files = self.weight_files()
        if not files:
            return None
        headers = [_local_header(file) for file in files]
        return Weights(_add(headers))

    def weight_files(self) -> list[Path]:
        """The safetensors files, shards in order."""
        if (self.path / _WEIGHTS).is_file():
            return [self.path / _WEIGHTS]
        index = self.text(_INDEX)
        return [self.path / name for name in _shards(index)] if index else []

    def has_pickle(self) -> bool:
        return any((self.path / name).is_file() for name in _PICKLES)

    def fingerprint(self) -> str:
        """A hash of the configuration and of blocks spread over the weights: a bounded read."""
        seen = hashlib.sha256((self.text("config.json") or "").encode())
        for file in self.weight_files() or sorted(self.path.glob("*.bin")):
            _hash_blocks(file, seen)
        return seen.hexdigest()


class HubRepository:
    """A model on the hub that ``HF_ENDPOINT`` names, asked through its HTTP interface."""

    def __init__(self, reference: ModelReference) -> None:
        from huggingface_hub import HfApi

        self._api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        self._id = reference.address
        info = self._api.model_info(self._id, revision=reference.revision)
        self.revision = info.sha
        self.pipeline = info.pipeline_tag
        self.files = {file.rfilename for file in info.siblings or []}
        self.origin = "hub"

    def text(self, name: str) -> str | None:
        if name not in self.files:
            return None
        path = self._api.hf_hub_download(self._id, name, revision=self.revision)
        return _read_text(Path(path))

    def weights(self) -> Weights | None:
        if not self.files & {_WEIGHTS, _INDEX}:
            return None
        found = self._api.get_safetensors_metadata(self._id, revision=self.revision)
        counts = [dict(file.parameter_count) for file in found.files_metadata.values()]
        return Weights(_add([{str(d): n for d, n in count.items()} for count in counts]))

    def has_pickle(self) -> bool:
        return bool(self.files & set(_PICKLES))


def open_repository(reference: ModelReference) -> Folder | HubRepository:
    """The files of a model; offline, those that the hub's cache holds.

    Raises:
        ZooError: neither a folder, nor on the hub, nor in its cache, with the reason.
    """
    if reference.folder is not None:
        return Folder(reference.folder)
    if is_path(reference.address):
        raise ZooError(f"{reference.address}: there is no such folder; give one, or a hub id")
    with told_as_zoo_error(str(reference)):
        if is_offline():
            return _cached(reference)
        if not is_reachable():
            raise ZooError(
                f"{reference}: the hub cannot be reached; from what was downloaded before: "
                "HF_HUB_OFFLINE=1 zoo ingest models"
            )
        return HubRepository(reference)


def _cached(reference: ModelReference) -> Folder:
    from huggingface_hub import snapshot_download

    path = snapshot_download(reference.address, revision=reference.revision, local_files_only=True)
    return Folder(Path(path), origin="hub")


def _read_text(file: Path) -> str:
    if file.stat().st_size > _LARGEST_TEXT:
        raise ZooError(f"{file.name} holds more than {_LARGEST_TEXT:,} bytes")
    return file.read_text(encoding="utf-8")


def _shards(index: str) -> list[str]:
    """The files of the weights, which lie beside their index and nowhere else.

    Raises:
        ZooError: no index, or one that names something else.
    """
    try:
        names = set(json.loads(index)["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ZooError(f"{_INDEX} is malformed: {first_line(error)}") from error
    for name in names:
        if word(name) is None or PurePath(name).name != name or not name.endswith(".safetensors"):
            raise ZooError(f"{_INDEX} names {name!r:.80}, which is no file of weights beside it")
    return sorted(names)


def _local_header(file: Path) -> dict[str, int]:
    """Elements by dtype of one safetensors file.

    Raises:
        ZooError: a header that cannot be, or a file shorter than its header promises.
    """
    if not file.is_file():
        raise ZooError(f"{file.name} is missing beside its index")
    size = file.stat().st_size
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            if length > min(size - 8, 100_000_000):
                raise ZooError(f"{file.name} is truncated or no safetensors file")
            header = json.loads(opened.read(length))
        header.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
        elements = _add([{entry["dtype"]: _product(entry["shape"])} for entry in header.values()])
    except _MALFORMED as error:
        reason = first_line(error)
        raise ZooError(f"{file.name} has a malformed safetensors header: {reason}") from error
    if size < 8 + length + end:
        raise ZooError(f"{file.name} is truncated: {size} bytes of {8 + length + end}")
    if sum(elements.values()) > 8 * size:
        raise ZooError(f"{file.name} has a malformed safetensors header: its tensors do not fit in")
    return elements


def _product(shape: list[object]) -> int:
    total = 1
    for extent in shape:
        if not isinstance(extent, int) or not 0 <= total * extent <= MAX_INTEGER:
            raise ValueError("a shape that no tensor has")
        total *= extent
    return total


def _add(counts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for dtype, number in count.items():
            total[dtype] = total.get(dtype, 0) + number
    return total


def _hash_blocks(file: Path, seen: hashlib._Hash) -> None:
    size = file.stat().st_size
    seen.update(f"{file.name}:{size}".encode())
    with open_file(file) as opened:
        for block in range(_SAMPLED_BLOCKS):
            opened.seek(max(0, size - _BLOCK) * block // (_SAMPLED_BLOCKS - 1))
            seen.update(opened.read(_BLOCK))
