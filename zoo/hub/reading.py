"""Rows by split through the ``datasets`` library, from files, folders and hubs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from graphdb.errors import ZooError
from zoo.hub.images import SUFFIXES as IMAGES
from zoo.hub.reaching import is_offline, is_reachable, offline_where_unreachable
from zoo.paths import is_path, open_file

if TYPE_CHECKING:
    from datasets import Dataset

_BUILDERS = {
    ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"
}  # fmt: skip
#: What the library looks for in the paths of a folder: words for splits, and whole layouts.
_SPLITS = ("train", "val", "dev", "test", "eval", "-of-", "task.toml", "instruction.md")

#: Bytes of a csv file's first line that are looked at.
_LONGEST_HEADER = 100_000


def read_local(path: Path) -> dict[str, Dataset]:
    """A csv, tsv, json or parquet file, a folder of them, or a folder of images by class.

    Raises:
        ZooError: a kind of file that is not read.
    """
    import datasets

    datasets.disable_progress_bars()
    if path.is_file():
        return _file(path)
    files = list(_files(path))
    for file in files:
        _check_separator(file)
    suffixes = {file.suffix.lower() for file in files}
    tables = sorted(suffixes & set(_BUILDERS))
    top = {file.name for file in path.iterdir()}
    if suffixes & IMAGES and "metadata.csv" not in top:
        options: dict[str, object] = {"data_dir": str(path), "drop_labels": False}
        if "README.md" not in top and not _names_splits(path, files):
            options["data_files"] = {"train": "**"}  # as it finds itself, looking 66 times
        return _folder(path, "imagefolder", **options)
    if not tables and not suffixes & IMAGES:
        raise ZooError(
            f"{path}: no images, csv, json or parquet files; "
            "describe another layout in a TOML configuration with --config"
        )
    return _folder(path, str(path))


def _names_splits(folder: Path, files: list[Path]) -> bool:
    names = (str(file.relative_to(folder)) for file in files)
    return any(word in name for name in names for word in _SPLITS)


def _files(folder: Path) -> Iterator[Path]:
    """Every file. Raises ZooError for what the library would read for ever: a pipe, a device."""
    for one in folder.rglob("*"):
        if one.is_file():
            yield one
        elif one.exists() and not one.is_dir():
            raise ZooError(f"{folder}: {one.relative_to(folder)} is no regular file; remove it")


def _folder(folder: Path, *names: str, **options: object) -> dict[str, Dataset]:
    """The files of a folder. Its README may name others, which are none of its own."""
    import datasets

    from zoo.hub.downloads import prepare

    try:
        builder = datasets.load_dataset_builder(*names, **options)
    except RuntimeError as error:  # the library's bare class for a folder of code
        _refuse_script(str(folder), error)
        raise
    for files in (builder.config.data_files or {}).values():
        for file in map(str, files):
            if "://" in file or not Path(os.path.normpath(file)).is_relative_to(folder):
                raise ZooError(
                    f"{folder}: it names {file[:200]!r}, which is not in it; remove the data_files "
                    "of its README.md"
                )
    return prepare(builder, where=str(folder))


def _refuse_script(reference: str, error: RuntimeError) -> None:
    """Raises ZooError where the library found code instead of data."""
    if "scripts are no longer supported" in str(error):
        raise ZooError(
            f"{reference}: it needs its own loading script, which is never run; download it and "
            "give its csv, json or parquet files alone"
        ) from error


def _file(path: Path) -> dict[str, Dataset]:
    import datasets

    from zoo.hub.downloads import prepare

    name = _BUILDERS.get(path.suffix.lower())
    if name is None:
        known = ", ".join(sorted(_BUILDERS))
        raise ZooError(f"{path}: a dataset file ends with one of {known}")
    _check_separator(path)
    options = {"delimiter": "\t"} if path.suffix.lower() == ".tsv" else {}
    try:
        builder = datasets.load_dataset_builder(name, data_files=str(path), **options)
        return prepare(builder, where=str(path))
    except ValueError as error:  # a header alone
        if "corresponds to no data" not in str(error):
            raise
        return {}


def _check_separator(path: Path) -> None:
    """Raises ZooError for a csv file that a spreadsheet of another language, or tabs, wrote."""
    if path.suffix.lower() != ".csv":
        return
    with open_file(path) as file:
        header = file.readline(_LONGEST_HEADER)
    for separator, named, advice in (
        (b";", "semicolons", "save it with commas"), (b"\t", "tabs", "call it .tsv"),
    ):  # fmt: skip
        if separator in header and b"," not in header:
            raise ZooError(f"{path}: its columns look separated by {named}; {advice}")


def read_remote(reference: str, *, revision: str | None = None) -> dict[str, Dataset]:
    """A hub dataset; the last part of ``name/subset`` is a subset where no owner has that name.

    Raises:
        ZooError: the hub does not know it or cannot be reached, it is gated, it needs code of its
            own, or it has subsets of which none was named.
    """
    import datasets

    datasets.disable_progress_bars()
    if is_path(reference):
        raise ZooError(f"{reference}: no such file or folder")
    with offline_where_unreachable():
        return _read_remote(reference, revision)


def _read_remote(reference: str, revision: str | None) -> dict[str, Dataset]:
    import datasets

    from zoo.hub.downloads import prepare

    for name, subset in _readings(reference):
        try:
            builder = datasets.load_dataset_builder(name, subset, revision=revision)
            return _exactly(prepare(builder, where=reference), reference, revision)
        except datasets.exceptions.DatasetNotFoundError as error:
            if "is a gated dataset" in str(error):
                raise ZooError(
                    f"{reference}: gated: accept its terms on the hub and log in with: "
                    "hf auth login"
                ) from error
        except ConnectionError as error:
            raise ZooError(
                f"{reference}: the hub cannot be reached and nothing is in the local cache"
            ) from error
        except ValueError as error:  # its subsets, where none or no such was named
            named = re.search(r"(?:among the available configs|Available): \[(.*)\]", str(error))
            if named is None:
                raise
            subsets = re.findall(r"'([^']+)'", named[1])
            raise ZooError(
                f"{reference}: name one of the subsets of {name}: "
                + ", ".join(f"{name}/{one}" for one in subsets)
            ) from error
        except RuntimeError as error:  # the library's bare class for a repository of code
            _refuse_script(reference, error)
            raise
    raise ZooError(
        f"{reference}: neither a file or folder nor a dataset the hub shows to you "
        "(private ones: log in with: hf auth login)"
    )


def _exactly(found: dict[str, Dataset], reference: str, revision: str | None) -> dict[str, Dataset]:
    """What was read; offline the library takes the revision read last, whichever is asked for.

    Raises:
        ZooError: it is another one.
    """
    files = [Path(file["filename"]) for rows in found.values() for file in rows.cache_files]
    if is_offline() and revision and any(file.parent.name != revision for file in files):
        raise ZooError(
            f"{reference}: offline (HF_HUB_OFFLINE), and revision {revision} is not the one "
            "that was last read into the local cache"
        )
    return found


def commit_of(reference: str, revision: str) -> str:
    """The commit that a branch, tag or commit of a hub dataset is now; offline as it was given.

    Asked for before anything is read: the library answers with whatever revision lies in its cache
    where the hub lacks the one that was named.

    Raises:
        ZooError: the hub knows the dataset and no such revision of it.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if is_offline() or not is_reachable():
        return revision
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    for name, _ in _readings(reference):
        try:
            return str(api.dataset_info(name, revision=revision).sha)
        except GatedRepoError:
            raise
        except RepositoryNotFoundError:
            continue
        except RevisionNotFoundError as error:
            raise ZooError(f"{reference}: the hub has no revision '{revision}' of it") from error
    return revision


def _readings(reference: str) -> list[tuple[str, str | None]]:
    parts = reference.split("/")
    if len(parts) > 3 or not all(parts):
        return []
    whole: list[tuple[str, str | None]] = [(reference, None)] if len(parts) < 3 else []
    split = [("/".join(parts[:-1]), parts[-1])] if len(parts) > 1 else []
    return whole + list(split)
