"""Without the extra ``jobs`` its commands say what to install, and importing loads none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BLOCKED = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"huggingface_hub", "datasets", "transformers", "ray"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])
sys.meta_path.insert(0, Absent())
from graphdb.errors import ZooError
from zoo.hub import describe_model, load_dataset
for work in (lambda: describe_model(sys.argv[1]), lambda: load_dataset(sys.argv[2])):
    try:
        work()
    except ZooError as error:
        print(error)
"""
WALK = """
import importlib, pkgutil, sys
import zoo.hub, zoo.jobs, zoo.mini
for package in (zoo.hub, zoo.jobs, zoo.mini):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(sorted({"torch", "transformers", "datasets", "ray", "peft"} & set(sys.modules)))
"""


def python(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_missing_extra_is_one_line(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("text,label\na,b\nc,d\n", encoding="utf-8")
    lines = python(BLOCKED, "org/model-of-the-hub", str(table)).splitlines()
    assert len(lines) == 2
    assert all("pip install 'transferzoo[jobs]'" in line for line in lines)


def test_no_module_of_the_jobs_loads_torch_when_it_is_imported() -> None:
    assert python(WALK).strip() == "[]"
