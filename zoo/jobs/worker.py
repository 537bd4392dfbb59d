"""The entry of a job's process: ``python -m zoo.jobs.worker SPEC.json OUTCOME.json``.

The specification comes in and the outcome goes out through files; the outcome appears whole or not
at all. The process ends with 0 whether the job is done or failed: another code, or no outcome,
means that the process itself died.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zoo.jobs.holding import hold
from zoo.jobs.specs import AnySpec, EmbeddingSpec, FineTuningSpec, Outcome, Spec


def run_job(spec: Spec) -> Outcome:
    """Do the job in this process: torch and transformers are loaded from here on."""
    if isinstance(spec, FineTuningSpec):
        from zoo.jobs.finetuning import fine_tune
        from zoo.jobs.machine import load_libraries

        load_libraries()
        return fine_tune(spec)
    from zoo.jobs.forward import embed_job, score_job

    return embed_job(spec) if isinstance(spec, EmbeddingSpec) else score_job(spec)


def write_outcome(outcome: Outcome, path: Path) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(outcome.model_dump_json(), encoding="utf-8")
    partial.replace(path)


def main(arguments: list[str]) -> int:
    """``arguments``: the specification's file and the outcome's."""
    # A job never opens windows of progress, telemetry or parallel tokenizers after a fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    source, target = (Path(argument) for argument in arguments)
    spec = AnySpec.model_validate_json(source.read_text(encoding="utf-8")).root
    outcome = run_job(spec)
    if isinstance(spec, FineTuningSpec) and spec.hold:
        hold(spec, outcome)
    write_outcome(outcome, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
