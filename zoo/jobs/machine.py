"""The machine a job runs on: seeds, threads, memory and versions."""

from __future__ import annotations

import importlib.metadata
import platform
import random
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from zoo.processes import collect_as_usual

_PACKAGES = ("transferzoo", "torch", "transformers", "accelerate", "peft", "datasets")


def load_libraries() -> None:
    """Import what a fine-tuning needs, so that its own clock does not time imports; garbage is
    collected as usual from then on."""
    import accelerate  # noqa: F401
    import datasets  # noqa: F401
    import peft  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import torch  # noqa: F401
    from transformers import Trainer  # noqa: F401

    collect_as_usual()


def prepare_machine(*, threads: int | None, seed: int) -> None:
    """Seed everything, quiet the libraries, and keep to ``threads`` on a CPU."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    # transformers.set_seed does no more on one device, and imports peft first: a second.
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    quiet()


@contextmanager
def quick_products() -> Iterator[None]:
    """Products of matrices by the fastest way that a processor has, as long as the block lasts.

    That is oneDNN: float32 as ever, at twice the speed of MKL on a processor of AMD's; products of
    bfloat16 with sums of float32 where the processor has instructions for such matrices (AMX).
    Accelerators are left as they are.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(before if torch.cuda.is_available() else "medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def quiet() -> None:
    """No bars and no advice of the libraries: a command shows progress of its own."""
    import datasets
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()


def device_name() -> str:
    """The accelerator's name, or ``cpu``."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "mps" if torch.backends.mps.is_available() else "cpu"


def peak_memory() -> int:
    """Bytes: of the device where there is one, of this process otherwise."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return maximum_bytes(resource.getrusage(resource.RUSAGE_SELF))


def maximum_bytes(used: resource.struct_rusage) -> int:
    """Main memory that a process had at most; systems count it in different units."""
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def versions() -> dict[str, str]:
    """Versions of Python and of what a result depends on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
