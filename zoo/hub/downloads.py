"""Datasets through the ``datasets`` library, which unpacks whatever it is given.

What it is given is looked at first, and what it makes of it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec

from graphdb.errors import ZooError
from zoo.hub.decoding import measure_tables
from zoo.hub.unpacking import Allowance, too_large, unpacked_size
from zoo.hub.widths import MAX_COLUMNS, csv_width, json_width

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetBuilder, DownloadManager

#: Readers of the library whose files are looked at, and that of what it read before; nobody keeps
#: images or texts in the others.
_READERS = ("arrow", "cache", "csv", "imagefolder", "json", "parquet", "text", "webdataset")
#: Those whose files are decoded to be looked at.
_TABLES = ("arrow", "parquet")
_TEXT_TABLES = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json"}
#: Cells of a csv file that it reads at once.
_CELLS = 5_000_000
#: Bytes of a table that the library decodes at once, on average.
_BATCH_BYTES = 64_000_000


def prepare(builder: DatasetBuilder, *, where: str) -> dict[str, Dataset]:
    """The rows by split, made or out of the library's cache.

    Raises:
        ZooError: a kind of file that is not read; a file that unpacks to far more than it is.
    """
    from datasets.exceptions import DatasetGenerationError

    if builder.name not in _READERS:
        raise ZooError(
            f"{where}: its files are of a kind that is not read ({builder.name}); give csv, json, "
            "parquet or images"
        )
    files = _Downloads(builder, where)
    if hasattr(builder, "_generate_tables"):
        builder._generate_tables = _counted(builder._generate_tables, files)
    try:
        with _silence():
            builder.download_and_prepare(dl_manager=files.manager())
    except DatasetGenerationError as error:  # it only says that something occurred
        if isinstance(error.__cause__, ZooError):
            raise error.__cause__ from None
        raise
    except StopIteration:  # of an empty json file, of which it looks at the first rows
        return {}
    return dict(builder.as_dataset())


@contextmanager
def _silence() -> Iterator[None]:
    """The library logs what it is about to raise, and the reason is told once."""
    from datasets import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)


class _Downloads:
    """Files as the library asks for them, of which none unpacks to far more than it is."""

    def __init__(self, builder: DatasetBuilder, where: str) -> None:
        self._builder = builder
        self._where = where
        self._allowance = Allowance()
        self._size = 0

    def manager(self) -> DownloadManager:
        """The library's own, but that it looks at what it hands over."""
        from datasets import DownloadConfig, DownloadManager

        builder = self._builder
        config = DownloadConfig(
            cache_dir=builder._cache_downloaded_dir,
            use_etag=False,
            token=builder.token,
            storage_options=builder.storage_options,
        )
        manager = DownloadManager(
            dataset_name=builder.dataset_name,
            download_config=config,
            data_dir=builder.config.data_dir,
            base_path=builder.base_path,
        )
        manager.download = self._checked(manager.download)
        manager.extract = self._measured(manager.extract, manager.iter_files)
        return manager

    def _checked(self, download: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def download_checked(url_or_urls: Any) -> Any:
            found = download(url_or_urls)
            files = [Path(path) for path in _flat(found)]
            for file in files:
                self._size += file.stat().st_size
                self._check_packed(file)
                self._check_width(str(file), file)
            self._check_tables(files)
            return found

        return download_checked

    def _measured(
        self, extract: Callable[..., Any], files_of: Callable[[str], Iterable[str]]
    ) -> Callable[..., Any]:
        """How wide it is shows only in what it unpacks to, which may be unpacked as it is read."""

        def extract_measured(packed: Any) -> Any:
            found = extract(packed)
            for origin, unpacked in zip(_flat(packed), _flat(found), strict=True):
                if origin != unpacked:
                    for file in files_of(unpacked):
                        self._check_width(file, Path(origin))
            return found

        return extract_measured

    def check_rows(self, size: int) -> None:
        """Whether all files together may be a table of ``size`` bytes."""
        allowed = Allowance().of(self._size)
        if size > allowed:
            raise too_large(self._where, f"what its files ({self._size:,} bytes) hold", allowed)

    def _check_packed(self, file: Path) -> None:
        allowed = self._allowance.of(file.stat().st_size)
        self._spend(file, unpacked_size(file, allowed=allowed))

    def _check_width(self, url: str, file: Path) -> None:
        """Of what lies at ``url``: a file, or a place inside of it."""
        reader, config = self._builder.name, self._builder.config
        kind = _TEXT_TABLES.get(Path(url.partition("::")[0]).suffix.lower(), reader)
        width = 0
        if kind in _TEXT_TABLES.values():
            with fsspec.open(url, "rb") as stream:
                separator = getattr(config, "sep", None) or ","
                width = csv_width(stream, separator) if kind == "csv" else json_width(stream)
        if width > MAX_COLUMNS:
            raise ZooError(
                f"{self._where}: {self._name(file)} has more than {MAX_COLUMNS:,} columns, or too "
                "many for its rows; give the text, or the image, and the label alone"
            )
        if reader == "csv":
            config.chunksize = min(config.chunksize, max(1, _CELLS // width))

    def _check_tables(self, files: list[Path]) -> None:
        reader = self._builder.name
        if reader not in _TABLES:
            files = [file for file in files if file.suffix == ".parquet"]
        allowed = [self._allowance.of(file.stat().st_size) for file in files]
        for file, found in zip(files, measure_tables(files, allowed, reader=reader), strict=False):
            self._spend(file, found.bytes)
            if reader == "parquet" and found.bytes:
                rows = max(1, _BATCH_BYTES * found.rows // found.bytes)
                config = self._builder.config
                config.batch_size = min(config.batch_size or rows, rows)

    def _spend(self, file: Path, unpacked: int | None) -> None:
        size = file.stat().st_size
        allowed = self._allowance.of(size)
        if unpacked is None or unpacked > allowed:
            raise too_large(self._where, f"{self._name(file)} ({size:,} bytes)", allowed)
        self._allowance.spend(size, unpacked)

    def _name(self, file: Path) -> str:
        folder = Path(self._where).expanduser()
        return str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name


def _flat(found: Any) -> Iterator[str]:
    """The paths of what the library hands over as lists and dictionaries of them."""
    if isinstance(found, str | Path):
        yield str(found)
    else:
        for one in found.values() if isinstance(found, dict) else found:
            yield from _flat(one)


def _counted(generate: Callable[..., Iterator[Any]], files: _Downloads) -> Callable[..., Any]:
    """The tables that a reader makes, as long as they are not far more than its files were: a line
    that is short of columns becomes one of thousands."""
    size = 0

    def generate_counted(**options: Any) -> Iterator[tuple[Any, pa.Table]]:
        nonlocal size
        for key, table in generate(**options):
            size += table.nbytes
            files.check_rows(size)
            yield key, table

    return generate_counted
