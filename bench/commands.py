"""What a user waits for: each command as a whole process, beside the imports that it cannot avoid.

    python -m bench.commands [HISTORY] [--modality image] [--dataset pets] [--repeats 3]

An embedded store in a folder that goes again is filled from HISTORY (default: the shipped one).
Prints a table in Markdown: median, least and most seconds, and the median over that of the imports
in the same run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from learn import make_learner
from learn.regimes import Regime, hide

SHIPPED = Path(__file__).parents[1] / "zoo/mini/history"
DENSE = Regime("dense")
IMPORTS = "import torch, torch_geometric, xgboost"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("history", nargs="?", type=Path, default=SHIPPED)
    parser.add_argument("--modality", default="image")
    parser.add_argument("--dataset", default="mini/digits")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = f"embedded:{folder}/store"
        measure(address, options)


def measure(address: str, options: argparse.Namespace) -> None:
    """One line a command; the first ones fill the store for the others."""
    many, modality, dataset = options.repeats, options.modality, options.dataset
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print("| what | median s | least | most | of the imports |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    base = line(f"`{IMPORTS}`", lambda: run([sys.executable, "-c", IMPORTS]), many, None)
    python = [sys.executable, "-c", "from cli import main; main()", "--store", address]

    def zoo(*arguments: str) -> Callable[[], None]:
        return lambda: run([*python, *arguments])

    line("`zoo ingest records`", zoo("ingest", "records", str(options.history)), 1, base)
    line("`zoo train`", zoo("train", "--modality", modality), many, base)
    line(f"`zoo predict {dataset}`", zoo("predict", dataset), many, base)
    line(f"`zoo candidates {dataset}`", zoo("candidates", dataset), many, base)
    evaluation = zoo("evaluate", "--modality", modality, "--seeds", "1", "--json")
    line("`zoo evaluate --seeds 1`", evaluation, 1, base)
    with Store.open(address) as store:
        graph = read_subgraph(store, modality)
    target = [str(name) for name in graph.datasets.id].index(dataset)
    hidden = hide(graph, targets=np.array([target]), method="full", regime=DENSE, seed=0)
    fitted = make_learner("inductive").fit(hidden.visible, seed=0)
    for what, seen in (("new", hidden.visible), ("known", graph)):
        fitted.rank(seen, target)
        line(
            f"warm ranking of {len(graph.models)} models inside Python, {what} dataset",
            lambda seen=seen: fitted.rank(seen, target),  # type: ignore[misc]
            5 * many,
            base,
        )


def line(what: str, action: Callable[[], object], repeats: int, base: float | None) -> float:
    """Print one row of the table; the median is returned."""
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        spent.append(time.perf_counter() - began)
    middle = statistics.median(spent)
    share = "1" if base is None else f"{middle / base:.2f}"
    print(f"| {what} | {middle:.2f} | {min(spent):.2f} | {max(spent):.2f} | {share} |", flush=True)
    return middle


def run(command: list[str]) -> None:
    """Raises: CalledProcessError, with what the command said."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
