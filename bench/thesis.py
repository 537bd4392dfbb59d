"""The thesis' learners re-run, beside its published averages, as the tables of docs/thesis.md.

zoo evaluate --json ... > results.jsonl
python bench/thesis.py ../shared/data/transfergraph results.jsonl...
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

FOLDERS = {"image": "image_classification", "text": "sequence_classification"}
FILES = {"rel_at_1": "rel1", "pearson": "pearson", "weighted_kendall": "w-kendall"}
EMBEDDERS = {
    "node2vec": "node2vec",
    "node2vec+": "node2vec-plus",
    "homo_SAGEConv": "graphsage",
    "homoGATConv": "gat",
}
SUFFIX = "_all_normalize_without_transfer"

Numbers = dict[str, dict[str, list[float]]]


def published(folder: Path) -> dict[str, dict[str, float]]:
    """The thesis' average of each metric by our names of its learners."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for metric, name in FILES.items():
        with (folder / "published" / f"{name}_by_method.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                method = row[""]
                if method.endswith(SUFFIX):
                    regressor, _, embedder = method.removesuffix(SUFFIX).partition("_")
                    learner = f"{EMBEDDERS[embedder]}+{regressor}"
                    found[learner][metric] = float(row["average"])
    return found


def rerun(paths: list[Path]) -> dict[str, Numbers]:
    """Gap-weighted means by modality, learner and metric, one number a seed; seconds are means."""
    found: dict[str, Numbers] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            mine = found[row["modality"]][row["learner"]]
            if row["target"] == "gap_weighted_mean":
                for metric in FILES:
                    mine[metric].append(row[metric])
            if row["target"] == "mean":
                mine["seconds"].append(row["seconds"])
    return found


def table(numbers: Numbers, thesis: dict[str, dict[str, float]]) -> str:
    head = ["learner", "Rel@1", "thesis", "Pearson", "thesis", "weighted Kendall", "thesis",
            "seconds a target"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for learner, mine in numbers.items():
        if "rel_at_1" not in mine:
            continue
        cells = [learner]
        for metric in FILES:
            values = np.array(mine[metric])
            told = thesis.get(learner, {}).get(metric)
            cells += [f"{values.mean():.3f} ± {values.std():.3f}", f"{told:.3f}" if told else "-"]
        cells.append(f"{np.mean(mine['seconds']):.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(history: Path, paths: list[Path]) -> None:
    for modality, numbers in rerun(paths).items():
        seeds = max(len(mine["rel_at_1"]) for mine in numbers.values())
        print(f"\n{modality}, dense, {seeds} seeds, gap-weighted means over 8 targets\n")
        print(table(numbers, published(history / FOLDERS[modality])))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
