"""``python -m zoo.mini [FOLDER]``: build the mini zoo, do all its jobs, write its history."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from zoo.mini.building import workshop
from zoo.mini.history import make_history, transfer_report, write_made
from zoo.mini.jobs import Result, build_models, fine_tune_all, plan


def main(arguments: list[str]) -> int:
    """Everything that is not there yet; the history is written anew."""
    shop = workshop(Path(arguments[0]) if arguments else None)
    failures = build_models(shop, shop.mini.models, tell=_say)
    for failure in failures:
        sys.stderr.write(f"{failure.reference}: {failure.reason}\n")
    results = fine_tune_all(shop, plan(shop), tell=_say)
    history = make_history(shop, results)
    write_made(history, results, command="python -m zoo.mini")
    for row in transfer_report(history):
        sys.stdout.write(json.dumps(row) + "\n")
    return 0


def _say(result: Result) -> None:
    outcome, spec = result.outcome, result.spec
    value = outcome.reason if outcome.value is None else f"{outcome.value:.3f}"
    line = f"{spec.model.id} on {spec.dataset.id}, {spec.settings.method}: {value}"
    sys.stderr.write(f"{line} ({outcome.seconds:.0f} s)\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
