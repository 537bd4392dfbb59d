"""The entry of a job's process: ``python -m zoo.jobs.worker SPEC.json OUTCOME.json [PARENT]``.

The specification comes in and the outcome goes out through files; the outcome appears whole or not
at all. The process ends with 0 whether the job is done or failed: another code, or no outcome,
means that the process itself died, or could not write it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from zoo.jobs.counting import count_into
from zoo.jobs.holding import hold
from zoo.jobs.specs import AnySpec, EmbeddingSpec, FineTuningSpec, Outcome, Spec
from zoo.processes import own_process

_WATCH_SECONDS = 0.2


def run_job(spec: Spec) -> Outcome:
    """Do the job in this process: torch and transformers are loaded from here on."""
    if isinstance(spec, FineTuningSpec):
        from zoo.jobs.finetuning import fine_tune
        from zoo.jobs.machine import load_libraries

        load_libraries()
        return fine_tune(spec)
    from zoo.jobs.forward import embed_job, score_job

    if isinstance(spec, EmbeddingSpec) and spec.counter:
        return embed_job(spec, tell=count_into(spec.counter))
    return embed_job(spec) if isinstance(spec, EmbeddingSpec) else score_job(spec)


def write_outcome(outcome: Outcome, path: Path) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(outcome.model_dump_json(), encoding="utf-8")
    partial.replace(path)


def _end_with(parent: int) -> None:
    """A job of which nobody knows ends at once: somebody else may be doing it by now.

    The parent made it the leader of a session, with all that it starts in turn.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> int:
    """``arguments``: the specification's file, the outcome's, and the process that waits for it."""
    # A job never opens windows of progress, telemetry or parallel tokenizers after a fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    source, target = Path(arguments[0]), Path(arguments[1])
    if arguments[2:]:
        _end_with(int(arguments[2]))
    spec = AnySpec.model_validate_json(source.read_text(encoding="utf-8")).root
    outcome = run_job(spec)
    if isinstance(spec, FineTuningSpec) and spec.hold:
        with suppress(OSError):  # a full disk: whoever waits gets it all the same
            hold(spec, outcome)
    try:
        write_outcome(outcome, target)
    except OSError:  # a full disk as well
        return os.EX_IOERR
    return 0


if __name__ == "__main__":
    with own_process():
        sys.exit(main(sys.argv[1:]))
