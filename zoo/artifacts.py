"""Learner artefacts: one archive a learner under ``ZOO_ARTIFACTS``, checked by its SHA-256.

The archive is an uncompressed zip of flat files (safetensors, JSON, XGBoost's JSON); loading one
executes nothing. ``ZOO_ARTIFACTS`` is any fsspec URL (a folder, s3://..., gs://...); the default is
a folder beside the embedded store, or in the user's data folder for a server.
"""

from __future__ import annotations

import ftplib
import hashlib
import io
import os
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

import fsspec

from graphdb.address import Address, data_folder
from graphdb.errors import ZooError
from learn import Fitted, load_learner, save_learner

#: What is written and removed to see whether it can be.
_PROBE = "probe"
#: An artefact larger than this is not ours.
_LARGEST = 2_000_000_000
_LONGEST_REASON = 100
#: Codes of HTTP, FTP and S3 for what is not there.
_ABSENT = ("404", "410", "550", "NoSuchKey", "NoSuchBucket")
_EPOCH = (1980, 1, 1, 0, 0, 0)


class MissingArtifactError(ZooError):
    """An archive that is not where it should be, or is another one there."""


def artifacts_url(address: Address) -> str:
    """Where artefacts of a store are kept."""
    given = os.environ.get("ZOO_ARTIFACTS", "")
    if given.strip():
        return given.rstrip("/")
    folder = address.folder if address.folder is not None else data_folder()
    return str(folder / "artifacts")


def keep_artifact(fitted: Fitted, name: str, *, url: str) -> str:
    """Write a learner's archive under ``url``, whole or not at all; returns its SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        save_learner(fitted, Path(folder))
        content = _pack(Path(folder))
    write_artifact(name, content, url=url)
    return hashlib.sha256(content).hexdigest()


def write_artifact(name: str, content: bytes, *, url: str) -> None:
    """Put an archive under ``url``, whole or not at all."""
    flat = flat_name(name)
    try:
        system, root = fsspec.url_to_fs(url)
        # s3, gs and abfs have no folders; they would make a bucket that is misspelt.
        if not system.async_impl:
            system.makedirs(root, exist_ok=True)
        draft = f"{root}/.{flat}.{os.getpid()}"
        system.pipe_file(draft, content)
        system.mv(draft, f"{root}/{flat}")
    except Exception as error:  # botocore's, ftplib's, aiohttp's: they have nothing in common
        raise ZooError(
            f"Cannot write the artefact {name} under {shown(url)}: {_reason(error)}. Set "
            "ZOO_ARTIFACTS to a place that can be written to, and type the same command again"
        ) from None


def check_place(url: str) -> None:
    """Raises ZooError where no artefact can be written: before minutes are spent on one."""
    write_artifact(_PROBE, b"\0", url=url)
    system, root = fsspec.url_to_fs(url)
    with suppress(Exception):  # a byte stays, the same one every time
        system.rm_file(f"{root}/{_PROBE}")


def read_artifact(name: str, *, sha256: str, url: str) -> bytes:
    """An archive as it was written.

    Raises:
        MissingArtifactError: it is not there, or another one is.
        ZooError: the place cannot be read.
    """
    flat, advice = flat_name(name), "or train anew: zoo train"
    try:
        system, root = fsspec.url_to_fs(url)
        size = system.size(f"{root}/{flat}")  # None where a server does not say
        content: bytes = b"" if (size or 0) > _LARGEST else system.cat_file(f"{root}/{flat}")
    except Exception as error:  # botocore's, ftplib's, aiohttp's: they have nothing in common
        if _is_missing(error):
            raise MissingArtifactError(
                f"The learner's artefact {name} is not under {shown(url)} ({_reason(error)}). "
                f"Set ZOO_ARTIFACTS to where it was trained, {advice}"
            ) from None
        raise ZooError(
            f"The learner's artefact {name} cannot be read under {shown(url)}: {_reason(error)}. "
            f"Look whether ZOO_ARTIFACTS is right and type the same command again, {advice}"
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise MissingArtifactError(
            f"The learner's artefact {name} under {shown(url)} is not what was trained "
            "(its SHA-256 differs). Train anew: zoo train"
        )
    return content


def fetch_artifact(name: str, *, sha256: str, url: str) -> Fitted:
    """Load a learner. Raises ZooError where its archive is missing or is not the one trained."""
    content = read_artifact(name, sha256=sha256, url=url)
    with tempfile.TemporaryDirectory() as folder:
        try:
            _unpack(content, Path(folder))
        except ZooError as error:
            raise ZooError(
                f"The learner's artefact {name} under {shown(url)} is damaged: {error}. "
                "Train anew: zoo train"
            ) from error
        return load_learner(Path(folder), origin=f"{shown(url)}/{flat_name(name)}")


def copy_artifact(name: str, *, sha256: str, source: str, target: str) -> bool:
    """Copy an archive from one place to another; False where it is there, or nowhere.

    Raises ZooError where one of the places cannot be read or written.
    """
    if _has(name, sha256, target) or not _has(name, sha256, source):
        return False
    write_artifact(name, read_artifact(name, sha256=sha256, url=source), url=target)
    return True


def shown(url: str) -> str:
    """The address without what may be a secret in it: user, password, key, signature."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def _is_missing(error: Exception) -> bool:
    """Whether a place answered that it has no such file, and not that it does not answer."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return False
    return error.__cause__ is None or _code(error.__cause__) in _ABSENT


def _reason(error: BaseException) -> str:
    """What a file system says, in codes: its words may repeat the address, or a key."""
    if isinstance(error, ImportError):
        return str(error)  # which package to install for it
    if isinstance(error, OSError) and error.errno and error.strerror == os.strerror(error.errno):
        return error.strerror
    if isinstance(error, OSError) and error.__cause__ is not None:
        return _reason(error.__cause__)  # which file systems translate into one of Python's
    kind, code = type(error).__name__, _code(error)
    return kind if code in (None, kind) else f"{kind} {code}"[:_LONGEST_REASON]


def _code(error: BaseException) -> str | None:
    """The number or word by which a server says what is wrong."""
    if isinstance(error, ftplib.Error):  # 530 Login incorrect
        return str(error)[:3] if str(error)[:3].isdigit() else None
    answer = getattr(error, "response", None)  # botocore: {"Error": {"Code": "AccessDenied"}}
    found = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None
    found = found or getattr(error, "status", None)  # aiohttp: 403
    return None if found is None else str(found)


def _has(name: str, sha256: str, url: str) -> bool:
    try:
        read_artifact(name, sha256=sha256, url=url)
    except MissingArtifactError:
        return False
    return True


def flat_name(name: str) -> str:
    """The name without folders: a record cannot point outside of ``url``."""
    flat = PurePosixPath(name.replace("\\", "/")).name
    if flat in ("", ".", "..") or "\0" in flat:
        raise ZooError(f"Not the name of an artefact: {name!r}")
    return flat


def _pack(folder: Path) -> bytes:
    """Equal files give equal bytes: sorted, uncompressed, without times."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name, _EPOCH), file.read_bytes())
    return stream.getvalue()


def _unpack(content: bytes, folder: Path) -> None:
    """Only flat files, stored as they are: what is unpacked is never larger than the archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Members may overlap: each is no larger than the archive, all together could be.
            if sum(member.file_size for member in archive.infolist()) > len(content):
                raise ZooError("The artefact unpacks to more than it is")
            for member in archive.infolist():
                name = member.filename
                if name != Path(name).name or name in ("", ".", "..") or "\\" in name:
                    raise ZooError(f"The artefact holds a file that is not ours: {name!r}")
                if member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content):
                    raise ZooError(f"The artefact holds a compressed file: {name!r}")
                (folder / name).write_bytes(archive.read(member))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ZooError(f"The artefact is no archive of a learner: {error}") from error
