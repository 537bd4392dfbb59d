"""Why a job failed, as the graph keeps it."""

from __future__ import annotations

import time
from contextlib import suppress
from traceback import walk_tb

from graphdb.errors import ZooError
from zoo.hub.failures import first_line, reason_of
from zoo.jobs.machine import device_name, peak_memory
from zoo.jobs.memory import is_out_of_memory
from zoo.jobs.specs import Cause, Outcome


class JobError(Exception):
    """A job that cannot be done, with the side that is at fault and one line of reason."""

    def __init__(self, cause: Cause, reason: str | BaseException) -> None:
        text = reason_of(reason) if isinstance(reason, BaseException) else reason
        super().__init__(f"{cause}: {text}")
        self.cause: Cause = cause
        self.reason = text


def cause_of(error: BaseException, *, advice: str | None = None) -> tuple[Cause, str]:
    """The cause and the reason of whatever ended a job; ``advice`` is what may help a network that
    takes no such rows."""
    if isinstance(error, JobError):
        return error.cause, error.reason
    if isinstance(error, ZooError):
        return "dataset", first_line(error)
    if is_out_of_memory(error):
        return "memory", f"out of memory even with a batch of 1: {first_line(error)}"
    told = f"{type(error).__name__}: {first_line(error)}"
    architecture = _failing_architecture(error)
    if architecture:
        other = f" ({advice})" if advice else ""
        return "model", (
            f"its network ({architecture} of transformers) fails on what its tokenizer or image "
            f"processor makes of the rows: {told}. Either the rows do not suit it{other}, or its "
            "weights, configuration and tokenizer or image processor are of several models: mend "
            "or leave it"
        )
    return "training", told


def _failing_architecture(error: BaseException) -> str | None:
    """Whose code of transformers raised it, where that is the code of a model.

    What a device throws may come from anywhere.
    """
    if "CUDA" in str(error):
        return None
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    inside = [name.split(".") for name in modules if name.startswith("transformers.models.")]
    found = [parts for parts in inside if parts[-1].startswith("modeling_")]
    return found[-1][2] if found else None


def is_disk_full(error: BaseException) -> bool:
    """Torch says it only by where it stopped writing."""
    text = str(error)
    return (
        "No space left on device" in text
        or "Disk quota exceeded" in text
        or ("inline_container" in text and "unexpected pos" in text)
    )


def failure(error: BaseException, *, started: float, advice: str | None = None) -> Outcome:
    """The outcome of a job that ``error`` ended, with what it cost.

    Args:
        started: when it began, by ``time.perf_counter()``.
        advice: as :func:`cause_of` takes it.
    """
    cause, reason = cause_of(error, advice=advice)
    device = peak = None
    with suppress(RuntimeError):  # a device that broke answers nothing any more
        device, peak = device_name(), peak_memory()
    return Outcome(
        status="failed", seconds=time.perf_counter() - started, reason=reason, cause=cause,
        device=device, peak_memory_bytes=peak,
    )  # fmt: skip
