"""The public names of the package."""

from __future__ import annotations

import subprocess
import sys

import zoo.sources


def test_public_names() -> None:
    assert zoo.sources.__all__ == [
        "BundleError",
        "Progress",
        "Reading",
        "generate_history",
        "generate_subgraph",
        "read_bundle",
        "read_history",
        "write_bundle",
    ]
    assert all(hasattr(zoo.sources, name) for name in zoo.sources.__all__)


def test_import_loads_neither_torch_nor_pandas() -> None:
    code = "import sys, zoo.sources; print({'torch', 'pandas', 'neo4j'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
