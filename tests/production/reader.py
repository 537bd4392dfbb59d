"""A dashboard as a process: ``python -m tests.production.reader STOP COUNT DATASET...``.

Asks for the candidates of datasets of COUNT models each, in both ways there are, until the file
STOP is there. A line of JSON says how often, how often nobody answered, and which answers were not
exactly one whole run.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from zoo import Zoo, ZooError


@dataclass
class Seen:
    readings: int = 0
    unanswered: int = 0
    retries: int = 0
    learners: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)


def main(stop: Path, count: int, datasets: list[str]) -> None:
    seen = Seen()
    while not stop.exists():
        try:
            with Zoo.open() as zoo:
                while not stop.exists():
                    for dataset in datasets:
                        ask(zoo, dataset, count, seen)
                seen.retries += zoo.store.retries
        except ZooError:
            seen.unanswered += 1
            time.sleep(0.1)
    print(json.dumps(asdict(seen)))


def ask(zoo: Zoo, dataset: str, count: int, seen: Seen) -> None:
    answer = zoo.candidates(dataset, k=count + 1)
    rows = zoo.query("candidates", dataset=dataset, limit=count + 1)
    for total, found in (
        (answer.total, [(row.rank, row.model) for row in answer.models]),
        (len(rows), [(row["rank"], row["model"]) for row in rows]),
    ):
        seen.readings += 1
        whole = [rank for rank, _ in found] == list(range(1, count + 1))
        if total != count or not whole or len({model for _, model in found}) != count:
            seen.half.append(f"{dataset}: {len(found)} rows of {total}")
    if answer.learner not in seen.learners:
        seen.learners.append(answer.learner)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
