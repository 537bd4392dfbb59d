"""Work that takes less at a time where memory does not suffice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def halving(work: Callable[[int], Result], batch_size: int) -> Result:
    """Call ``work`` with a batch size, and with less of it as long as memory does not suffice.

    It is halved, or taken down to the next divisor: gradients accumulated over a whole number of
    batches give the steps of the size that was asked for.

    Raises:
        The error of memory, when a batch of one does not fit either.
    """
    asked = batch_size
    while True:
        try:
            return work(batch_size)
        except Exception as error:
            if batch_size == 1 or not is_out_of_memory(error):
                raise
        batch_size = max(n for n in range(1, batch_size // 2 + 1) if asked % n == 0)
        _release()


def is_out_of_memory(error: BaseException) -> bool:
    """Device or main memory; torch names it differently by device and version."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"OutOfMemoryError", "MemoryError"}:
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text
    )


def _release() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()  # of the batch that fits, not of the one that did not
