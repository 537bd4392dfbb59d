"""Learner artefacts: one archive a learner under ``ZOO_ARTIFACTS``, checked by its SHA-256.

The archive is an uncompressed zip of flat files (safetensors, JSON, XGBoost's JSON); loading one
executes nothing. ``ZOO_ARTIFACTS`` is any fsspec URL (a folder, s3://..., gs://...); the default is
a folder beside the embedded store, or in the user's data folder for a server.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import fsspec

from graphdb.address import Address, data_folder
from graphdb.errors import ZooError
from learn import Fitted, load_learner, save_learner

#: An artefact larger than this is not ours.
_LARGEST = 2_000_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)


def artifacts_url(address: Address) -> str:
    """Where artefacts of a store are kept."""
    given = os.environ.get("ZOO_ARTIFACTS")
    if given:
        return given.rstrip("/")
    folder = address.folder if address.folder is not None else data_folder()
    return str(folder / "artifacts")


def keep_artifact(fitted: Fitted, name: str, *, url: str) -> str:
    """Write a learner's archive under ``url``, whole or not at all; returns its SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        save_learner(fitted, Path(folder))
        content = _pack(Path(folder))
    try:
        system, root = fsspec.url_to_fs(url)
        system.makedirs(root, exist_ok=True)
        draft = f"{root}/.{name}.{os.getpid()}"
        system.pipe_file(draft, content)
        system.mv(draft, f"{root}/{name}")
    except (OSError, ValueError, ImportError) as error:
        raise ZooError(
            f"Cannot write the artefact {name} under {url}: {error}. Set ZOO_ARTIFACTS"
        ) from error
    return hashlib.sha256(content).hexdigest()


def fetch_artifact(name: str, *, sha256: str, url: str) -> Fitted:
    """Load a learner. Raises ZooError where its archive is missing or is not the one trained."""
    try:
        system, root = fsspec.url_to_fs(url)
        place = f"{root}/{PurePosixPath(name).name}"
        if system.size(place) > _LARGEST:
            raise ZooError(f"The artefact {name} under {url} is too large. Train anew: zoo train")
        content = system.cat_file(place)
    except (OSError, ValueError, ImportError) as error:
        raise ZooError(
            f"The learner's artefact {name} is not under {url}. "
            "Set ZOO_ARTIFACTS to where it was trained, or train anew: zoo train"
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ZooError(
            f"The learner's artefact {name} under {url} is not what was trained "
            "(its SHA-256 differs). Train anew: zoo train"
        )
    with tempfile.TemporaryDirectory() as folder:
        _unpack(content, Path(folder))
        return load_learner(Path(folder))


def _pack(folder: Path) -> bytes:
    """Equal files give equal bytes: sorted, uncompressed, without times."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name, _EPOCH), file.read_bytes())
    return stream.getvalue()


def _unpack(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.filename != Path(member.filename).name or member.file_size > _LARGEST:
                raise ZooError(f"The artefact holds a file that is not ours: {member.filename!r}")
            (folder / member.filename).write_bytes(archive.read(member))
