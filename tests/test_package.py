"""What is shipped: the wheel's content, the public names, the layers."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("cli", "zoo", "learn", "graphdb", "cypher")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def tracked(*places: str) -> set[str]:
    """Files that git knows, below ``places``."""
    command = ["git", "ls-files", "-z", *places]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in done.stdout.split("\0") if (ROOT / name).is_file()}


def test_wheel_holds_the_packages_and_every_query(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    kept = tracked(*PACKAGES)
    assert {Path(name).suffix for name in kept} >= {".cypher", ".toml", ".csv", ".npz", ".typed"}
    assert kept <= set(names)


def test_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    """Unpacked and put before everything else, it is the one that runs."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    script = "import cli, cypher; cli.main(['query', '--list', '--json']); print(cypher.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    *queries, place = done.stdout.splitlines()
    assert Path(place).is_relative_to(tmp_path)
    assert len(queries) == len(list((ROOT / "cypher" / "ask").glob("*.cypher")))


@pytest.mark.parametrize(
    ("package", "names"),
    [
        ("cli", ["main"]),
        ("zoo", ["Candidate", "Candidates", "Limits", "Zoo", "ZooError"]),
        ("cypher", ["Query", "folders", "load", "names", "statements"]),
    ],
)
def test_public_names(package: str, names: list[str]) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == names
    for name in names:
        assert getattr(module, name) is not None


def test_no_file_names_this_machine() -> None:
    """Nothing that is committed may carry a path of whoever wrote it."""
    for name in tracked():
        text = (ROOT / name).read_text("utf-8", errors="replace")
        for home in ("/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"):
            assert home not in text, f"{name} holds {home}"
