"""Outcomes that wait for the graph: a finished training outlives its command and its store.

An outcome lies in the job's own folder from the moment the training ends until the graph has it.
Whoever claims the job next, with the same specification, finds it there and trains nothing.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from zoo.jobs.specs import FineTuningSpec, Outcome


class _Held(BaseModel):
    spec: FineTuningSpec
    outcome: Outcome


def hold(spec: FineTuningSpec, outcome: Outcome) -> None:
    """Put an outcome into the job's folder, whole or not at all."""
    path = _path(spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(_Held(spec=spec, outcome=outcome).model_dump_json(), encoding="utf-8")
    partial.replace(path)


def held(spec: FineTuningSpec) -> Outcome | None:
    """The outcome of an earlier training of exactly this job, None where there is none."""
    try:
        found = _Held.model_validate_json(_path(spec).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, half of one, or one that cannot be read
        return None
    return found.outcome if found.spec.work == spec.work else None


def let_go(spec: FineTuningSpec, outcome: Outcome) -> None:
    """The graph has it. What a failed job left of its checkpoints stays for its retry."""
    if outcome.status == "done":
        shutil.rmtree(spec.folder, ignore_errors=True)
    else:
        with suppress(OSError):
            _path(spec).unlink()


def _path(spec: FineTuningSpec) -> Path:
    return spec.folder / "outcome.json"
